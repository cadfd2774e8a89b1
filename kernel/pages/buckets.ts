/**
 * A table of buckets by hash, which one column at a time uses: numbers of distinct values, plus one; 0 is empty.
 *
 * AssemblyScript, a part of kernel/pages/pages.ts.
 */
import { buckets } from './memory';

export let hashSeed: u64 = 1;

/** @param seed an odd random number: whoever chooses values must not choose their buckets */
export function setHashSeed(seed: u64): void {
  hashSeed = seed;
}

export let bucketMask: u32 = 0;
let bucketShift: u64 = 0;

/** @param size a power of two */
export function clearBuckets(size: u32): void {
  bucketMask = size - 1;
  bucketShift = 64 - ctz<u32>(size);
  memory.fill(changetype<usize>(buckets), 0, (<usize>size) << 2);
}

// @inline
export function bucketOf(value: u64): u32 {
  return <u32>((value * hashSeed) >> bucketShift);
}
