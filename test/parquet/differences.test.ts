/** Columns of numbers as differences: how they are chosen, and that DuckDB and our own reader have the same numbers. */
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openDuckdb } from '../../src/lake/duckdb/duckdb.ts';
import type { ColumnValues, EncodedColumn } from '../../src/parquet/column-values.ts';
import { ColumnEncoder } from '../../src/parquet/column.ts';
import { ParquetFile } from '../../src/parquet/file.ts';
import type { ReadKernel } from '../../src/lake/tuples/read-kernel.ts';
import { isUnreadable, withReadKernel } from '../../src/lake/tuples/read-kernel.ts';

const long = process.env['NSGFLOW_LONG'] === '1';

/** Numbers below `end`, the same for the same seed. */
function numbersOf(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (state + 0x6d2b79f5) | 0;
    let hash = Math.imul(state ^ (state >>> 15), 1 | state);
    hash = (hash + Math.imul(hash ^ (hash >>> 7), 61 | hash)) ^ hash;
    return Math.floor((((hash ^ (hash >>> 14)) >>> 0) / 2 ** 32) * end);
  };
}

const column = fc
  .record({
    count: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constantFrom(128, 129, 160, 161, 162, 257, 1000, 5000)),
    bits: fc.constantFrom(1, 8, 16, 31, 36, 42),
    base: fc.constantFrom(0, 1, 1_700_000_000_000),
    rises: fc.boolean(),
    nulls: fc.constantFrom(0, 2, 9, 100),
    scale: fc.constantFrom(1, 1000),
    seed: fc.nat(),
  })
  .map(({ count, bits, base, rises, nulls, scale, seed }) => {
    const random = numbersOf(seed);
    let last = base;
    const values = Float64Array.from({ length: count }, () => {
      if (nulls > 0 && random(nulls) === 0) return Number.NaN;
      if (!rises) return base + random(2 ** bits);
      last += random(bits);
      return last;
    });
    return { values, scale };
  });

function textsOf(values: Float64Array, scale: number): (string | null)[] {
  return Array.from(values, (value) => (Number.isNaN(value) ? null : String(BigInt(value) * BigInt(scale))));
}

/** A column as our own reader has it; `undefined` where it is none that we write. */
async function readBack(name: string, bytes: Buffer, rows: number): Promise<(string | null)[] | undefined> {
  const read = async (kernel: ReadKernel): Promise<(string | null)[] | undefined> => {
    const packed = kernel.packed(bytes.length)!;
    packed.set(bytes);
    if (!kernel.load(name, packed, rows)) return undefined;
    if (name === 'src_port') return Array.from(kernel.words(name, rows), String);
    return Array.from(kernel.longs(name, rows), (value) => (Number.isNaN(value) ? null : String(value)));
  };
  return await withReadKernel(read);
}

const encode = (values: ColumnValues, count: number): EncodedColumn =>
  new ColumnEncoder().encode(values.kind === 'shorts' ? 'INT32' : 'INT64', values, count);

test('numbers are read as they were written, by DuckDB and by our own reader', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-differences-'));
  const duckdb = await openDuckdb();
  const connection = await duckdb.connect();
  const encodings = new Set<string>();
  let files = 0;
  try {
    const check = async ({ values, scale }: { values: Float64Array; scale: number }): Promise<void> => {
      const path = join(folder, `${files++}.parquet`);
      const file = new ParquetFile(
        async (parts) => appendFile(path, Buffer.concat(parts)),
        [{ name: 'a', type: 'long' }],
      );
      await file.writeRows([{ kind: 'numbers', values, scale }], values.length);
      const [{ nulls, minimum, maximum }] = await file.end();
      const expected = textsOf(values, scale);
      const sql = `SELECT a::VARCHAR FROM read_parquet('${path}', file_row_number = true) ORDER BY file_row_number`;
      expect((await connection.runAndReadAll(sql)).getRowsJS().map(([value]) => value)).toEqual(expected);
      const present = values.filter((value) => !Number.isNaN(value)).sort();
      expect(nulls).toBe(values.length - present.length);
      const range = textsOf(Float64Array.of(present.at(0) ?? Number.NaN, present.at(-1) ?? Number.NaN), scale);
      expect([minimum, maximum].map((one) => (one === undefined ? null : String(one)))).toEqual(range);
      const encoded = encode({ kind: 'numbers', values, scale }, values.length);
      encodings.add(encoded.encoding);
      expect(await readBack('bytes_forward', Buffer.concat(encoded.pages), values.length)).toEqual(expected);
    };
    await fc.assert(fc.asyncProperty(column, check), { seed: 5, numRuns: long ? 600 : 20 });
    expect([...encodings].sort()).toEqual(['dictionary', 'differences', 'plain']);
  } finally {
    connection.closeSync();
    await duckdb.close();
    await rm(folder, { recursive: true, force: true });
  }
}, 600_000);

test('each column has the form that is shortest', async () => {
  const random = numbersOf(1);
  const count = 20_000;
  const made = (of: (row: number) => number): Float64Array => Float64Array.from({ length: count }, (_, row) => of(row));
  const bytesOf = (values: ColumnValues): [string, number] => {
    const { encoding, bytes } = encode(values, count);
    return [encoding, bytes / count];
  };
  const numbers = (of: (row: number) => number): [string, number] => bytesOf({ kind: 'numbers', values: made(of) });

  // Sixteen bits, and one of the sign of the difference.
  const [even, evenBytes] = numbers(() => random(65_536));
  expect(even).toBe('differences');
  expect(evenBytes).toBeLessThan(2.3);
  const [rising, risingBytes] = numbers((row) => 1_700_000_000_000_000 + 500 * row + random(500));
  expect(rising).toBe('differences');
  expect(risingBytes).toBeLessThan(1.4);
  // Few that are much greater than the rest would widen all others.
  const [skewed, skewedBytes] = numbers(() => (random(20) === 0 ? random(2 ** 31) * 1024 : random(60_000)));
  expect(skewed).toBe('plain');
  expect(skewedBytes).toBeLessThan(3.4);
  const [few, fewBytes] = numbers(() => 1000 * random(40));
  expect(few).toBe('dictionary');
  expect(fewBytes).toBeLessThan(0.8);
  // In runs.
  const [inRuns, inRunsBytes] = numbers((row) => 1_000_000 * Math.floor(row / 40));
  expect(inRuns).toBe('dictionary');
  expect(inRunsBytes).toBeLessThan(0.3);

  const ports = Uint16Array.from({ length: count }, () => random(65_536));
  const [portsAre, portsBytes] = bytesOf({ kind: 'shorts', values: ports });
  expect(portsAre).toBe('differences');
  expect(portsBytes).toBeLessThan(2.3);
  const mixed = Uint16Array.from({ length: count }, () => (random(3) === 0 ? random(65_536) : 443));
  const [mixedAre, mixedBytes] = bytesOf({ kind: 'shorts', values: mixed });
  expect(mixedAre).toBe('plain');
  expect(mixedBytes).toBeLessThan(1.6);
});

test('ports are read as they were written', async () => {
  const check = async (all: number[]): Promise<void> => {
    const { pages } = encode({ kind: 'shorts', values: Uint16Array.from(all) }, all.length);
    expect(await readBack('src_port', Buffer.concat(pages), all.length)).toEqual(all.map(String));
  };
  const ports = fc.array(fc.oneof(fc.nat(65_535), fc.constantFrom(0, 443, 65_535)), { minLength: 1, maxLength: 400 });
  await fc.assert(fc.asyncProperty(ports, check), { seed: 6, numRuns: long ? 400 : 20 });
}, 600_000);

test('differences that are cut or changed are refused or give other numbers, and end', async () => {
  const damaged = fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    byte: fc.nat(255),
    cut: fc.boolean(),
  });
  const check = async (
    { values, scale }: { values: Float64Array; scale: number },
    { at, byte, cut }: { at: number; byte: number; cut: boolean },
  ): Promise<void> => {
    const bytes = Buffer.concat(encode({ kind: 'numbers', values, scale }, values.length).pages);
    const place = Math.floor(at * bytes.length);
    if (!cut) bytes[place] = byte;
    const read = readBack('bytes_forward', cut ? bytes.subarray(0, place) : bytes, values.length).catch(
      (error: unknown) => {
        if (!isUnreadable(error)) throw error;
        return undefined;
      },
    );
    expect([undefined, values.length]).toContain((await read)?.length);
  };
  await fc.assert(fc.asyncProperty(column, damaged, check), { seed: 7, numRuns: long ? 3000 : 80 });
}, 600_000);
