/**
 * A flow's row, and the bits of its kind, as src/flow/table.ts and src/flow/connection.ts have them. A place is a row's address, with the lowest bit
 * set for a packet from the responder; 0 is no place.
 */
import { FlowRow, rows, timeouts } from './memory';
import { protocolTcp } from './packet';

export const flowDenied: u32 = 1;
export const flowFinForward: u32 = 2;
export const flowFinReverse: u32 = 4;
export const flowRst: u32 = 8;
export const flowEnded: u32 = 16;
const flowFlags: u32 = 31;

export const kindTcp: u32 = 1;
export const kindFamily6: u32 = 2;
export const kindFlagsShift: u32 = 2;
export const kindOutbound: u32 = 128;
export const kindNicShift: u32 = 8;
export const kindKeyMask: u32 = 0xffffff03;
/** The kind of a row without a flow. */
export const freeKind: u32 = 0xffffffff;

const counterMax: u32 = 0xffffffff;

/** The counters of one direction of a flow. */
@unmanaged
class Counters {
  packets: u32;
  bytes: u32;
}

// @inline
export function keyKind(nic: i32, family: u32, protocol: u32): u32 {
  return ((<u32>nic) << kindNicShift) | (family == 6 ? kindFamily6 : 0) | (protocol == protocolTcp ? kindTcp : 0);
}

// @inline
export function rowAt(place: usize): FlowRow {
  return changetype<FlowRow>(place & ~1);
}

// @inline
export function numberOf(row: FlowRow): u32 {
  return <u32>((changetype<usize>(row) - changetype<usize>(rows)) >> 6);
}

// @inline
export function isReversed(place: usize): bool {
  return (place & 1) == 1;
}

// @inline
export function flagsOf(row: FlowRow): u32 {
  return (row.kind >> kindFlagsShift) & flowFlags;
}

// @inline
export function setFlag(row: FlowRow, flag: u32): void {
  row.kind |= flag << kindFlagsShift;
}

// @inline
export function nicOf(kind: u32): u32 {
  return kind >> kindNicShift;
}

// @inline
export function isFree(row: FlowRow): bool {
  return row.kind == freeKind;
}

// @inline
export function isDenied(place: usize): bool {
  return (rowAt(place).kind & (flowDenied << kindFlagsShift)) != 0;
}

// @inline
export function isClosed(flags: u32): bool {
  return (flags & flowRst) != 0 || (flags & (flowFinForward | flowFinReverse)) == (flowFinForward | flowFinReverse);
}

/** As rememberedUntil of src/flow/sweep.ts. */
// @inline
export function rememberedUntil(flags: u32, lastSeen: f64, timeout: f64): f64 {
  return lastSeen + (isClosed(flags) ? timeout : 2 * timeout);
}

// @inline
function countersOf(place: usize): Counters {
  return changetype<Counters>((place & ~1) + ((place & 1) << 3) + offsetof<FlowRow>('packetsForward'));
}

/** Whether a counter would exceed its 32 bits. */
// @inline
export function isFull(place: usize, ipBytes: u32): bool {
  const counters = countersOf(place);
  return counters.packets == counterMax || counters.bytes > counterMax - ipBytes;
}

// @inline
export function addToCounters(place: usize, ipBytes: u32): void {
  const counters = countersOf(place);
  counters.packets++;
  counters.bytes += ipBytes;
}

// @inline
export function clearCounters(row: FlowRow): void {
  row.packetsForward = 0;
  row.bytesForward = 0;
  row.packetsReverse = 0;
  row.bytesReverse = 0;
}

// @inline
export function see(place: usize, now: f64): void {
  const row = rowAt(place);
  if (now > row.lastSeen) row.lastSeen = now;
}

// @inline
export function timeoutOf(nic: u32): f64 {
  return timeouts[nic];
}
