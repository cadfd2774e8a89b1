import { expect, test } from 'vitest';
import { parseMeasure } from '../../src/query/measure.ts';
import type { Answer, Cell } from '../../src/query/result.ts';
import type { Query } from '../../src/query/tree.ts';
import { where, withRecords, top } from './ask.ts';

const start = Date.parse('2023-11-14T23:50:00Z');
const tuples = Array.from({ length: 400 }, (_, i) => ({
  time: start + 4000 * i,
  src: `10.0.0.${1 + (i % 7)}`,
  srcPort: 50_000 + (i % 60),
  dst: '10.1.0.1',
  dstPort: i % 9 === 0 ? 443 : 80,
  state: (['begin', 'continuing', 'end'] as const)[i % 3],
  counters: [1 + i, 100 * i, 2, i] as const,
}));

const measures = ['bytes', 'flows'].map(parseMeasure);
const range = { start: start + 200_000, end: start + 1_100_000 };

/** Ten panels over a filter, and questions that no other reads with. */
function panels(filter: string): Query[] {
  const selection = { range, ...where(filter) };
  const one = top({ ...selection, by: ['src.ip'], metric: 'bytes', limit: 5 });
  return [
    one,
    one,
    top({ ...selection, by: ['dst.port'], metric: 'flows', limit: 5 }),
    top({ ...selection, by: ['ip'], metric: 'packets', limit: 5 }),
    top({ ...selection, by: ['rule'], metric: 'bytes', limit: 5 }),
    top({ ...selection, by: ['src.ip'], metric: 'bytes', limit: 5, observations: true }),
    { ...selection, ask: 'groups', axes: [{ by: ['src.ip'], limit: 2, other: true }], measures, bucketMillis: 60_000 },
    { ...selection, ask: 'groups', axes: [], measures, compareMillis: 150_000 },
    { ...selection, ask: 'groups', axes: [], measures: ['p95:bytes', 'distinct:src.ip'].map(parseMeasure) },
    { ...selection, ask: 'count' },
    { ...selection, ask: 'conversations', limit: 3 },
    { ask: 'tuples', limit: 2 },
  ];
}

async function read(answer: Answer): Promise<unknown> {
  const rows: Cell[][] = [];
  for await (const chunk of answer.chunks) rows.push(...chunk);
  return { columns: answer.columns, summary: answer.summary, rows };
}

test.each<[filter: string, together: number]>([
  ['dst.port = 443', 8],
  ['dst.port = 80', 0],
  ['dst.port = 443 and bytes > 1000', 0],
  ['direction = inbound', 0],
])('questions over one selection (%s) have the answers that they have alone', async (filter, together) => {
  await withRecords([{ tuples }], async (engine) => {
    const queries = panels(filter);
    const answers = await engine.askAll!(queries);
    const scans = new Map<unknown, number>();
    for (const { scan } of answers) scans.set(scan, (scans.get(scan) ?? 0) + 1);
    expect(Math.max(0, ...[...scans.values()].filter((count) => count > 1))).toBe(together);
    for (const [i, query] of queries.entries()) {
      const alone = await engine.ask(query);
      expect(answers[i].scan).toEqual(alone.scan);
      expect(await read(answers[i])).toEqual(await read(alone));
    }
  });
});
