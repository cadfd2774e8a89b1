import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { family4to6, family6to4 } from '../../src/flowlog/tuple.ts';
import { addressHash } from '../../src/lake/files/address-filter.ts';
import type { DuckdbConnection } from '../../src/lake/duckdb/connection.ts';
import { openDuckdb } from '../../src/lake/duckdb/duckdb.ts';
import type { Duckdb } from '../../src/lake/duckdb/duckdb.ts';
import type { ColumnValues } from '../../src/parquet/column-values.ts';
import { ColumnEncoder } from '../../src/parquet/column.ts';
import type { LogicalType } from '../../src/parquet/file.ts';
import { ParquetFile } from '../../src/parquet/file.ts';
import { rowsMax } from '../../src/parquet/page-kernel-layout.ts';
import { limits } from '../../src/base/limits.ts';
import { packCounter } from '../../src/flowlog/counter.ts';
import { formatWords } from '../../src/net/address.ts';

const long = process.env['NSGFLOW_LONG'] === '1';

let duckdb: Duckdb;
let connection: DuckdbConnection;
let folder: string;
let files = 0;

beforeAll(async () => {
  duckdb = await openDuckdb();
  connection = await duckdb.connect();
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-kinds-'));
});

afterAll(async () => {
  connection.closeSync();
  await duckdb.close();
  await rm(folder, { recursive: true, force: true });
});

/** Writes one row group, and reads its columns back as texts. */
async function written(
  columns: readonly { type: LogicalType; values: ColumnValues }[],
  count: number,
  order?: Uint32Array,
) {
  const path = join(folder, `${files++}.parquet`);
  const file = new ParquetFile(
    async (parts) => appendFile(path, Buffer.concat(parts)),
    columns.map(({ type }, i) => ({ name: `c${i}`, type })),
  );
  const hashes = await file.writeRows(
    columns.map(({ values }) => values),
    count,
    order,
  );
  const ranges = await file.end();
  const names = columns.map((_, i) => `c${i}::VARCHAR`).join(', ');
  const reader = await connection.runAndReadAll(
    `SELECT ${names} FROM read_parquet('${path}', file_row_number = true) ORDER BY file_row_number`,
  );
  const rows = reader.getRowsJson();
  return { columns: columns.map((_, i) => rows.map((row) => row[i])), ranges, hashes };
}

interface Sides {
  readonly family: number;
  readonly source: readonly number[];
  readonly destination: readonly number[];
}

const word = fc.oneof(fc.constantFrom(0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff), fc.nat(0xffffffff));
const ipv4 = fc
  .oneof(fc.constantFrom(0, 0xffffffff, 0x0a000004, 0x0a636309), fc.nat(0xffffffff))
  .map((bits) => [0, 0, 0xffff, bits]);
const ipv6 = fc.tuple(word, word, word, word).map((words) => [...words]);
const sides: fc.Arbitrary<Sides> = fc.oneof(
  { arbitrary: fc.record({ family: fc.constant(4), source: ipv4, destination: ipv4 }), weight: 5 },
  fc.record({ family: fc.constant(6), source: ipv6, destination: ipv6 }),
  fc.record({ family: fc.constant(family4to6), source: ipv4, destination: ipv6 }),
  fc.record({ family: fc.constant(family6to4), source: ipv6, destination: ipv4 }),
);

function half(words: readonly number[], which: 0 | 1): string {
  const [a, b] = which === 0 ? words.slice(0, 2) : words.slice(2);
  return BigInt.asIntN(64, (BigInt(a) << 32n) | BigInt(b)).toString();
}

describe('columns of a row group', () => {
  test('of addresses are their texts and halves, with statistics and hashes, whatever the mix of families', async () => {
    const rows = fc
      .array(sides, { minLength: 1, maxLength: 12 })
      .chain((pool) => fc.array(fc.constantFrom(...pool), { minLength: 1, maxLength: 400 }));
    const check = async (all: readonly Sides[]): Promise<void> => {
      const families = Uint8Array.from(all, ({ family }) => family);
      const source = {
        words: Uint32Array.from(all.flatMap((row) => row.source)),
        families,
        mixedFamily: family4to6,
      };
      const destination = {
        words: Uint32Array.from(all.flatMap((row) => row.destination)),
        families,
        mixedFamily: family6to4,
      };
      const result = await written(
        [
          { type: 'string', values: { kind: 'addresses', ...source } },
          { type: 'string', values: { kind: 'addresses', ...destination } },
          { type: 'long', values: { kind: 'halves', half: 1, ...destination } },
          { type: 'long', values: { kind: 'halves', half: 0, ...source } },
          { type: 'long', values: { kind: 'halves', half: 1, ...source } },
          { type: 'long', values: { kind: 'halves', half: 0, ...destination } },
        ],
        all.length,
      );
      const is4 = ({ family }: Sides, side: 'source' | 'destination'): boolean =>
        family === 4 || family === (side === 'source' ? family4to6 : family6to4);
      const text = (row: Sides, side: 'source' | 'destination'): string => {
        const [a, b, c, d] = row[side];
        return formatWords(is4(row, side) ? 4 : 6, a, b, c, d);
      };
      const halves = (side: 'source' | 'destination', which: 0 | 1): (string | null)[] =>
        all.map((row) => (is4(row, side) ? null : half(row[side], which)));
      const texts = [all.map((row) => text(row, 'source')), all.map((row) => text(row, 'destination'))];
      expect(result.columns).toEqual([
        ...texts,
        halves('destination', 1),
        halves('source', 0),
        halves('source', 1),
        halves('destination', 0),
      ]);
      for (const side of [0, 1]) {
        const sorted = texts[side].toSorted();
        expect([result.ranges[side].minimum, result.ranges[side].maximum]).toEqual([sorted[0], sorted.at(-1)]);
        expect(new Set(result.hashes[side])).toEqual(new Set(texts[side].map(addressHash)));
        expect(result.hashes[side]).toHaveLength(new Set(texts[side]).size);
      }
      for (const i of [2, 3, 4, 5]) {
        const values = result.columns[i].filter((value) => value !== null).map((value) => BigInt(value as string));
        const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        expect([result.ranges[i].minimum, result.ranges[i].maximum].map(String)).toEqual(
          [sorted[0], sorted.at(-1)].map(String),
        );
        expect(result.ranges[i].nulls).toBe(all.length - values.length);
      }
    };
    await fc.assert(fc.asyncProperty(rows, check), { seed: 3, numRuns: long ? 300 : 8 });
  }, 600_000);

  test('of names and of sequences are read as they were written', async () => {
    const column = fc.record({
      count: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(127, 128, 129, 130, 161, 1000, 3001)),
      names: fc.constantFrom(['a', 'b'], ['', 'x', 'y', 'z'], ['x', '', 'y'], [...Array(200).keys()].map(String)),
      runs: fc.constantFrom(1, 2, 9, 40, 700),
      seed: fc.nat(),
    });
    const check = async ({
      count,
      names,
      runs,
      seed,
    }: {
      count: number;
      names: string[];
      runs: number;
      seed: number;
    }) => {
      let state = seed | 1;
      const random = (end: number): number => {
        state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
        return ((state ^ (state >>> 13)) >>> 0) % end;
      };
      const codes = new Uint8Array(count);
      const sequence = new Int32Array(count);
      for (let row = 0; row < count;) {
        const code = random(names.length);
        const first = random(5) === 0 ? random(2 ** 31) - 2 ** 30 : random(100);
        const end = Math.min(count, row + 1 + random(runs));
        for (let i = 0; row < end; i++, row++) {
          codes[row] = code;
          sequence[row] = first + i;
        }
      }
      const result = await written(
        [
          { type: 'string', values: { kind: 'names', codes, names } },
          { type: 'integer', values: { kind: 'sequence', values: sequence } },
        ],
        count,
      );
      expect(result.columns[0]).toEqual(Array.from(codes, (code) => (names[code] === '' ? null : names[code])));
      expect(result.columns[1]).toEqual(Array.from(sequence, String));
      expect(result.ranges[0].nulls).toBe(codes.filter((code) => names[code] === '').length);
      expect([result.ranges[1].minimum, result.ranges[1].maximum]).toEqual([
        sequence.reduce((a, b) => Math.min(a, b)),
        sequence.reduce((a, b) => Math.max(a, b)),
      ]);
    };
    await fc.assert(fc.asyncProperty(column, check), { seed: 9, numRuns: long ? 400 : 12 });
  }, 600_000);

  test('of any kind are the same rows in any order', async () => {
    const column = fc.record({
      order: fc.integer({ min: 1, max: 300 }).chain((count) =>
        fc.oneof(
          fc.shuffledSubarray([...Array(count).keys()], { minLength: count }),
          fc.array(fc.nat(2), { minLength: count, maxLength: count }).map((kinds) => {
            const rows = [...kinds.keys()];
            return rows.sort((a, b) => kinds[a] - kinds[b] || a - b);
          }),
        ),
      ),
      some: fc.array(sides, { minLength: 300, maxLength: 300 }),
      lengths: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 300, maxLength: 300 }),
      numbers: fc.array(fc.oneof(fc.constant(Number.NaN), fc.nat(), fc.nat(3)), { minLength: 300, maxLength: 300 }),
    });
    await fc.assert(
      fc.asyncProperty(column, async ({ order, some, lengths, numbers }) => {
        const count = order.length;
        const families = Uint8Array.from(some, ({ family }) => family);
        const words = Uint32Array.from(some.flatMap((row) => row.source));
        const ends = Uint32Array.from(lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b)));
        const runs = { runs: ends.findIndex((end) => end >= count) + 1, ends: ends.map((end) => Math.min(end, count)) };
        const ids = Uint32Array.from(lengths, (length) => length % 4);
        const source = { words, families, mixedFamily: family4to6 };
        const columns: { type: LogicalType; values: ColumnValues }[] = [
          { type: 'string', values: { kind: 'addresses', ...source } },
          { type: 'long', values: { kind: 'halves', half: 1, ...source } },
          { type: 'long', values: { kind: 'numbers', values: Float64Array.from(numbers) } },
          { type: 'integer', values: { kind: 'shorts', values: Uint16Array.from(numbers) } },
          { type: 'integer', values: { kind: 'sequence', values: Int32Array.from(numbers) } },
          {
            type: 'string',
            values: { kind: 'names', codes: Uint8Array.from(lengths.map((n) => n % 3)), names: ['', 'a', 'b'] },
          },
          { type: 'string', values: { kind: 'texts', ...runs, ids, texts: ['', 'x', 'y', 'x'] } },
          {
            type: 'long',
            values: { kind: 'longs', ...runs, ids: ids.map((id) => 3 - id), longs: [7, Number.NaN, 9, 7] },
          },
        ];
        const read = await written(columns, count);
        const ordered = await written(columns, count, Uint32Array.from(order));
        expect(ordered.columns).toEqual(read.columns.map((column) => order.map((row) => column[row])));
        expect(ordered.ranges).toEqual(read.ranges);
        expect(ordered.hashes.map((hashes) => new Set(hashes))).toEqual(read.hashes.map((hashes) => new Set(hashes)));
      }),
      { seed: 21, numRuns: long ? 300 : 8 },
    );
  }, 600_000);

  test('of counters are exact up to 2^63 - 1', async () => {
    const values = [0n, 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 62n + 3n, 2n ** 63n - 2n, 2n ** 63n - 1n];
    for (const repeats of [1, 40]) {
      const all = Array.from({ length: repeats }, () => values).flat();
      const packed = Float64Array.from([...all.map(packCounter), Number.NaN, 2 ** 60]);
      const { columns, ranges } = await written(
        [{ type: 'long', values: { kind: 'counters', values: packed } }],
        packed.length,
      );
      expect(columns[0]).toEqual([...all.map(String), null, String(2n ** 60n)]);
      expect(
        JSON.stringify(ranges, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
      ).toContain(String(2n ** 63n - 1n));
    }
  });

  test('a whole row group of addresses and numbers that all differ fits the memory of the kernel', async () => {
    expect(limits.rowGroupRows).toBe(rowsMax);
    const count = rowsMax;
    const words = new Uint32Array(4 * count);
    for (let row = 0; row < count; row++)
      words.set([0x20010db8, 0xabcdef01, 0xfedcba98, 0x80000000 + row * 7], 4 * row);
    const families = new Uint8Array(count).fill(6);
    const values = Float64Array.from({ length: count }, (_, row) => (row % 7 === 0 ? Number.NaN : row * 4_294_967_311));
    const result = await written(
      [
        { type: 'string', values: { kind: 'addresses', words, families, mixedFamily: family4to6 } },
        { type: 'long', values: { kind: 'halves', half: 1, words, families, mixedFamily: family4to6 } },
        { type: 'long', values: { kind: 'numbers', values } },
      ],
      count,
    );
    const at = count - 3;
    const [a, b, c, d] = words.subarray(4 * at, 4 * at + 4);
    expect(result.columns[0][at]).toBe(formatWords(6, a, b, c, d));
    expect(new Set(result.columns[0]).size).toBe(count);
    expect(result.columns[1][at]).toBe(half([a, b, c, d], 1));
    expect(result.columns[2][at]).toBe(Number.isNaN(values[at]) ? null : String(values[at]));
    expect(result.hashes[0]).toHaveLength(count);
    expect(() =>
      new ColumnEncoder().encode('INT64', { kind: 'numbers', values: new Float64Array(count + 1) }, count + 1),
    ).toThrow();
  }, 600_000);
});
