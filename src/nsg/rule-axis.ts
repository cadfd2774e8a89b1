/**
 * One axis of a compiled rule list: source address, destination address, or a port. The axis is cut where any rule's range begins or
 * ends; a row of bits for each piece says which rules (bit 0 of word 0 is the first) hold it. Pieces with equal bits share a row.
 *
 *   rules    r0: 10.0.0.0/8      r1: *           r2: 10.1.0.0/16
 *   starts   0.0.0.0   10.0.0.0   10.1.0.0   10.2.0.0   11.0.0.0
 *   rows     010       011        111        011        010         (bit 2, bit 1, bit 0)
 */
import type { AddressRange } from './address-ranges.ts';

export interface RuleAxis {
  /** First number of each piece, ascending from 0: one word a piece for ports and IPv4, four for IPv6. */
  readonly starts: Uint32Array;
  /** Where the row of each piece begins in `bits`. */
  readonly rowStart: Uint32Array;
  readonly bits: Uint32Array;
}

/** `ranges[i]` is what rule i holds; any order, overlaps permitted. */
export function buildAxis(ranges: readonly (readonly AddressRange[])[], words: number, wordsPerStart: 1 | 4): RuleAxis {
  const changes: { at: bigint; rule: number; step: 1 | -1 }[] = [];
  ranges.forEach((ruleRanges, rule) => {
    for (const range of ruleRanges) {
      changes.push({ at: range.start, rule, step: 1 }, { at: range.end, rule, step: -1 });
    }
  });
  changes.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const depth = new Uint32Array(ranges.length);
  const current = new Uint32Array(words);
  const rows = new Map<string, number>();
  const bits: number[] = [];
  const starts: bigint[] = [];
  const rowStart: number[] = [];
  const addPiece = (start: bigint): void => {
    const key = current.join(' ');
    const row = rows.get(key) ?? bits.length;
    if (row === bits.length) {
      rows.set(key, row);
      bits.push(...current);
    }
    if (rowStart.at(-1) === row) return;
    starts.push(start);
    rowStart.push(row);
  };
  if (changes.length === 0 || changes[0].at > 0n) addPiece(0n);
  for (let i = 0; i < changes.length;) {
    const at = changes[i].at;
    for (; i < changes.length && changes[i].at === at; i++) {
      const { rule, step } = changes[i];
      depth[rule] += step;
      const word = rule >>> 5;
      const bit = 1 << (rule & 31);
      current[word] = depth[rule] > 0 ? current[word] | bit : current[word] & ~bit;
    }
    addPiece(at);
  }
  return {
    starts: packStarts(starts, wordsPerStart),
    rowStart: Uint32Array.from(rowStart),
    bits: Uint32Array.from(bits),
  };
}

function packStarts(starts: readonly bigint[], wordsPerStart: 1 | 4): Uint32Array {
  const packed = new Uint32Array(starts.length * wordsPerStart);
  starts.forEach((start, i) => {
    for (let word = 0; word < wordsPerStart; word++)
      packed[i * wordsPerStart + word] = Number((start >> BigInt(32 * (wordsPerStart - 1 - word))) & 0xffffffffn);
  });
  return packed;
}

/** Where the row of `value` begins: a port, or an IPv4 address as an unsigned number. */
export function findRow(axis: RuleAxis, value: number): number {
  const starts = axis.starts;
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= value) low = middle;
    else high = middle;
  }
  return axis.rowStart[low];
}

/** The same for an IPv6 address. */
export function findRow6(axis: RuleAxis, a: number, b: number, c: number, d: number): number {
  const starts = axis.starts;
  let low = 0;
  let high = axis.rowStart.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const at = middle * 4;
    const difference =
      starts[at] !== a
        ? starts[at] - a
        : starts[at + 1] !== b
          ? starts[at + 1] - b
          : starts[at + 2] !== c
            ? starts[at + 2] - c
            : starts[at + 3] - d;
    if (difference <= 0) low = middle;
    else high = middle;
  }
  return axis.rowStart[low];
}
