/** Bits of a key that one pass sorts by: 2,048 counts stay in the cache. */
const passBits = 11;
const passMask = (1 << passBits) - 1;

/**
 * Sorts row numbers by a key. The sort is stable: to sort by several keys, sort by the last key first.
 * @param rows sorted in place
 * @param keys by row
 * @param spare scratch memory, as long as `rows`
 */
export function sortRows(rows: Uint32Array, keys: Uint32Array, spare: Uint32Array): void {
  const keyMax = mostOf(rows, keys);
  let from = rows;
  let to = spare;
  for (let shift = 0; shift < 32 && keyMax >>> shift > 0; shift += passBits) {
    const ends = countDigits(from, keys, shift);
    place(from, to, keys, shift, ends);
    [from, to] = [to, from];
  }
  if (from !== rows) rows.set(from);
}

// Each loop is a function of its own, so that it is compiled once.
function mostOf(rows: Uint32Array, keys: Uint32Array): number {
  let most = 0;
  for (let i = 0; i < rows.length; i++) {
    const key = keys[rows[i]];
    if (key > most) most = key;
  }
  return most;
}

/** For each digit, the number of keys with a smaller digit. */
function countDigits(rows: Uint32Array, keys: Uint32Array, shift: number): Uint32Array {
  const ends = new Uint32Array(passMask + 2);
  for (let i = 0; i < rows.length; i++) ends[((keys[rows[i]] >>> shift) & passMask) + 1]++;
  for (let digit = 0; digit <= passMask; digit++) ends[digit + 1] += ends[digit];
  return ends;
}

function place(from: Uint32Array, to: Uint32Array, keys: Uint32Array, shift: number, ends: Uint32Array): void {
  for (let i = 0; i < from.length; i++) to[ends[(keys[from[i]] >>> shift) & passMask]++] = from[i];
}
