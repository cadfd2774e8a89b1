import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folderAccount } from '../../src/blob/folder.ts';
import { blobName, container, madeRecord, portsOf, writeBlob } from '../source/build-blobs.ts';
import { killAtText, randomOf } from '../base/kill-at.ts';

/**
 * An ingester killed with -9 at seeded moments while blobs grow and are rewritten. Most moments are counted in operations on files, so a seed means the
 * same on every machine, and none is spent on the start of a process; some are moments in time, which fall between the steps of one operation.
 */
const repository = join(import.meta.dirname, '..', '..');
const root = mkdtempSync(join(tmpdir(), 'nsgflow-ingest-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const kills = process.env['NSGFLOW_LONG'] === '1' ? 100 : 2;
const seed = 20_261_120;
/** Of the moments, those that are counted in operations. */
const countedShare = 0.7;

/** A copy: the build may be renewed while this runs. */
const dist = join(root, 'dist');
const script = join(root, 'ingester.mjs');
const ingester = `${killAtText(script)}
const [logs, lake, at] = process.argv.slice(2);
killAt = Number(at);
const { ingest } = await import(${JSON.stringify(pathToFileURL(join(dist, 'ingest/ingest.js')).href)});
process.stdout.write('ready');
operations = 0;
const { tuples } = await ingest({ sources: [logs], lake, rejectedMax: undefined });
process.stdout.write(JSON.stringify({ operations, tuples }));
`;

interface Ran {
  readonly operations: number;
  readonly tuples: number;
  readonly millis: number;
}

/** Runs the ingester. @returns `undefined` where it was killed */
async function run(logs: string, lake: string, kill: { at?: number; millis?: number } = {}): Promise<Ran | undefined> {
  const args = [script, logs, lake, String(kill.at ?? 0)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  let readyMillis = 0;
  let timer: NodeJS.Timeout | undefined;
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (readyMillis > 0) return;
    readyMillis = performance.now();
    if (kill.millis !== undefined) timer = setTimeout(() => child.kill('SIGKILL'), kill.millis);
  });
  const signal = await new Promise((resolve) => child.once('close', (_, by) => resolve(by)));
  clearTimeout(timer);
  if (signal === 'SIGKILL') return undefined;
  expect(errors).toBe('');
  const ran = JSON.parse(output.slice('ready'.length)) as Pick<Ran, 'operations' | 'tuples'>;
  return { ...ran, millis: performance.now() - readyMillis };
}

beforeAll(() => {
  cpSync(join(repository, 'dist'), dist, { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'), 'junction');
  writeFileSync(join(root, 'package.json'), readFileSync(join(repository, 'package.json')));
  writeFileSync(script, ingester);
});

test(`an ingester killed with -9 at ${kills} moments (seed ${seed}), while blobs grow and are rewritten: every tuple once`, async () => {
  const logs = join(root, 'logs');
  const lake = join(root, 'lake');
  const to = folderAccount(logs, { sync: false }).container(container);
  const random = randomOf(seed);
  const nics = Array.from({ length: 6 }, () => ({ ports: [] as number[], generation: 0 }));
  let next = 1;
  const write = async (nic: number): Promise<void> => {
    const { ports, generation } = nics[nic];
    const records = ports.map((port, i) => madeRecord(i % 60, [{ port }], nic));
    await writeBlob(to, blobName(0, nic), records, generation);
  };
  const change = async (): Promise<void> => {
    for (const [i, nic] of nics.entries()) {
      if (random() < 0.5) continue;
      if (nic.ports.length > 3 && random() < 0.15) {
        await to.delete(blobName(0, i));
        nic.generation++;
        nic.ports[Math.floor(random() * nic.ports.length)] = next++;
      } else nic.ports.push(next++);
      await write(i);
    }
  };
  await change();
  const whole = await run(logs, lake);
  let killed = 0;
  for (let moment = 0; moment < kills; moment++) {
    await change();
    const kill =
      random() < countedShare
        ? { at: 1 + Math.floor(random() * whole!.operations) }
        : { millis: random() * whole!.millis };
    if ((await run(logs, lake, kill)) === undefined) killed++;
  }
  expect(killed).toBeGreaterThanOrEqual(kills / 2);
  await run(logs, lake);
  expect(await portsOf(lake)).toEqual(nics.flatMap(({ ports }) => ports).sort((a, b) => a - b));
  expect(await run(logs, lake)).toMatchObject({ tuples: 0 });
  console.log(`${killed} of ${kills} runs were killed, each of some ${whole!.operations} operations`);
});
