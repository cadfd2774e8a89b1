/** Sorts the events of a flush in the order of its records. */
import { sortRows } from '../base/radix-sort.ts';
import type { FlowEvents } from '../flow/event.ts';
import { copyEvents, createFlowEvents } from '../flow/event.ts';
import type { OrderedTuples, TupleKernel } from '../flowlog/tuple-kernel.ts';

/** Reusable memory for sorting. A result is valid until the next call. */
export interface OrderScratch {
  readonly kernel: TupleKernel | undefined;
  ordered: FlowEvents;
}

/**
 * Copies events sorted by NIC, rank of the decision, time, and emission order. The events are not changed.
 * @param ranks by decision
 */
export function orderEvents(held: FlowEvents, ranks: Uint32Array, nics: number, scratch: OrderScratch): OrderedTuples {
  return scratch.kernel?.order(held, ranks) ?? orderPlainly(held, ranks, nics, scratch);
}

/** The same as the kernel, in TypeScript. */
function orderPlainly(held: FlowEvents, ranks: Uint32Array, nics: number, scratch: OrderScratch): OrderedTuples {
  const { count, timeMillis, group } = held.columns;
  if (scratch.ordered.capacity < count) scratch.ordered = createFlowEvents(held.capacity);
  const rows = numbersTo(count);
  const spare = new Uint32Array(count);
  const keys = new Uint32Array(count);
  const isFar = !fillTimes(keys, timeMillis) || nics * ranks.length > keysEnd;
  if (isFar)
    rows.sort(
      (a, b) =>
        held.nic[a] - held.nic[b] ||
        ranks[group[a]] - ranks[group[b]] ||
        Math.floor(timeMillis[a]) - Math.floor(timeMillis[b]) ||
        a - b,
    );
  else {
    sortRows(rows, keys, spare);
    fillOwners(keys, held, ranks);
    sortRows(rows, keys, spare);
  }
  copyEvents(held, rows, scratch.ordered);
  return { tuples: scratch.ordered, starts: startsOf(scratch.ordered) };
}

/** Sort keys have 32 bits. */
const keysEnd = 2 ** 32;

// Each loop is a function of its own, so that it is compiled once and not again for each flush.
/** The numbers of rows, from 0. */
export function numbersTo(count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}

/**
 * Milliseconds since the first time.
 * @returns false if they do not fit into a key
 */
function fillTimes(keys: Uint32Array, timeMillis: Float64Array): boolean {
  const first = Math.floor(leastOf(timeMillis, keys.length));
  let most = 0;
  for (let row = 0; row < keys.length; row++) {
    const after = Math.floor(timeMillis[row]) - first;
    if (after > most) most = after;
    keys[row] = after;
  }
  return most < keysEnd;
}

function leastOf(values: Float64Array, count: number): number {
  let least = Infinity;
  for (let i = 0; i < count; i++) if (values[i] < least) least = values[i];
  return least;
}

function fillOwners(keys: Uint32Array, { nic, columns }: FlowEvents, ranks: Uint32Array): void {
  const { group } = columns;
  for (let row = 0; row < keys.length; row++) keys[row] = nic[row] * ranks.length + ranks[group[row]];
}

function startsOf({ nic, columns }: FlowEvents): Uint32Array {
  const { count, group } = columns;
  const starts = [];
  for (let row = 0; row < count; row++)
    if (row === 0 || nic[row] !== nic[row - 1] || group[row] !== group[row - 1]) starts.push(row);
  return Uint32Array.from(starts);
}
