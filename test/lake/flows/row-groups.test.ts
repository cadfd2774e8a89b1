/** Row groups of data files of `flows`: one hour and one access each, so that engines skip them by their statistics. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hourMillis } from '../../../src/base/time.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import { partTag } from '../../../src/lake/flows/flow-files.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { dataFileOf } from '../../../src/lake/delta/snapshot.ts';
import type { PlainTuple } from '../build-flow-log.ts';
import { expectedFlows, ingestBlob, storedFlows } from './settled-lake.ts';

const folder = await mkdtemp(join(tmpdir(), 'nsgflow-row-groups-'));
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const start = Date.parse('2023-11-14T01:00:00Z');

/** Of each hour 100 connections that two NICs see; every `nth` was denied by one of them. */
function hours(count: number, nth: number): PlainTuple[] {
  return Array.from({ length: 100 * count }, (_, i) =>
    (['inbound', 'outbound'] as const).map((direction): PlainTuple => {
      const isDenied = i % nth === 0 && direction === 'inbound';
      return {
        time: start + Math.floor(i / 100) * hourMillis + (i % 100) * 1000,
        src: '10.0.0.1',
        dst: '10.0.0.2',
        srcPort: 1024 + i,
        direction,
        state: isDenied ? 'denied' : 'end',
        access: isDenied ? 'deny' : 'allow',
      };
    }),
  ).flat();
}

interface RowGroup {
  readonly part: string | undefined;
  readonly rows: number;
  readonly accesses: string;
  readonly firstHour: number;
  readonly lastHour: number;
}

async function rowGroups(lake: Lake): Promise<RowGroup[]> {
  const connection = await lake.connect();
  const all: RowGroup[] = [];
  try {
    for (const add of (await lake.flows())!.state.files.values()) {
      const { path } = dataFileOf(lake.flowsPlace, add);
      const of = (name: string, expression: string): string =>
        `any_value(${expression}) FILTER (path_in_schema = '${name}')`;
      const hour = (text: string): string => `hour(${text}::TIMESTAMPTZ AT TIME ZONE 'UTC')::INTEGER`;
      const sql = `SELECT ${of('time', 'row_group_num_rows')}::INTEGER, ${of('access', "stats_min_value || ' to ' || stats_max_value")}, ${hour(of('time', 'stats_min_value'))}, ${hour(of('time', 'stats_max_value'))} FROM parquet_metadata('${path}') GROUP BY row_group_id`;
      for (const [rows, accesses, firstHour, lastHour] of (await connection.runAndReadAll(sql)).getRowsJS() as [
        number,
        string,
        number,
        number,
      ][])
        all.push({ part: add.tags?.[partTag], rows, accesses, firstHour, lastHour });
    }
  } finally {
    connection.closeSync();
  }
  return all;
}

async function settled(name: string, nth: number, rowGroupRows: number): Promise<RowGroup[]> {
  const lake = await openLake(join(folder, name), { create: true });
  try {
    await ingestBlob(lake, 'b', [{ tuples: hours(4, nth) }]);
    await settle(lake, undefined, { rowGroupRows, flowsFileRowsMax: 10 * rowGroupRows });
    expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
    return await rowGroups(lake);
  } finally {
    await lake.close();
  }
}

test('conversations that were denied have row groups of their own, which engines skip by `access`; each group is of one hour', async () => {
  const groups = await settled('apart', 4, 120);
  expect(groups.length).toBeGreaterThan(8);
  for (const { accesses, firstHour, lastHour, part } of groups) {
    expect(['allow to allow', 'deny to deny']).toContain(accesses);
    expect(firstHour).toBe(lastHour);
    if (part !== 'open') expect(String(firstHour)).toBe(part);
  }
  const denied = groups.filter(({ accesses }) => accesses === 'deny to deny');
  // Both rows of a conversation have its access.
  expect(denied.reduce((sum, { rows }) => sum + rows, 0)).toBe(4 * 25 * 2);
  expect(groups.reduce((sum, { rows }) => sum + rows, 0)).toBe(4 * 200);
});

test('few that were denied share a row group with the others, so that small files stay small', async () => {
  const groups = await settled('together', 20, 1000);
  expect(groups.map(({ part, accesses }) => [part, accesses])).toEqual(
    ['1', '2', '3', '4', 'open'].map((part) => [part, 'allow to deny']),
  );
});
