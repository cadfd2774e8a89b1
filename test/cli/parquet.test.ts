import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { DuckDBValue } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shapeParquet, writeParquet } from '../../src/cli/output/parquet.ts';
import { openDuckdb } from '../../src/lake/duckdb/duckdb.ts';
import { columnsOfPrepared, rowsOf } from '../../src/query/duckdb/duckdb-result.ts';
import { parseMeasure } from '../../src/query/measure.ts';
import { withRecords } from '../query/ask.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-cli-parquet-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Above 2^53, so that a double would round both. */
const large = [9_007_199_254_740_993n, 2n ** 62n + 1n];

async function read(path: string): Promise<unknown> {
  const duckdb = await openDuckdb();
  const connection = await duckdb.connect();
  const answer = await connection.runAndReadAll('SELECT * FROM read_parquet($1)', [path]);
  connection.closeSync();
  await duckdb.close();
  return [answer.columnTypes().map(String), answer.getRows()];
}

async function written(result: Parameters<typeof writeParquet>[0]): Promise<unknown> {
  const path = join(folder, 'x.parquet');
  const out = createWriteStream(path);
  await writeParquet(result, out);
  out.end();
  await finished(out);
  return read(path);
}

test('whole numbers above 2^53 stay exact, mixed ones are doubles, hostile names are names', async () => {
  const name = `n"; DROP TABLE rows; --`;
  const columns = [
    { name, kind: 'number' as const },
    { name: 'part', kind: 'number' as const },
    { name: 'text', kind: 'text' as const },
  ];
  const rows = [
    [large[0].toString(), 1.5, "it's"],
    [large[1].toString(), 2, null],
    [null, null, '9007199254740993'],
  ];
  expect(await written({ columns, chunks: [rows] })).toEqual([
    ['BIGINT', 'DOUBLE', 'VARCHAR'],
    [
      [large[0], 1.5, "it's"],
      [large[1], 2, null],
      [null, null, '9007199254740993'],
    ],
  ]);
});

test('other columns and another order keep the types; bytes is the sum of both directions', async () => {
  const path = join(folder, 'shaped.parquet');
  const make = async (): Promise<void> => {
    const duckdb = await openDuckdb();
    const connection = await duckdb.connect();
    const rows = `VALUES (22::INTEGER, 'a', 1::BIGINT, 2::BIGINT, true), (80, 'b', 9007199254740993, NULL, false), (443, 'c', NULL, NULL, NULL)`;
    await connection.run(
      `COPY (SELECT * FROM (${rows}) AS t(port, "na""me", bytes_forward, bytes_reverse, continued)) TO '${path}' (FORMAT parquet)`,
    );
    await duckdb.close();
  };
  await make();
  const columns = ['continued', 'bytes', 'na"me', 'port'];
  expect(await shapeParquet(path, { columns, sort: { column: 'bytes', isDescending: true }, limit: 2 })).toBe(2);
  expect(await read(path)).toEqual([
    ['BOOLEAN', 'BIGINT', 'VARCHAR', 'INTEGER'],
    [
      [false, large[0], 'b', 80],
      [true, 3n, 'a', 22],
    ],
  ]);
  await make();
  expect(await shapeParquet(path, { sort: { column: 'bytes', isDescending: false } })).toBe(3);
  expect(await read(path)).toMatchObject([{ length: 5 }, [{ 0: 22 }, { 0: 80 }, { 0: 443 }]]);
  await expect(shapeParquet(path, { columns: ['prot'] })).rejects.toMatchObject({
    code: 'usage',
    hint: expect.stringContaining('Columns: port, '),
  });
});

test('sums of an engine above 2^53 are written exactly', async () => {
  const most = Number.MAX_SAFE_INTEGER;
  const tuples = [0, 1, 2].map((i) => ({
    time: 1_700_000_000_000 + i,
    src: '10.0.0.1',
    dst: '10.0.0.2',
    state: i === 0 ? ('begin' as const) : ('continuing' as const),
    ...(i === 0 ? {} : { counters: [1, most, 1, 0] as const }),
  }));
  const path = join(folder, 'sum.parquet');
  await withRecords([{ tuples }], async (engine) => {
    await engine.writeParquet!({ ask: 'groups', axes: [], measures: [parseMeasure('bytes')] }, path);
  });
  expect(await read(path)).toEqual([['BIGINT'], [[2n * BigInt(most)]]]);
});

test('a reader that goes away leaves no temporary file', async () => {
  const before = (await readdir(tmpdir())).filter((name) => name.endsWith('.parquet'));
  const out = new PassThrough();
  out.once('data', () => out.destroy());
  const rows = Array.from({ length: 200_000 }, (_, i) => [`${i} ${Math.sin(i)}`]);
  const failed = await writeParquet({ columns: [{ name: 'x', kind: 'text' }], chunks: [rows] }, out).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failed).toBeInstanceOf(Error);
  expect((await readdir(tmpdir())).filter((name) => name.endsWith('.parquet'))).toEqual(before);
});

test('a query in SQL keeps its types, in lists and structs, too', async () => {
  const duckdb = await openDuckdb();
  const connection = await duckdb.connect();
  const sql = `SELECT
    DATE '2026-11-20' AS day, TIMESTAMP '2026-11-20 09:54:00.123456' AS clockless, TIMESTAMPTZ '2026-11-20 09:54:00+00' AS utc,
    12345678901234567890.12::DECIMAL(38,2) AS exact, 0.10::DECIMAL(9,2) AS cents, true AS yes, 2::HUGEINT ** 64 AS huge,
    7::HUGEINT AS sum, 7::UTINYINT AS tiny, 1::DOUBLE AS whole, 'a'::BLOB AS bytes, [1, NULL, 2] AS list,
    {'a b"': DATE '2026-11-20', 'n': [0.5::DECIMAL(3,1)]} AS struct, MAP {'k': 1} AS map, NULL::DATE AS absent`;
  const prepared = await (await connection.extractStatements(sql)).prepare(0);
  const columns = columnsOfPrepared(prepared);
  const result = await prepared.run();
  const chunks = [rowsOf((await result.fetchChunk())!)];
  await duckdb.close();
  const [types, [row]] = (await written({ columns, chunks })) as [string[], DuckDBValue[][]];
  const found = columns.map(({ name }, i) => [name, types[i], row[i] === null ? null : String(row[i])]);
  expect(found).toEqual([
    ['day', 'DATE', '2026-11-20'],
    ['clockless', 'TIMESTAMP', '2026-11-20 09:54:00.123456'],
    ['utc', 'TIMESTAMP WITH TIME ZONE', '2026-11-20 09:54:00+00'],
    ['exact', 'DECIMAL(38,2)', '12345678901234567890.12'],
    ['cents', 'DECIMAL(9,2)', '0.10'],
    ['yes', 'BOOLEAN', 'true'],
    ['huge', 'DOUBLE', '18446744073709552000'],
    ['sum', 'BIGINT', '7'],
    ['tiny', 'UTINYINT', '7'],
    ['whole', 'DOUBLE', '1'],
    ['bytes', 'BLOB', 'a'],
    ['list', 'INTEGER[]', '[1, NULL, 2]'],
    ['struct', 'STRUCT("a b""" DATE, "n" DECIMAL(3,1)[])', `{'a b"': 2026-11-20, 'n': [0.5]}`],
    ['map', 'VARCHAR', '[{"key":"k","value":1}]'],
    ['absent', 'DATE', null],
  ]);
});

test('a cell that a type cannot hold leaves its column text', async () => {
  const columns = [{ name: 'day', kind: 'text' as const, sqlType: 'DATE' }];
  expect(await written({ columns, chunks: [[['2026-11-20'], ['no day']]] })).toEqual([
    ['VARCHAR'],
    [['2026-11-20'], ['no day']],
  ]);
});
