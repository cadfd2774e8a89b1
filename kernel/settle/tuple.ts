/** What tuples say of their flows. AssemblyScript, a part of kernel/settle/settle.ts. */
import { Tuple } from './memory';

export const stateNone: u8 = 0;
export const stateBegin: u8 = 1;
export const stateContinuing: u8 = 2;
export const stateDenied: u8 = 4;

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
