/** The events of flows, as FlowStore of src/flow/store.ts emits them. */
import { eventCountAt } from '../../src/flow/kernel-layout';
import {
  accessAt,
  bytesForwardAt,
  bytesReverseAt,
  columnsLength,
  destinationAt,
  destinationPortAt,
  directionAt,
  encryptionAt,
  familyAt,
  groupAt,
  nicAt,
  packetsForwardAt,
  packetsReverseAt,
  protocolAt,
  sourceAt,
  sourcePortAt,
  stateAt,
  timeAt,
} from '../../src/flowlog/tuple-kernel-layout';
import {
  countersOffset,
  decisionOf,
  flowEnded,
  kindFamily6,
  kindOffset,
  kindOutbound,
  kindTcp,
  portsOffset,
  remove,
} from './rows';

export const stateBegin: u32 = 1;
export const stateContinuing: u32 = 2;
export const stateEnd: u32 = 3;
export const stateDenied: u32 = 4;

/** As FlowStore.emit, of a row whose counters never carried; there is room. */
export function emit(row: usize, state: u32, time: f64): void {
  const event = load<u32>(eventCountAt);
  store<u32>(eventCountAt, event + 1);
  const kind = load<u32>(row, kindOffset);
  const ports = load<u32>(row, portsOffset);
  const counted = state == stateContinuing || state == stateEnd;
  // Tuples lie in order at the addresses of the layout, and as made so far before.
  const bytes: usize = event - columnsLength;
  const shorts: usize = (event << 1) - columnsLength;
  const words: usize = (event << 2) - columnsLength;
  const doubles: usize = (event << 3) - columnsLength;
  const quads: usize = (event << 4) - columnsLength;
  store<u64>(sourceAt + quads, load<u64>(row));
  store<u64>(sourceAt + quads + 8, load<u64>(row, 8));
  store<u64>(destinationAt + quads, load<u64>(row, 16));
  store<u64>(destinationAt + quads + 8, load<u64>(row, 24));
  store<f64>(timeAt + doubles, time);
  store<u8>(familyAt + bytes, (kind & kindFamily6) != 0 ? 6 : 4);
  store<u16>(sourcePortAt + shorts, <u16>(ports >> 16));
  store<u16>(destinationPortAt + shorts, <u16>ports);
  store<u8>(protocolAt + bytes, (kind & kindTcp) != 0 ? 6 : 17);
  store<u8>(directionAt + bytes, (kind & kindOutbound) != 0 ? 1 : 0);
  store<u8>(accessAt + bytes, state == stateDenied ? 1 : 0);
  store<u8>(stateAt + bytes, <u8>state);
  store<u8>(encryptionAt + bytes, 0);
  store<u32>(groupAt + words, decisionOf(row));
  store<u32>(nicAt + words, kind >> 8);
  store<f64>(packetsForwardAt + doubles, counted ? <f64>load<u32>(row, countersOffset) : NaN);
  store<f64>(bytesForwardAt + doubles, counted ? <f64>load<u32>(row, countersOffset + 4) : NaN);
  store<f64>(packetsReverseAt + doubles, counted ? <f64>load<u32>(row, countersOffset + 8) : NaN);
  store<f64>(bytesReverseAt + doubles, counted ? <f64>load<u32>(row, countersOffset + 12) : NaN);
  if (!counted) return;
  store<u64>(row, 0, countersOffset);
  store<u64>(row, 0, countersOffset + 8);
}

/** As FlowStore.end. */
export function end(row: usize, time: f64): void {
  emit(row, stateEnd, time);
  const kind = load<u32>(row, kindOffset);
  if ((kind & kindTcp) != 0) store<u32>(row, kind | (flowEnded << 2), kindOffset);
  else remove(row);
}
