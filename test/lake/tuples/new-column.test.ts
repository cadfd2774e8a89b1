import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { run } from '../../../src/cli/program.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { nativeRowGroups, readNativeGroup } from '../../../src/lake/tuples/native-rows.ts';
import type * as Schema from '../../../src/lake/tuples/schema.ts';
import type { LakeColumn } from '../../../src/lake/tuples/schema.ts';
import { StageTables } from '../../../src/lake/tuples/staged-rows.ts';
import { groupTextIndex } from '../../../src/lake/tuples/stored-columns.ts';
import { oldFlows, oldTuples, unpackOldLake } from '../unmoved/old-lake.ts';

/** A column is one entry of the table of columns: the whole program runs with one entry more. */
vi.mock('../../../src/lake/tuples/schema.ts', async (original) => {
  const schema = await original<typeof Schema>();
  const entry: LakeColumn = {
    name: 'log_guid',
    delta: 'string',
    place: 'flows',
    groupable: true,
    fields: ['log.guid'],
    filter: 'text',
    label: 'Flow log',
    meaning: 'flowLogGUID of a VNet log.',
    source: { kind: 'text', of: ({ record }) => record.flowLogGuid },
    since: 3,
  };
  return { ...schema, lakeColumns: [...schema.lakeColumns, entry] };
});

const [first, second] = ['11111111-aaaa', '22222222-bbbb'];
const noon = Date.parse('2026-03-01T12:00:00Z');
let folder: string;
let logs: string;
let lake: string;

/** A VNet log of one record: flows to these ports. */
async function writeLog(guid: string, mac: string, ports: readonly number[]): Promise<void> {
  const tuples = ports.flatMap((port) => [
    `${noon},10.0.0.${mac.at(-1)},192.0.2.9,50000,${port},6,O,B,NX,0,0,0,0`,
    `${noon + 60_000},10.0.0.${mac.at(-1)},192.0.2.9,50000,${port},6,O,E,NX,1,${port},2,100`,
  ]);
  const path = `${logs}/c/flowLogResourceID=/S_W/N/y=2026/m=03/d=01/h=12/m=00/macAddress=${mac}/PT1H.json`;
  const record = {
    time: '2026-03-01T12:01:00.0000000Z',
    flowLogVersion: 4,
    flowLogGUID: guid,
    macAddress: mac,
    category: 'FlowLogFlowEvent',
    flowLogResourceID: '/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/W/FLOWLOGS/N',
    targetResourceID: '/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v',
    operationName: 'FlowLogFlowEvent',
    flowRecords: {
      flows: [{ aclID: '/a/networkSecurityGroups/web', flowGroups: [{ rule: 'UserRule_Out', flowTuples: tuples }] }],
    },
  };
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify({ records: [record] }));
}

/** What a command writes to its standard output. */
async function output(...args: string[]): Promise<string> {
  const written: string[] = [];
  const take = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    written.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    const done = rest.at(-1);
    if (typeof done === 'function') done();
    return true;
  };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(take);
  const errors: string[] = [];
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => errors.push(String(chunk)) > 0);
  const code = await run(args);
  out.mockRestore();
  err.mockRestore();
  expect([args, code, errors]).toEqual([args, 0, expect.anything()]);
  return written.join('');
}

const rowsOf = async (...question: string[]): Promise<Record<string, unknown>[]> =>
  JSON.parse(await output(...question, '--lake', lake, '-o', 'json')) as Record<string, unknown>[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-column-'));
  logs = join(folder, 'logs');
  lake = join(folder, 'lake');
  await writeLog(first, '000D3A000001', [443, 8443]);
  await writeLog(second, '000D3A000002', [443, 8443, 22]);
  await output('ingest', logs, '--lake', lake);
});
afterEach(() => vi.restoreAllMocks());
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('one entry more in the table of columns', () => {
  test('is a column of the data files and of the log, and is read back by the kernel', async () => {
    const opened = await openLake(lake);
    const { files } = await opened.snapshot();
    expect(opened.tuples.state.metadata.schemaString).toContain('{"name":"log_guid","type":"string"');
    const found: string[] = [];
    for (const file of files) {
      const tables = new StageTables();
      for (const group of (await nativeRowGroups(file))!) {
        const rows = (await readNativeGroup(file.path, group, tables))!;
        for (let run = 0; run < rows.runs; run++)
          found.push(tables.groups[rows.runGroup[run]][groupTextIndex('log_guid')]);
      }
    }
    expect(found.sort()).toEqual([first, second]);
    await opened.close();
  });

  test('is filtered, grouped by, asked in SQL and written as CSV, before its flows are settled and after', async () => {
    for (const settles of [false, true]) {
      if (settles) await output('lake', 'settle', '--lake', lake);
      const all = (await rowsOf('flows')).map((row) => String(row['log_guid']));
      expect(all.sort()).toEqual([first, first, second, second, second]);
      expect(await rowsOf('flows', `log.guid = ${first}`)).toHaveLength(2);
      expect(await rowsOf('flows', 'log.guid = 2*')).toHaveLength(3);
      const groups = await rowsOf('top', '--by', 'log.guid', '--metric', 'flows');
      expect(groups.map((row) => [row['log_guid'], row['flows']])).toEqual([
        [second, 3],
        [first, 2],
      ]);
      for (const [table, counts] of [
        ['tuples', [4, 6]],
        ['flows', [2, 3]],
      ] as const) {
        const sql = `SELECT log_guid, count(*)::INT AS n FROM ${table} GROUP BY ALL ORDER BY 1`;
        expect(await rowsOf('query', '--sql', sql)).toEqual([
          { log_guid: first, n: counts[0] },
          { log_guid: second, n: counts[1] },
        ]);
      }
      const [header, ...lines] = (await output('flows', 'dst.port = 22', '--lake', lake, '-o', 'csv')).split(/\r?\n/);
      expect([header.split(',').includes('log_guid'), lines[0].split(',')]).toEqual([
        true,
        expect.arrayContaining([second]),
      ]);
      expect(await output('flows', 'dst.port = 22', '--lake', lake, '-o', 'md')).toContain(second);
    }
  });

  test('is completed as a field and as a group', async () => {
    expect(await output('__complete', 'flows', 'log.g')).toContain('log.guid');
    expect(await output('__complete', 'top', '--by', 'log')).toContain('log.guid');
  });

  test('is kept in a file of which the rows of another blob are replaced', async () => {
    await writeLog(first, '000D3A000001', [443, 9]);
    await output('ingest', logs, '--lake', lake);
    const ports = await rowsOf(
      'query',
      '--sql',
      `SELECT DISTINCT dst_port FROM tuples WHERE log_guid = '${first}' ORDER BY 1`,
    );
    expect(ports.map((row) => row['dst_port'])).toEqual([9, 443]);
    const kept = `SELECT count(*)::INT AS n FROM tuples WHERE log_guid = '${second}'`;
    expect(await rowsOf('query', '--sql', kept)).toEqual([{ n: 6 }]);
  });

  test('is null in what an older lake holds, and new rows of that lake have it', async () => {
    const old = lake;
    lake = join(folder, 'old');
    await unpackOldLake(lake);
    const count = async (table: string): Promise<unknown> =>
      (await rowsOf('query', '--sql', `SELECT count(*)::INT AS n, count(log_guid)::INT AS guids FROM ${table}`))[0];
    expect([await count('tuples'), await count('flows')]).toEqual([
      { n: oldTuples, guids: 0 },
      { n: oldFlows, guids: 0 },
    ]);
    await output('ingest', logs, '--lake', lake);
    await output('lake', 'settle', '--lake', lake);
    expect(await count('tuples')).toEqual({ n: oldTuples + 10, guids: 10 });
    expect(await count('flows')).toEqual({ n: oldFlows + 5, guids: 5 });
    const opened = await openLake(lake);
    expect((await opened.flows())!.state.metadata.schemaString).toContain('{"name":"log_guid","type":"string"');
    await opened.close();
    lake = old;
  });
});
