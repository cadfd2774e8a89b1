import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { folderAccount } from '../../src/blob/folder.ts';
import { blobName, container, madeRecord, portsOf, writeBlob } from './build-blobs.ts';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const kills = process.env['NSGFLOW_LONG'] === '1' ? 200 : 4;
const seed = 20_261_120;
/** A process that is left alone is done by then. */
const runMillis = 900;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-ingest-kill-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Numbers from 0 to 1 that a seed decides. */
function randomOf(start: number): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Runs the built command; killed with -9 after a time, where one is given. @returns its exit code, null where it was killed */
async function run(args: readonly string[], killMillis?: number): Promise<{ code: number | null; errors: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  if (killMillis !== undefined) {
    await Promise.race([ended, sleep(killMillis)]);
    child.kill('SIGKILL');
  }
  return { code: await ended, errors };
}

test(`an ingester killed with -9 at ${kills} moments (seed ${seed}), while blobs grow and are rewritten: every tuple once`, async () => {
  const logs = join(folder, 'logs');
  const lake = join(folder, 'lake');
  const to = folderAccount(logs, { sync: false }).container(container);
  const random = randomOf(seed);
  const nics = 6;
  const ports = Array.from({ length: nics }, (): number[] => []);
  let next = 1;
  const write = async (nic: number): Promise<void> => {
    const of = ports[nic].map((port, i) => madeRecord(i % 60, [{ port }], nic));
    await writeBlob(to, blobName(0, nic), of);
  };
  let killed = 0;
  for (let i = 0; i < kills; i++) {
    for (let nic = 0; nic < nics; nic++) {
      if (random() < 0.5) continue;
      if (ports[nic].length > 3 && random() < 0.15) {
        await to.delete(blobName(0, nic));
        ports[nic][Math.floor(random() * ports[nic].length)] = next++;
      } else ports[nic].push(next++);
      await write(nic);
    }
    const { code, errors } = await run(['ingest', logs, '--lake', lake], random() * runMillis);
    if (code === null) killed++;
    else expect([code, errors.replaceAll(/^blob-rewritten: .*\n/gm, '')]).toEqual([0, '']);
  }
  expect(killed).toBeGreaterThan(0);
  expect((await run(['ingest', logs, '--lake', lake])).code).toBe(0);
  expect(await portsOf(lake)).toEqual(ports.flat().sort((a, b) => a - b));
});
