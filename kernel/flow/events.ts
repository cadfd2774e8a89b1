/** The events of flows, as FlowStore of src/flow/store.ts emits them: tuples as they are made, in the memory of kernel/tuples. */
import * as tuples from '../tuples/memory';
import { decisions, exchange, FlowRow } from './memory';
import { inbound, outbound, protocolTcp, protocolUdp } from './packet';
import { clearCounters, flowEnded, kindFamily6, kindOutbound, kindTcp, nicOf, numberOf, setFlag } from './row';
import { remove } from './table';

export const stateBegin: u32 = 1;
export const stateContinuing: u32 = 2;
export const stateEnd: u32 = 3;
export const stateDenied: u32 = 4;

/** As FlowStore.emit, of a row whose counters never exceeded 32 bits; there is room for the event. */
export function emit(row: FlowRow, state: u32, time: f64): void {
  const event = exchange.eventCount;
  exchange.eventCount = event + 1;
  const kind = row.kind;
  const ports = row.ports;
  const counted = state == stateContinuing || state == stateEnd;
  const source = tuples.madeSource[event];
  source.high = row.source.high;
  source.low = row.source.low;
  const destination = tuples.madeDestination[event];
  destination.high = row.destination.high;
  destination.low = row.destination.low;
  tuples.madeTimeMillis[event] = time;
  tuples.madeFamily[event] = (kind & kindFamily6) != 0 ? 6 : 4;
  tuples.madeSourcePort[event] = <u16>(ports >> 16);
  tuples.madeDestinationPort[event] = <u16>ports;
  tuples.madeProtocol[event] = <u8>((kind & kindTcp) != 0 ? protocolTcp : protocolUdp);
  tuples.madeDirection[event] = <u8>((kind & kindOutbound) != 0 ? outbound : inbound);
  tuples.madeAccess[event] = state == stateDenied ? 1 : 0;
  tuples.madeState[event] = <u8>state;
  tuples.madeEncryption[event] = 0;
  tuples.madeGroup[event] = decisions[numberOf(row)];
  tuples.madeNic[event] = nicOf(kind);
  tuples.madePacketsForward[event] = counted ? <f64>row.packetsForward : NaN;
  tuples.madeBytesForward[event] = counted ? <f64>row.bytesForward : NaN;
  tuples.madePacketsReverse[event] = counted ? <f64>row.packetsReverse : NaN;
  tuples.madeBytesReverse[event] = counted ? <f64>row.bytesReverse : NaN;
  if (counted) clearCounters(row);
}

/** As FlowStore.end. */
export function end(row: FlowRow, time: f64): void {
  emit(row, stateEnd, time);
  if ((row.kind & kindTcp) != 0) setFlag(row, flowEnded);
  else remove(row);
}
