/**
 * The order of rows in a row group: denied tuples, then those that were allowed and not counted (that begin a flow), then those with counters;
 * within each as they were read. Blocks of one kind are unpacked or left out at a stroke, and a reader that looks for denied ones is done early
 * (docs/how-it-works/decisions/0020-questions-at-size.md).
 */
import { accessDeny } from '../../flowlog/tuple.ts';
import type { StagedRows } from './staged-rows.ts';

const kinds = 3;

/** By place in the row group, the staged row that stands there; `undefined` where rows stand so already. */
export function rowOrder({ count, access, packetsForward, bytesForward }: StagedRows): Uint32Array | undefined {
  const kindOf = new Uint8Array(count);
  const next = new Uint32Array(kinds);
  let last = 0;
  let isOrdered = true;
  for (let row = 0; row < count; row++) {
    const kind =
      access[row] === accessDeny ? 0 : Number.isNaN(packetsForward[row]) && Number.isNaN(bytesForward[row]) ? 1 : 2;
    kindOf[row] = kind;
    // Of each kind, how many rows are of it or of one before.
    for (let later = kind; later < kinds; later++) next[later]++;
    if (kind < last) isOrdered = false;
    last = kind;
  }
  if (isOrdered) return undefined;
  const order = new Uint32Array(count);
  for (let row = count - 1; row >= 0; row--) order[--next[kindOf[row]]] = row;
  return order;
}
