/** What rows of `flows` have of their own observer: nothing where it is the conversation's. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listParameter } from '../../../src/lake/duckdb/duckdb.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { dataFileOf } from '../../../src/lake/delta/snapshot.ts';
import type { PlainTuple } from '../build-flow-log.ts';
import { expectedFlows, ingestBlob, storedFlows } from './settled-lake.ts';

const start = Date.parse('2023-11-14T10:00:00Z');
let folder: string;
let lake: Lake;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-own-values-'));
  lake = await openLake(join(folder, 'lake'), { create: true });
});

afterEach(async () => {
  await lake.close();
  await rm(folder, { recursive: true, force: true });
});

interface Seen {
  readonly from?: number;
  readonly until?: number;
  readonly denies?: boolean;
  readonly counters?: readonly [number, number, number, number];
}

/** Settles what the source and the destination logged of a connection. @returns own values as they are stored, of each row */
async function ownValues(source: Seen, destination: Seen): Promise<Record<string, unknown>[]> {
  const tuples = [source, destination].flatMap(({ from = 0, until = 60_000, denies = false, counters }, i) => {
    const shared = { src: '10.0.0.1', dst: '10.0.0.2', direction: i === 0 ? 'outbound' : 'inbound' } as const;
    if (denies) return [{ ...shared, access: 'deny', time: start + from, state: 'denied' } as const];
    const begin: PlainTuple = { ...shared, time: start + from, state: 'begin' };
    const end: PlainTuple = { ...shared, time: start + until, state: 'end' };
    return [begin, counters === undefined ? end : { ...end, counters }];
  });
  await ingestBlob(lake, 'a', [{ tuples }]);
  await settle(lake);
  expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
  const connection = await lake.connect();
  try {
    const { state } = (await lake.flows())!;
    const paths = [...state.files.values()].map((add) => dataFileOf(lake.flowsPlace, add).path);
    const sql = `SELECT epoch_ms(observer_time) - ${start} AS first, epoch_ms(observer_last_time) - ${start} AS last, observer_access AS access,
      observer_tuples AS tuples, [observer_packets_forward, observer_bytes_forward, observer_packets_reverse, observer_bytes_reverse] AS counters
      FROM read_parquet($1::VARCHAR[], hive_partitioning = false) ORDER BY observer`;
    const reader = await connection.runAndReadAll(sql, [await listParameter(paths)]);
    return JSON.parse(JSON.stringify(reader.getRowObjectsJson())) as Record<string, unknown>[];
  } finally {
    connection.closeSync();
  }
}

const none = [null, null, null, null];
const counters = [3, 100, 2, 50] as const;

test('of two observers that saw the same, only the number of tuples is stored', async () => {
  const same = { first: null, last: null, access: null, tuples: 2, counters: none };
  expect(await ownValues({ counters }, { counters })).toEqual([same, same]);
});

test('counters that differ are stored with the access, times by themselves', async () => {
  const [shown, other] = await ownValues({ counters, from: 1000 }, { counters: [3, 101, 2, 50], until: 61_000 });
  expect(shown).toEqual({ first: '1000', last: '60000', access: null, tuples: 2, counters: none });
  expect(other).toEqual({ first: null, last: null, access: 'allow', tuples: 2, counters: ['3', '101', '2', '50'] });
});

test('an observer that counted nothing is told from one that counted the same', async () => {
  const [, other] = await ownValues({ counters }, {});
  expect(other).toEqual({ first: null, last: null, access: 'allow', tuples: 2, counters: none });
});

test('an observer that allowed what another denied has its access and counters', async () => {
  const [denied, allowed] = await ownValues({ counters }, { denies: true });
  expect(denied).toEqual({ first: null, last: '0', access: 'deny', tuples: 1, counters: none });
  expect(allowed).toEqual({ first: null, last: null, access: 'allow', tuples: 2, counters: counters.map(String) });
});

test('of one observer nothing is stored', async () => {
  await ingestBlob(lake, 'a', [{ tuples: [{ time: start, src: '10.0.0.1', dst: '10.0.0.2', counters }] }]);
  await settle(lake);
  const [{ stats }] = (await lake.flows())!.state.files.values();
  const { nullCount, numRecords } = JSON.parse(stats ?? '{}') as {
    nullCount: Record<string, number>;
    numRecords: number;
  };
  expect(numRecords).toBe(1);
  expect([nullCount['observer_time'], nullCount['observer_access'], nullCount['observer_tuples']]).toEqual([1, 1, 1]);
});
