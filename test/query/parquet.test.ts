import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { openDuckdb } from '../../src/lake/duckdb/duckdb.ts';
import type { Query } from '../../src/query/tree.ts';
import { ask, where, withRecords, top } from './ask.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-parquet-'));
});

afterAll(async () => await rm(folder, { recursive: true, force: true }));

const tuples = Array.from({ length: 10 }, (_, i) => ({
  time: 1_700_000_000_000 + i,
  src: '10.0.0.1',
  dst: '10.0.0.2',
  srcPort: i,
  state: 'end' as const,
  counters: [1, i, 1, 0] as const,
}));

test.each<Query>([
  { ask: 'tuples', ...where('src.port > 2'), limit: 3 },
  { ask: 'conversations' },
  top({ by: ['src.port'], metric: 'bytes', limit: 4 }),
  { ask: 'count' },
])('the answer to %j is written to Parquet as it is given', async (query) => {
  const path = join(folder, "it's.parquet");
  await withRecords([{ tuples }], async (engine) => {
    const expected = await ask(engine, query);
    expect((await engine.writeParquet!(query, path)).rows).toBe(expected.length);
    const duckdb = await openDuckdb();
    const connection = await duckdb.connect();
    const rows = (
      await connection.runAndReadAll(`SELECT * FROM read_parquet('${path.replaceAll("'", "''")}')`)
    ).getRowObjectsJS();
    const types = (
      await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet('${path.replaceAll("'", "''")}')`)
    ).getRowObjectsJson();
    expect(types.map((row) => row['column_type'])).not.toContain('DOUBLE');
    connection.closeSync();
    await duckdb.close();
    const plain = (value: unknown): unknown =>
      typeof value === 'bigint' ? Number(value) : value instanceof Date ? value.toISOString() : value;
    expect(
      rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]))),
    ).toEqual(expected);
  });
  expect(await readdir(folder)).toEqual(["it's.parquet"]);
});

test('a Parquet file that cannot be written leaves nothing', async () => {
  await withRecords([{ tuples }], async (engine) => {
    const failed = await engine.writeParquet!({ ask: 'tuples' }, join(folder, 'none', 'x.parquet')).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(FlowError);
    expect(await readdir(folder)).not.toContain('none');
  });
});
