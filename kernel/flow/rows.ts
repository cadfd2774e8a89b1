/** The rows and buckets of the table, as src/flow/table.ts keeps them, and the bits of src/flow/connection.ts. A place is a row's address, its lowest bit set where a packet comes back; 0 is none. */
import {
  bucketsAt,
  decisionsAt,
  destinationAt,
  destinationPortAt,
  familyAt,
  flowsOfNicAt,
  freeAt,
  freeCountAt,
  hashesAt,
  highAt,
  maskAt,
  protocolAt,
  sizeAt,
  sourceAt,
  sourcePortAt,
  tcpFlagsAt,
  timeoutsAt,
  wordsAt,
} from '../../src/flow/kernel-layout';
import { protocolTcp } from './frames';

const tcpFin: u32 = 1;
export const tcpSyn: u32 = 2;
const tcpRst: u32 = 4;
export const tcpAck: u32 = 16;

export const flowDenied: u32 = 1;
const flowFinForward: u32 = 2;
const flowFinReverse: u32 = 4;
const flowRst: u32 = 8;
export const flowEnded: u32 = 16;
const flowFlags: u32 = 31;

export const kindTcp: u32 = 1;
export const kindFamily6: u32 = 2;
export const kindOutbound: u32 = 128;
const kindKeyMask: u32 = 0xffffff03;
const freeKind: u32 = 0xffffffff;

/** Of a bucket: its row + 1, and beside it the first bits of the hash. */
export const referenceMask: u32 = 0x7fffff;
export const tagMask: u32 = 0xff800000;

/** Of a row, in bytes. */
export const portsOffset: usize = 32;
export const kindOffset: usize = 36;
export const lastSeenOffset: usize = 40;
export const countersOffset: usize = 48;

// @inline
export function keyKind(nic: i32, family: u32, protocol: u32): u32 {
  return ((<u32>nic) << 8) | (family == 6 ? kindFamily6 : 0) | (protocol == protocolTcp ? kindTcp : 0);
}

// @inline
export function kindOf(place: usize): u32 {
  return load<u32>(place & ~1, kindOffset);
}

// @inline
export function flagsOf(place: usize): u32 {
  return (kindOf(place) >> 2) & flowFlags;
}

// @inline
export function lastSeenOf(place: usize): f64 {
  return load<f64>(place & ~1, lastSeenOffset);
}

// @inline
export function timeoutOf(nic: i32): f64 {
  return load<f64>(timeoutsAt + (nic << 3));
}

// @inline
export function isClosed(flags: u32): bool {
  return (flags & flowRst) != 0 || (flags & (flowFinForward | flowFinReverse)) == (flowFinForward | flowFinReverse);
}

// @inline
export function isDenied(place: usize): bool {
  return (kindOf(place) & (flowDenied << 2)) != 0;
}

// @inline
export function isOpening(i: i32): bool {
  return (load<u8>(tcpFlagsAt + i) & (tcpSyn | tcpAck)) == tcpSyn;
}

/** As rememberedUntil of src/flow/sweep.ts. */
// @inline
export function rememberedUntil(flags: u32, lastSeen: f64, timeout: f64): f64 {
  return lastSeen + (isClosed(flags) ? timeout : 2 * timeout);
}

// @inline
export function rowAt(number: u32): usize {
  return wordsAt + ((<usize>number) << 6);
}

// @inline
export function numberOf(row: usize): u32 {
  return <u32>((row - wordsAt) >> 6);
}

/** The row + 1 that a hash's buckets name first, 0 for none: nearly surely that of its flow, if there is one. */
// @inline
export function guess(hash: u32, mask: u32): u32 {
  let bucket = hash & mask;
  while (true) {
    const entry = load<u32>(bucketsAt + (bucket << 2));
    if (<i32>(entry == 0) | <i32>(((entry ^ hash) & tagMask) == 0)) return entry & referenceMask;
    bucket = (bucket + 1) & mask;
  }
}

/** As FlowTable.find. @param reference what `guess` said, 0 for nothing */
// @inline
export function find(i: i32, nic: i32, hash: u32, reference: u32): usize {
  const word: usize = i << 4;
  const kind = keyKind(nic, load<u8>(familyAt + i), load<u8>(protocolAt + i));
  const ports = ((<u32>load<u16>(sourcePortAt + (i << 1))) << 16) | load<u16>(destinationPortAt + (i << 1));
  const sa = load<u64>(sourceAt + word);
  const sb = load<u64>(sourceAt + word + 8);
  const da = load<u64>(destinationAt + word);
  const db = load<u64>(destinationAt + word + 8);
  const mask = load<u32>(maskAt);
  let bucket = hash & mask;
  while (true) {
    if (reference != 0) {
      const row = rowAt(reference - 1);
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
    while (true) {
      const entry = load<u32>(bucketsAt + (bucket << 2));
      if (entry == 0) return 0;
      bucket = (bucket + 1) & mask;
      reference = entry & referenceMask;
      if (((entry ^ hash) & tagMask) == 0) break;
    }
  }
}

/** Whether a counter would carry. */
// @inline
export function isFull(place: usize, ipBytes: u32): bool {
  const at = (place & ~1) + ((place & 1) << 3);
  return load<u32>(at, countersOffset) == 0xffffffff || load<u32>(at, countersOffset + 4) > 0xffffffff - ipBytes;
}

/** Counts a packet into its flow, which is open. */
// @inline
export function add(place: usize, i: i32, ipBytes: u32): void {
  const row = place & ~1;
  const at = row + ((place & 1) << 3);
  store<u32>(at, load<u32>(at, countersOffset) + 1, countersOffset);
  store<u32>(at, load<u32>(at, countersOffset + 4) + ipBytes, countersOffset + 4);
  const tcpFlags: u32 = load<u8>(tcpFlagsAt + i);
  if ((tcpFlags & (tcpFin | tcpRst)) == 0) return;
  const added: u32 = (tcpFlags & tcpRst) != 0 ? flowRst : (place & 1) == 1 ? flowFinReverse : flowFinForward;
  store<u32>(row, load<u32>(row, kindOffset) | (added << 2), kindOffset);
}

// @inline
export function see(place: usize, now: f64): void {
  const row = place & ~1;
  if (now > load<f64>(row, lastSeenOffset)) store<f64>(row, now, lastSeenOffset);
}

// @inline
function addTo(at: usize, value: i32): void {
  store<i32>(at, load<i32>(at) + value);
}

/** As FlowStore.insert, for packet `i`, its destination being the initiator where `reversed`; the table has room. @returns the row */
export function insert(i: i32, nic: i32, hash: u32, kind: u32, reversed: usize, now: f64): usize {
  const free = load<u32>(freeCountAt);
  let number: u32;
  if (free > 0) {
    number = load<u32>(freeAt + ((free - 1) << 2));
    store<u32>(freeCountAt, free - 1);
  } else {
    number = load<u32>(highAt);
    store<u32>(highAt, number + 1);
  }
  const row = rowAt(number);
  const ports = ((<u32>load<u16>(sourcePortAt + (i << 1))) << 16) | load<u16>(destinationPortAt + (i << 1));
  const source = row + (reversed << 4);
  const destination = row + ((1 - reversed) << 4);
  store<u64>(source, load<u64>(sourceAt + (i << 4)));
  store<u64>(source + 8, load<u64>(sourceAt + (i << 4), 8));
  store<u64>(destination, load<u64>(destinationAt + (i << 4)));
  store<u64>(destination + 8, load<u64>(destinationAt + (i << 4), 8));
  store<u32>(row, reversed == 0 ? ports : rotl(ports, 16), portsOffset);
  store<u32>(row, kind, kindOffset);
  store<f64>(row, now, lastSeenOffset);
  store<u64>(row, 0, countersOffset);
  store<u64>(row, 0, countersOffset + 8);
  store<u32>(hashesAt + (number << 2), hash);
  const mask = load<u32>(maskAt);
  let bucket = hash & mask;
  while (load<u32>(bucketsAt + (bucket << 2)) != 0) bucket = (bucket + 1) & mask;
  store<u32>(bucketsAt + (bucket << 2), (hash & tagMask) | (number + 1));
  addTo(sizeAt, 1);
  addTo(flowsOfNicAt + (nic << 2), 1);
  return row;
}

/** As FlowStore.remove, of a row whose counters never carried. */
export function remove(row: usize): void {
  const number = numberOf(row);
  const mask = load<u32>(maskAt);
  let hole = load<u32>(hashesAt + (number << 2)) & mask;
  while ((load<u32>(bucketsAt + (hole << 2)) & referenceMask) != number + 1) hole = (hole + 1) & mask;
  let next = hole;
  while (true) {
    next = (next + 1) & mask;
    const entry = load<u32>(bucketsAt + (next << 2));
    if (entry == 0) break;
    const home = load<u32>(hashesAt - 4 + ((entry & referenceMask) << 2));
    if (((next - home) & mask) < ((next - hole) & mask)) continue;
    store<u32>(bucketsAt + (hole << 2), entry);
    hole = next;
  }
  store<u32>(bucketsAt + (hole << 2), 0);
  addTo(flowsOfNicAt + ((load<u32>(row, kindOffset) >> 8) << 2), -1);
  store<u32>(row, freeKind, kindOffset);
  const free = load<u32>(freeCountAt);
  store<u32>(freeAt + (free << 2), number);
  store<u32>(freeCountAt, free + 1);
  addTo(sizeAt, -1);
}

// @inline
export function isFree(kind: u32): bool {
  return kind == freeKind;
}

// @inline
export function decisionOf(row: usize): u32 {
  return load<u32>(decisionsAt + (numberOf(row) << 2));
}
