/** `lake retain` and questions about tuples that are gone, by the built command. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dayMillis } from '../../src/base/time.ts';
import { openLake } from '../../src/lake/lake.ts';
import { ingestBlob } from '../lake/flows/settled-lake.ts';
import type { Ran } from './nsgflow.ts';
import { nsgflow } from './nsgflow.ts';

let root: string;
let folder: string;
let made = 0;
const today = Math.floor(Date.now() / dayMillis) * dayMillis;
const dateBefore = (days: number): string => new Date(today - days * dayMillis).toISOString().slice(0, 10);

/** Tuples of one connection on each of 40, 20, 1 and 0 days ago; and the same lake without those of 40 days ago. */
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'nsgflow-retain-cli-'));
  const lake = await openLake(join(root, 'whole'), { create: true });
  const tuples = [40, 20, 1, 0].map((days) => ({ time: today - days * dayMillis, src: '10.0.0.1', dst: '10.0.0.2' }));
  await ingestBlob(lake, 'c/a', [{ tuples }]);
  await lake.close();
  await copyOf('whole');
  expect(await retain('--tuples', '30')).toMatchObject({ code: 0 });
  await cp(folder, join(root, 'retained'), { recursive: true });
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

beforeEach(() => copyOf('whole'));

async function copyOf(name: 'whole' | 'retained'): Promise<void> {
  folder = join(root, `lake-${made++}`);
  await cp(join(root, name), folder, { recursive: true });
}

const retain = (...args: string[]): Promise<Ran> => nsgflow(['lake', 'retain', '--lake', folder, ...args]);
const ask = (...args: string[]): Promise<Ran> => nsgflow([...args, '--lake', folder]);

test.each([
  [[], 'say what to keep'],
  [['--days', '3', '--tuples', '3'], '--days is for both tables'],
  [['--days', '3', '--conversations', '3'], '--days is for both tables'],
  [['--tuples', '10', '--conversations', '9'], 'conversations are not kept shorter than tuples'],
  [['--conversations', '30'], `there are tuples of ${dateBefore(40)}`],
  [['--days', '0'], '--days'],
  [['--tuples', 'x'], '--tuples'],
  [['--conversations', '36501'], '--conversations'],
  [['--budget', 'much'], '--budget'],
])('wrong: lake retain %s', async (args, message) => {
  const ran = await retain(...args);
  expect(ran).toMatchObject({ code: 2, out: '' });
  expect(ran.err).toContain(message);
});

test('a lake that is not there', async () => {
  expect(await nsgflow(['lake', 'retain', '--lake', join(root, 'none'), '--days', '3'])).toMatchObject({ code: 3 });
});

test('days: a dry run, then the removal, then nothing', async () => {
  const dry = await retain('--days', '30', '--dry-run');
  expect(dry).toMatchObject({ code: 0, err: '' });
  expect(dry.out).toContain(`would remove tuples of ${dateBefore(40)}: 1 file, `);
  const ran = await retain('--days', '30');
  expect(ran).toMatchObject({ code: 0, err: '' });
  expect(ran.out).toMatch(
    new RegExp(
      `^removed tuples of ${dateBefore(40)}: 1 file, .*\nremoved conversations of ${dateBefore(40)}: 1 file, .*\n.*vacuum\ndates before ${dateBefore(30)} are frozen\n`,
    ),
  );
  expect((await retain('--days', '30')).out).toContain('nothing to remove\n');
});

test('tuples alone; what must wait is named; JSON has all figures', async () => {
  const ran = await retain('--tuples', '1', '--stats', 'json');
  expect(ran.code).toBe(0);
  expect(JSON.parse(ran.out)).toMatchObject({
    tuples: { dates: [dateBefore(40), dateBefore(20)], files: 2 },
    conversations: { dates: [], files: 0, bytes: 0 },
    frozen_before: dateBefore(2),
    waiting: [],
    is_over_budget: false,
    settled_apart: 0,
    missed: 0,
    is_dry_run: false,
  });
  const other = await retain('--budget', '1');
  expect(other.code).toBe(1);
  expect(other.err).toContain(`note: ${dateBefore(1)} must wait`);
  expect(other.err).toMatch(/the newest dates alone take .*, more than the budget of 1 B/);
  expect(other.out).toContain(`removed conversations of 2 dates, ${dateBefore(40)} to ${dateBefore(20)}`);
});

describe('questions about tuples that are gone', () => {
  beforeEach(() => copyOf('retained'));
  const note = (): string => `note: tuples before ${dateBefore(30)} were removed`;
  const from = (): string[] => ['--from', dateBefore(30)];

  test.each([
    [['flows', '--tuples', '-o', 'jsonl']],
    [['count', '-o', 'json']],
    [['count', '--observations', '-o', 'json']],
    [['top', '--by', 'src.ip', '--observations', '-o', 'json']],
    [['flows', '--tuples', '-o', 'parquet']],
  ])('%s: 7 without --from, 0 with it', async (args) => {
    const all = await ask(...args);
    expect(all.code).toBe(7);
    expect(all.err).toContain(note());
    expect(await ask(...args, ...from())).toMatchObject({ code: 0, err: '' });
  });

  test('the answer has what there is', async () => {
    const { out } = await ask('flows', '--tuples', '-o', 'jsonl');
    expect(out.trim().split('\n')).toHaveLength(3);
    expect(JSON.parse((await ask('count', '--observations', '-o', 'json')).out)).toMatchObject({ tuples: 3 });
  });

  test('a later range, and an error, have their own exit codes', async () => {
    expect(await ask('flows', '--tuples', '--from', dateBefore(29), '-o', 'jsonl')).toMatchObject({ code: 0, err: '' });
    const early = ['--from', dateBefore(31), '--to', dateBefore(25)];
    expect(await ask('count', '--observations', ...early, '-o', 'json')).toMatchObject({ code: 7 });
    expect(await ask('flows', '--tuples', 'src.ip ~~ 3')).toMatchObject({ code: 2 });
  });

  test('SQL that names no time asks for all; of other SQL it is not known', async () => {
    expect(await ask('query', '--sql', 'select count(*) as n from tuples', '-o', 'jsonl')).toMatchObject({
      code: 7,
      out: '{"n":3}\n',
      err: expect.stringContaining(note()) as string,
    });
    const some = `select count(*) as n from tuples where time >= '${dateBefore(30)}'`;
    expect(await ask('query', '--sql', some, '-o', 'jsonl')).toMatchObject({
      code: 0,
      err: expect.stringContaining(note()) as string,
    });
  });

  test('SQL that names no tuples lacks nothing', async () => {
    for (const sql of [
      'select count(*) > 0 as n from conversations',
      'select sum(tuples) > 0 as n from flows',
      'with tuples as (from flows) select count(*) > 0 as n from tuples',
    ])
      expect(await ask('query', '--sql', sql, '-o', 'jsonl')).toMatchObject({ code: 0, err: '', out: '{"n":true}\n' });
    expect(await ask('query', '--sql', 'describe tuples')).toMatchObject({ code: 0, err: '' });
  });

  test('late tuples: lake settle and lake stats count them', async () => {
    const lake = await openLake(folder);
    await ingestBlob(lake, 'c/late', [
      { tuples: [{ time: today - 40 * dayMillis, src: '10.0.0.3', dst: '10.0.0.4' }] },
    ]);
    await lake.close();
    expect((await nsgflow(['lake', 'settle', '--lake', folder])).out).toContain(
      'settled apart, since their dates are frozen: 1 tuple\n',
    );
    const table = (await nsgflow(['lake', 'stats', '--lake', folder, '-o', 'table'])).out;
    expect(table).toContain(`tuples from      ${dateBefore(30)} on; those of earlier dates were removed\n`);
    const frozen = `dates before ${dateBefore(30)} are frozen; settled apart: 1 tuple that came later`;
    expect(table).toContain(`                 ${frozen}\n`);
    const doctor = await nsgflow(['doctor', '--lake', folder, '-o', 'jsonl']);
    expect(doctor.out).toContain(frozen);
    const stats = JSON.parse((await nsgflow(['lake', 'stats', '--lake', folder, '-o', 'json'])).out) as object;
    expect(stats).toMatchObject({
      tuples_from: dateBefore(30),
      flows: { frozen_before: dateBefore(30), settled_apart: 1, uncovered_tuples: 0 },
    });
  });
});

test('ingest: late and rewritten blobs of frozen dates', async () => {
  const logs = join(root, `logs-${made}`);
  await mkdir(logs);
  const log = (packets: number, seconds: readonly number[]): string =>
    JSON.stringify({
      records: [
        {
          time: new Date(today - 40 * dayMillis).toISOString(),
          systemId: 'x',
          category: 'NetworkSecurityGroupFlowEvent',
          resourceId:
            '/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB',
          operationName: 'NetworkSecurityGroupFlowEvents',
          properties: {
            Version: 2,
            flows: [
              {
                rule: 'UserRule_A',
                flows: [
                  {
                    mac: '000D3A000001',
                    flowTuples: seconds.map(
                      (second) =>
                        `${(today - 40 * dayMillis) / 1000 + second},10.0.0.1,10.0.0.2,1024,443,T,O,A,E,${packets},60,${packets},60`,
                    ),
                  },
                ],
              },
            ],
          },
        },
      ],
    });
  const ingest = async (): Promise<Record<string, unknown>> => {
    const ran = await nsgflow(['ingest', logs, '--lake', folder, '--stats', 'json']);
    expect(ran.code).toBe(0);
    return JSON.parse(ran.out) as Record<string, unknown>;
  };
  await retain('--tuples', '30');
  await writeFile(join(logs, 'PT1H.json'), log(3, [1, 2]));
  expect(await ingest()).toMatchObject({ tuples: 2, settled_apart: 2, frozen: 0, rejected: 0 });
  await writeFile(join(logs, 'PT1H.json'), log(4, [1, 2, 3, 4]));
  const ran = await nsgflow(['ingest', logs, '--lake', folder]);
  expect(ran.code).toBe(0);
  expect(ran.err).toMatch(/rejected: .*PT1H\.json, bytes \d+ to \d+: frozen: 4 tuples of dates before /);
  expect(ran.out).toContain('frozen           4 tuples of rewritten blobs were rejected with them\n');
  expect(ran.out).toContain(`tuples           0 added to ${folder}\n`);
  expect((await nsgflow(['ingest', 'rejects', '--lake', folder, '-o', 'jsonl'])).out).toContain('"frozen"');
  const count = JSON.parse(
    (await ask('count', '--observations', 'src.port = 1024 and packets = 6', '-o', 'json')).out,
  ) as object;
  expect(count).toMatchObject({ tuples: 2 });
});
