/** Packets counted into flows, and flows begun and ended by packets: `observe` of src/flow/observe.ts and what it calls, in the same order. */
import {
  bucketsAt,
  capacityAt,
  carriedAt,
  countsAt,
  destinationGuessAt,
  destinationHashAt,
  destinationNicAt,
  destinationPortAt,
  eventCountAt,
  eventRoomAt,
  familyAt,
  flowsMaxAt,
  flowsOfNicAt,
  flowsPerNicMaxAt,
  ipBytesAt,
  maskAt,
  protocolAt,
  sizeAt,
  sourceGuessAt,
  sourceHashAt,
  sourceNicAt,
  sourcePortAt,
  tcpFlagsAt,
  timeMillisAt,
  touchedAt,
  wordsAt,
} from '../../src/flow/kernel-layout';
import { emit, end, stateBegin, stateDenied } from './events';
import { protocolTcp } from './frames';
import { judge } from './judge';
import {
  add,
  find,
  flagsOf,
  flowDenied,
  flowEnded,
  guess,
  insert,
  isClosed,
  isDenied,
  isFull,
  isOpening,
  keyKind,
  kindOffset,
  kindOutbound,
  lastSeenOf,
  rememberedUntil,
  remove,
  see,
  tcpAck,
  tcpSyn,
  timeoutOf,
} from './rows';

const inbound: u32 = 0;
const outbound: u32 = 1;

/** Packets whose rows are read before the first of them is looked up. */
const touchedRows: i32 = 64;
/** Of the batch, packets before this one are touched. */
let touchedEnd: i32 = 0;

export function forgetTouched(): void {
  touchedEnd = 0;
}

/** Reads the buckets, then the rows, that packets will be looked up in, so that the waits for memory overlap. */
function touch(from: i32, end: i32, mask: u32): void {
  let second = false;
  let touched: u32 = 0;
  for (let i = from; i < end; i++) {
    const hash = load<u32>(sourceHashAt + (i << 2));
    second = second || hash != load<u32>(destinationHashAt + (i << 2));
    touched ^= load<u32>(bucketsAt + ((hash & mask) << 2));
  }
  for (let i = from; i < end; i++) {
    const reference = guess(load<u32>(sourceHashAt + (i << 2)), mask);
    store<u32>(sourceGuessAt + (i << 2), reference);
    touched ^= load<u32>(wordsAt + ((<usize>reference) << 6) - 64, kindOffset);
  }
  if (second) {
    for (let i = from; i < end; i++) {
      const reference = guess(load<u32>(destinationHashAt + (i << 2)), mask);
      store<u32>(destinationGuessAt + (i << 2), reference);
      touched ^= load<u32>(wordsAt + ((<usize>reference) << 6) - 64, kindOffset);
    }
  }
  store<u32>(touchedAt, touched);
}

/** The place of a packet's flow, 0 where more is to be done than to count the packet. */
// @inline
function locate(i: i32, nic: i32, hash: u32, reference: u32, now: f64): usize {
  const place = find(i, nic, hash, reference);
  if (place == 0) return 0;
  if (now >= lastSeenOf(place) + timeoutOf(nic)) return 0;
  const flags = flagsOf(place);
  if (flags == 0) return place;
  if ((flags & flowEnded) != 0) return 0;
  if ((flags & flowDenied) != 0) return place;
  return isOpening(i) && isClosed(flags) ? 0 : place;
}

// @inline
function count(at: usize, value: f64): void {
  store<f64>(countsAt + at, load<f64>(countsAt + at) + value);
}

/** As `#findLive`. */
function findLive(i: i32, nic: i32, hash: u32, now: f64): usize {
  const place = find(i, nic, hash, 0);
  if (place == 0) return 0;
  const row = place & ~1;
  const timeout = timeoutOf(nic);
  const lastSeen = lastSeenOf(row);
  const expiry = lastSeen + timeout;
  if (now < expiry) return place;
  let flags = flagsOf(row);
  if ((flags & (flowEnded | flowDenied)) == 0) {
    end(row, isClosed(flags) ? lastSeen : expiry);
    if (load<u8>(protocolAt + i) != protocolTcp) return 0;
    flags |= flowEnded;
  }
  if ((flags & flowEnded) != 0 && now < rememberedUntil(flags, lastSeen, timeout)) return place;
  remove(row);
  return 0;
}

/** As `#initiator`: 1 where the destination began. */
function initiator(i: i32): usize {
  if (load<u8>(protocolAt + i) != protocolTcp) return 0;
  const tcpFlags: u32 = load<u8>(tcpFlagsAt + i);
  if ((tcpFlags & tcpSyn) != 0) return (tcpFlags & tcpAck) == 0 ? 0 : 1;
  count(64, 1);
  const source: u32 = load<u16>(sourcePortAt + (i << 1));
  const destination: u32 = load<u16>(destinationPortAt + (i << 1));
  if (source < 1024 != destination < 1024) return source < 1024 ? 1 : 0;
  if (source < 32768 != destination < 32768) return source < 32768 ? 1 : 0;
  return 0;
}

/** As `#open`. */
function open(i: i32, nic: i32, hash: u32, packetDirection: u32, reversed: usize, now: f64): usize {
  const direction = reversed == 0 ? packetDirection : 1 - packetDirection;
  const kind =
    keyKind(nic, load<u8>(familyAt + i), load<u8>(protocolAt + i)) | (direction == outbound ? kindOutbound : 0);
  const row = insert(i, nic, hash, kind, reversed, now);
  const denied = judge(row);
  count(denied ? 56 : 48, 1);
  emit(row, denied ? stateDenied : stateBegin, now);
  return row | reversed;
}

/** As `#count`. @returns whether the flow is denied */
function countIn(i: i32, place: usize, now: f64): bool {
  see(place, now);
  if (isDenied(place)) {
    count(40, 1);
    return true;
  }
  const ipBytes = load<u32>(ipBytesAt + (i << 2));
  add(place, i, ipBytes);
  count(24, 1);
  count(32, <f64>ipBytes);
  return false;
}

/** As `#cross`. @returns whether the NIC denies it */
function cross(i: i32, nic: i32, hash: u32, direction: u32, found: usize, now: f64): bool {
  let place = found;
  if (place == 0) place = open(i, nic, hash, direction, initiator(i), now);
  else if (load<u8>(protocolAt + i) == protocolTcp) {
    const row = place & ~1;
    const flags = flagsOf(row);
    const opening = isOpening(i);
    const ended = (flags & flowEnded) != 0;
    if (ended || (opening && isClosed(flags) && (flags & flowDenied) == 0)) {
      if (!ended) end(row, lastSeenOf(row));
      remove(row);
      place = open(i, nic, hash, direction, opening ? 0 : place & 1, now);
    }
  }
  return countIn(i, place, now);
}

/** Whether a packet finds room for all that it may do at a NIC, so that nothing is to be done twice: TypeScript ends flows early, and carries counters. */
function hasRoom(i: i32, nic: i32, hash: u32): bool {
  if (nic < 0) return true;
  if (load<u32>(flowsOfNicAt + (nic << 2)) >= load<u32>(flowsPerNicMaxAt)) return false;
  const place = find(i, nic, hash, 0);
  return place == 0 || !isFull(place, load<u32>(ipBytesAt + (i << 2)));
}

/** Does all that a packet does. @returns false, with nothing done, where TypeScript must */
function act(i: i32, sourceNic: i32, destinationNic: i32, now: f64): bool {
  if (load<u32>(eventCountAt) > load<u32>(eventRoomAt) || load<u32>(carriedAt) != 0) return false;
  const size = load<u32>(sizeAt) + 1;
  if (size >= load<u32>(capacityAt) || size >= load<u32>(flowsMaxAt)) return false;
  const sourceHash = load<u32>(sourceHashAt + (i << 2));
  const destinationHash = load<u32>(destinationHashAt + (i << 2));
  if (!hasRoom(i, sourceNic, sourceHash) || !hasRoom(i, destinationNic, destinationHash)) return false;
  if (sourceNic >= 0) {
    const found = findLive(i, sourceNic, sourceHash, now);
    if (destinationNic >= 0 && found == 0) {
      const other = findLive(i, destinationNic, destinationHash, now);
      if (other != 0 && isDenied(other)) {
        countIn(i, other, now);
        return true;
      }
    }
    if (cross(i, sourceNic, sourceHash, outbound, found, now)) return true;
  }
  if (destinationNic >= 0)
    cross(i, destinationNic, destinationHash, inbound, findLive(i, destinationNic, destinationHash, now), now);
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
  const mask = load<u32>(maskAt);
  let i = from;
  for (; i < end; i++) {
    const now = load<f64>(timeMillisAt + (i << 3));
    if (!(now < boundary)) break;
    if (i >= touchedEnd) {
      touchedEnd = min(i + touchedRows, end);
      touch(i, touchedEnd, mask);
    }
    const sourceNic = load<i32>(sourceNicAt + (i << 2));
    const destinationNic = load<i32>(destinationNicAt + (i << 2));
    const ipBytes = load<u32>(ipBytesAt + (i << 2));
    const nic = select(sourceNic, destinationNic, sourceNic >= 0);
    if (nic < 0) {
      noNic++;
      continue;
    }
    let place = locate(i, nic, load<u32>(sourceHashAt + (i << 2)), load<u32>(sourceGuessAt + (i << 2)), now);
    const first = place != 0 && isDenied(place);
    if (place != 0 && !first && isFull(place, ipBytes)) place = 0;
    if (place != 0 && <i32>(sourceNic >= 0) & <i32>(destinationNic >= 0) & <i32>!first) {
      const other = locate(
        i,
        destinationNic,
        load<u32>(destinationHashAt + (i << 2)),
        load<u32>(destinationGuessAt + (i << 2)),
        now,
      );
      if (other == 0 || (!isDenied(other) && isFull(other, ipBytes))) place = 0;
      else if (isDenied(other)) {
        denied++;
        see(other, now);
      } else {
        add(other, i, ipBytes);
        allowed++;
        allowedBytes += ipBytes;
        see(other, now);
      }
    }
    if (place == 0) {
      if (!act(i, sourceNic, destinationNic, now)) break;
      packets++;
      bytes += ipBytes;
      continue;
    }
    see(place, now);
    packets++;
    bytes += ipBytes;
    if (first) denied++;
    else {
      add(place, i, ipBytes);
      allowed++;
      allowedBytes += ipBytes;
    }
  }
  count(0, <f64>packets);
  count(8, <f64>bytes);
  count(16, <f64>noNic);
  count(24, <f64>allowed);
  count(32, <f64>allowedBytes);
  count(40, <f64>denied);
  return i;
}
