/** The events of flows, as FlowStore of src/flow/store.ts emits them. */
import {
  eventAccessAt,
  eventBytesForwardAt,
  eventBytesReverseAt,
  eventCountAt,
  eventDestinationAt,
  eventDestinationPortAt,
  eventDirectionAt,
  eventEncryptionAt,
  eventFamilyAt,
  eventGroupAt,
  eventNicAt,
  eventPacketsForwardAt,
  eventPacketsReverseAt,
  eventProtocolAt,
  eventSourceAt,
  eventSourcePortAt,
  eventStateAt,
  eventTimeAt,
} from '../src/flow/kernel-layout';
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
  const quad: usize = event << 4;
  const double: usize = event << 3;
  const kind = load<u32>(row, kindOffset);
  const ports = load<u32>(row, portsOffset);
  store<u64>(eventSourceAt + quad, load<u64>(row));
  store<u64>(eventSourceAt + quad, load<u64>(row, 8), 8);
  store<u64>(eventDestinationAt + quad, load<u64>(row, 16));
  store<u64>(eventDestinationAt + quad, load<u64>(row, 24), 8);
  store<f64>(eventTimeAt + double, time);
  store<u8>(eventFamilyAt + event, (kind & kindFamily6) != 0 ? 6 : 4);
  store<u16>(eventSourcePortAt + (event << 1), <u16>(ports >> 16));
  store<u16>(eventDestinationPortAt + (event << 1), <u16>ports);
  store<u8>(eventProtocolAt + event, (kind & kindTcp) != 0 ? 6 : 17);
  store<u8>(eventDirectionAt + event, (kind & kindOutbound) != 0 ? 1 : 0);
  store<u8>(eventAccessAt + event, state == stateDenied ? 1 : 0);
  store<u8>(eventStateAt + event, <u8>state);
  store<u8>(eventEncryptionAt + event, 0);
  store<u32>(eventGroupAt + (event << 2), decisionOf(row));
  store<u32>(eventNicAt + (event << 2), kind >> 8);
  const counted = state == stateContinuing || state == stateEnd;
  store<f64>(eventPacketsForwardAt + double, counted ? <f64>load<u32>(row, countersOffset) : NaN);
  store<f64>(eventBytesForwardAt + double, counted ? <f64>load<u32>(row, countersOffset + 4) : NaN);
  store<f64>(eventPacketsReverseAt + double, counted ? <f64>load<u32>(row, countersOffset + 8) : NaN);
  store<f64>(eventBytesReverseAt + double, counted ? <f64>load<u32>(row, countersOffset + 12) : NaN);
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
