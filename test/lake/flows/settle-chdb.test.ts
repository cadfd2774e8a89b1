/** ClickHouse's own Delta reader reads both tables of a lake after each kind of commit. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { dayMillis, minuteMillis } from '../../../src/base/time.ts';
import { groupBy } from '../../../src/base/group-by.ts';
import { compact } from '../../../src/lake/compact.ts';
import type { Action } from '../../../src/lake/delta/delta-log.ts';
import { writeCommit } from '../../../src/lake/delta/delta-log.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { dataFileOf } from '../../../src/lake/delta/snapshot.ts';
import { vacuum } from '../../../src/lake/vacuum.ts';
import type { PlainRecord } from '../build-flow-log.ts';
import { askClickhouse, clickhouseSkipped, installClickhouse } from '../chdb/clickhouse.ts';
import type { PlainReport } from './plain-flows.ts';
import { expectedFlows, ingestBlob, readTuples, storedFlows } from './settled-lake.ts';

const start = Date.parse('2023-11-14T22:00:00Z');

function records(from: number): PlainRecord[] {
  return (['nsg2', 'vnet'] as const).map((format, r) => ({
    format,
    startByte: 1000 * r,
    tuples: Array.from({ length: 150 }, (_, i) => ({
      time: start + (from + (i % 130)) * minuteMillis + i,
      src: i % 4 === 0 ? '2001:db8::1' : '10.0.0.1',
      dst: i % 8 === 0 ? '2001:db8::2' : '10.0.0.2',
      srcPort: 1024 + (i % 23),
      direction: i % 2 === 0 ? ('outbound' as const) : ('inbound' as const),
      access: i % 5 === 3 ? ('deny' as const) : ('allow' as const),
      state: (['begin', 'continuing', 'end', 'denied', 'continuing'] as const)[i % 5],
      counters: [i, 2 ** 40 + i, 1, 2] as const,
    })),
  }));
}

const numbers = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'];

/** Rows in both readers, as texts. */
async function expectSame(lake: Lake, when: string): Promise<void> {
  const names = [
    'src_ip',
    'src_port',
    'dst_ip',
    'dst_port',
    'protocol',
    'direction',
    'rule',
    'state',
    'access',
    'format',
  ];
  const texts = [...names, ...numbers].map((name) => `toString(${name}) AS ${name}`);
  const millis = (name: string): string => `toString(toUnixTimestamp64Milli(${name})) AS ${name}`;
  const plain = (rows: readonly Readonly<Record<string, unknown>>[], of: readonly string[]): string[] =>
    rows.map((row) => JSON.stringify(of.map((name) => JSON.stringify(row[name] ?? null).replaceAll('"', '')))).sort();
  const ofTuples = [...names, ...numbers, 'time', 'tuple_index', 'blob'];
  const tuples = await askClickhouse(
    lake.tuples.place.folder,
    `SELECT ${[...texts, millis('time'), 'toString(tuple_index) AS tuple_index', 'blob'].join(', ')} FROM {lake}`,
  );
  expect(plain(tuples, ofTuples), `tuples, ${when}`).toEqual(plain(await readTuples(lake), ofTuples));
  const flows = await storedFlows(lake);
  const ofFlows = [
    ...names,
    ...numbers,
    'time',
    'last_time',
    'observer',
    'observers',
    'tuples',
    'continued',
    'own',
    'listed',
  ];
  const theirs = await askClickhouse(
    lake.flowsPlace.folder,
    `SELECT ${[
      ...texts,
      millis('time'),
      millis('last_time'),
      "observer, observers, tuples, continued = true ? 'true' : 'false' AS continued",
      'toString(observer_access IS NULL ? bytes_forward : observer_bytes_forward) AS own',
      `toJSONString(arrayMap(one -> [toString(toUnixTimestamp64Milli(tupleElement(one, 'time'))), toString(tupleElement(one, 'bytes_forward'))], reports)) AS listed`,
    ].join(', ')} FROM {lake}`,
  );
  const ours = flows.map((row) => {
    const reports = row['reports'] as readonly PlainReport[];
    const [first] = reports;
    const isWhole =
      reports.length === 1 && first.before === row['observer_time'] && first.time === row['observer_last_time'];
    const listed = isWhole ? [] : reports.map(({ time, counters }) => [String(time), String(counters[1])]);
    return { ...row, own: row['observer_bytes_forward'], listed: JSON.stringify(listed) };
  });
  const filled = theirs.map((row) => ({ ...row, listed: row['listed'] ?? '[]' }));
  expect(plain(filled, ofFlows), `flows, ${when}`).toEqual(plain(ours, ofFlows));
}

/** Another engine writes the tuples of each date anew as one file: all of them (OPTIMIZE), or those that a condition leaves (DELETE). */
async function rewriteTuples(lake: Lake, where: string, dataChange: boolean): Promise<void> {
  const { files, version } = await lake.tuples.refresh();
  const { place } = lake.tuples;
  const connection = await lake.connect();
  const actions: Action[] = [{ commitInfo: { operation: dataChange ? 'DELETE' : 'OPTIMIZE', engineInfo: 'other' } }];
  try {
    for (const [date, adds] of groupBy([...files.values()], (add) => add.partitionValues['date'] ?? '')) {
      const path = `date=${date}/other-${version}.parquet`;
      const target = join(place.folder, path);
      const list = adds.map((add) => `'${dataFileOf(place, add).path}'`).join(', ');
      const sql = `SELECT * FROM read_parquet([${list}], hive_partitioning = false) WHERE ${where}`;
      await connection.run(`COPY (${sql}) TO '${target}' (FORMAT parquet)`);
      const { tags: _, stats: __, ...rest } = adds[0];
      for (const add of adds) actions.push({ remove: { path: add.path, deletionTimestamp: Date.now(), dataChange } });
      actions.push({ add: { ...rest, path, size: (await readFile(target)).length, dataChange } });
    }
  } finally {
    connection.closeSync();
  }
  expect(await writeCommit(place, version + 1, actions)).toBe(true);
}

describe.skipIf(clickhouseSkipped !== undefined)(
  `ClickHouse's own Delta reader${clickhouseSkipped === undefined ? '' : ` (skipped: ${clickhouseSkipped})`}`,
  () => {
    beforeAll(installClickhouse, 600_000);

    test('reads both tables row for row after ingest, settling, late and rewritten blobs, compaction, checkpoints and vacuum', async () => {
      const parent = await mkdtemp(join(tmpdir(), 'nsgflow-settled-chdb-'));
      const lake = await openLake(join(parent, 'lake'), { create: true });
      try {
        await ingestBlob(lake, 'a', records(0));
        await settle(lake);
        await expectSame(lake, 'settled once');
        await ingestBlob(lake, 'late', records(-40));
        await expectSame(lake, 'with tuples that are not settled');
        await settle(lake);
        await expectSame(lake, 'settled again');
        await ingestBlob(lake, 'a', records(7), true);
        await settle(lake);
        await expectSame(lake, 'after a rewritten blob');
        for (let i = 0; i < 12; i++) {
          await ingestBlob(lake, `b${i}`, records(20 * i));
          await settle(lake);
        }
        expect((await lake.flows())!.state.checkpointVersion).toBeGreaterThan(0);
        await expectSame(lake, 'with checkpoints');
        let steps = 0;
        for await (const { version } of compact(lake, Date.now())) if (version !== undefined) steps++;
        expect(steps).toBeGreaterThan(0);
        await expectSame(lake, 'after compaction');
        const nowMillis = Date.now() + 40 * dayMillis;
        const { files } = await vacuum(lake, { nowMillis, keepMillis: 0, dryRun: false });
        expect(files.data).toBeGreaterThan(10);
        await expectSame(lake, 'after vacuum');
        await ingestBlob(lake, 'last', records(3));
        await settle(lake);
        await expectSame(lake, 'after all of that');
        expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
      } finally {
        await lake.close();
        await rm(parent, { recursive: true, force: true });
      }
    });

    test('reads both tables row for row after other engines joined and deleted tuples, and after a repair', async () => {
      const parent = await mkdtemp(join(tmpdir(), 'nsgflow-settled-chdb-'));
      const lake = await openLake(join(parent, 'lake'), { create: true });
      const settleAndCompare = async (when: string): Promise<void> => {
        await settle(lake);
        await expectSame(lake, when);
        expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
      };
      try {
        await ingestBlob(lake, 'a', records(0));
        await settleAndCompare('settled once');
        await ingestBlob(lake, 'b', records(11));
        await rewriteTuples(lake, 'true', false);
        await expectSame(lake, 'after an OPTIMIZE of tuples that were settled and others');
        await settleAndCompare('settled after an OPTIMIZE');
        await rewriteTuples(lake, 'src_port % 3 <> 0', true);
        await expectSame(lake, 'after a DELETE of tuples');
        await settleAndCompare('settled after a DELETE');
        const [add] = (await lake.flows())!.state.files.values();
        await rm(dataFileOf(lake.flowsPlace, add).path);
        await settleAndCompare('after a repair');
      } finally {
        await lake.close();
        await rm(parent, { recursive: true, force: true });
      }
    });

    test('pins a version of each table in one query, and picks files of tuples that are not settled', async () => {
      const parent = await mkdtemp(join(tmpdir(), 'nsgflow-settled-chdb-'));
      const lake = await openLake(join(parent, 'lake'), { create: true });
      try {
        await ingestBlob(lake, 'a', records(0));
        await settle(lake);
        const flows = (await lake.flows())!.state;
        const before = new Set(lake.tuples.state.files.keys());
        await ingestBlob(lake, 'b', records(31));
        const tuples = await lake.tuples.refresh();
        const uncovered = [...tuples.files.keys()].filter((path) => !before.has(path)).map((path) => basename(path));
        const counted = {
          flows: (await storedFlows(lake)).length,
          uncovered: records(31).reduce((sum, record) => sum + record.tuples.length, 0),
        };
        // What comes later is not seen.
        await ingestBlob(lake, 'c', records(50));
        await settle(lake);
        const pinned = (of: string, version: number): string =>
          `(SELECT * FROM deltaLakeLocal('${of}') SETTINGS delta_lake_snapshot_version = ${version})`;
        const files = `(SELECT _file FROM deltaLakeLocal('${lake.tuples.place.folder}') WHERE _file IN (${uncovered.map((name) => `'${name}'`).join(', ')}) SETTINGS delta_lake_snapshot_version = ${tuples.version})`;
        const [row] = await askClickhouse(
          lake.flowsPlace.folder,
          `SELECT (SELECT count() FROM ${pinned(lake.flowsPlace.folder, flows.version)}) AS flows, (SELECT count() FROM ${files}) AS uncovered`,
        );
        expect({ flows: Number(row['flows']), uncovered: Number(row['uncovered']) }).toEqual(counted);
      } finally {
        await lake.close();
        await rm(parent, { recursive: true, force: true });
      }
    });
  },
);
