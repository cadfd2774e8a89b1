import { cp, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { longTest } from '../base/long.ts';
import { dayMillis, hourMillis } from '../../src/base/time.ts';
import { compact } from '../../src/lake/compact.ts';
import type { Lake } from '../../src/lake/lake.ts';
import { openLake } from '../../src/lake/lake.ts';
import { retainRows } from '../../src/lake/retain-rows.ts';
import type { Snapshot } from '../../src/lake/delta/snapshot.ts';
import { tableStats } from '../../src/lake/table-stats.ts';
import { vacuum } from '../../src/lake/vacuum.ts';
import { tuplesOnly } from '../../src/query/engine/question-view.ts';
import { ViewEngine } from '../../src/query/engine/view-engine.ts';
import { ask } from '../query/ask.ts';
import { buildFlowLog } from './build-flow-log.ts';

const midnight = Date.parse('2023-11-14T00:00:00Z');
const later = midnight + 10 * dayMillis;

let folder: string;
let lake: Lake;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-compact-'));
  lake = await openLake(folder, { create: true });
});

afterEach(async () => {
  await lake.close();
  await rm(folder, { recursive: true, force: true });
});

/** One commit of one tuple at a time; its port says which. */
async function commit(port: number, timeMillis: number, blob = 'b'): Promise<void> {
  const append = await lake.beginAppend();
  const tuple = { time: timeMillis, src: '10.0.0.1', dst: port % 2 === 0 ? '10.0.0.2' : '2001:db8::2', dstPort: port };
  await append.addFlowLog(buildFlowLog([{ startByte: port, tuples: [tuple] }]), { blob });
  const after = { etag: String(port), lengthBytes: port, readBytes: port };
  await append.commit([{ key: `${blob}${port}`, before: undefined, after }]);
}

async function rowsOf(snapshot: Snapshot): Promise<unknown[]> {
  const engine = new ViewEngine(tuplesOnly(snapshot));
  const rows = await ask(engine, 'SELECT * FROM tuples ORDER BY dst_port');
  await engine.close();
  return rows;
}

async function compactAll(nowMillis = later, who = lake): Promise<(number | undefined)[]> {
  const versions: (number | undefined)[] = [];
  for await (const { version } of compact(who, nowMillis)) versions.push(version);
  return versions;
}

async function dataFiles(): Promise<string[]> {
  const names = await readdir(join(folder, 'tuples'), { recursive: true });
  return names.filter((name) => name.startsWith('date=') && name.endsWith('.parquet'));
}

describe('compaction', () => {
  test('makes one file of a day that is over, with the same rows; positions and readers at work are left alone', async () => {
    for (let i = 0; i < 12; i++) await commit(i + 1, midnight + i * hourMillis);
    const before = await lake.snapshot();
    const rows = await rowsOf(before);
    const { byKey } = await lake.positions();
    expect(await compactAll()).toHaveLength(1);
    const after = await lake.snapshot();
    expect(after.files).toHaveLength(1);
    expect(after.files[0].rows).toBe(12);
    expect(await rowsOf(after)).toEqual(rows);
    expect(await rowsOf(before), 'of the version before').toEqual(rows);
    expect([...(await lake.positions()).byKey]).toEqual([...byKey]);
    expect(await compactAll(), 'again').toEqual([]);
  });

  test('joins the commits of an hour that is over, and leaves those of the hour at hand', async () => {
    for (let i = 0; i < 6; i++) await commit(i + 1, midnight + i * 60_000);
    for (let i = 0; i < 6; i++) await commit(i + 11, midnight + hourMillis + i * 60_000);
    expect(await compactAll(midnight + hourMillis + 20 * 60_000)).toHaveLength(1);
    expect((await lake.snapshot()).files.map(({ rows }) => rows ?? 0).sort((a, b) => a - b)).toEqual([
      1, 1, 1, 1, 1, 1, 6,
    ]);
    expect(await compactAll(midnight + hourMillis + 20 * 60_000)).toEqual([]);
  });

  longTest('joins hours and days of the future by what was committed after them', async () => {
    const now = midnight - 3 * dayMillis;
    for (let i = 0; i < 24; i++) await commit(i + 1, midnight + Math.floor(i / 6) * hourMillis + (i % 6) * 600_000);
    const rows = await rowsOf(await lake.snapshot());
    const counts = async (): Promise<number[]> =>
      (await lake.snapshot()).files.map((file) => file.rows ?? 0).sort((a, b) => b - a);
    expect(await compactAll(now), 'two hours have eight files or more after them').toHaveLength(2);
    expect(await counts()).toEqual([6, 6, ...Array.from({ length: 12 }, () => 1)]);
    expect(await compactAll(now), 'what compaction made is no commit of rows').toEqual([]);
    for (let i = 0; i < 8; i++) await commit(i + 31, midnight + dayMillis + i * 60_000);
    expect(await compactAll(now), 'the day').toHaveLength(1);
    expect(await counts()).toEqual([24, ...Array.from({ length: 8 }, () => 1)]);
    expect(await compactAll(Date.now() + hourMillis), 'the other day, by the clock').toHaveLength(1);
    expect((await rowsOf(await lake.snapshot())).slice(0, 24)).toEqual(rows);
  });

  test('joins an hour of the future after a quarter of an hour without commits, and one whose last commit reaches into the next', async () => {
    const future = Math.floor(Date.now() / dayMillis) * dayMillis + 5 * dayMillis;
    for (let i = 0; i < 3; i++) await commit(i + 1, future + i * 60_000);
    const append = await lake.beginAppend();
    const tuples = [59, 61].map((minute) => ({ time: future + minute * 60_000, src: '10.0.0.1', dst: '10.0.0.2' }));
    await append.addFlowLog(buildFlowLog([{ tuples }]), { blob: 'b' });
    await append.commit([]);
    expect(await compactAll(Date.now())).toEqual([]);
    expect(await compactAll(Date.now() + 16 * 60_000)).toHaveLength(1);
    expect((await lake.snapshot()).files.map((file) => file.rows)).toEqual([5]);
  });

  test('leaves the hour at hand while its commits come, and the day at hand after a pause', async () => {
    for (let i = 0; i < 4; i++) await commit(i + 1, midnight + i * 60_000);
    for (let i = 0; i < 2; i++) await commit(i + 11, midnight + 2 * hourMillis + i * 60_000);
    expect(await compactAll(midnight + 5 * 60_000)).toEqual([]);
    expect(await compactAll(midnight + 2 * hourMillis + 10 * 60_000), 'the first hour').toHaveLength(1);
    expect(await compactAll(midnight + 2 * hourMillis + 11 * 60_000)).toEqual([]);
  });

  test('of two at once each file is taken by one, and no row is lost or doubled', async () => {
    for (let i = 0; i < 8; i++) await commit(i + 1, midnight + Math.floor(i / 4) * dayMillis);
    const rows = await rowsOf(await lake.snapshot());
    const other = await openLake(folder);
    await Promise.all([compactAll(later), compactAll(later, other), commit(99, midnight)]);
    await other.close();
    expect((await rowsOf(await lake.snapshot())).slice(0, -1)).toEqual(rows);
  });

  test('leaves no file behind where another writer took one of its files', async () => {
    for (let i = 0; i < 8; i++) await commit(i + 1, midnight + Math.floor(i / 4) * dayMillis);
    const steps = compact(lake, later);
    await steps.next();
    const other = await openLake(folder);
    await retainRows(other, { nowMillis: later, tuplesDays: 1, conversationsDays: 1, dryRun: false });
    await other.close();
    const { value } = await steps.next();
    expect(value).toMatchObject({ date: '2023-11-15', version: undefined });
    expect(await dataFiles()).toHaveLength(8 + 1);
    expect(await rowsOf(await lake.snapshot())).toEqual([]);
  });
});

describe('vacuum', () => {
  const day = { nowMillis: Date.now() + dayMillis, dryRun: false };

  test('deletes what compaction left once it is old enough, and files that no commit names', async () => {
    for (let i = 0; i < 12; i++) await commit(i + 1, midnight);
    const rows = await rowsOf(await lake.snapshot());
    await compactAll();
    const orphan = await lake.beginAppend();
    await orphan.addFlowLog(buildFlowLog([{ tuples: [{ time: midnight, src: '10.0.0.1', dst: '10.0.0.2' }] }]), {
      blob: 'x',
    });
    expect((await vacuum(lake, { ...day, nowMillis: Date.now(), keepMillis: hourMillis })).files.data).toBe(0);
    expect((await vacuum(lake, { ...day, keepMillis: hourMillis, dryRun: true })).files.data).toBe(12);
    expect(await dataFiles()).toHaveLength(13);
    expect((await vacuum(lake, { ...day, keepMillis: hourMillis })).files.data).toBe(12);
    expect(await dataFiles()).toHaveLength(1);
    expect(await rowsOf(await lake.snapshot())).toEqual(rows);
    await orphan.abandon();
    expect((await (await openLake(folder)).positions()).byKey.size).toBe(12);
  });

  test('follows no link to a folder, deletes no folder, and says so', async () => {
    await commit(1, midnight);
    const outside = await mkdtemp(join(tmpdir(), 'nsgflow-outside-'));
    const links = ['_nsgflow/tmp', '_nsgflow/tuples/addresses', 'tuples/date=2020-01-01', '_nsgflow/tuples/positions'];
    for (const [i, link] of links.entries()) {
      await mkdir(join(outside, String(i)));
      for (const name of ['x.json', 'part-1.parquet', 'x.bloom'])
        await writeFile(join(outside, String(i), name), 'mine');
      if (link.startsWith('_')) await cp(join(folder, link), join(outside, String(i)), { recursive: true });
      await rm(join(folder, link), { recursive: true, force: true });
      await symlink(join(outside, String(i)), join(folder, link));
    }
    await mkdir(join(folder, 'tuples', 'date=2020-01-02', 'x.parquet'), { recursive: true });
    await symlink(join(outside, '0', 'x.json'), join(folder, 'tuples', 'date=2020-01-02', 'y.parquet'));
    const before = await readdir(outside, { recursive: true });
    const { files, left } = await vacuum(lake, { ...day, keepMillis: hourMillis });
    expect((await readdir(outside, { recursive: true })).sort()).toEqual(before.sort());
    expect(files).toMatchObject({ data: 1, positions: 0, addresses: 0, temporary: 0 });
    expect(left.map(({ path, why }) => `${path} ${String(why)}`).sort()).toEqual(
      [...links.map((link) => `${link} link`), 'tuples/date=2020-01-02/x.parquet folder'].sort(),
    );
    await rm(outside, { recursive: true, force: true });
  });

  test('goes on where a temporary file is a folder', async () => {
    await commit(1, midnight);
    await mkdir(join(folder, '_nsgflow', 'tmp', 'a'), { recursive: true });
    await writeFile(join(folder, '_nsgflow', 'tmp', 'b'), 'old');
    const { files, left } = await vacuum(lake, { ...day, keepMillis: hourMillis });
    expect(files.temporary).toBe(1);
    expect(left).toEqual([{ path: '_nsgflow/tmp/a', why: 'folder' }]);
    expect(await readdir(join(folder, '_nsgflow', 'tmp'))).toEqual(['a']);
  });

  test('keeps the log back to a checkpoint, and all positions that count', async () => {
    for (let i = 0; i < 25; i++) await commit(i + 1, midnight);
    const log = join(folder, 'tuples/_delta_log');
    const old = new Date(Date.now() - 40 * dayMillis);
    for (const name of await readdir(log)) await utimes(join(log, name), old, old);
    const { files } = await vacuum(lake, { nowMillis: Date.now(), keepMillis: hourMillis, dryRun: false });
    expect(files.log).toBe(10);
    const again = await openLake(folder);
    expect(await rowsOf(await again.snapshot())).toHaveLength(25);
    expect((await again.positions()).byKey.size).toBe(25);
  });
});

test('sizes of the table are those of its files', async () => {
  for (let i = 0; i < 3; i++) await commit(i + 1, midnight + i * dayMillis);
  const stats = await tableStats(lake);
  expect(stats).toMatchObject({ version: 3, files: 3, rows: 3, blobs: 3, startMillis: midnight });
  expect(stats.dates.map(({ date, rows }) => [date, rows])).toEqual([
    ['2023-11-14', 1],
    ['2023-11-15', 1],
    ['2023-11-16', 1],
  ]);
  const columns = stats.columns.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(columns).toBeGreaterThan(0);
  expect(columns).toBeLessThan(stats.bytes);
});
