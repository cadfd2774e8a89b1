import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DuckdbConnection } from '../../src/lake/duckdb/connection.ts';
import type { Duckdb } from '../../src/lake/duckdb/duckdb.ts';
import { openDuckdb } from '../../src/lake/duckdb/duckdb.ts';
import { ParquetFile } from '../../src/parquet/file.ts';
import { askClickhouse, clickhouseSkipped, installClickhouse } from '../lake/chdb/clickhouse.ts';

const long = process.env['NSGFLOW_LONG'] === '1';

/** Elements of a list: a time in milliseconds and a number. */
type Element = readonly [number | null, number | null];
interface Row {
  readonly flag: boolean;
  readonly list: readonly Element[] | null;
}

let duckdb: Duckdb;
let connection: DuckdbConnection;
let folder: string;
let files = 0;

beforeAll(async () => {
  duckdb = await openDuckdb();
  connection = await duckdb.connect();
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-lists-'));
});

afterAll(async () => {
  connection.closeSync();
  await duckdb.close();
  await rm(folder, { recursive: true, force: true });
});

async function write(groups: readonly (readonly Row[])[]): Promise<string> {
  const path = join(folder, `${files++}.parquet`);
  const file = new ParquetFile(
    async (parts) => appendFile(path, Buffer.concat(parts)),
    [
      { name: 'flag', type: 'boolean' },
      {
        name: 'list',
        fields: [
          { name: 'time', type: 'timestamp' },
          { name: 'number', type: 'long' },
        ],
      },
    ],
  );
  for (const rows of groups) {
    const elements = rows.flatMap(({ list }) => list ?? []);
    let end = 0;
    const lists = { ends: Uint32Array.from(rows, ({ list }) => (end += list?.length ?? 0)) };
    const field = (i: 0 | 1): Float64Array => Float64Array.from(elements, (element) => element[i] ?? Number.NaN);
    await file.writeRows(
      [
        { kind: 'booleans', values: Uint8Array.from(rows, ({ flag }) => (flag ? 1 : 0)) },
        { kind: 'listed', lists, values: field(0), scale: 1000 },
        { kind: 'listed', lists, values: field(1) },
      ],
      rows.length,
    );
  }
  await file.end();
  return path;
}

const number = fc.oneof(fc.constant(null), fc.nat(5), fc.nat(2 ** 40));
const rows = fc.array(
  fc.record({
    flag: fc.boolean(),
    list: fc.option(fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 20 }), { nil: null }),
  }),
  { minLength: 1, maxLength: 60 },
);

test('lists of structures and truth values come back as they were written', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(rows, { minLength: 1, maxLength: 3 }), async (groups) => {
      const path = await write(groups);
      const sql = `SELECT flag, list_transform(list, lambda one: {time: epoch_ms(one.time)::DOUBLE, number: one.number::DOUBLE})::JSON::VARCHAR FROM read_parquet('${path}')`;
      const read = (await connection.runAndReadAll(sql)).getRowsJS();
      const expected = groups
        .flat()
        .map(({ flag, list }) => [flag, list === null ? null : list.map(([time, value]) => ({ time, number: value }))]);
      expect(read.map(([flag, list]) => [flag, list === null ? null : JSON.parse(list as string)])).toEqual(expected);
      await rm(path);
    }),
    { numRuns: long ? 400 : 40 },
  );
});

test.skipIf(clickhouseSkipped !== undefined)('ClickHouse reads the same lists', async () => {
  await installClickhouse();
  const all = Array.from({ length: 3000 }, (_, i): Row => ({
    flag: i % 3 === 0,
    list:
      i % 7 === 0
        ? null
        : Array.from({ length: 1 + (i % 5) }, (_, k): Element => [1000 * i + k, k === 2 ? null : i * k]),
  }));
  const path = await write([all.slice(0, 1000), all.slice(1000)]);
  const [row] = await askClickhouse(
    folder,
    `SELECT toUInt32(sum(flag)) AS flags, toUInt32(sum(length(list))) AS elements, toUInt32(sum(arraySum(one -> ifNull(one.2, 0), list))) AS numbers FROM file('${path}', Parquet)`,
  );
  const elements = all.flatMap(({ list }) => list ?? []);
  expect(row).toEqual({
    flags: all.filter(({ flag }) => flag).length,
    elements: elements.length,
    numbers: elements.reduce((sum, [, value]) => sum + (value ?? 0), 0),
  });
});
