/** Hashes of words. AssemblyScript, a part of kernel/read-rows/read-rows.ts. */

let seed: u64 = 0x9e3779b97f4a7c15;

/** @param value an odd random number: whoever chooses addresses must not choose their buckets */
export function setSeed(value: u64): void {
  seed = value;
}

/** The hash of a word behind those that gave `before`. */
// @inline
export function hashWord(word: u64, before: u64): u64 {
  let hash = (word ^ before) * seed;
  hash ^= hash >> 32;
  hash *= 0xd6e8feb86659fd93;
  return hash ^ (hash >> 29);
}

/** The hash of two words behind those that gave `before`. */
// @inline
export function hashWords(first: u64, second: u64, before: u64): u64 {
  return hashWord(first ^ (((second ^ before) * seed) >> 17), second);
}
