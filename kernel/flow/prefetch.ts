/** Prefetches buckets and rows of the packets that come next. */
import { finishPrefetch } from '../base/prefetch';
import {
  buckets,
  destinationGuess,
  destinationHash,
  FlowRow,
  flowRowBytes,
  rows,
  sourceGuess,
  sourceHash,
} from './memory';
import { guess } from './table';

/** Packets whose rows are loaded before the first of them is looked up. */
const prefetchRows: i32 = 64;
/** Packets of the batch before this one were prefetched. */
let prefetchedEnd: i32 = 0;

/** Begins another batch. */
export function forgetPrefetched(): void {
  prefetchedEnd = 0;
}

/** Loads what packet `i` and some behind it need, if that was not done. */
// @inline
export function prefetch(i: i32, end: i32, mask: u32): void {
  if (i < prefetchedEnd) return;
  prefetchedEnd = min(i + prefetchRows, end);
  loadAll(i, prefetchedEnd, mask);
}

function loadAll(from: i32, end: i32, mask: u32): void {
  let isSecondHash = false;
  let combined: u32 = 0;
  for (let i = from; i < end; i++) {
    const hash = sourceHash[i];
    isSecondHash = isSecondHash || hash != destinationHash[i];
    combined ^= buckets[hash & mask];
  }
  for (let i = from; i < end; i++) {
    const reference = guess(sourceHash[i], mask);
    sourceGuess[i] = reference;
    combined ^= kindOf(reference);
  }
  if (isSecondHash) {
    for (let i = from; i < end; i++) {
      const reference = guess(destinationHash[i], mask);
      destinationGuess[i] = reference;
      combined ^= kindOf(reference);
    }
  }
  finishPrefetch(combined);
}

/** Any word of a row. Without one (0), the word lies before the first row. */
// @inline
function kindOf(reference: u32): u32 {
  return changetype<FlowRow>(changetype<usize>(rows) + <usize>reference * flowRowBytes - flowRowBytes).kind;
}
