/** Packets counted into flows, and flows begun and ended by packets: `observe` of src/flow/observe.ts and what it calls, in the same order. */
import { emit, end, stateBegin, stateDenied } from './events';
import { judge } from './judge';
import {
  counts,
  destinationGuess,
  destinationHash,
  destinationNic,
  destinationPort,
  exchange,
  family,
  flowsOfNic,
  ipBytes,
  protocol,
  sourceGuess,
  sourceHash,
  sourceNic,
  sourcePort,
  table,
  tcpFlags,
  timeMillis,
} from './memory';
import { inbound, isOpening, outbound, protocolTcp, tcpAck, tcpFin, tcpRst, tcpSyn } from './packet';
import { prefetch } from './prefetch';
import {
  addToCounters,
  flagsOf,
  flowDenied,
  flowEnded,
  flowFinForward,
  flowFinReverse,
  flowRst,
  isClosed,
  isDenied,
  isFull,
  isReversed,
  keyKind,
  kindOutbound,
  rememberedUntil,
  rowAt,
  see,
  setFlag,
  timeoutOf,
} from './row';
import { find, hasRoomForTwo, insert, remove } from './table';

/** Ports below this are those of services. */
const servicePortEnd: u32 = 1024;
/** Ports below this are rarely chosen by clients. */
const clientPortStart: u32 = 32768;

/** The place of a packet's flow, 0 where more is to be done than to count the packet. */
// @inline
function locate(i: i32, nic: i32, hash: u32, reference: u32, now: f64): usize {
  const place = find(i, nic, hash, reference);
  if (place == 0) return 0;
  const row = rowAt(place);
  if (now >= row.lastSeen + timeoutOf(nic)) return 0;
  const flags = flagsOf(row);
  if (flags == 0) return place;
  if ((flags & flowEnded) != 0) return 0;
  if ((flags & flowDenied) != 0) return place;
  return isOpening(i) && isClosed(flags) ? 0 : place;
}

/** Counts a packet into its flow, which is open. */
// @inline
function add(place: usize, i: i32, bytes: u32): void {
  addToCounters(place, bytes);
  const flags: u32 = tcpFlags[i];
  if ((flags & (tcpFin | tcpRst)) == 0) return;
  setFlag(rowAt(place), (flags & tcpRst) != 0 ? flowRst : isReversed(place) ? flowFinReverse : flowFinForward);
}

/** As `#findLive`. */
function findLive(i: i32, nic: i32, hash: u32, now: f64): usize {
  const place = find(i, nic, hash, 0);
  if (place == 0) return 0;
  const row = rowAt(place);
  const timeout = timeoutOf(nic);
  const lastSeen = row.lastSeen;
  const expiry = lastSeen + timeout;
  if (now < expiry) return place;
  let flags = flagsOf(row);
  if ((flags & (flowEnded | flowDenied)) == 0) {
    end(row, isClosed(flags) ? lastSeen : expiry);
    if (<u32>protocol[i] != protocolTcp) return 0;
    flags |= flowEnded;
  }
  if ((flags & flowEnded) != 0 && now < rememberedUntil(flags, lastSeen, timeout)) return place;
  remove(row);
  return 0;
}

/** As `#initiator`: whether the destination began. */
function beganAtDestination(i: i32): bool {
  if (<u32>protocol[i] != protocolTcp) return false;
  const flags: u32 = tcpFlags[i];
  if ((flags & tcpSyn) != 0) return (flags & tcpAck) != 0;
  counts.initiatorsGuessed++;
  const source: u32 = sourcePort[i];
  const destination: u32 = destinationPort[i];
  if (source < servicePortEnd != destination < servicePortEnd) return source < servicePortEnd;
  if (source < clientPortStart != destination < clientPortStart) return source < clientPortStart;
  return false;
}

/** As `#open`. */
function open(i: i32, nic: i32, hash: u32, packetDirection: u32, reversed: bool, now: f64): usize {
  const direction = reversed ? 1 - packetDirection : packetDirection;
  const kind = keyKind(nic, family[i], protocol[i]) | (direction == outbound ? kindOutbound : 0);
  const row = insert(i, nic, hash, kind, reversed, now);
  const denied = judge(row);
  if (denied) counts.flowsDenied++;
  else counts.flowsAllowed++;
  emit(row, denied ? stateDenied : stateBegin, now);
  return changetype<usize>(row) | <usize>reversed;
}

/** As `#count`. @returns whether the flow is denied */
function countIn(i: i32, place: usize, now: f64): bool {
  see(place, now);
  if (isDenied(place)) {
    counts.observedDenied++;
    return true;
  }
  const bytes = ipBytes[i];
  add(place, i, bytes);
  counts.observedAllowed++;
  counts.bytesAllowed += <f64>bytes;
  return false;
}

/** As `#cross`. @returns whether the NIC denies it */
function cross(i: i32, nic: i32, hash: u32, direction: u32, found: usize, now: f64): bool {
  let place = found;
  if (place == 0) place = open(i, nic, hash, direction, beganAtDestination(i), now);
  else if (<u32>protocol[i] == protocolTcp) {
    const row = rowAt(place);
    const flags = flagsOf(row);
    const opening = isOpening(i);
    const ended = (flags & flowEnded) != 0;
    if (ended || (opening && isClosed(flags) && (flags & flowDenied) == 0)) {
      if (!ended) end(row, row.lastSeen);
      remove(row);
      place = open(i, nic, hash, direction, !opening && isReversed(place), now);
    }
  }
  return countIn(i, place, now);
}

/** Whether a NIC has room for all that a packet may do, so that nothing is to be done twice: TypeScript ends flows early, and handles full counters. */
function hasRoom(i: i32, nic: i32, hash: u32): bool {
  if (nic < 0) return true;
  if (flowsOfNic[nic] >= exchange.flowsPerNicMax) return false;
  const place = find(i, nic, hash, 0);
  return place == 0 || !isFull(place, ipBytes[i]);
}

/** Does all that a packet does. @returns false, with nothing done, if TypeScript must */
function act(i: i32, fromNic: i32, toNic: i32, now: f64): bool {
  if (exchange.eventCount > exchange.eventRoom || table.carried != 0) return false;
  if (!hasRoomForTwo()) return false;
  const fromHash = sourceHash[i];
  const toHash = destinationHash[i];
  if (!hasRoom(i, fromNic, fromHash) || !hasRoom(i, toNic, toHash)) return false;
  if (fromNic >= 0) {
    const found = findLive(i, fromNic, fromHash, now);
    if (toNic >= 0 && found == 0) {
      const other = findLive(i, toNic, toHash, now);
      if (other != 0 && isDenied(other)) {
        countIn(i, other, now);
        return true;
      }
    }
    if (cross(i, fromNic, fromHash, outbound, found, now)) return true;
  }
  if (toNic >= 0) cross(i, toNic, toHash, inbound, findLive(i, toNic, toHash, now), now);
  return true;
}

/**
 * Observes packets from `from` on, up to the first at or past `boundary`, and the first that TypeScript must see to. What was counted is added to the
 * counts. @returns where it stopped
 */
export function observe(from: i32, end: i32, boundary: f64): i32 {
  let packets: u32 = 0;
  let bytes: u64 = 0;
  let noNic: u32 = 0;
  let allowed: u32 = 0;
  let allowedBytes: u64 = 0;
  let denied: u32 = 0;
  const mask = table.mask;
  let i = from;
  for (; i < end; i++) {
    const now = timeMillis[i];
    if (!(now < boundary)) break;
    prefetch(i, end, mask);
    const fromNic = sourceNic[i];
    const toNic = destinationNic[i];
    const itsBytes = ipBytes[i];
    const nic = select(fromNic, toNic, fromNic >= 0);
    if (nic < 0) {
      noNic++;
      continue;
    }
    let place = locate(i, nic, sourceHash[i], sourceGuess[i], now);
    const first = place != 0 && isDenied(place);
    if (place != 0 && !first && isFull(place, itsBytes)) place = 0;
    if (place != 0 && <i32>(fromNic >= 0) & <i32>(toNic >= 0) & <i32>!first) {
      const other = locate(i, toNic, destinationHash[i], destinationGuess[i], now);
      if (other == 0 || (!isDenied(other) && isFull(other, itsBytes))) place = 0;
      else if (isDenied(other)) {
        denied++;
        see(other, now);
      } else {
        add(other, i, itsBytes);
        allowed++;
        allowedBytes += itsBytes;
        see(other, now);
      }
    }
    if (place == 0) {
      if (!act(i, fromNic, toNic, now)) break;
      packets++;
      bytes += itsBytes;
      continue;
    }
    see(place, now);
    packets++;
    bytes += itsBytes;
    if (first) denied++;
    else {
      add(place, i, itsBytes);
      allowed++;
      allowedBytes += itsBytes;
    }
  }
  counts.packets += <f64>packets;
  counts.bytes += <f64>bytes;
  counts.packetsNoNic += <f64>noNic;
  counts.observedAllowed += <f64>allowed;
  counts.bytesAllowed += <f64>allowedBytes;
  counts.observedDenied += <f64>denied;
  return i;
}
