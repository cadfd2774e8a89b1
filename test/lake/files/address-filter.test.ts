import { copyFile, mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { limits } from '../../../src/base/limits.ts';
import { dayMillis } from '../../../src/base/time.ts';
import { addressFilterPath, rowsWithAddress } from '../../../src/lake/files/address-filter.ts';
import { compact } from '../../../src/lake/compact.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { openLakeEngine } from '../../../src/query/engine/lake-engine.ts';
import { formatAddress, parseAddress } from '../../../src/net/address.ts';
import { parseFilter } from '../../../src/query/filter/filter.ts';
import { ask } from '../../query/ask.ts';
import { buildFlowLog } from '../build-flow-log.ts';
import { tuplesPlace } from '../../../src/lake/delta/table-place.ts';

const noon = Date.parse('2023-11-14T12:00:00Z');

let folder: string;
let lake: Lake;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-filter-'));
  lake = await openLake(folder, { create: true });
});

afterEach(async () => {
  await lake.close();
  await rm(folder, { recursive: true, force: true });
});

function address(file: number, i: number): string {
  const text = i % 3 === 0 ? `2001:db8:${file}::${i}` : `10.${file}.${i >> 8}.${i & 255}`;
  return formatAddress(parseAddress(text)!);
}

/** A commit, and so a file, of tuples from and to `count` addresses of its own. */
async function commit(file: number, count: number): Promise<void> {
  const append = await lake.beginAppend();
  const tuples = Array.from({ length: count }, (_, i) => ({
    time: noon + i,
    src: address(file, i),
    dst: address(file, count + i),
  }));
  await append.addFlowLog(buildFlowLog([{ tuples }]), { blob: 'b' });
  await append.commit([]);
}

/** Whether a file may hold an address: where its filter says nothing, it may. */
async function mayHoldAddress(lakeFolder: string, path: string, texts: readonly string[]): Promise<boolean> {
  return ((await rowsWithAddress(tuplesPlace(lakeFolder), path, texts))?.length ?? 1) > 0;
}

async function filesOf(text: string): Promise<number> {
  const { files } = await lake.snapshot();
  const held = await Promise.all(files.map(({ path }) => mayHoldAddress(folder, path, [text])));
  return held.filter(Boolean).length;
}

async function rowsWith(text: string): Promise<number> {
  const engine = await openLakeEngine(lake);
  const where = parseFilter(text, 0);
  const rows = await ask(engine, { ask: 'tuples', ...(where === undefined ? {} : { where }) });
  await engine.close();
  return rows.length;
}

describe('the address filter of a data file', () => {
  test('holds each of its addresses, and few others', async () => {
    for (let file = 0; file < 3; file++) await commit(file, 1000);
    const { files } = await lake.snapshot();
    let wrong = 0;
    for (const [n, { path }] of files.entries())
      for (let i = 0; i < 2000; i += 7) {
        expect(await mayHoldAddress(folder, path, [address(n, i)])).toBe(true);
        if (await mayHoldAddress(folder, path, [address(n + 5, i)])) wrong++;
      }
    expect(wrong / (3 * (2000 / 7))).toBeLessThan(0.04);
  });

  test('lets files be passed over, and no row be missed, before and after compaction', async () => {
    for (let file = 0; file < 4; file++) await commit(file, 20);
    expect(await filesOf(address(2, 5))).toBe(1);
    const all = async (): Promise<number[]> =>
      Promise.all([
        rowsWith(`src = ${address(2, 5)}`),
        rowsWith(`ip = ${address(1, 25)} and access = allow`),
        rowsWith(`src = ${address(0, 1)} or dst = ${address(3, 39)}`),
        rowsWith(`src = ${address(0, 1)} or access = allow`),
        rowsWith(`not src = ${address(0, 1)}`),
        rowsWith('src = 192.0.2.1'),
        rowsWith('src in 10.2.0.0/16'),
      ]);
    const expected = [1, 1, 2, 80, 79, 0, 13];
    expect(await all()).toEqual(expected);
    for await (const step of compact(lake, noon + 9 * dayMillis)) expect(step.version).toBeDefined();
    expect(await all()).toEqual(expected);
    expect(await filesOf('192.0.2.1')).toBe(0);
  });

  test('says which row groups to read, on which side, before and after compaction', async () => {
    const rows = limits.rowGroupRows;
    const counts = [2 * rows + 10, 20];
    const parts = [
      [0, rows],
      [rows, 2 * rows],
      [2 * rows, 3 * rows],
    ];
    for (const [file, count] of counts.entries()) {
      const append = await lake.beginAppend();
      const tuples = Array.from({ length: count }, (_, i) => ({
        time: noon + 1000 * file,
        src: `10.${file}.${Math.floor(i / rows)}.${i % 7}`,
        dst: i === rows + 5 ? '192.0.2.9' : '192.0.2.1',
      }));
      await append.addFlowLog(buildFlowLog([{ time: noon, tuples }]), { blob: 'b' });
      await append.commit([]);
    }
    const rangesOf = async (path: string, text: string): Promise<unknown[]> =>
      ((await rowsWithAddress(tuplesPlace(folder), path, [text])) ?? []).map(({ side, startRow, endRow }) => [
        side,
        startRow,
        endRow,
      ]);
    const [first] = (await lake.snapshot()).files.filter((file) => file.rows === counts[0]);
    for (const [i, range] of parts.entries())
      expect(await rangesOf(first.path, `10.0.${i}.6`)).toEqual([['src', ...range]]);
    expect(await rangesOf(first.path, '192.0.2.9')).toEqual([['dst', ...parts[1]]]);
    expect(await rangesOf(first.path, '192.0.2.1')).toEqual(parts.map((range) => ['dst', ...range]));
    const all = async (): Promise<number[]> => [
      await rowsWith('ip = 10.0.2.6'),
      await rowsWith('ip = 192.0.2.9'),
      await rowsWith('ip = 10.1.0.3 or dst = 192.0.2.9'),
      await rowsWith('src = 192.0.2.9'),
    ];
    const expected = [2, 1, 4, 0];
    expect(await all()).toEqual(expected);
    for await (const step of compact(lake, noon + 9 * dayMillis)) expect(step.version).toBeDefined();
    const [compacted] = (await lake.snapshot()).files;
    expect(compacted.rows).toBe(counts[0] + counts[1]);
    expect(await rangesOf(compacted.path, '192.0.2.9')).toEqual([['dst', rows, 2 * rows]]);
    expect(await all()).toEqual(expected);
  });

  test('that is missing, torn or of something else is none: the file is read', async () => {
    await commit(0, 20);
    const [{ path }] = (await lake.snapshot()).files;
    const filter = addressFilterPath(tuplesPlace(folder), path);
    expect(await readdir(join(folder, '_nsgflow/tuples/addresses'))).toHaveLength(1);
    expect(await mayHoldAddress(folder, path, ['192.0.2.1'])).toBe(false);
    await truncate(filter, 60);
    expect(await mayHoldAddress(folder, path, ['192.0.2.1'])).toBe(true);
    await writeFile(filter, new Uint8Array(68));
    expect(await mayHoldAddress(folder, path, ['192.0.2.1'])).toBe(true);
    await rm(filter);
    expect(await mayHoldAddress(folder, path, ['192.0.2.1'])).toBe(true);
    expect(await rowsWith(`src = ${address(0, 1)}`)).toBe(1);
  });

  test('that is damaged in any byte, or belongs to another file, is none: no row is missed, and the count of such files is told', async () => {
    await commit(0, 300);
    await commit(1, 300);
    const paths = (await lake.snapshot()).files.map(({ path }) => path);
    const [filter, other] = paths.map((path) => addressFilterPath(tuplesPlace(folder), path));
    const whole = await readFile(filter);
    const texts = [address(0, 1), address(0, 42)];
    const sound = await rowsWithAddress(tuplesPlace(folder), paths[0], texts);
    expect(sound).toHaveLength(1);
    const step = process.env['NSGFLOW_LONG'] === '1' ? 1 : 29;
    for (let at = 0; at < whole.length; at += step)
      for (const flip of [1, 0xff]) {
        const damaged = Buffer.from(whole);
        damaged[at] ^= flip;
        await writeFile(filter, damaged);
        const held = await rowsWithAddress(tuplesPlace(folder), paths[0], texts);
        expect(held === undefined || JSON.stringify(held) === JSON.stringify(sound), `byte ${at}`).toBe(true);
      }
    const scanned = async (): Promise<[number, number]> => {
      const engine = await openLakeEngine(lake);
      const where = parseFilter(`ip = ${address(0, 1)} or ip = 192.0.2.1`, 0)!;
      const { chunks, scan } = await engine.ask({ ask: 'tuples', where });
      let rows = 0;
      for await (const chunk of chunks) rows += chunk.length;
      await engine.close();
      return [rows, scan.unfiltered];
    };
    await writeFile(filter, Buffer.concat([whole.subarray(0, whole.length / 4), Buffer.alloc((whole.length * 3) / 4)]));
    expect(await scanned()).toEqual([1, 1]);
    await copyFile(other, filter);
    expect(await scanned()).toEqual([1, 1]);
    await writeFile(filter, whole);
    expect(await scanned()).toEqual([1, 0]);
  });
});
