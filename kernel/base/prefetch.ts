/**
 * Prefetching. WebAssembly has no instruction for it. Instead a loop first loads a word of everything that the next few steps will need, and combines
 * the words by exclusive or. No load depends on another, so the processor waits for all of them at once. The steps then find their memory in the cache.
 */

/** Below the memory of every layout. */
const unusedWordAt: usize = 1016;

/** Takes what the loads of a loop give together. A compiler may leave out loads whose result goes nowhere; this is stored, and never read. */
// @inline
export function finishPrefetch(combined: u32): void {
  store<u32>(unusedWordAt, combined);
}
