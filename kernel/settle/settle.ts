/**
 * Tuples become flows and conversations, as WebAssembly:
 *
 *   tuples that come ─▶ those held, by five-tuple, in order ─▶ groups ─▶ flows of each observer ─▶ conversations ─▶ rows, as columns by part
 *
 * src/lake/flows/definition.ts says the rules; the tests' reference implementation carries them out simply. AssemblyScript, compiled by
 * scripts/build-kernel.mjs. Memory: kernel/settle/layout.mjs. No allocation; the host takes rows (`takeRows`) when many were built.
 */
import { setSeed } from '../base/hash';
import { built, emitGroup, forgetBuilt, setApart } from './conversation';
import { addTuple, clearGroup, coveredUntil, groupTuples, setDateStart } from './group';
import { batchMax, order, tuples } from './memory';
import { keepStaying, setTupleCount, tupleCount } from './pool';
import { flushRows } from './row';
import { sort } from './sort';

export { makeColumns } from './columns';
export { makeRoom } from './memory';
export { append, groupByFiveTuple, setTupleCount, tupleCount } from './pool';

/** Rows after which `build` pauses, so that they can be written: there is room for those of the five-tuple that is being built. */
const builtMax: u32 = batchMax - 256;
let next: u32 = 0;

/** @param seed an odd random number; `millis` is when the date begins; for `number` see conversation.ts */
export function start(seed: u64, millis: f64, number: u32): void {
  setSeed(seed);
  setDateStart(millis);
  setApart(number);
  setTupleCount(0);
}

/** Begins a pass over all tuples, which were grouped. */
export function begin(): void {
  next = 0;
}

/**
 * Builds groups that end before `boundMillis`, where all tuples of earlier times are held; Infinity, all. Their tuples go.
 * @returns whether there are more
 */
export function build(boundMillis: f64): bool {
  while (next < tupleCount) {
    const first = next++;
    if (tuples[first].latest != 0) buildFive(first, boundMillis);
    if (built < builtMax) continue;
    // What was placed may be taken away: no row of it may come later.
    flushRows();
    forgetBuilt();
    return true;
  }
  flushRows();
  forgetBuilt();
  keepStaying();
  return false;
}

function buildFive(first: u32, boundMillis: f64): void {
  let count: u32 = 0;
  for (let number = first + 1; number != 0; number = tuples[number - 1].after, count++) order[count] = number - 1;
  sort(order, count, false);
  let staying: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const time = tuples[order[i]].timeMillis;
    if (time >= boundMillis) break;
    if (groupTuples > 0 && time > coveredUntil) {
      emitGroup();
      clearGroup();
      staying = i;
    }
    addTuple(order[i]);
  }
  if (groupTuples > 0 && coveredUntil < boundMillis) {
    staying += groupTuples;
    emitGroup();
  }
  clearGroup();
  for (let i: u32 = 0; i < count; i++) tuples[order[i]].chain = i < staying ? 0 : 1;
}
