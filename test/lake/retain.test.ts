/** Retention step by step: what is frozen, what comes late, what other programs do meanwhile, and who writes at the same time. */
import { cp, mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { longTest } from '../base/long.ts';
import { dayMillis, minuteMillis } from '../../src/base/time.ts';
import { compact } from '../../src/lake/compact.ts';
import type { Action, AddAction } from '../../src/lake/delta/delta-log.ts';
import { readCommit, writeCommit } from '../../src/lake/delta/delta-log.ts';
import { dateOf } from '../../src/lake/delta/file-date.ts';
import { frozenBefore, tuplesKeptFrom } from '../../src/lake/flows/frozen.ts';
import { settle } from '../../src/lake/flows/settle.ts';
import type { Lake } from '../../src/lake/lake.ts';
import { openLake } from '../../src/lake/lake.ts';
import type { LakeRetention, Retained } from '../../src/lake/retain-rows.ts';
import { retainRows } from '../../src/lake/retain-rows.ts';
import { dataFileOf } from '../../src/lake/delta/snapshot.ts';
import type { TableState } from '../../src/lake/delta/table-state.ts';
import { tableStats } from '../../src/lake/table-stats.ts';
import { vacuum } from '../../src/lake/vacuum.ts';
import type { PlainRecord } from './build-flow-log.ts';
import { expectedFlows, ingestBlob, readTuples, seenFlows, storedFlows } from './flows/settled-lake.ts';

const start = Date.parse('2023-11-14T00:00:00Z');
const now = start + 10 * dayMillis;
let parent: string;
let lake: Lake;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nsgflow-retain-'));
  lake = await openLake(join(parent, 'lake'), { create: true });
});

afterEach(async () => {
  await lake.close();
  await rm(parent, { recursive: true, force: true });
});

/** A connection that two observers see on each of some days from the 14th on. */
function connections(days: readonly number[], srcPort = 1024, startByte = 0): PlainRecord[] {
  return days.map((day, i) => ({
    startByte: startByte + 1000 * i,
    tuples: (['begin', 'end'] as const).flatMap((state, minute) =>
      (['outbound', 'inbound'] as const).map((direction) => ({
        time: start + day * dayMillis + (60 + minute) * minuteMillis,
        src: '10.0.0.1',
        dst: '10.0.0.2',
        srcPort,
        state,
        direction,
        counters: [1, 60, day, 40] as const,
      })),
    ),
  }));
}

async function retain(settings: Partial<LakeRetention>): Promise<Retained> {
  return retainRows(lake, { nowMillis: now, dryRun: false, ...settings });
}

async function flowsState(): Promise<TableState> {
  return (await lake.flows())!.state;
}

const datesOf = (state: TableState): string[] => [...new Set([...state.files.values()].map(dateOf))].sort();

/** Rows of the stored table that are there more or less often than in `others`. */
async function storedBut(others: readonly unknown[]): Promise<number> {
  const rest = [...others];
  let more = 0;
  for (const row of await storedFlows(lake)) {
    const i = rest.findIndex((one) => isDeepStrictEqual(one, row));
    if (i >= 0) rest.splice(i, 1);
    else more++;
  }
  return rest.length + more;
}

describe('retention', () => {
  test('of both tables removes whole dates; what was read stays known; the next run does nothing', async () => {
    await ingestBlob(lake, 'a', connections([0, 1, 2, 3]));
    const all = await expectedFlows(lake);
    const retained = await retain({ tuplesDays: 8, conversationsDays: 8 });
    expect(retained).toMatchObject({
      tuples: { dates: ['2023-11-14', '2023-11-15'], files: 2 },
      conversations: { dates: ['2023-11-14', '2023-11-15'], files: 2 },
      frozenBefore: '2023-11-16',
      waiting: [],
      isOverBudget: false,
      settledApart: 0,
      missed: 0,
    });
    expect(datesOf(await lake.tuples.refresh())).toEqual(['2023-11-16', '2023-11-17']);
    expect(datesOf(await flowsState())).toEqual(['2023-11-16', '2023-11-17']);
    expect(tuplesKeptFrom(lake.tuples.state)).toBe('2023-11-16');
    expect(await storedBut(all)).toBe(4);
    const versions = [lake.tuples.state.version, (await flowsState()).version];
    expect(await retain({ tuplesDays: 8, conversationsDays: 8 })).toMatchObject({
      tuples: { dates: [], files: 0, bytes: 0 },
      conversations: { dates: [] },
      frozenBefore: '2023-11-16',
    });
    // Nothing but that the removal of tuples is covered.
    expect([(await lake.tuples.refresh()).version, (await flowsState()).version]).toEqual([
      versions[0],
      versions[1] + 1,
    ]);
  });

  longTest(
    'of tuples keeps the conversations as they were, whatever is settled, compacted and vacuumed later',
    async () => {
      await ingestBlob(lake, 'a', connections([0, 1]));
      const all = await expectedFlows(lake);
      expect(await retain({ tuplesDays: 8 })).toMatchObject({
        tuples: { dates: ['2023-11-14', '2023-11-15'] },
        conversations: { dates: [] },
      });
      expect(await readTuples(lake)).toEqual([]);
      for (let i = 0; i < 12; i++) {
        await ingestBlob(lake, `b${i}`, connections([5], 2000 + i));
        await settle(lake);
      }
      for await (const _ of compact(lake, now));
      await vacuum(lake, { nowMillis: Date.now() + 40 * dayMillis, keepMillis: 0, dryRun: false });
      await lake.close();
      lake = await openLake(lake.folder);
      expect(await storedBut([...all, ...(await expectedFlows(lake))])).toBe(0);
      expect(frozenBefore(await flowsState())).toBe('2023-11-16');
      expect(await tableStats(lake)).toMatchObject({
        tuplesFrom: '2023-11-16',
        flows: { frozenBefore: '2023-11-16', settledApart: 0, uncoveredTuples: 0 },
      });
    },
  );

  longTest('a dry run says the same and changes nothing', async () => {
    await ingestBlob(lake, 'a', connections([0, 1, 2]));
    await settle(lake);
    const versions = [lake.tuples.state.version, (await flowsState()).version];
    const dry = await retain({ tuplesDays: 8, conversationsDays: 9, dryRun: true });
    expect([(await lake.tuples.refresh()).version, (await flowsState()).version]).toEqual(versions);
    expect(await retain({ tuplesDays: 8, conversationsDays: 9 })).toEqual(dry);
    expect(dry).toMatchObject({ tuples: { files: 2 }, conversations: { files: 1, dates: ['2023-11-14'] } });
  });

  test('of a lake in which nothing was settled settles first', async () => {
    await ingestBlob(lake, 'a', connections([0]));
    const all = await expectedFlows(lake);
    await retain({ tuplesDays: 8 });
    expect(await storedFlows(lake)).toEqual(all);
  });

  test('by budget: tuples first, then conversations, and no more than needed', async () => {
    await ingestBlob(lake, 'a', connections([0, 1, 2]));
    await settle(lake);
    const bytes = (state: TableState, date: string): number =>
      [...state.files.values()].reduce((sum, add) => sum + (date === '' || dateOf(add) === date ? add.size : 0), 0);
    const [tuples, flows] = [lake.tuples.state, await flowsState()];
    const total = bytes(tuples, '') + bytes(flows, '');
    expect(await retain({ budgetBytes: total })).toMatchObject({ tuples: { files: 0 }, bytes: total });
    expect(await retain({ budgetBytes: total - 1 })).toMatchObject({
      tuples: { dates: ['2023-11-14'] },
      conversations: { dates: [] },
      bytes: total - bytes(tuples, '2023-11-14'),
      isOverBudget: false,
    });
    expect(await retain({ budgetBytes: bytes(flows, '') })).toMatchObject({
      tuples: { dates: ['2023-11-15', '2023-11-16'] },
      conversations: { dates: [] },
      isOverBudget: false,
    });
    expect(await retain({ budgetBytes: bytes(flows, '') - 1 })).toMatchObject({
      tuples: { dates: [] },
      conversations: { dates: ['2023-11-14'] },
      isOverBudget: false,
    });
  });

  test('by budget: dates that ended less than two days ago stay, and it says that they are too large', async () => {
    await ingestBlob(lake, 'a', connections([0, 8, 9]));
    const retained = await retain({ budgetBytes: 1, nowMillis: now + 1 });
    expect(retained).toMatchObject({
      tuples: { dates: ['2023-11-14'] },
      conversations: { dates: ['2023-11-14'] },
      waiting: ['2023-11-22', '2023-11-23'],
      isOverBudget: true,
    });
    expect(datesOf(await lake.tuples.refresh())).toEqual(['2023-11-22', '2023-11-23']);
  });

  test.each(['tuples', 'flows'] as const)('an append-only table of %s: nothing changes in either', async (which) => {
    await ingestBlob(lake, 'a', connections([0, 1, 5]));
    await settle(lake);
    const table = which === 'tuples' ? lake.tuples : (await lake.flows())!;
    const configuration = { 'delta.appendOnly': 'true' };
    await table.commit('SET TBLPROPERTIES', ({ metadata }) =>
      Promise.resolve({ files: [], others: [{ metaData: { ...metadata, configuration } }] }),
    );
    const before = [(await lake.tuples.refresh()).version, (await flowsState()).version];
    for (const dryRun of [true, false])
      await expect(retain({ tuplesDays: 8, conversationsDays: 8, dryRun })).rejects.toMatchObject({
        code: 'lake-invalid',
        exitCode: 6,
        message: expect.stringContaining('delta.appendOnly') as string,
      });
    expect([(await lake.tuples.refresh()).version, (await flowsState()).version]).toEqual(before);
  });
});

describe('tuples that come after their date was frozen', () => {
  beforeEach(async () => {
    await ingestBlob(lake, 'a', connections([0, 1, 5]));
    await retain({ tuplesDays: 8 });
  });

  test('are settled once, among those of the same settling, with numbers of their own', async () => {
    const before = await storedFlows(lake);
    const numbers = async (): Promise<string[]> => {
      const connection = await lake.connect();
      const list = [...(await flowsState()).files.values()].map((add) => `'${dataFileOf(lake.flowsPlace, add).path}'`);
      const sql = `SELECT conversation::VARCHAR FROM read_parquet([${list.join(', ')}]) WHERE time < '2023-11-16' GROUP BY 1`;
      const rows = (await connection.runAndReadAll(sql)).getRowsJS() as [string][];
      connection.closeSync();
      return rows.map(([number]) => number);
    };
    expect(await numbers()).toHaveLength(2);
    // The very same connections again: as other flow logs may have seen them.
    await ingestBlob(lake, 'late', connections([0, 1]));
    const late = (await expectedFlows(lake)).filter((row) => Number(row['date']) < start + 2 * dayMillis);
    expect(late).toHaveLength(4);
    expect((await seenFlows(lake)).flows).toHaveLength(before.length + 4);
    expect(await settle(lake)).toMatchObject({ apart: 8, missed: 0 });
    expect(await storedBut([...before, ...late])).toBe(0);
    expect((await settle(lake)).changed).toBe(false);
    await ingestBlob(lake, 'later', connections([0]));
    expect(await settle(lake)).toMatchObject({ apart: 4 });
    const again = late.filter((row) => row['date'] === start).map((row) => ({ ...row, blob: 'later' }));
    expect(await storedBut([...before, ...late, ...again])).toBe(0);
    expect((await numbers()).length).toBe(5);
    expect(await tableStats(lake)).toMatchObject({ flows: { settledApart: 12 } });
  });

  longTest('go with the next retention; conversations of a date that is gone go again', async () => {
    await ingestBlob(lake, 'late', connections([0, 1]));
    expect(await retain({ tuplesDays: 8 })).toMatchObject({
      tuples: { dates: ['2023-11-14', '2023-11-15'] },
      settledApart: 8,
    });
    expect(datesOf(await lake.tuples.refresh())).toEqual(['2023-11-19']);
    await retain({ tuplesDays: 8, conversationsDays: 8 });
    expect(datesOf(await flowsState())).toEqual(['2023-11-19']);
    await ingestBlob(lake, 'later', connections([0]));
    await settle(lake);
    expect(datesOf(await flowsState())).toEqual(['2023-11-14', '2023-11-19']);
    expect(await tableStats(lake)).toMatchObject({ flows: { settledApart: 4 } });
    await retain({ tuplesDays: 8, conversationsDays: 8 });
    expect(datesOf(await flowsState())).toEqual(['2023-11-19']);
    expect(datesOf(await lake.tuples.refresh())).toEqual(['2023-11-19']);
  });

  longTest('stay countable when files are joined', async () => {
    for (let i = 0; i < 5; i++) {
      await ingestBlob(lake, `late${i}`, connections([0], 3000 + i));
      await settle(lake);
    }
    const rows = await storedFlows(lake);
    let joined = 0;
    for await (const { date } of compact(lake, now)) if (date === '2023-11-14') joined++;
    expect(joined).toBeGreaterThan(0);
    expect(await storedFlows(lake)).toEqual(rows);
    expect(await tableStats(lake)).toMatchObject({ flows: { settledApart: 20 } });
    expect(await settle(lake)).toMatchObject({ rows: 0, apart: 0 });
  });

  test('of a blob that was rewritten are refused where they changed; the rest of the blob is replaced', async () => {
    const append = await lake.beginAppend({ replacedBlobs: ['a'] });
    const changed = connections([0, 1, 5]).map((one) => ({
      ...one,
      tuples: one.tuples.map((tuple) => ({ ...tuple, counters: [9, 9, 9, 9] as const })),
    }));
    const { buildFlowLog } = await import('./build-flow-log.ts');
    await append.addFlowLog(buildFlowLog(changed), { blob: 'a' });
    expect(await append.holdFrozen()).toEqual([
      { blob: 'a', tuples: 8, known: 0, startByte: 0, lastByte: 1000, frozenBefore: '2023-11-16' },
    ]);
    expect(append.rows).toBe(4);
    await append.commit([]);
    expect((await readTuples(lake)).map((row) => row['packets_forward'])).toEqual([9, 9, 9, 9]);
    expect(await settle(lake)).toMatchObject({ apart: 0 });
    const counts = (await storedFlows(lake)).map((row) => [row['date'], row['packets_forward']]);
    expect(new Set(counts.map((one) => JSON.stringify(one)))).toEqual(
      new Set(
        [
          [start, 2],
          [start + dayMillis, 2],
          [start + 5 * dayMillis, 18],
        ].map((one) => JSON.stringify(one)),
      ),
    );
  });

  test('of a late blob that grew by being rewritten are taken; those that are there already do not come twice', async () => {
    await ingestBlob(lake, 'late', connections([0, 1], 5000));
    await settle(lake);
    const append = await lake.beginAppend({ replacedBlobs: ['late'] });
    const { buildFlowLog } = await import('./build-flow-log.ts');
    const grown = [...connections([0, 1], 5000), ...connections([0], 6000, 2000)];
    await append.addFlowLog(buildFlowLog(grown), { blob: 'late' });
    expect(await append.holdFrozen()).toMatchObject([{ blob: 'late', tuples: 0, known: 8 }]);
    await append.commit([]);
    expect(await settle(lake)).toMatchObject({ apart: 4 });
    expect(await readTuples(lake)).toHaveLength(4 + 12);
  });

  test('a freeze between reading a rewritten blob and its commit is a conflict', async () => {
    const { buildFlowLog } = await import('./build-flow-log.ts');
    const append = await lake.beginAppend({ replacedBlobs: ['a'] });
    await append.addFlowLog(buildFlowLog(connections([0, 1, 5], 7777)), { blob: 'a' });
    await append.holdFrozen();
    await retain({ tuplesDays: 4 });
    const after = { etag: 'x', lengthBytes: 1, readBytes: 1 };
    expect(await append.commit([{ key: 'a', before: undefined, after }])).toEqual({ outcome: 'conflict', keys: ['a'] });
    expect(await readTuples(lake)).toEqual([]);
    expect(await settle(lake)).toMatchObject({ apart: 0 });
  });
});

describe('other programs', () => {
  const spark: Action = { commitInfo: { operation: 'OPTIMIZE', engineInfo: 'Apache-Spark/4.0' } };

  /** One file of the rows of several of the table of tuples. */
  async function joined(adds: readonly AddAction[], dataChange = false, where = 'true'): Promise<AddAction> {
    const path = `date=${dateOf(adds[0])}/other-${Math.random()}.parquet`;
    const target = join(lake.tuples.place.folder, path);
    const list = adds.map((add) => `'${dataFileOf(lake.tuples.place, add).path}'`).join(', ');
    const connection = await lake.connect();
    await connection.run(`COPY (SELECT * FROM read_parquet([${list}]) WHERE ${where}) TO '${target}' (FORMAT parquet)`);
    connection.closeSync();
    const { tags: _, stats: __, ...rest } = adds[0];
    const stats = JSON.stringify({ numRecords: adds.length * 4 });
    return { ...rest, stats, path, size: (await readFile(target)).length, dataChange };
  }

  async function commit(removed: readonly AddAction[], added: readonly AddAction[], dataChange = false): Promise<void> {
    const { version } = await lake.tuples.refresh();
    const gone = removed.map(({ path }): Action => ({ remove: { path, deletionTimestamp: 0, dataChange } }));
    const actions = [spark, ...gone, ...added.map((add): Action => ({ add }))];
    expect(await writeCommit(lake.tuples.place, version + 1, actions)).toBe(true);
  }

  const ofDate = async (date: string): Promise<AddAction[]> =>
    [...(await lake.tuples.refresh()).files.values()].filter((add) => dateOf(add) === date);

  /** A date that is frozen, with late tuples that are settled, and with others that are not. */
  async function prepare(): Promise<{ readonly covered: AddAction; readonly late: AddAction }> {
    await ingestBlob(lake, 'a', connections([0, 5]));
    await retain({ tuplesDays: 8 });
    await ingestBlob(lake, 'settled', connections([0], 3000));
    await settle(lake);
    await ingestBlob(lake, 'late', connections([0], 4000));
    const [covered, late] = await ofDate('2023-11-14');
    return { covered, late };
  }

  const ports = async (): Promise<unknown[]> =>
    (await storedFlows(lake))
      .filter((row) => row['observer'] === 0 && row['date'] === start)
      .map((row) => Number(row['src_port']))
      .sort((a, b) => a - b);

  test('that join late tuples with settled ones before these are settled: nothing is lost or doubled', async () => {
    const { covered, late } = await prepare();
    await commit([covered, late], [await joined([covered, late])]);
    // It stays until its late rows are settled, and vacuum leaves the late file.
    await vacuum(lake, { nowMillis: Date.now() + 40 * dayMillis, keepMillis: 0, dryRun: false });
    for await (const _ of compact(lake, now)) expect(_.date).not.toBe('2023-11-14');
    expect(await settle(lake)).toMatchObject({ apart: 4, missed: 0 });
    expect(await ports()).toEqual([1024, 3000, 4000]);
    await retain({ tuplesDays: 8 });
    expect(await ofDate('2023-11-14')).toEqual([]);
    expect(await ports()).toEqual([1024, 3000, 4000]);
  });

  longTest('that join them twice, or join late files only', async () => {
    const { covered, late } = await prepare();
    const once = await joined([covered, late]);
    await commit([covered, late], [once]);
    await commit([once], [await joined([once])]);
    await ingestBlob(lake, 'l1', connections([0], 5000));
    await ingestBlob(lake, 'l2', connections([0], 5001));
    const two = (await ofDate('2023-11-14')).slice(-2);
    await commit(two, [await joined(two)]);
    await rm(dataFileOf(lake.tuples.place, two[0]).path);
    expect(await settle(lake)).toMatchObject({ apart: 12, missed: 0 });
    expect(await ports()).toEqual([1024, 3000, 4000, 5000, 5001]);
  });

  longTest('that also delete the late file: it is counted as missed', async () => {
    const { covered, late } = await prepare();
    await commit([covered, late], [await joined([covered, late])]);
    await rm(dataFileOf(lake.tuples.place, late).path);
    expect(await settle(lake)).toMatchObject({ apart: 0, missed: 4 });
    expect(await ports()).toEqual([1024, 3000]);
    expect(await settle(lake)).toMatchObject({ changed: false });
  });

  test('that delete rows of a frozen date: what was settled stays, and rows that stay are not settled again', async () => {
    const { covered, late } = await prepare();
    await commit([covered], [await joined([covered], true, 'direction = $$inbound$$')], true);
    expect(await settle(lake)).toMatchObject({ apart: 4 });
    expect(await ports()).toEqual([1024, 3000, 4000]);
    await ingestBlob(lake, 'more', connections([0], 6000));
    const more = (await ofDate('2023-11-14')).at(-1)!;
    await commit([more], [await joined([more], true, 'direction = $$inbound$$')], true);
    await settle(lake);
    expect(await ports()).toEqual([1024, 3000, 4000, 6000]);
    expect(late.path).not.toBe(more.path);
  });

  test('that delete log entries of tuples before they are settled: frozen dates stay, and late tuples are counted as missed', async () => {
    await prepare();
    const before = await ports();
    await rm(
      join(lake.tuples.place.folder, '_delta_log', `${String(lake.tuples.state.version).padStart(20, '0')}.json`),
    );
    const { version } = lake.tuples.state;
    await lake.close();
    lake = await openLake(lake.folder);
    await ingestBlob(lake, 'other', connections([0, 5], 4001));
    expect(lake.tuples.state.version).toBeLessThanOrEqual(version);
    const settled = await settle(lake);
    expect(await ports()).toEqual([...before, ...(settled.apart > 0 ? [4001] : [])]);
    expect(settled.apart + settled.missed).toBeGreaterThanOrEqual(4);
  });

  test('that change rows of flows, or damage files of a frozen date: these are never built anew', async () => {
    await prepare();
    await settle(lake);
    const { state, place } = (await lake.flows())!;
    const frozen = [...state.files.values()].filter((add) => dateOf(add) === '2023-11-14');
    const gone: Action = { remove: { path: frozen[0].path, deletionTimestamp: 0, dataChange: true } };
    await writeCommit(place, state.version + 1, [{ commitInfo: { engineInfo: 'x' } }, gone]);
    await truncate(dataFileOf(place, frozen[1]).path, 10);
    expect((await settle(lake)).changed).toBe(false);
    await ingestBlob(lake, 'c', connections([0, 5], 7000));
    expect((await settle(lake)).dates).toEqual(['2023-11-14', '2023-11-19']);
    expect((await flowsState()).files.has(frozen[1].path)).toBe(true);
  });

  longTest('the table of tuples is made anew: rows of frozen dates stay and are not doubled', async () => {
    await prepare();
    await settle(lake);
    const before = await ports();
    const other = await openLake(join(parent, 'other'), { create: true });
    await ingestBlob(other, 'a', connections([0, 5]));
    await other.close();
    await lake.close();
    for (const name of ['_delta_log', 'date=2023-11-14', 'date=2023-11-19']) {
      await rm(join(lake.tuples.place.folder, name), { recursive: true, force: true });
      await cp(join(other.tuples.place.folder, name), join(lake.tuples.place.folder, name), { recursive: true });
    }
    lake = await openLake(lake.folder);
    expect(await settle(lake)).toMatchObject({ missed: 4 });
    expect(await ports()).toEqual(before);
  });
});

describe('at the same time', () => {
  longTest('two retentions, and a settler and an ingester beside them', async () => {
    for (let round = 0; round < 3; round++) {
      await ingestBlob(lake, `a${round}`, connections([round, 5], 1024 + round));
      const others = await Promise.all(Array.from({ length: 4 }, () => openLake(lake.folder)));
      const [first, second, settler, ingester] = others;
      const going = { nowMillis: now, tuplesDays: 9 - round, dryRun: false };
      const [one, two] = await Promise.all([
        retainRows(first, going),
        retainRows(second, going),
        settle(settler),
        ingestBlob(ingester, `b${round}`, connections([round, 6], 2024 + round)),
      ]);
      for (const other of others) await other.close();
      expect(one.frozenBefore).toBe(two.frozenBefore);
      expect(one.tuples.files + two.tuples.files).toBeGreaterThanOrEqual(1);
    }
    await retain({ tuplesDays: 7 });
    await settle(lake);
    expect(datesOf(await lake.tuples.refresh())).toEqual(['2023-11-19', '2023-11-20']);
    const shown = (await storedFlows(lake)).filter((row) => row['observer'] === 0);
    const sum = shown.reduce((all, row) => all + Number(row['tuples']), 0);
    expect(sum).toBe(6 * 2 * 4);
  });

  longTest(
    'tuples that come between the steps, and a blob that is rewritten between them, are counted once',
    async () => {
      await ingestBlob(lake, 'a', connections([0, 5]));
      const other = await openLake(lake.folder, { write: true });
      const commit = lake.tuples.commit.bind(lake.tuples);
      lake.tuples.commit = async (operation, plan) => {
        if (operation === 'DELETE') await ingestBlob(other, 'late', connections([0], 9000));
        else await ingestBlob(other, 'a', connections([0, 5], 8000), true);
        return commit(operation, plan);
      };
      await retain({ tuplesDays: 8 });
      await other.close();
      expect((await readTuples(lake)).map((row) => row['src_port']).filter((port) => port === 9000)).toHaveLength(4);
      expect(await settle(lake)).toMatchObject({ apart: 4 });
      const shown = (await storedFlows(lake))
        .filter((row) => row['observer'] === 0)
        .map((row) => Number(row['src_port']));
      expect(shown.sort((a, b) => a - b)).toEqual([8000, 8000, 9000]);
    },
  );

  test('the commits are in the order that loses nothing', async () => {
    await ingestBlob(lake, 'a', connections([0, 5]));
    await settle(lake);
    const from = [lake.tuples.state.version, (await flowsState()).version];
    await retain({ tuplesDays: 8 });
    const tuples = (await lake.tuples.refresh()).version;
    expect(tuples).toBe(from[0] + 2);
    const announced = (await readCommit(lake.tuples.place, tuples - 1))!;
    const removed = (await readCommit(lake.tuples.place, tuples))!;
    expect(announced.flatMap(({ metaData }) => (metaData == null ? [] : [metaData.configuration]))).toEqual([
      { 'nsgflow.frozenBefore': '2023-11-16' },
    ]);
    expect(removed.flatMap(({ metaData }) => (metaData == null ? [] : [metaData.configuration]))).toEqual([
      { 'nsgflow.frozenBefore': '2023-11-16', 'nsgflow.tuplesFrom': '2023-11-16' },
    ]);
    expect(removed.filter(({ remove }) => remove != null)).toHaveLength(1);
    const flows = await flowsState();
    expect(flows.version).toBe(from[1] + 2);
    expect(
      (await readCommit(lake.flowsPlace, flows.version))!.flatMap(({ metaData }) =>
        metaData == null ? [] : [metaData.configuration],
      ),
    ).toEqual([{ 'nsgflow.frozenBefore': '2023-11-16' }]);
  });
});
