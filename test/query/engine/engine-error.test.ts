import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { FlowError } from '../../../src/base/errors.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { openLakeEngine } from '../../../src/query/engine/lake-engine.ts';
import type { Query } from '../../../src/query/tree.ts';
import { buildFlowLog } from '../../lake/build-flow-log.ts';
import { ask, where, withRecords, top } from '../ask.ts';

const folders: string[] = [];
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-error-'));
  folders.push(folder);
  const lake = await openLake(folder, { create: true });
  const append = await lake.beginAppend();
  await append.addFlowLog(buildFlowLog([{ tuples: [{ time: 0, src: '10.0.0.1', dst: '10.0.0.2' }] }]), { blob: 'b' });
  await append.commit([]);
  path = (await lake.snapshot()).files[0].path;
  await lake.close();
});

afterAll(
  async () => await Promise.all(folders.map(async (folder) => await rm(folder, { recursive: true, force: true }))),
);

async function failure(query: Query | string): Promise<string> {
  const lake = await openLake(folder);
  const engine = await openLakeEngine(lake);
  try {
    await ask(engine, query);
    return 'answered';
  } catch (error) {
    if (error instanceof FlowError) return `${error.code}: ${error.message}`;
    throw error;
  } finally {
    await engine.close();
    await lake.close();
  }
}

test.each<Query | string>([{ ask: 'count' }, { ask: 'tuples' }, 'SELECT count(*) FROM flows'])(
  'a torn or empty data file is an invalid lake, and is named: %j',
  async (query) => {
    expect(await failure(query)).toBe('answered');
    await truncate(path, (await stat(path)).size - 3);
    expect(await failure(query)).toMatch(/^lake-invalid: .*part-[0-9a-f-]+\.parquet/);
    await writeFile(path, '');
    expect(await failure(query)).toMatch(/^lake-invalid: .*part-[0-9a-f-]+\.parquet/);
  },
);

test.each<Query>([{ ask: 'count' }, { ask: 'conversations' }])(
  'a data file that is gone is named: %j',
  async (query) => {
    await rm(path);
    expect(await failure(query)).toMatch(/^io: .*part-[0-9a-f-]+\.parquet/);
  },
);

test('a regular expression that only the engine refuses is a fault of the filter', async () => {
  for (const query of [{ ask: 'count' }, { ask: 'tuples' }] as const)
    expect(await failure({ ...query, ...where('rule ~ "a{2000}"') })).toMatch(
      /^filter-syntax: .*invalid repetition size/,
    );
});

test('a field that cannot be grouped by is named, with the fields that can', async () => {
  await withRecords([], async (engine) => {
    const grouped = (by: string): Promise<unknown> =>
      engine
        .ask(top({ by: [by], metric: 'bytes', limit: 1 }))
        .catch((error: unknown) => (error instanceof FlowError ? error.message : error));
    expect(await grouped('src.iq')).toBe('unknown field "src.iq" to group by; did you mean "src.ip"?');
    expect(await grouped('bytes')).toBe('"bytes" cannot be grouped by');
  });
});

test('nothing is answered by nothing: no rows, counts of 0', async () => {
  await withRecords([], async (engine) => {
    expect(await ask(engine, { ask: 'tuples' })).toEqual([]);
    expect(await ask(engine, { ask: 'conversations' })).toEqual([]);
    expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 0, conversations: 0 }]);
    const none = await engine.ask(top({ by: ['rule'], metric: 'flows', limit: 5 }));
    expect(none.columns.map(({ name }) => name)).toEqual(['rule', 'flows', 'packets', 'bytes']);
    expect(none.summary).toEqual({ basis: 'conversations', flows: 0, counted: 0 });
  });
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-error-'));
  folders.push(folder);
  const lake = await openLake(folder, { create: true });
  const engine = await openLakeEngine(lake);
  expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 0, conversations: 0 }]);
  expect(await ask(engine, 'SELECT count(*) AS n FROM flows')).toEqual([{ n: 0 }]);
  expect(await ask(engine, { ask: 'count', range: { start: 0, end: 1 } })).toEqual([{ tuples: 0, conversations: 0 }]);
  await engine.close();
  await lake.close();
});

test.each([
  ['SELECT * FROM flow', 'there is no view flow', 'Did you mean flows? The views are tuples, flows, conversations.'],
  [
    'SELECT 1 FROM main.nothing_like_it',
    'there is no view nothing_like_it',
    'The views are tuples, flows, conversations.',
  ],
  ['SELECT bytez FROM flows', 'there is no column bytez; near it are bytes_forward, bytes_reverse', 'describe flows'],
])('SQL that names what is not there is told what is: %s', async (sql, message, hint) => {
  await withRecords([], async (engine) => {
    const failed = await engine.sql(sql).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'sql-failed', hint: expect.stringContaining(hint) as string });
    const [first, , line] = (failed as FlowError).message.split('\n');
    expect(first).toContain(message);
    expect(line).toBe(`LINE 1: ${sql}`);
  });
});

test('columns of SQL have the unit of the column of the lake that they are called as', async () => {
  await withRecords([], async (engine) => {
    const { columns } = await engine.sql(
      "SELECT bytes_forward, observer_packets_reverse, src_ip, 'x' AS packets_forward, sum(tuples) AS tuples FROM flows GROUP BY ALL",
    );
    expect(columns.map(({ unit }) => unit)).toEqual(['bytes', 'packets', undefined, undefined, 'tuples']);
  });
});
