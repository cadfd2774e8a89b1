/**
 * The recorder's inner loop, as WebAssembly: what happens to nearly every packet. It decodes plain frames (as wire/plain-run.ts), finds NICs and hashes
 * (as `#prepare` of flow/observe.ts), and counts packets of flows that are there (as `#follow` and `#count`). Where anything else is to be done it stops, and
 * TypeScript does it on the same memory; TypeScript alone gives the same events, and tests hold both to that.
 *
 * AssemblyScript, compiled by scripts/build-kernel.mjs. Memory: src/flow/kernel-layout.ts. No allocation, no imports but the memory.
 */
import {
  bucketsAt,
  capturedLengthAt,
  countsAt,
  destinationAt,
  destinationHashAt,
  destinationNicAt,
  destinationPortAt,
  familyAt,
  framesAt,
  guessAt,
  ipBytesAt,
  linkTypeAt,
  nicNumbersAt,
  nicWordsAt,
  protocolAt,
  sourceAt,
  sourceHashAt,
  sourceNicAt,
  sourcePortAt,
  startAt,
  tcpFlagsAt,
  timeMillisAt,
  timeNanosAt,
  timeSecondsAt,
  timeoutsAt,
  touchedAt,
  wordsAt,
} from '../src/flow/kernel-layout';

const protocolTcp: u32 = 6;
const tcpFin: u32 = 1;
const tcpSyn: u32 = 2;
const tcpRst: u32 = 4;
const tcpAck: u32 = 16;
const linkTypeEthernet: u32 = 1;
const ipv4MappedWord: u32 = 0xffff;

const flowDenied: u32 = 1;
const flowFinForward: u32 = 2;
const flowFinReverse: u32 = 4;
const flowRst: u32 = 8;
const flowEnded: u32 = 16;
const kindKeyMask: u32 = 0xffffff03;
const freeKind: u32 = 0xffffffff;

/** Of a row, in bytes. */
const portsOffset: usize = 32;
const kindOffset: usize = 36;
const lastSeenOffset: usize = 40;
const countersOffset: usize = 48;

// @ts-ignore: decorator
@inline
function be16(at: usize): u32 {
  return bswap<u16>(load<u16>(at));
}

// @ts-ignore: decorator
@inline
function be32(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}

/** As decodePlainRun: decodes captured packets from `first` on into rows from `firstRow` on, up to the first that is not plain. */
export function decode(first: i32, count: i32, firstRow: i32, plainUdp: u32): i32 {
  let row = firstRow;
  for (let i = first; i < count; i++) {
    const captured = load<u32>(capturedLengthAt + (i << 2));
    if (load<u16>(linkTypeAt + (i << 1)) != linkTypeEthernet || captured < 48) break;
    const at: usize = framesAt + load<u32>(startAt + (i << 2));
    const type = load<u16>(at + 12);
    const word: usize = row << 4;
    let transport: usize = at;
    let protocol: u32 = 0;
    // 0x0800 and 0x86dd as a little-endian machine reads them.
    if (type == 0x0008) {
      const total = be16(at + 16);
      protocol = load<u8>(at + 23);
      if (
        load<u8>(at + 14) != 0x45 ||
        (load<u16>(at + 20) & 0xff3f) != 0 ||
        (protocol != protocolTcp && protocol != plainUdp) ||
        total < 34
      )
        break;
      store<u8>(familyAt + row, 4);
      store<u32>(ipBytesAt + (row << 2), total);
      store<u64>(sourceAt + word, 0);
      store<u32>(sourceAt + word + 8, ipv4MappedWord);
      store<u32>(sourceAt + word + 12, be32(at + 26));
      store<u64>(destinationAt + word, 0);
      store<u32>(destinationAt + word + 8, ipv4MappedWord);
      store<u32>(destinationAt + word + 12, be32(at + 30));
      transport = at + 34;
    } else if (type == 0xdd86) {
      const length = be16(at + 18);
      protocol = load<u8>(at + 20);
      if (
        load<u8>(at + 14) >> 4 != 6 ||
        (protocol != protocolTcp && protocol != plainUdp) ||
        length < 14 ||
        captured < 68
      )
        break;
      store<u8>(familyAt + row, 6);
      store<u32>(ipBytesAt + (row << 2), 40 + length);
      for (let offset: usize = 0; offset < 16; offset += 4) {
        store<u32>(sourceAt + word + offset, be32(at + 22 + offset));
        store<u32>(destinationAt + word + offset, be32(at + 38 + offset));
      }
      transport = at + 54;
    } else {
      break;
    }
    store<f64>(
      timeMillisAt + (row << 3),
      load<f64>(timeSecondsAt + (i << 3)) * 1000 + <f64>load<u32>(timeNanosAt + (i << 2)) / 1000000,
    );
    store<u8>(protocolAt + row, <u8>protocol);
    store<u16>(sourcePortAt + (row << 1), <u16>be16(transport));
    store<u16>(destinationPortAt + (row << 1), <u16>be16(transport + 2));
    store<u8>(tcpFlagsAt + row, protocol == protocolTcp ? load<u8>(transport + 13) : 0);
    row++;
  }
  return row - firstRow;
}

// @ts-ignore: decorator
@inline
function hashEnd(a: u32, b: u32, c: u32, d: u32, port: u32): u32 {
  let h: u32 = (d ^ (port << 16) ^ port) * 0x9e3779b1;
  h = (h ^ (h >> 15) ^ a) * 0x85ebca6b;
  h = (h ^ (h >> 13) ^ b) * 0xc2b2ae35;
  return h ^ (h >> 16) ^ (c * 0x27d4eb2f);
}

// @ts-ignore: decorator
@inline
function hashFlow(ends: u32, kind: u32): u32 {
  let h: u32 = (ends ^ ((kind + 1) * 0x9e3779b1)) * 0x85ebca6b;
  h = (h ^ (h >> 15)) * 0xc2b2ae35;
  return h ^ (h >> 13);
}

// @ts-ignore: decorator
@inline
function keyKind(nic: i32, family: u32, protocol: u32): u32 {
  return ((<u32>nic) << 8) | (family == 6 ? 2 : 0) | (protocol == protocolTcp ? 1 : 0);
}

/** Goes on from a slot that has another address. */
function findNicFrom(slot: u32, mask: u32, familyBit: i32, high: u64, low: u64): i32 {
  while (true) {
    slot = (slot + 1) & mask;
    const number = load<i32>(nicNumbersAt + (slot << 2));
    if (number < 0) return number;
    const at: usize = nicWordsAt + (slot << 4);
    if (load<u64>(at) == high && load<u64>(at, 8) == low && (number & 1) == familyBit) return number;
  }
}

/** As findNic of nsg/nic-table.ts. The table is sparse, so that the first slot nearly always tells: which way a packet goes cannot be predicted. */
// @ts-ignore: decorator
@inline
function findNic(mask: u32, familyBit: i32, address: usize): i32 {
  const high = load<u64>(address);
  const low = load<u64>(address, 8);
  const hash: u32 =
    (<u32>high ^ (<u32>(high >> 32) * 0x9e3779b1) ^ (<u32>low * 0x85ebca6b) ^ <u32>(low >> 32)) * 0x2c1b3c6d;
  const slot: u32 = (hash ^ (hash >> 15)) & mask;
  const at: usize = nicWordsAt + (slot << 4);
  let number = load<i32>(nicNumbersAt + (slot << 2));
  const differs = (load<u64>(at) ^ high) | (load<u64>(at, 8) ^ low) | <u64>((number & 1) ^ familyBit);
  if (<i32>(number >= 0) & <i32>(differs != 0)) number = findNicFrom(slot, mask, familyBit, high, low);
  return number >> 1;
}

/** Packets whose rows are read before the first of them is looked up. */
const touchedRows: i32 = 64;
/** Of the batch, packets before this one are touched. */
let touchedEnd: i32 = 0;

/** As `#prepare`, but for the touching: NICs and hashes of all packets. @param nicMask -1 where every packet crosses NIC 0 */
export function prepare(count: i32, nicMask: i32): void {
  touchedEnd = 0;
  for (let i = 0; i < count; i++) {
    const source: usize = sourceAt + (i << 4);
    const destination: usize = destinationAt + (i << 4);
    const family: u32 = load<u8>(familyAt + i);
    const protocol: u32 = load<u8>(protocolAt + i);
    const ends =
      hashEnd(load<u32>(source), load<u32>(source, 4), load<u32>(source, 8), load<u32>(source, 12), load<u16>(sourcePortAt + (i << 1))) +
      hashEnd(
        load<u32>(destination),
        load<u32>(destination, 4),
        load<u32>(destination, 8),
        load<u32>(destination, 12),
        load<u16>(destinationPortAt + (i << 1)),
      );
    let from = 0;
    let to = -1;
    if (nicMask >= 0) {
      const familyBit = <i32>(family == 6);
      from = findNic(nicMask, familyBit, source);
      to = findNic(nicMask, familyBit, destination);
      to = select(-1, to, to == from);
    }
    store<i32>(sourceNicAt + (i << 2), from);
    store<i32>(destinationNicAt + (i << 2), to);
    const hash = hashFlow(ends, keyKind(select(from, to, from >= 0), family, protocol));
    store<u32>(sourceHashAt + (i << 2), hash);
    store<u32>(destinationHashAt + (i << 2), hash);
    if (<i32>(from >= 0) & <i32>(to >= 0))
      store<u32>(destinationHashAt + (i << 2), hashFlow(ends, keyKind(to, family, protocol)));
  }
}

/** Reads the buckets, then the rows, that packets will be looked up in, so that the waits for memory overlap. */
function touch(from: i32, end: i32, mask: u32): void {
  let second = false;
  for (let i = from; i < end; i++) {
    const hash = load<u32>(sourceHashAt + (i << 2));
    const other = load<u32>(destinationHashAt + (i << 2));
    second = second || hash != other;
    store<u32>(guessAt + (i << 2), load<u32>(bucketsAt + ((hash & mask) << 3), 4));
  }
  let touched: u32 = 0;
  for (let i = from; i < end; i++)
    touched ^= load<u32>(wordsAt + ((<usize>load<u32>(guessAt + (i << 2))) << 6) - 64, kindOffset);
  if (second) {
    for (let i = from; i < end; i++) {
      const hash = load<u32>(destinationHashAt + (i << 2));
      store<u32>(guessAt + (i << 2), load<u32>(bucketsAt + ((hash & mask) << 3), 4));
    }
    for (let i = from; i < end; i++)
      touched ^= load<u32>(wordsAt + ((<usize>load<u32>(guessAt + (i << 2))) << 6) - 64, kindOffset);
  }
  store<u32>(touchedAt, touched);
}

/** As FlowTable.find: the address of the row, its lowest bit set where the packet comes back; 0 where there is none. */
// @ts-ignore: decorator
@inline
function find(i: i32, nic: i32, hash: u32, mask: u32): usize {
  const word: usize = i << 4;
  const kind = keyKind(nic, load<u8>(familyAt + i), load<u8>(protocolAt + i));
  const ports = ((<u32>load<u16>(sourcePortAt + (i << 1))) << 16) | load<u16>(destinationPortAt + (i << 1));
  const sa = load<u64>(sourceAt + word);
  const sb = load<u64>(sourceAt + word + 8);
  const da = load<u64>(destinationAt + word);
  const db = load<u64>(destinationAt + word + 8);
  let bucket: u32 = hash & mask;
  while (true) {
    const at: usize = bucketsAt + (bucket << 3);
    const reference = load<u32>(at, 4);
    if (reference == 0) return 0;
    if (load<u32>(at) == hash) {
      const row: usize = wordsAt + ((<usize>(reference - 1)) << 6);
      const ia = load<u64>(row);
      const ib = load<u64>(row, 8);
      const ra = load<u64>(row, 16);
      const rb = load<u64>(row, 24);
      const rowPorts = load<u32>(row, portsOffset);
      const other: u64 = (load<u32>(row, kindOffset) ^ kind) & kindKeyMask;
      const forward = <u64>(rowPorts ^ ports) | (ib ^ sb) | (rb ^ db) | (ia ^ sa) | (ra ^ da) | other;
      const back = <u64>(rowPorts ^ rotl(ports, 16)) | (ib ^ db) | (rb ^ sb) | (ia ^ da) | (ra ^ sa) | other;
      if (<i32>(forward == 0) | <i32>(back == 0)) return row | <usize>(forward != 0);
    }
    bucket = (bucket + 1) & mask;
  }
}

// @ts-ignore: decorator
@inline
function isClosed(flags: u32): bool {
  return (flags & flowRst) != 0 || (flags & (flowFinForward | flowFinReverse)) == (flowFinForward | flowFinReverse);
}

/** The place of a packet's flow as `find` has it, 0 where more is to be done than to count the packet. */
// @ts-ignore: decorator
@inline
function locate(i: i32, nic: i32, hash: u32, mask: u32, now: f64): usize {
  const place = find(i, nic, hash, mask);
  if (place == 0) return 0;
  const row = place & ~1;
  if (now >= load<f64>(row, lastSeenOffset) + load<f64>(timeoutsAt + (nic << 3))) return 0;
  const flags = (load<u32>(row, kindOffset) >> 2) & 31;
  if (flags == 0) return place;
  if ((flags & flowEnded) != 0) return 0;
  if ((flags & flowDenied) != 0) return place;
  const opening = (load<u8>(tcpFlagsAt + i) & (tcpSyn | tcpAck)) == tcpSyn;
  return opening && isClosed(flags) ? 0 : place;
}

/** Whether a counter would carry. */
// @ts-ignore: decorator
@inline
function isFull(place: usize, ipBytes: u32): bool {
  const at = (place & ~1) + ((place & 1) << 3);
  return load<u32>(at, countersOffset) == 0xffffffff || load<u32>(at, countersOffset + 4) > 0xffffffff - ipBytes;
}

/** Counts a packet into its flow, which is open. */
// @ts-ignore: decorator
@inline
function add(place: usize, i: i32, ipBytes: u32): void {
  const row = place & ~1;
  const at = row + ((place & 1) << 3);
  store<u32>(at, load<u32>(at, countersOffset) + 1, countersOffset);
  store<u32>(at, load<u32>(at, countersOffset + 4) + ipBytes, countersOffset + 4);
  const tcpFlags: u32 = load<u8>(tcpFlagsAt + i);
  if ((tcpFlags & (tcpFin | tcpRst)) == 0) return;
  const added: u32 = (tcpFlags & tcpRst) != 0 ? flowRst : (place & 1) == 1 ? flowFinReverse : flowFinForward;
  store<u32>(row, load<u32>(row, kindOffset) | (added << 2), kindOffset);
}

// @ts-ignore: decorator
@inline
function isDenied(place: usize): bool {
  return (load<u32>(place & ~1, kindOffset) & (flowDenied << 2)) != 0;
}

// @ts-ignore: decorator
@inline
function see(place: usize, now: f64): void {
  const row = place & ~1;
  if (now > load<f64>(row, lastSeenOffset)) store<f64>(row, now, lastSeenOffset);
}

/**
 * Counts packets from `from` on, up to the first at or past `boundary`, and the first that begins, ends or changes more than counters, time and the
 * TCP bits of a flow. What was counted is added to the six counts. @returns where it stopped
 */
export function follow(from: i32, count: i32, boundary: f64, mask: u32): i32 {
  let packets: u32 = 0;
  let bytes: u64 = 0;
  let noNic: u32 = 0;
  let allowed: u32 = 0;
  let allowedBytes: u64 = 0;
  let denied: u32 = 0;
  let i = from;
  for (; i < count; i++) {
    const now = load<f64>(timeMillisAt + (i << 3));
    if (!(now < boundary)) break;
    if (i >= touchedEnd) {
      touchedEnd = min(i + touchedRows, count);
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
    const place = locate(i, nic, load<u32>(sourceHashAt + (i << 2)), mask, now);
    if (place == 0) break;
    const first = isDenied(place);
    if (!first && isFull(place, ipBytes)) break;
    if (<i32>(sourceNic >= 0) & <i32>(destinationNic >= 0) & <i32>!first) {
      const other = locate(i, destinationNic, load<u32>(destinationHashAt + (i << 2)), mask, now);
      if (other == 0) break;
      if (isDenied(other)) denied++;
      else {
        if (isFull(other, ipBytes)) break;
        add(other, i, ipBytes);
        allowed++;
        allowedBytes += ipBytes;
      }
      see(other, now);
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
  store<f64>(countsAt, load<f64>(countsAt) + <f64>packets);
  store<f64>(countsAt + 8, load<f64>(countsAt + 8) + <f64>bytes);
  store<f64>(countsAt + 16, load<f64>(countsAt + 16) + <f64>noNic);
  store<f64>(countsAt + 24, load<f64>(countsAt + 24) + <f64>allowed);
  store<f64>(countsAt + 32, load<f64>(countsAt + 32) + <f64>allowedBytes);
  store<f64>(countsAt + 40, load<f64>(countsAt + 40) + <f64>denied);
  return i;
}

/** The first row from `row` on that `age` of flow/sweep.ts would change at `now`, `high` where there is none. @param tick whether open flows continue */
export function scan(row: i32, high: i32, now: f64, tick: bool): i32 {
  for (; row < high; row++) {
    const at: usize = wordsAt + ((<usize>row) << 6);
    const kind = load<u32>(at, kindOffset);
    if (kind == freeKind) continue;
    const flags = (kind >> 2) & 31;
    const isOver = isClosed(flags);
    const lastSeen = load<f64>(at, lastSeenOffset);
    const timeout = load<f64>(timeoutsAt + ((kind >> 8) << 3));
    if ((flags & flowEnded) != 0) {
      if (lastSeen + (isOver ? timeout : 2 * timeout) <= now) return row;
    } else if (lastSeen + timeout <= now) {
      return row;
    } else if ((flags & flowDenied) == 0 && (isOver || tick)) {
      return row;
    }
  }
  return high;
}
