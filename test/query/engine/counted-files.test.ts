/** Conversations are counted by what files of `flows` say of themselves, where they lie inside the range. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compact } from '../../../src/lake/compact.ts';
import type { Action } from '../../../src/lake/delta/delta-log.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { openLakeEngine } from '../../../src/query/engine/lake-engine.ts';
import type { Query, QueryRange } from '../../../src/query/tree.ts';
import type { PlainTuple } from '../../lake/build-flow-log.ts';
import { ingestBlob } from '../../lake/flows/settled-lake.ts';
import { ask, where } from '../ask.ts';

const noon = Date.parse('2023-11-15T12:00:00Z');
const hour = 3_600_000;
let folder: string;
let lake: Lake;

const tuple = (time: number, srcPort: number, state: NonNullable<PlainTuple['state']>): PlainTuple => ({
  time,
  src: '10.0.0.1',
  dst: '10.0.0.2',
  srcPort,
  state,
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-counted-'));
  lake = await openLake(folder, { create: true });
  // Hours of two dates; one connection goes on over midnight, so it has a row on each date.
  const times = [noon, noon + hour, noon + 13 * hour, noon + 14 * hour];
  for (const [i, time] of times.entries()) {
    const tuples = [0, 1, 2].map((k) => tuple(time + k * 1000, 2000 + 10 * i + k, 'begin'));
    await ingestBlob(lake, `c/${i}`, [{ tuples }]);
  }
  const midnight = noon + 12 * hour;
  const overMidnight = [tuple(midnight - 60_000, 3000, 'begin'), tuple(midnight + 60_000, 3000, 'continuing')];
  await ingestBlob(lake, 'c/midnight', [{ tuples: overMidnight }]);
  await settle(lake);
});

afterAll(async () => {
  await lake.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a count says, and how many files of `flows` it reads. */
async function count(
  range: QueryRange = {},
  more: Partial<Query> = {},
): Promise<{ conversations: unknown; read: number }> {
  const engine = await openLakeEngine(lake);
  try {
    const query = { ask: 'count', range, ...more } as Query;
    const [row] = await ask(engine, query);
    const { scan } = await engine.ask(query);
    const tuples = lake.tuples.state.files.size;
    const all = scan.files - tuples;
    expect(all).toBe((await lake.flows())!.state.files.size);
    return { conversations: row['conversations'], read: scan.filesRead - filesOfTuples(range) };
  } finally {
    await engine.close();
  }
}

/** How many files of `tuples` have times of a range. */
function filesOfTuples({ start = -Infinity, end = Infinity }: QueryRange): number {
  return [...lake.tuples.state.files.values()].filter((add) => {
    const { minValues, maxValues } = JSON.parse(add.stats!) as Record<string, Record<string, string>>;
    return Date.parse(minValues['time']) < end && Date.parse(maxValues['time']) >= start;
  }).length;
}

test('a count reads no file of flows, and counts a continued conversation on its first date only', async () => {
  expect(await count()).toEqual({ conversations: 13, read: 0 });
  expect(await count({ start: noon + 12 * hour })).toEqual({ conversations: 7, read: 0 });
});

test('files that cross a bound of the range are read', async () => {
  const { conversations, read } = await count({ start: noon + 500, end: noon + 13 * hour + 1500 });
  expect(conversations).toBe(2 + 3 + 1 + 2);
  expect(read).toBeGreaterThan(0);
});

test('what is asked of rows is counted by reading them', async () => {
  expect((await count({}, where('src.port < 2010'))).conversations).toBe(3);
  expect((await count({}, where('src.port < 2010'))).read).toBeGreaterThan(0);
  expect((await count({}, { observations: true })).conversations).toBe(13);
});

test('a file that was joined says the sum', async () => {
  for (let i = 0; i < 6; i++) {
    const tuples = [tuple(noon + i * 1000, 4000 + i, 'end'), tuple(noon + (20 + i) * 60_000, 4100 + i, 'end')];
    await ingestBlob(lake, `c/more-${i}`, [{ tuples }]);
    await settle(lake);
  }
  const steps = [];
  for await (const step of compact(lake, Date.now())) steps.push(step);
  expect(steps.some(({ paths, version }) => paths.length >= 4 && version !== undefined)).toBe(true);
  expect(await count()).toEqual({ conversations: 25, read: 0 });
});

test('files of earlier versions, which do not say, are read', async () => {
  const table = (await lake.flows())!;
  const all = table.state.files.size;
  await table.commit('OPTIMIZE', (state) => {
    const files = [...state.files.values()].map((add): Action => {
      const tags = Object.fromEntries(Object.entries(add.tags ?? {}).filter(([name]) => name !== 'nsgflow.begun'));
      return { add: { ...add, tags, dataChange: false } };
    });
    return Promise.resolve({ files, others: [] });
  });
  expect(await count()).toEqual({ conversations: 25, read: all });
});
