import { expect, test } from 'vitest';
import { withRecords } from './ask.ts';

const pair = { src: '10.0.0.1', srcPort: 50_000, dst: '10.0.0.2', dstPort: 443 } as const;
const start = Date.parse('2023-11-14T23:59:00Z');

test('an engine tells the times of the rows of a range without a question', async () => {
  const tuples = [0, 1000, 120_500].map((after) => ({ ...pair, time: start + after }));
  await withRecords([{ tuples }], async (engine) => {
    const times = (range: { start?: number; end?: number }) => engine.timesOf!(range);
    expect(times({})).toEqual({ firstMillis: start, lastMillis: start + 120_500 });
    expect(times({ start: start + 500 })).toEqual({ firstMillis: start + 500, lastMillis: start + 120_500 });
    expect(times({ end: start + 60_000 })).toEqual({ firstMillis: start, lastMillis: start + 1000 });
    expect(times({ start: start + 200_000 })).toBeUndefined();
    expect(times({ end: start })).toBeUndefined();
  });
});
