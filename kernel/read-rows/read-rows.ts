/**
 * Row groups of data files that we wrote, as WebAssembly: pages in, columns and the order in which their rows were read out.
 *
 *   pages ─▶ columns of a row group ─▶ rows as they were read
 *
 * AssemblyScript, compiled by scripts/build-kernel.mjs. Memory: kernel/read-rows/layout.mjs. No allocation, no imports but the memory.
 */
import { setSeed } from '../base/hash';
import { clearTexts } from './text-numbers';

export { differences, integers, longDifferences, longs, texts } from './values';
export { findRuns, findSegments, mergeSegments } from './order';
export { countTexts, textNumber } from './text-numbers';
export { unpack } from './unzstd';

/** @param seed an odd random number */
export function start(seed: u64): void {
  setSeed(seed);
  clearTexts();
}
