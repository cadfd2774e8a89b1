/** Tuples that are held. Numbers of tuples and flows are one too much wherever 0 stands for none. AssemblyScript, a part of kernel/settle/settle.ts. */
import { tupleLength } from '../../src/lake/flows/settle-kernel-layout';
import { tuplesAt } from './memory';

export const stateNone: u8 = 0;
export const stateBegin: u8 = 1;
export const stateContinuing: u8 = 2;
export const stateDenied: u8 = 4;

/** The first 64 bytes tell which five-tuple it is of. */
@unmanaged
export class Tuple {
  sourceHigh: u64;
  sourceLow: u64;
  destinationHigh: u64;
  destinationLow: u64;
  /** Ports, protocol and family: with the addresses, the five-tuple. */
  ports: u64;
  hash: u32;
  group: u32;
  direction: u8;
  access: u8;
  state: u8;
  encryption: u8;
  /** The next tuple of the five-tuple; of the first one, also the latest, which is 0 of all others. */
  after: u32;
  latest: u32;
  /** The next tuple of the flow. */
  next: u32;
  timeMillis: f64;
  /** NaN where the record says none. */
  recordTimeMillis: f64;
  recordOffset: f64;
  /** NaN: not counted. */
  packetsForward: f64;
  bytesForward: f64;
  packetsReverse: f64;
  bytesReverse: f64;
  tupleIndex: i32;
  /** The next five-tuple of the bucket; while flows are built, 1 for tuples that stay. */
  chain: u32;
}

// @inline
export function tupleAt(number: u32): Tuple {
  return changetype<Tuple>(tuplesAt + <usize>number * tupleLength);
}

// @inline
export function isCounted(tuple: Tuple): bool {
  // A number equals itself, NaN does not.
  return (
    tuple.packetsForward == tuple.packetsForward ||
    tuple.bytesForward == tuple.bytesForward ||
    tuple.packetsReverse == tuple.packetsReverse ||
    tuple.bytesReverse == tuple.bytesReverse
  );
}

/** As opensFlow of src/lake/flows/definition.ts. */
// @inline
export function opensFlow(state: u8): bool {
  return state == stateNone || state == stateBegin || state == stateDenied;
}

/** As staysOpen of src/lake/flows/definition.ts. */
// @inline
export function staysOpen(state: u8): bool {
  return state == stateBegin || state == stateContinuing;
}
