import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DuckdbConnection } from '../../src/lake/duckdb/connection.ts';
import { openDuckdb } from '../../src/lake/duckdb/duckdb.ts';
import type { Duckdb } from '../../src/lake/duckdb/duckdb.ts';
import type { ColumnValues } from '../../src/parquet/column-values.ts';
import type { ColumnStatistics, LogicalType as AnyType } from '../../src/parquet/file.ts';
import { ParquetFile } from '../../src/parquet/file.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const runs = long ? 400 : 12;

type Value = bigint | string | null;

/** Truth values are tested with lists. */
type LogicalType = Exclude<AnyType, 'boolean'>;

interface PlainColumn {
  readonly type: LogicalType;
  /** One list of values a row group. */
  readonly groups: readonly (readonly Value[])[];
}

let duckdb: Duckdb;
let connection: DuckdbConnection;
let folder: string;
let files = 0;

beforeAll(async () => {
  duckdb = await openDuckdb();
  connection = await duckdb.connect();
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-parquet-'));
});

afterAll(async () => {
  connection.closeSync();
  await duckdb.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs of equal values: of each the row behind it. */
function endsOf(values: readonly Value[]): number[] {
  return values.flatMap((value, i) => (i + 1 < values.length && values[i + 1] === value ? [] : [i + 1]));
}

function encodable(type: LogicalType, values: readonly Value[], as: 'numbers' | 'shorts' | 'longs'): ColumnValues {
  const ends = Uint32Array.from(endsOf(values));
  const runs = { runs: ends.length, ends, ids: ends.map((_, i) => i) };
  const scale = type === 'timestamp' ? 1000 : 1;
  const numberOf = (value: Value): number => (value === null ? Number.NaN : Number(BigInt(value) / BigInt(scale)));
  if (type === 'string')
    return { kind: 'texts', ...runs, texts: Array.from(ends, (end) => String(values[end - 1] ?? '')) };
  if (as === 'shorts') return { kind: 'shorts', values: Uint16Array.from(values, Number) };
  if (as === 'longs')
    return { kind: 'longs', ...runs, longs: Array.from(ends, (end) => numberOf(values[end - 1])), scale };
  return { kind: 'numbers', values: Float64Array.from(values, numberOf), scale };
}

const kindOf = ({ type, groups }: PlainColumn): 'numbers' | 'shorts' | 'longs' => {
  const all = groups.flat();
  if (type === 'integer' && all.every((value) => typeof value === 'bigint' && value < 65_536n)) return 'shorts';
  return all.some((value) => typeof value === 'bigint' && value < 0n) ? 'longs' : 'numbers';
};

async function write(columns: readonly PlainColumn[]): Promise<{ path: string; ranges: ColumnStatistics[] }> {
  const path = join(folder, `${files++}.parquet`);
  const file = new ParquetFile(
    async (parts) => {
      for (const part of parts) await appendFile(path, part);
    },
    columns.map(({ type }, i) => ({ name: `c${i}`, type })),
  );
  for (let group = 0; group < columns[0].groups.length; group++)
    await file.writeRows(
      columns.map((column) => encodable(column.type, column.groups[group], kindOf(column))),
      columns[0].groups[group].length,
    );
  return { path, ranges: await file.end() };
}

async function rowsOf(sql: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRowsJson();
}

const asText = (value: Value): string | null => (value === null ? null : String(value));

/** Least and greatest in the order of the format: numbers by value, texts by the bytes of their UTF-8. */
function rangeOf(values: readonly Value[]): [Value, Value] {
  const present = values.filter((value) => value !== null);
  const compare = (a: bigint | string, b: bigint | string): number => {
    if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0;
    return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
  };
  const sorted = present.toSorted(compare);
  return [sorted[0] ?? null, sorted.at(-1) ?? null];
}

/** Reads a file with DuckDB, whole and by its footer, and compares both with what was written. */
async function check(columns: readonly PlainColumn[]): Promise<void> {
  const { path, ranges } = await write(columns);
  const names = columns.map(({ type }, i) => (type === 'timestamp' ? `epoch_us(c${i})` : `c${i}`));
  const rows = await rowsOf(
    `SELECT ${names.map((name) => `${name}::VARCHAR`).join(', ')} FROM read_parquet('${path}', file_row_number = true) ORDER BY file_row_number`,
  );
  for (const [i, { type, groups }] of columns.entries()) {
    const values = groups.flat();
    expect(
      rows.map((row) => row[i]),
      `values of c${i}, ${type}`,
    ).toEqual(values.map(asText));
    const { minimum, maximum, nulls } = ranges[i];
    expect(nulls).toBe(values.filter((value) => value === null).length);
    checkRange(values, [minimum, maximum], `c${i} of the file, ${type}`);
    for (const [group, ofGroup] of groups.entries()) {
      const [[count, encodedNulls, least, most]] = await rowsOf(
        `SELECT num_values, stats_null_count, stats_min_value, stats_max_value FROM parquet_metadata('${path}') WHERE row_group_id = ${group} AND column_id = ${i}`,
      );
      expect([Number(count), Number(encodedNulls)]).toEqual([
        ofGroup.length,
        ofGroup.filter((value) => value === null).length,
      ]);
      if (type !== 'timestamp')
        checkRange(ofGroup, [least ?? undefined, most ?? undefined], `c${i}, row group ${group}, ${type}`);
    }
    await checkPruning(path, i, values, type);
  }
}

/** Statistics may be absent; where they are there, they are the values'. */
function checkRange(values: readonly Value[], range: readonly unknown[], where: string): void {
  if (range[0] === undefined && range[1] === undefined) {
    const texts = values.filter((value) => value !== null).map(String);
    if (texts.every((text) => /^[ -~]{0,1024}$/.test(text))) expect(texts, `${where} has no statistics`).toEqual([]);
    return;
  }
  expect(
    range.map((value) => String(typeof value === 'number' ? BigInt(value) : (value as Value))),
    where,
  ).toEqual(rangeOf(values).map(String));
}

/** Asks with a condition, which lets the reader skip row groups by what the file says of them. */
async function checkPruning(path: string, i: number, values: readonly Value[], type: LogicalType): Promise<void> {
  const [least, most] = rangeOf(values);
  for (const value of new Set([least, most, values.find((one) => one !== null) ?? null])) {
    if (value === null) continue;
    const literal =
      typeof value === 'string'
        ? `'${value.replaceAll("'", "''")}'`
        : type === 'timestamp'
          ? `make_timestamptz(${value})`
          : String(value);
    if (literal.includes('\u0000')) continue;
    const [[found]] = await rowsOf(`SELECT count(*)::INTEGER FROM read_parquet('${path}') WHERE c${i} = ${literal}`);
    expect(found, `rows where c${i} = ${literal.slice(0, 60)}`).toBe(values.filter((one) => one === value).length);
  }
}

const maxMillis = 253_402_300_799_999;
const text = fc.oneof(
  fc.constantFrom(
    '10.0.0.4',
    'UserRule_allow',
    'a',
    'é',
    '\uffff',
    '😀',
    '\ue000z',
    "it's",
    'x'.repeat(1024),
    'x'.repeat(1025),
  ),
  fc.string({ minLength: 1, maxLength: 70, unit: 'binary' }),
);
const valueOf: Record<LogicalType, fc.Arbitrary<bigint | string>> = {
  timestamp: fc
    .oneof(fc.constantFrom(0, 1, 9_007_199_254_741, maxMillis), fc.integer({ min: 0, max: maxMillis }))
    .map((millis) => BigInt(millis) * 1000n),
  string: text,
  integer: fc.oneof(fc.constantFrom(0, 65_535, 65_536, 2 ** 31 - 1), fc.nat(70_000)).map(BigInt),
  long: fc.oneof(
    fc.constantFrom(0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 60n, 2n ** 63n - 1024n),
    fc.nat(10_000).map(BigInt),
  ),
};

/** A column of few or many distinct values, in runs or not, with some, no or only nulls. */
const columnOf = (lengths: readonly number[]): fc.Arbitrary<PlainColumn> =>
  fc.constantFrom<LogicalType>('timestamp', 'string', 'integer', 'long').chain((type) => {
    const value = type === 'long' ? fc.oneof(valueOf.long, fc.constant(-(2n ** 63n)), fc.constant(-1n)) : valueOf[type];
    return fc
      .record({
        pool: fc.array(fc.oneof({ arbitrary: value, weight: 4 }, { arbitrary: valueOf[type], weight: 4 }), {
          minLength: 1,
          maxLength: 40,
        }),
        noNegative: fc.boolean(),
        nulls: fc.constantFrom(0, 0, 0.1, 0.9, 1),
        runs: fc.constantFrom(1, 3, 9, 40),
        spread: type === 'string' ? fc.constant(false) : fc.boolean(),
        seed: fc.nat(),
      })
      .map(({ pool, noNegative, nulls, runs: longest, spread, seed }) => {
        let state = seed | 1;
        const random = (): number => {
          state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
          return ((state ^ (state >>> 13)) >>> 0) / 4_294_967_296;
        };
        const step = type === 'timestamp' ? 1000n : 1n;
        // 2^63 - 1024 and 2^60 as doubles lie apart by more than one.
        const exact = pool.filter((one) => typeof one === 'string' || one >= 0n || !noNegative);
        const from = exact.length > 0 ? exact : [pool.find((one) => typeof one === 'string' || one >= 0n) ?? step];
        const groups = lengths.map((length) => {
          const values: Value[] = [];
          while (values.length < length) {
            let one: Value = random() < nulls ? null : from[Math.floor(random() * from.length)];
            if (spread && typeof one === 'bigint' && one < 2n ** 31n - 100_000n && one >= 0n)
              one += step * BigInt(values.length);
            const run = 1 + Math.floor(random() * longest);
            for (let i = 0; i < run && values.length < length; i++) values.push(one);
          }
          return values;
        });
        return { type, groups };
      });
  });

describe('Parquet files', () => {
  test('are read by DuckDB as they were written: values, nulls, statistics, and what is skipped by these', async () => {
    const length = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(63, 64, 65, 255, 256, 257, 1000, 3000));
    const columns = fc
      .array(length, { minLength: 1, maxLength: 3 })
      .chain((lengths) => fc.array(columnOf(lengths), { minLength: 1, maxLength: 5 }));
    await fc.assert(fc.asyncProperty(columns, check), { seed: 31, numRuns: runs });
  }, 600_000);

  test('hold dictionaries of each width, and go over to plain values where there are many', async () => {
    const count = long ? 40_000 : 6000;
    const column = (type: LogicalType, of: (row: number) => Value): PlainColumn => ({
      type,
      groups: [Array.from({ length: count }, (_, row) => of(row))],
    });
    const distincts = long ? [1, 2, 3, 4, 8, 9, 17, 255, 257, 4097, 20_000, count] : [1, 3, 17, 257, 2500, count];
    const columns = distincts.flatMap((distinct) => [
      column('string', (row) => (row % 11 === 0 ? null : `t${(row * 7919) % distinct}`)),
      column('long', (row) => (row % 13 === 0 ? null : BigInt((row * 7919) % distinct) * 4_294_967_311n)),
      column('integer', (row) => BigInt((row * 7919) % Math.min(distinct, 65_536))),
      column('timestamp', (row) => BigInt(1_700_000_000_000 + ((row * 7919) % distinct)) * 1000n),
    ]);
    await check(columns);
  }, 600_000);
});
