/** Settling where files are gone, cut or torn, where other programs changed a table, and where a log was set back. */
import { cp, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { longTest } from '../../base/long.ts';
import { minuteMillis } from '../../../src/base/time.ts';
import type { Action, AddAction } from '../../../src/lake/delta/delta-log.ts';
import { formatVersion, writeCommit } from '../../../src/lake/delta/delta-log.ts';
import { partTag } from '../../../src/lake/flows/flow-files.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { dataFileOf } from '../../../src/lake/delta/snapshot.ts';
import type { PlainRecord } from '../build-flow-log.ts';
import { expectedFlows, ingestBlob, seenFlows, storedFlows } from './settled-lake.ts';

const isLong = process.env['NSGFLOW_LONG'] === '1';
const start = Date.parse('2023-11-14T00:00:00Z');
let parent: string;
let lake: Lake;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nsgflow-damage-'));
  lake = await openLake(join(parent, 'lake'), { create: true });
});

afterEach(async () => {
  await lake.close();
  await rm(parent, { recursive: true, force: true });
});

/** A connection that two observers see in each of some hours; the source port tells them apart. */
function connections(hours: readonly number[], srcPort = 1024): PlainRecord[] {
  return hours.map((hour, i) => ({
    startByte: 1000 * i,
    tuples: (['begin', 'continuing', 'end'] as const).flatMap((state, minute) =>
      (['outbound', 'inbound'] as const).map((direction) => ({
        time: start + (60 * hour + minute) * minuteMillis,
        src: '10.0.0.1',
        dst: '10.0.0.2',
        srcPort: srcPort + hour,
        state,
        direction,
        counters: [1, 60, hour, 40] as const,
      })),
    ),
  }));
}

async function expectWhole(): Promise<void> {
  expect((await seenFlows(lake)).flows).toEqual(await expectedFlows(lake));
  await settle(lake);
  expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
  expect((await settle(lake)).changed).toBe(false);
}

async function flowFiles(): Promise<AddAction[]> {
  return [...(await lake.flows())!.state.files.values()];
}

const pathOf = (add: AddAction): string => dataFileOf(lake.flowsPlace, add).path;
const logOf = (table: 'tuples' | 'flows', version: number): string =>
  join(
    table === 'tuples' ? lake.tuples.place.folder : lake.flowsPlace.folder,
    '_delta_log',
    `${formatVersion(version)}.json`,
  );

let settled: string;

beforeAll(async () => {
  settled = await mkdtemp(join(tmpdir(), 'nsgflow-settled-'));
  lake = await openLake(join(settled, 'lake'), { create: true });
  await ingestBlob(lake, 'a', connections([0, 5, 20, 30]));
  await settle(lake);
  expect((await flowFiles()).length).toBeGreaterThan(3);
  await lake.close();
});

afterAll(() => rm(settled, { recursive: true, force: true }));

/** A copy of a lake of two dates; of the first one, three files. */
async function openTwoDates(): Promise<void> {
  await lake.close();
  await rm(lake.folder, { recursive: true });
  await cp(join(settled, 'lake'), lake.folder, { recursive: true });
  lake = await openLake(lake.folder);
}

describe('data files of flows', () => {
  const damages: Record<string, (path: string) => Promise<void>> = {
    gone: (path) => rm(path),
    empty: (path) => writeFile(path, ''),
    cut: async (path) => truncate(path, Math.floor((await readFile(path)).length / 2)),
    'another file': (path) => writeFile(path, 'no data file'),
  };

  // Everyday runs damage one file by each of the other ways below.
  const everyday = ['gone'];

  test.each(isLong ? Object.keys(damages) : everyday)(
    'each that is %s is built anew, and nothing else',
    async (how) => {
      await openTwoDates();
      for (const { path, partitionValues } of await flowFiles()) {
        const add = (await flowFiles()).find((one) => one.path === path);
        // One of the same date was built anew together with an earlier one.
        if (add === undefined) continue;
        await damages[how](pathOf(add));
        expect((await settle(lake)).dates).toEqual([partitionValues['date']]);
        await expectWhole();
      }
    },
  );

  test.each(isLong ? Object.keys(damages) : everyday)(
    'one that is %s and that late tuples touch leads to the whole date',
    async (how) => {
      await openTwoDates();
      for (const add of await flowFiles())
        if (add.partitionValues['date'] === '2023-11-14') await damages[how](pathOf(add));
      await ingestBlob(lake, 'late', connections([5], 1025));
      const date = (rows: readonly unknown[]): unknown[] =>
        rows.filter((row) => (row as { time: number }).time < start + 86_400_000);
      expect(date((await seenFlows(lake)).flows)).toEqual(date(await expectedFlows(lake)));
      await expectWhole();
    },
  );

  test('bytes that are not Parquet lead to the whole date, though the length is right', async () => {
    await openTwoDates();
    for (const add of await flowFiles()) {
      const bytes = await readFile(pathOf(add));
      if (add.partitionValues['date'] === '2023-11-14') await writeFile(pathOf(add), bytes.fill(7));
    }
    await ingestBlob(lake, 'late', connections([5]));
    await expectWhole();
  });
});

describe('the log of flows', () => {
  const allRows = async (): Promise<unknown> => expectedFlows(lake);

  longTest('gone while the lake is open: it is made anew', async () => {
    await openTwoDates();
    await rm(lake.flowsPlace.folder, { recursive: true });
    await expectWhole();
  });

  test('torn, or with a gap, it is a named error that says what to do; then it is made anew by a lake that was open all the time', async () => {
    await openTwoDates();
    await ingestBlob(lake, 'b', connections([7]));
    await settle(lake);
    const other = await openLake(lake.folder);
    await other.flows();
    const newest = logOf('flows', 2);
    const text = await readFile(newest, 'utf8');
    for (const damage of [
      () => writeFile(newest, text.slice(0, text.length / 2)),
      () => rename(newest, logOf('flows', 3)),
    ]) {
      await writeFile(newest, text);
      await damage();
      const fresh = await openLake(lake.folder);
      await expect(settle(fresh)).rejects.toMatchObject({
        code: 'lake-invalid',
        hint: expect.stringContaining(`move ${lake.flowsPlace.folder} away`) as unknown,
      });
      await fresh.close();
    }
    await rename(lake.flowsPlace.folder, join(parent, 'away'));
    await ingestBlob(lake, 'c', connections([8]));
    await expectWhole();
    await ingestBlob(lake, 'd', connections([9]));
    await settle(other);
    expect(await storedFlows(other)).toEqual(await allRows());
    await other.close();
    await expectWhole();
  });

  test('without its last commits, it is brought up to date from the version that it has', async () => {
    await openTwoDates();
    for (const [i, hour] of [3, 4, 6].entries()) {
      await ingestBlob(lake, `b${i}`, connections([hour]));
      await settle(lake);
    }
    await rm(logOf('flows', 4));
    await rm(logOf('flows', 3));
    await expectWhole();
  });

  longTest('of another lake: nothing of it stays', async () => {
    await openTwoDates();
    const other = await openLake(join(parent, 'other'), { create: true });
    await ingestBlob(other, 'x', connections([1, 2, 60], 5000));
    await settle(other);
    await rm(lake.flowsPlace.folder, { recursive: true });
    await cp(other.flowsPlace.folder, lake.flowsPlace.folder, { recursive: true });
    await other.close();
    await lake.close();
    lake = await openLake(lake.folder);
    await expectWhole();
  });
});

describe('the log of tuples', () => {
  longTest('whose commits behind the settled version are gone: all is built anew', async () => {
    await openTwoDates();
    for (let i = 0; i < 12; i++) await ingestBlob(lake, `b${i}`, connections([i % 9], 2000 + 100 * i));
    const log = join(lake.folder, 'tuples/_delta_log');
    const names = (await readdir(log)).sort();
    expect(names.some((name) => name.includes('checkpoint'))).toBe(true);
    for (const name of names) if (/^0+[0-8]\.json$/.test(name)) await rm(join(log, name));
    await expectWhole();
  });

  longTest('that was set back, and has other commits since: all is built anew', async () => {
    await openTwoDates();
    await ingestBlob(lake, 'b', connections([6]));
    await settle(lake);
    const newest = lake.tuples.state.version;
    await rm(logOf('tuples', newest));
    await lake.close();
    lake = await openLake(lake.folder);
    await expectWhole();
    await ingestBlob(lake, 'b', connections([7]));
    expect((await lake.tuples.refresh()).version).toBe(newest);
    await expectWhole();
  });

  longTest('that was set back to the settled number by another commit, before anybody settled', async () => {
    await openTwoDates();
    await ingestBlob(lake, 'b', connections([6]));
    await settle(lake);
    await rm(logOf('tuples', lake.tuples.state.version));
    const other = await openLake(lake.folder);
    await ingestBlob(other, 'b', connections([7]));
    await other.close();
    await lake.close();
    lake = await openLake(lake.folder);
    await expectWhole();
  });

  test('torn behind the settled version: a named error', async () => {
    await openTwoDates();
    await ingestBlob(lake, 'b', connections([6]));
    await writeFile(logOf('tuples', lake.tuples.state.version), '{"add":{"pa');
    await expect(openLake(lake.folder)).rejects.toMatchObject({ code: 'lake-invalid' });
    await expect(settle(lake)).rejects.toMatchObject({ code: 'lake-invalid' });
  });

  test('which names a file that is gone: a named error, and flows stay as they are', async () => {
    await openTwoDates();
    const before = await storedFlows(lake);
    await ingestBlob(lake, 'b', connections([6]));
    const add = [...lake.tuples.state.files.values(), ...(await lake.tuples.refresh()).files.values()].at(-1)!;
    await rm(dataFileOf(lake.tuples.place, add).path);
    await expect(settle(lake)).rejects.toMatchObject({ name: 'FlowError', code: 'io' });
    expect(await storedFlows(lake)).toEqual(before);
    expect(await readdir(join(lake.folder, '_nsgflow/tmp'))).toEqual([]);
  });
});

describe('other programs', () => {
  /** A commit of flows, as another engine makes it. */
  async function commitFlows(actions: readonly Action[]): Promise<void> {
    const { state, place } = (await lake.flows())!;
    const info: Action = { commitInfo: { operation: 'WRITE', engineInfo: 'Apache-Spark/4.0' } };
    expect(await writeCommit(place, state.version + 1, [info, ...actions])).toBe(true);
  }

  /** Rows of files of flows by a condition, in a new file. */
  async function copyOf(adds: readonly AddAction[], where: string, dataChange: boolean): Promise<AddAction> {
    const path = `date=2023-11-14/other-${where.length}.parquet`;
    const target = join(lake.flowsPlace.folder, path);
    const connection = await lake.connect();
    const list = adds.map((add) => `'${pathOf(add)}'`).join(', ');
    const sql = `SELECT * FROM read_parquet([${list}], hive_partitioning = false) WHERE ${where}`;
    await connection.run(`COPY (${sql}) TO '${target}' (FORMAT parquet)`);
    connection.closeSync();
    const { tags: _, stats: __, ...rest } = adds[0];
    return { ...rest, path, size: (await readFile(target)).length, dataChange };
  }

  const removed = (adds: readonly AddAction[], dataChange: boolean): Action[] =>
    adds.map(({ path }) => ({ remove: { path, deletionTimestamp: 0, dataChange } }));

  longTest('that join files of flows and split the rows of a conversation: late tuples double nothing', async () => {
    await openTwoDates();
    const adds = (await flowFiles()).filter(
      ({ partitionValues, tags }) => partitionValues['date'] === '2023-11-14' && tags?.[partTag] !== 'open',
    );
    expect(adds.length).toBeGreaterThan(1);
    const first = await copyOf(adds, 'observer = 0', false);
    const second = await copyOf(adds, 'observer > 0 ', false);
    await commitFlows([...removed(adds, false), { add: first }, { add: second }]);
    expect((await settle(lake)).changed).toBe(false);
    await ingestBlob(lake, 'late', connections([5]));
    await expectWhole();
  });

  test('that delete rows of flows, or add some: the dates are built anew', async () => {
    await openTwoDates();
    const adds = (await flowFiles()).filter(({ partitionValues }) => partitionValues['date'] === '2023-11-14');
    await commitFlows([...removed(adds.slice(0, 1), true)]);
    await expectWhole();
    const [one] = (await flowFiles()).filter(({ partitionValues }) => partitionValues['date'] === '2023-11-14');
    await commitFlows([{ add: await copyOf([one], 'true', true) }]);
    await ingestBlob(lake, 'late', connections([21]));
    await expectWhole();
  });

  longTest('that join tuples which are settled with others which are not, in folders without a date', async () => {
    await openTwoDates();
    await ingestBlob(lake, 'b', connections([6]));
    const { files, version } = await lake.tuples.refresh();
    const adds = [...files.values()].filter(({ partitionValues }) => partitionValues['date'] === '2023-11-14');
    const target = join(lake.tuples.place.folder, 'joined.parquet');
    const connection = await lake.connect();
    const list = adds.map((add) => `'${dataFileOf(lake.tuples.place, add).path}'`).join(', ');
    await connection.run(`COPY (SELECT * FROM read_parquet([${list}], hive_partitioning = false)) TO '${target}'`);
    connection.closeSync();
    const { tags: _, stats: __, ...rest } = adds[0];
    const add = { ...rest, path: 'joined.parquet', size: (await readFile(target)).length, dataChange: false };
    expect(await writeCommit(lake.tuples.place, version + 1, [...removed(adds, false), { add }])).toBe(true);
    await expectWhole();
    // The same again, where the file that goes is uncovered and names no date.
    await ingestBlob(lake, 'c', connections([7]));
    const newest = await lake.tuples.refresh();
    const uncovered = [...newest.files.values()].at(-1)!;
    const moved = 'moved.parquet';
    await cp(dataFileOf(lake.tuples.place, uncovered).path, join(lake.tuples.place.folder, moved));
    await writeCommit(lake.tuples.place, newest.version + 1, [
      ...removed([uncovered], true),
      { add: { ...uncovered, path: moved } },
    ]);
    await cp(join(lake.tuples.place.folder, moved), join(lake.tuples.place.folder, 'again.parquet'));
    await writeCommit(lake.tuples.place, newest.version + 2, [
      { remove: { path: moved, deletionTimestamp: 0, dataChange: false } },
      { add: { ...uncovered, path: 'again.parquet', dataChange: false } },
    ]);
    await expectWhole();
  });
});
