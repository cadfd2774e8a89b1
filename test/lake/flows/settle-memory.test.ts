/** Memory of settling dates of any size: the most that a process of its own had, as the system counts it. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayMillis, hourMillis, minuteMillis } from '../../../src/base/time.ts';
import { openLake } from '../../../src/lake/lake.ts';
import type { BigTuple } from './big-date.ts';
import { connectionsOf, ingestBig } from './big-date.ts';
import { totalsOf } from './totals.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const root = mkdtempSync(join(tmpdir(), 'nsgflow-settle-memory-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const isLong = process.env['NSGFLOW_LONG'] === '1';
const mebibytesMax = 600;
const count = isLong ? 5_000_000 : 20_000;

const dist = join(root, 'dist');
const script = join(root, 'work.mjs');
const ingestScript = join(root, 'ingest.mjs');
const urlOf = (name: string): string => JSON.stringify(pathToFileURL(join(dist, name)).href);
const program = `
const [folder] = process.argv.slice(2);
const { openLake } = await import(${urlOf('lake/lake.js')});
const { settle } = await import(${urlOf('lake/flows/settle.js')});
const lake = await openLake(folder);
const settled = await settle(lake);
await lake.close();
process.stdout.write(JSON.stringify({ ...settled, mebibytes: Math.ceil(process.resourceUsage().maxRSS / 1024) }));
`;

const ingestProgram = `
const [logs, lake] = process.argv.slice(2);
const { Ingester } = await import(${urlOf('ingest/ingest.js')});
const { listSources } = await import(${urlOf('source/list-sources.js')});
const { selectsAll } = await import(${urlOf('source/selection.js')});
const ingester = new Ingester({ sources: [logs], lake });
await ingester.pass((unlisted) => listSources([logs], selectsAll, unlisted));
await ingester.settle();
await ingester.close();
const { tuples } = ingester.totals;
process.stdout.write(JSON.stringify({ tuples, mebibytes: Math.ceil(process.resourceUsage().maxRSS / 1024) }));
`;

beforeAll(() => {
  cpSync(join(repository, 'dist'), dist, { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'), 'junction');
  writeFileSync(join(root, 'package.json'), readFileSync(join(repository, 'package.json')));
  writeFileSync(script, program);
  writeFileSync(ingestScript, ingestProgram);
});

interface Ran {
  readonly rows: number;
  readonly mebibytes: number;
}

/** Tuples of whole hours, and of the minutes behind them. */
interface Made {
  readonly tuples: number;
  readonly moreTuples: number;
}

/** What bench/made-logs.mjs gives. */
interface MadeLogs {
  makeFlowLogs(folder: string, hours: number, moreFolder: string, more: number): Made;
}

interface Ingested {
  readonly tuples: number;
  readonly mebibytes: number;
}

async function run<T = Ran>(...args: readonly string[]): Promise<T> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  expect(errors).toBe('');
  return JSON.parse(output) as T;
}

const start = Date.parse('2023-11-14T00:00:00Z');

/** Connections of a few minutes that two NICs see, all day long; one of seven is denied. */
const usual = connectionsOf(count, start, dayMillis, 720);

/** All of them in one hour, so that nothing ends before. */
function distinct(tuple: BigTuple, n: number): void {
  tuple.timeMillis = start + hourMillis + Math.floor((n / count) * 60 * minuteMillis);
  tuple.source = n >> 16;
  tuple.sourcePort = n & 0xffff;
  tuple.state = 'begin';
}

/** One five-tuple: it begins and ends again and again, so that all its flows are of one group. */
function reused(tuple: BigTuple, n: number): void {
  tuple.timeMillis = start + Math.floor((n / uses / 2) * dayMillis);
  tuple.state = n % 2 === 0 ? 'begin' : 'end';
  tuple.bytes = n;
}
const uses = isLong ? 100_000 : 2000;

const dates = [
  [`${count} tuples of a usual day`, count, usual],
  [`${count} five-tuples in one hour`, count, distinct],
  [`one five-tuple, used ${uses} times`, 2 * uses, reused],
] as const;
test.each(isLong ? dates : dates.slice(0, 1))(
  `settling %s takes at most ${mebibytesMax} MiB, also a second time, after late tuples`,
  async (name, tuples, make) => {
    const folder = join(root, name.replaceAll(' ', '-'));
    const lake = await openLake(folder, { create: true });
    await ingestBig(lake, 'a', tuples, make);
    const first = await run(script, folder);
    console.log(name, first);
    expect(first.mebibytes).toBeLessThanOrEqual(mebibytesMax);
    expect(first.rows).toBeGreaterThan(tuples / 8);
    await ingestBig(lake, 'late', 1000, (tuple, n) => make(tuple, Math.floor((n * tuples) / 1000)));
    const second = await run(script, folder);
    console.log(name, second);
    expect(second.mebibytes).toBeLessThanOrEqual(mebibytesMax);
    await lake.close();
    rmSync(folder, { recursive: true, force: true });
  },
  3_600_000,
);

test(`ingesting hours of logs and settling them takes at most ${mebibytesMax} MiB, of one process`, async () => {
  const logs = join(root, 'logs');
  const folder = join(root, 'ingested');
  const made = (await import(join(repository, 'bench', 'made-logs.mjs'))) as MadeLogs;
  // Hours of the long run; else a quarter of one.
  const other = join(root, 'other');
  const { tuples, moreTuples } = isLong ? made.makeFlowLogs(logs, 5, other, 0) : made.makeFlowLogs(other, 0, logs, 15);
  const inAll = tuples + moreTuples;
  const ran = await run<Ingested>(ingestScript, logs, folder);
  console.log('ingested and settled', ran);
  expect(ran.tuples).toBe(inAll);
  expect(ran.mebibytes).toBeLessThanOrEqual(mebibytesMax);
  const lake = await openLake(folder);
  expect((await totalsOf(lake)).tuples).toBe(inAll);
  await lake.close();
}, 3_600_000);
