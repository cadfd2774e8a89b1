/** Ends with a programmer error unless `condition` holds. `sentence` says what must be true. */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${sentence}`);
}
