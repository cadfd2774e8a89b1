/** Settling files of other writers, large counters, both families of addresses, ports that are reused, and dates that need several parts. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { longTest } from '../../base/long.ts';
import { limits } from '../../../src/base/limits.ts';
import { minuteMillis } from '../../../src/base/time.ts';
import type { Action } from '../../../src/lake/delta/delta-log.ts';
import { writeCommit } from '../../../src/lake/delta/delta-log.ts';
import { packCounter } from '../../../src/flowlog/counter.ts';
import type { BuildBounds } from '../../../src/lake/flows/build-date.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { dataFileOf, snapshotOf } from '../../../src/lake/delta/snapshot.ts';
import type { DataFile } from '../../../src/lake/delta/snapshot.ts';
import type { TablePlace } from '../../../src/lake/delta/table-place.ts';
import type { TableState } from '../../../src/lake/delta/table-state.ts';
import type { PlainTuple } from '../build-flow-log.ts';
import { plainRecordsOfFewConnections } from './plain-tuples.ts';
import { expectedFlows, ingestBlob, seenFlows, storedFlows } from './settled-lake.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const start = Date.parse('2023-11-14T00:00:00Z');
let parent: string;
let lake: Lake;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nsgflow-kinds-'));
  lake = await openLake(join(parent, 'lake'), { create: true });
});

afterEach(async () => {
  await lake.close();
  await rm(parent, { recursive: true, force: true });
});

async function expectSettled(bounds?: Partial<BuildBounds>): Promise<void> {
  await settle(lake, undefined, bounds);
  expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
}

/** Another engine writes some files of a table anew: row groups of 2048 rows, no tags, and with `bare` no statistics, other columns and another order. */
async function rewrite(place: TablePlace, state: TableState, paths: readonly string[], bare: boolean): Promise<void> {
  const connection = await lake.connect();
  const actions: Action[] = [];
  try {
    for (const [i, path] of paths.entries()) {
      const add = state.files.get(path)!;
      const name = `${path.split('/')[0]}/other-${state.version}-${i}.parquet`;
      const target = join(place.folder, name);
      const from = `read_parquet('${dataFileOf(place, add).path}', hive_partitioning = false)`;
      const columns = bare ? "1 AS extra, * REPLACE (time AT TIME ZONE 'UTC' AS time)" : '*';
      const order = bare ? 'ORDER BY hash(time, src_port)' : '';
      await connection.run(
        `COPY (SELECT ${columns} FROM ${from} ${order}) TO '${target}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`,
      );
      const { tags: _, stats, ...rest } = add;
      const size = (await readFile(target)).length;
      actions.push({ remove: { path, deletionTimestamp: 0, dataChange: false } });
      actions.push({ add: { ...rest, ...(bare ? {} : { stats }), path: name, size, dataChange: false } });
    }
  } finally {
    connection.closeSync();
  }
  if (actions.length > 0) expect(await writeCommit(place, state.version + 1, actions)).toBe(true);
}

test('files of other writers among those of tuples and of flows give the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(plainRecordsOfFewConnections, fc.constantFrom('tuples', 'flows', 'none'), fc.boolean()), {
        minLength: 2,
        maxLength: 6,
      }),
      async (steps) => {
        const folder = join(parent, `lake-${Math.random()}`);
        await lake.close();
        lake = await openLake(folder, { create: true });
        for (const [i, [records, what, bare]] of steps.entries()) {
          await ingestBlob(lake, `c/${i}`, records);
          if (what === 'flows') await settle(lake);
          const state = what === 'flows' ? (await lake.flows())!.state : await lake.tuples.refresh();
          const paths = [...state.files.keys()].filter((path, n) => !path.includes('other') && n % 2 === 0);
          if (what === 'flows') await rewrite(lake.flowsPlace, state, paths, false);
          if (what === 'tuples') await rewrite(lake.tuples.place, state, paths, bare);
          if (what !== 'none') expect((await seenFlows(lake)).flows).toEqual(await expectedFlows(lake));
        }
        await expectSettled();
        await rm(folder, { recursive: true, force: true });
      },
    ),
    { numRuns: long ? 10 : 1 },
  );
});

test('counters beyond 2^53 are summed exactly, up to the largest', async () => {
  const large = 2n ** 60n + 1n;
  const tuple = (minute: number, port: number, count: bigint, state: 'begin' | 'continuing'): PlainTuple => ({
    time: start + minute * minuteMillis,
    src: '10.0.0.1',
    dst: '10.0.0.2',
    srcPort: port,
    state,
    counters: [packCounter(count), 1, packCounter(2n ** 53n), packCounter(2n ** 53n - 1n)],
  });
  const tuples = [
    ...[0, 1, 2].map((minute) => tuple(minute, 1, large, minute === 0 ? 'begin' : 'continuing')),
    ...[0, 1].map((minute) => tuple(minute, 2, 2n ** 63n - 1n, minute === 0 ? 'begin' : 'continuing')),
  ];
  await ingestBlob(lake, 'b', [{ tuples }]);
  for (const late of [false, true]) {
    if (late)
      await ingestBlob(lake, 'late', [{ tuples: [tuple(3, 1, 1n, 'continuing'), tuple(4, 2, 1n, 'continuing')] }]);
    await settle(lake);
    const { state } = (await lake.flows())!;
    const sql = `SELECT src_port, packets_forward::VARCHAR, packets_reverse::VARCHAR, bytes_reverse::VARCHAR, list_sum(list_transform(reports, lambda one: one.packets_forward::HUGEINT))::VARCHAR FROM files`;
    const more = late ? 1n : 0n;
    const [first, second] = await askFiles(lake, snapshotOf(lake.flowsPlace, state).files, sql);
    const n = 3n + more;
    expect(first).toEqual([1, 3n * large + more, n * 2n ** 53n, n * (2n ** 53n - 1n), 3n * large + more].map(String));
    expect(second.slice(0, 2)).toEqual(['2', String(2n ** 63n - 1n)]);
  }
});

/** Rows of files, as texts, in order of the first column. */
async function askFiles(of: Lake, files: readonly DataFile[], sql: string): Promise<string[][]> {
  const connection = await of.connect();
  try {
    const list = files.map(({ path }) => `'${path}'`).join(', ');
    const all = `WITH files AS (FROM read_parquet([${list}], hive_partitioning = false)) ${sql} ORDER BY 1`;
    return (await connection.runAndReadAll(all)).getRowsJS().map((row) => row.map(String));
  } finally {
    connection.closeSync();
  }
}

/** Tuples of many connections, of all families of addresses, in files that overlap in time. */
function manyTuples(count: number, from: number): PlainTuple[] {
  const ends = [
    ['10.0.0.1', '10.0.0.2'],
    ['2001:db8::1', '2001:db8::2'],
    ['10.0.0.1', '2001:db8::2'],
    ['2001:db8::1', '10.0.0.2'],
    ['0.0.0.0', '::'],
  ];
  const states = ['begin', 'continuing', 'end', 'denied', 'continuing'] as const;
  return Array.from({ length: count }, (_, i) => {
    const n = Math.imul(i + from, 0x9e3779b1) >>> 0;
    const [src, dst] = ends[n % 5];
    return {
      time: start + ((n >>> 3) % (6 * 3600)) * 1000,
      src,
      dst,
      srcPort: 1024 + ((n >>> 7) % 64),
      state: states[(n >>> 11) % 5],
      access: states[(n >>> 11) % 5] === 'denied' ? 'deny' : 'allow',
      direction: n % 2 === 0 ? 'outbound' : 'inbound',
      counters: [n % 7, n % 1000, 1, 2],
    };
  });
}

const small: Partial<BuildBounds> = {
  settledTogetherMax: 100,
  settledStepTuples: 50,
  rowGroupRows: 20,
  flowsFileRowsMax: 30,
  settledRowsMax: 150,
  stagedTableEntriesMax: 20,
};

test('a date that needs several parts, files and row groups gives the same, also after late tuples', async () => {
  const count = long ? 2500 : 300;
  for (let i = 0; i < 4; i++)
    await ingestBlob(lake, `b${i}`, [{ startByte: 0, tuples: manyTuples(count / 4, i * 10_000) }]);
  expect((await seenFlows(lake, { bounds: small })).flows).toEqual(await expectedFlows(lake));
  await expectSettled(small);
  expect((await lake.flows())!.state.files.size).toBeGreaterThan(8);
  for (let i = 0; i < 2; i++) {
    await ingestBlob(lake, `late${i}`, [{ tuples: manyTuples(30, 100_000 + 1000 * i) }]);
    await expectSettled(small);
  }
});

longTest('late tuples that touch more than is held at once lead to the whole date', async () => {
  await ingestBlob(lake, 'a', [{ tuples: manyTuples(300, 0) }]);
  await expectSettled(small);
  await ingestBlob(lake, 'late', [{ tuples: manyTuples(50, 0) }]);
  const before = new Set((await lake.flows())!.state.files.keys());
  await expectSettled({ ...small, settledSpansMax: 10 });
  expect([...(await lake.flows())!.state.files.keys()].filter((path) => before.has(path))).toEqual([]);
});

test('one five-tuple with more tuples than are held together is settled all the same', async () => {
  const tuples = (blob: number): PlainTuple[] =>
    Array.from({ length: 300 }, (_, i) => ({
      time: start + (2 * i + blob) * 5000,
      src: '10.0.0.1',
      dst: '10.0.0.2',
      state: 'continuing',
      counters: [1, 1, 1, 1],
    }));
  await ingestBlob(lake, 'a', [{ tuples: tuples(0) }]);
  await ingestBlob(lake, 'b', [{ tuples: tuples(1) }]);
  await expectSettled({ ...small, settledPartsMax: 8 });
});

test('a port pair that is reused thousands of times, by observers that differ', async () => {
  const uses = long ? 1000 : 200;
  const tuples = (['outbound', 'inbound'] as const).flatMap((direction, slower) =>
    Array.from({ length: uses }, (_, i): PlainTuple[] => {
      const time = start + 60_000 + i * 1500 + slower * 700;
      const shared = { src: '2001:db8::1', dst: '10.0.0.2', direction, counters: [1, 2, 3, 4] as const };
      return [
        { ...shared, time, state: 'begin' },
        { ...shared, time: time + 200, state: i % 5 === 0 ? 'continuing' : 'end' },
      ];
    }).flat(),
  );
  const half = Math.floor(tuples.length / 2) + 7;
  await ingestBlob(lake, 'a', [{ tuples: tuples.slice(half) }]);
  await expectSettled();
  await ingestBlob(lake, 'b', [{ tuples: tuples.slice(0, half) }]);
  await expectSettled();
  const [first] = await storedFlows(lake);
  expect(first).toMatchObject({ observers: 2 });
}, 600_000);

longTest(
  'a flow with more reports than a row has keeps its sums and times; reports that follow each other are joined',
  async () => {
    const count = 2 * limits.flowReportsMax + 3;
    const tuples = Array.from({ length: count }, (_, i): PlainTuple => ({
      time: start + 3_600_000 + i * 100,
      src: '10.0.0.1',
      dst: '10.0.0.2',
      state: i === 0 ? 'begin' : 'continuing',
      counters: [1, i, 0, 2],
    }));
    await ingestBlob(lake, 'b', [{ time: start, tuples }]);
    await settle(lake);
    const { state } = (await lake.flows())!;
    const sums = ['packets_forward', 'bytes_forward', 'bytes_reverse'];
    const ofReports = sums.map((name) => `list_sum(list_transform(reports, lambda one: one.${name}))::BIGINT`);
    const gaps = `list_count(list_filter(list_zip(reports[2:], reports[:-2]), lambda two: two[1].before <> two[2].time))`;
    const sql = `SELECT tuples, ${sums.join(', ')}, ${ofReports.join(', ')}, len(reports) <= ${limits.flowReportsMax}, epoch_ms(reports[1].before), epoch_ms(reports[-1].time), ${gaps} FROM files`;
    const expected = [count, (count * (count - 1)) / 2, 2 * count];
    const times = [tuples[0].time, tuples[count - 1].time];
    expect(await askFiles(lake, snapshotOf(lake.flowsPlace, state).files, sql)).toEqual([
      [count, ...expected, ...expected, true, ...times, 0].map(String),
    ]);
  },
  600_000,
);

test('a late tuple that leaves an earlier flow open reaches groups of other files', async () => {
  const shared = { src: '10.0.0.1', dst: '10.0.0.2' } as const;
  const at = (minutes: number): number => start + minutes * minuteMillis;
  const seen: PlainTuple[] = [
    { ...shared, time: at(58), state: 'begin', access: 'deny' },
    { ...shared, time: at(59), state: 'end', access: 'deny' },
    { ...shared, time: at(65), state: 'begin', access: 'deny' },
    { ...shared, time: at(65), state: 'begin', access: 'deny', direction: 'outbound' },
    { ...shared, time: at(66), state: 'end', access: 'deny' },
    { ...shared, time: at(66), state: 'end', access: 'deny', direction: 'outbound' },
    { ...shared, srcPort: 9, time: at(600), state: 'begin' },
  ];
  await ingestBlob(lake, 'a', [{ tuples: seen }]);
  await expectSettled();
  await ingestBlob(lake, 'late', [{ tuples: [{ ...shared, time: at(58.5), state: 'denied', access: 'deny' }] }]);
  expect((await seenFlows(lake)).flows).toEqual(await expectedFlows(lake));
  await expectSettled();
});
