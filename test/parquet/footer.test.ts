import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRowGroups } from '../../src/lake/files/read-footer.ts';
import { ParquetFile } from '../../src/parquet/file.ts';
import type { RowGroupPlace } from '../../src/parquet/footer.ts';
import { pagesOf } from '../../src/parquet/footer.ts';
import { ThriftReader } from '../../src/parquet/thrift-reader.ts';
import { ThriftWriter } from '../../src/parquet/thrift.ts';

let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-footer-'));
  path = join(folder, 'file.parquet');
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** A file of two columns, with row groups of so many rows. */
async function write(groups: readonly number[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const file = new ParquetFile(
    (some) => {
      parts.push(...some);
      return Promise.resolve();
    },
    [
      { name: 'time', type: 'timestamp' },
      { name: 'tuple_index', type: 'integer' },
    ],
  );
  let first = 1000;
  for (const rows of groups) {
    const values = Float64Array.from({ length: rows }, (_, i) => first + i);
    const indexes = Int32Array.from({ length: rows }, (_, i) => i);
    await file.writeRows(
      [
        { kind: 'numbers', values, scale: 1000 },
        { kind: 'sequence', values: indexes },
      ],
      rows,
    );
    first += rows;
  }
  await file.end();
  return Buffer.concat(parts);
}

test('a footer says where each column of each row group lies, and its least and greatest time', async () => {
  const whole = await write([3000, 1, 200]);
  await writeFile(path, whole);
  const groups = (await readRowGroups(path)) as RowGroupPlace[];
  expect(groups.map(({ rows }) => rows)).toEqual([3000, 1, 200]);
  let at = 4;
  for (const { startByte, endByte, columns } of groups) {
    expect(startByte).toBe(at);
    for (const place of columns.values()) {
      expect(place.startByte).toBe(at);
      const pages = pagesOf(whole.subarray(place.startByte, place.endByte));
      expect(pages.at(-1)!.kind).toBe('data');
      at = place.endByte;
    }
    expect(endByte).toBe(at);
  }
  expect(groups.map(({ columns }) => columns.get('time')!.minimum)).toEqual([1_000_000, 4_000_000, 4_001_000]);
  expect(groups.map(({ columns }) => columns.get('time')!.maximum)).toEqual([3_999_000, 4_000_000, 4_200_000]);
});

test('files that are cut or changed, and those of other writers, have no footer, or one that lies within them', async () => {
  const whole = await write([500, 500]);
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(255), fc.boolean(), async (at, byte, isCut) => {
      // The footer is what is read: most changes are made there.
      const place = whole.length - 1 - (at % 600);
      const changed = Buffer.from(whole);
      changed[place] = byte;
      await writeFile(path, isCut ? changed.subarray(0, place) : changed);
      const groups = await readRowGroups(path);
      const { length } = await readFile(path);
      for (const { startByte, endByte } of groups ?? [])
        expect(startByte >= 0 && endByte <= length && startByte <= endByte).toBe(true);
    }),
    { seed: 8, numRuns: 1500 },
  );
  await writeFile(path, Buffer.from(whole.toString('latin1').replace('nsgflow', 'another'), 'latin1'));
  expect(await readRowGroups(path)).toBeUndefined();
  await writeFile(path, 'PAR1');
  expect(await readRowGroups(path)).toBeUndefined();
});

test('structures are read as they were written, and other bytes end with a RangeError', () => {
  const bytes = new ThriftWriter()
    .boolean(1, true)
    .byte(2, 7)
    .i32(3, -5)
    .i64(20, 2 ** 53 - 1)
    .text(21, 'é')
    .struct(22, (inner) => inner.boolean(1, false))
    .structs(23, Array.from({ length: 20 }), (element, _, i = 0) => element.i32(1, i))
    .i32s(24, [1, -1])
    .texts(25, ['a'])
    .end()
    .bytes();
  const read = new ThriftReader(bytes).struct();
  expect(read).toMatchObject({ 1: true, 2: 7, 3: -5, 20: 2 ** 53 - 1, 22: { 1: false }, 24: [1, -1] });
  expect(Buffer.from(read[21] as Uint8Array).toString()).toBe('é');
  expect(read[23]).toHaveLength(20);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (some) => {
      try {
        new ThriftReader(some).struct();
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    { seed: 9, numRuns: 3000 },
  );
});
