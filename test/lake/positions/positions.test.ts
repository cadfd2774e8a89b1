import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import type { BlobPosition } from '../../../src/lake/positions/position.ts';
import type { PositionChange } from '../../../src/lake/positions/positions.ts';
import { blobKey, liveTransactions } from '../../../src/lake/positions/positions.ts';
import { readTableState } from '../../../src/lake/delta/read-state.ts';
import { tuplesPlace } from '../../../src/lake/delta/table-place.ts';

const read = (n: number): BlobPosition => ({ etag: `e${n}`, lengthBytes: n, readBytes: n });

let folder: string;
let lake: Lake;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-positions-'));
  lake = await openLake(folder, { create: true });
});

afterEach(async () => {
  await lake.close();
  await rm(folder, { recursive: true, force: true });
});

async function commit(...changes: PositionChange[]): Promise<string> {
  return (await (await lake.beginAppend()).commit(changes)).outcome;
}

test('positions change, and are forgotten', async () => {
  await commit(
    { key: 'a', before: undefined, after: read(1) },
    { key: '__proto__', before: undefined, after: read(1) },
  );
  await commit({ key: 'a', before: read(1), after: read(2) });
  await commit({ key: '__proto__', before: read(1), after: undefined });
  expect([...(await (await openLake(folder)).positions()).byKey]).toEqual([['a', read(2)]]);
  expect(await commit({ key: '__proto__', before: read(1), after: read(2) })).toBe('conflict');
  expect(await commit({ key: '__proto__', before: undefined, after: read(2) })).toBe('committed');
});

test('positions are written whole now and then, and the ones before mean nothing more', async () => {
  const many = Array.from({ length: 1500 }, (_, i): PositionChange => ({
    key: `k${i}`,
    before: undefined,
    after: read(1),
  }));
  await commit(...many);
  let positions = await lake.positions();
  expect([positions.baseVersion, positions.filesSinceBase]).toEqual([1, 0]);
  for (let i = 0; i < 102; i++) await commit({ key: 'one', before: i === 0 ? undefined : read(i), after: read(i + 1) });
  positions = await lake.positions();
  expect([positions.baseVersion, positions.filesSinceBase]).toEqual([101, 2]);
  const state = (await readTableState(tuplesPlace(folder)))!;
  expect(liveTransactions(state, positions).map((txn) => txn.version)).toEqual([101, 102, 103]);
  const again = await (await openLake(folder)).positions();
  expect(again).toEqual(positions);
  expect(again.byKey.size).toBe(1501);
  expect(again.byKey.get('one')).toEqual(read(102));
});

test('a commit of positions alone adds no rows, and one of nothing adds no version', async () => {
  expect(await commit({ key: 'a', before: undefined, after: read(0) })).toBe('committed');
  expect(await lake.snapshot()).toMatchObject({ version: 1, files: [] });
  expect(await commit()).toBe('committed');
  expect((await lake.snapshot()).version).toBe(1);
});

test('a blob is named by location, container and name', () => {
  expect(blobKey('/data/logs/', 'insights', 'y=2023/PT1H.json')).toBe('/data/logs/insights/y=2023/PT1H.json');
  expect(blobKey('https://a.blob.core.windows.net', 'c', 'b')).toBe('https://a.blob.core.windows.net/c/b');
});

test('names with line separators, very many positions, and files that are torn', async () => {
  const many = Array.from({ length: 20_000 }, (_, i): PositionChange => ({
    key: `a\u2028b\u0085c\n"]}${i}`,
    before: undefined,
    after: read(i),
  }));
  await commit(...many);
  expect(new Map((await (await openLake(folder)).positions()).byKey)).toEqual(
    new Map(many.map(({ key, after }) => [key, after])),
  );
  const positions = join(folder, '_nsgflow', 'tuples', 'positions');
  const [name] = await readdir(positions);
  const text = await readFile(join(positions, name), 'utf8');
  expect((JSON.parse(text) as { positions: unknown[] }).positions).toHaveLength(20_000);
  for (const torn of [text.slice(0, -3), text.slice(0, 1000), '', text.replace('"form":1', '"form":2')]) {
    await writeFile(join(positions, name), torn);
    await expect((await openLake(folder)).positions()).rejects.toMatchObject({ code: 'lake-invalid' });
  }
});
