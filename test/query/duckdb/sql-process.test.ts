import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openLake } from '../../../src/lake/lake.ts';
import type { Engine } from '../../../src/query/engine/engine.ts';
import { openLakeEngine } from '../../../src/query/engine/lake-engine.ts';
import { main } from '../../cli/nsgflow.ts';
import { buildFlowLog } from '../../lake/build-flow-log.ts';
import { ask } from '../ask.ts';

const dist = new URL('../../../dist/', import.meta.url);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nsgflow-sql-process-')));
const isLong = process.env['NSGFLOW_LONG'] === '1';
const lakeFolder = join(folder, 'lake');
const temporary = join(folder, 'tmp');
/** Of the built code, which asks in processes of their own; the code of `src` answers in this one. */
let built: Engine;

beforeAll(async () => {
  mkdirSync(temporary);
  vi.stubEnv('TMPDIR', temporary);
  const lake = await openLake(lakeFolder, { create: true });
  const append = await lake.beginAppend();
  const tuples = [{ time: 1_700_000_000_000, src: '10.0.0.1', dst: '10.0.0.2' }];
  await append.addFlowLog(buildFlowLog([{ tuples }]), { blob: 'b' });
  await append.commit([]);
  await lake.close();
  const { openLake: openBuilt, openLakeEngine: open } = await loadBuilt();
  built = await open(await openBuilt(lakeFolder));
});

afterAll(async () => {
  await built.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

afterEach(() => {
  expect(spillFolders()).toEqual([]);
  expect(ofThisProcess()).toEqual([]);
});

interface Built {
  readonly openLake: typeof openLake;
  readonly openLakeEngine: typeof openLakeEngine;
}

async function loadBuilt(): Promise<Built> {
  const load = async (path: string): Promise<Built> => (await import(new URL(path, dist).href)) as Built;
  return { ...(await load('lake/lake.js')), ...(await load('query/engine/lake-engine.js')) };
}

/** One row, of which DuckDB computes for hours: it looks for an interruption between chunks of rows only. */
const stuck = 'SELECT list_sum(list_transform(range(1000000000), x -> x * x))';

async function read(sql: string, settings: Parameters<Engine['sql']>[1] = {}): Promise<void> {
  for await (const _ of (await built.sql(sql, settings)).chunks);
}

test('values of all kinds, columns and names come as they are in one process', async () => {
  const sql = `SELECT *, 18446744073709551615 AS wide, 'nan'::DOUBLE AS nan, -0.0::DOUBLE AS zero, NULL AS nothing, true AS yes,
    [1, NULL] AS list, {'a': 'ü', 'b': [now() < now()]} AS struct, map {'k': 2} AS map, 'x'::BLOB AS bytes,
    TIMESTAMPTZ '2026-11-30 10:00:00.123456Z' AS time, DATE '2026-11-30' AS day, 1.50::DECIMAL(9, 2) AS fixed FROM flows, tuples`;
  const lake = await openLake(lakeFolder);
  const here = await openLakeEngine(lake);
  const [one, other] = [await built.sql(sql), await here.sql(sql)];
  const { chunks: ofOne, ...rest } = one;
  const { chunks: ofOther, ...expected } = other;
  expect(rest).toEqual(expected);
  const rows: unknown[] = [];
  for await (const chunk of ofOne) rows.push(...chunk);
  const expectedRows: unknown[] = [];
  for await (const chunk of ofOther) expectedRows.push(...chunk);
  expect(rows).toHaveLength(1);
  expect(rows).toEqual(expectedRows);
  await here.close();
  await lake.close();
});

test('an answer of many chunks is whole, and one that nobody reads to its end leaves no process', async () => {
  const { chunks } = await built.sql('FROM range(300000)');
  let [rows, sum] = [0, 0];
  for await (const chunk of chunks) for (const [value] of chunk) [rows, sum] = [rows + 1, sum + Number(value)];
  expect([rows, sum]).toEqual([300_000, (300_000 * 299_999) / 2]);
  for await (const chunk of (await built.sql('FROM range(100000000000)')).chunks) {
    expect(chunk[0]).toEqual([0]);
    break;
  }
});

test('errors have the code, the sentence and the hint that they have in one process', async () => {
  for (const [sql, code] of [
    ['SELECT bytez FROM flows', 'sql-failed'],
    ["SELECT error('half') FROM range(100000) WHERE range = 99999", 'sql-failed'],
  ] as const)
    await expect(read(sql)).rejects.toMatchObject({ code, hint: expect.stringMatching(/\w/) as string });
  expect(await ask(built, 'SELECT count(*) AS n FROM conversations')).toEqual([{ n: 1 }]);
});

const long = [
  ['that computes one row', stuck],
  ['that spills', 'SELECT hash(i) AS h FROM range(1000000000) t(i) ORDER BY h OFFSET 5000000'],
];

test.each(isLong ? long : long.slice(1))(
  'a question %s ends by its signal, with its process and its files',
  async (_, sql) => {
    const stop = new AbortController();
    const failed = read(sql, { signal: stop.signal, bounds: { memoryBytes: 64 << 20 } }).catch(
      (error: unknown) => error,
    );
    await vi.waitUntil(() => kibibytesOf(ofThisProcess()[0]) > 150_000, { timeout: 120_000, interval: 20 });
    stop.abort('enough');
    expect(await failed).toBe('enough');
  },
);

test('a question ends with its engine', async () => {
  const { openLakeEngine: open } = await loadBuilt();
  const lake = await openLake(lakeFolder);
  const engine = await open(lake);
  const answers = await Promise.all(Array.from({ length: 3 }, () => engine.sql('FROM range(100000000000)')));
  await engine.close();
  for (const { chunks } of answers)
    await expect(chunks[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'interrupted' });
  await lake.close();
});

const hungry = [
  ['a list in DuckDB', stuck],
  ['a list in an answer', 'SELECT range(200000000)'],
];

test.each(isLong ? hungry : hungry.slice(0, 1))(
  '%s that takes more memory than the question may have ends it',
  async (_, sql) => {
    await expect(read(sql, { bounds: { memoryBytes: 64 << 20 } })).rejects.toMatchObject({ code: 'memory' });
  },
);

describe.skipIf(process.platform !== 'linux')('the command', () => {
  /** Asks; once the process of the question is at work, calls `then` with its id and that of the command. */
  async function asked(args: readonly string[], then?: (pid: number, child: number) => void): Promise<unknown[]> {
    const options = { detached: true, cwd: folder };
    const command = spawn(process.execPath, [main, 'query', '--lake', lakeFolder, ...args], options);
    let said = '';
    command.stderr.on('data', (text: Buffer) => (said += text.toString()));
    const ended = new Promise((resolve) => command.on('close', (code, signal) => resolve(code ?? signal)));
    const ofCommand = (): number[] => sqlProcesses((pid) => linkOf(`/proc/${pid}/cwd`) === folder);
    if (then !== undefined) {
      await vi.waitUntil(() => kibibytesOf(ofCommand()[0]) > 150_000, { timeout: 120_000, interval: 20 });
      then(command.pid!, ofCommand()[0]);
    }
    const end = await ended;
    await vi.waitUntil(() => ofCommand().length === 0, { timeout: 120_000, interval: 20 });
    return [end, said.split('\n')[0]];
  }

  test('ends with 5 after --timeout', async () => {
    const [code, said] = await asked(['--timeout', '1s', '--sql', stuck]);
    expect([code, said]).toEqual([5, 'nsgflow: no answer within 1s: given up']);
  });

  test('ends with 130 by Ctrl-C, which goes to all processes of a terminal', async () => {
    const [code, said] = await asked(['--sql', stuck], (pid) => process.kill(-pid, 'SIGINT'));
    expect([code, said]).toEqual([130, 'nsgflow: interrupted']);
  });

  test('leaves no process where it is killed, and the next one removes its files', async () => {
    const [end] = await asked(['--sql', stuck], (pid) => process.kill(pid, 'SIGKILL'));
    expect([end, spillFolders().length]).toEqual(['SIGKILL', 1]);
    expect(await asked(['--sql', 'select 1'])).toEqual([0, '']);
  });

  test.skipIf(!isLong)('says so where the process of the question breaks down', async () => {
    const [code, said] = await asked(['--sql', stuck], (_, child) => process.kill(child, 'SIGSEGV'));
    expect([code, said]).toEqual([2, 'nsgflow: the process of the question ended with SIGSEGV']);
  });
});

function spillFolders(): string[] {
  return readdirSync(temporary).filter((name) => name.includes('spill'));
}

/** Processes of questions that still run. */
function sqlProcesses(isWanted: (pid: number) => boolean): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => textOf(`/proc/${pid}/cmdline`).includes('sql-child') && isWanted(pid));
}

function ofThisProcess(): number[] {
  // PID (NAME) STATE PARENT …
  return sqlProcesses((pid) => Number(/\) \S (\d+)/.exec(textOf(`/proc/${pid}/stat`))?.[1]) === process.pid);
}

/** Resident memory; 0 of a process that has ended. */
function kibibytesOf(pid: number | undefined): number {
  return Number(/VmRSS:\s+(\d+)/.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
