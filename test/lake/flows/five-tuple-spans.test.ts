import { expect, test } from 'vitest';
import { makeFiveTuples } from '../../../src/lake/flows/five-tuple-columns.ts';
import { FiveTupleSpans } from '../../../src/lake/flows/five-tuple-spans.ts';
import { randomOf } from '../../base/kill-at.ts';

/** Five-tuples that differ in one thing each. */
function fiveTuples(count: number) {
  const columns = makeFiveTuples(count);
  for (let row = 0; row < count; row++) {
    columns.family[row] = 4;
    columns.protocol[row] = 6;
    columns.source[4 * row + 3] = row;
    columns.sourcePort[row] = row % 7;
    columns.destinationPort[row] = 443;
  }
  return columns;
}

test('a span meets what one of the added spans of its five-tuple meets, in whatever order they come', () => {
  const columns = fiveTuples(12);
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomOf(seed);
    const below = (end: number): number => Math.floor(random() * end);
    const spans = new FiveTupleSpans();
    const plain: { readonly row: number; readonly start: number; readonly end: number }[] = [];
    for (let round = 0; round < 30; round++) {
      for (let i = below(12); i > 0; i--) {
        const row = below(10);
        const start = below(1000);
        const end = start + below(20);
        spans.add(columns, row, start, end);
        plain.push({ row, start, end });
      }
      for (let i = 0; i < 30; i++) {
        const row = below(12);
        const start = below(1000);
        const end = start + below(5);
        const isMet = plain.some((one) => one.row === row && one.start <= end && one.end >= start);
        expect(spans.meets(columns, row, start, end), `seed ${seed}`).toBe(isMet);
        if (isMet) expect(spans.mayHavePorts(columns.sourcePort[row], 443)).toBe(true);
      }
    }
    expect(spans.startMillis).toBe(Math.min(...plain.map(({ start }) => start)));
    expect(spans.endMillis).toBe(Math.max(...plain.map(({ end }) => end)));
  }
});

test('spans that meet are held as one; ports that no five-tuple has are mostly told by a look', () => {
  const columns = fiveTuples(1);
  const spans = new FiveTupleSpans();
  for (let i = 0; i < 100_000; i++) spans.add(columns, 0, 10 * (i % 2 === 0 ? i : 100_000 - i), 10 * i + 1_000_000);
  expect(spans.isAbove(1)).toBe(false);
  for (let i = 0; i < 50_000; i++) spans.add(columns, 0, 1e8 + 10 * i, 1e8 + 10 * i + 5);
  expect(spans.isAbove(50_000)).toBe(true);
  expect(spans.isAbove(50_001)).toBe(false);
  const others = Array.from({ length: 1000 }, (_, port) => spans.mayHavePorts(1000 + port, port));
  expect(others.filter(Boolean).length).toBeLessThan(10);
});
