import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import { FolderContainer } from '../../src/blob/folder.ts';
import { collect, text } from './contract.ts';

/**
 * A writer killed with -9 at seeded moments and begun again, beside a reader: what it acknowledged is there, what it did not is whole or absent,
 * and in the end the folder is that of a writer that was never killed.
 */

const root = mkdtempSync(join(tmpdir(), 'nsgflow-kill-'));
const long = process.env['NSGFLOW_LONG'] === '1';
const kills = long ? 30 : 1;
const blobs = 6;
const minutes = long ? 60 : 30;

const writer = (compiled: string): string => `
import { FolderContainer } from ${JSON.stringify(pathToFileURL(join(compiled, 'blob/folder.js')).href)};
import { BlockAppender } from ${JSON.stringify(pathToFileURL(join(compiled, 'blob/block-blob.js')).href)};
import { writeSync } from 'node:fs';
const [folder, sync] = process.argv.slice(2);
const appender = new BlockAppender(new FolderContainer(folder, { sync: sync === 'sync', graceMillis: 10 }));
for (let minute = 0; minute < ${minutes}; minute++) {
  await Promise.all(Array.from({ length: ${blobs} }, async (_, nic) => {
    const bytes = Buffer.from(JSON.stringify({ n: minute, pad: 'x'.repeat((minute * 7919 + nic * 104729) % 9000) }));
    await appender.append('nic=' + nic + '/PT1H.json', [{ id: minute.toString(16).padStart(32, '0'), bytes }]);
    writeSync(1, nic + ' ' + minute + '\\n');
  }));
}
writeSync(1, 'done\\n');
`;

/** Appends blocks of its own to one blob that others append to as well, at moments of its own. */
const racer = (compiled: string): string => `
import { FolderContainer } from ${JSON.stringify(pathToFileURL(join(compiled, 'blob/folder.js')).href)};
import { BlockAppender } from ${JSON.stringify(pathToFileURL(join(compiled, 'blob/block-blob.js')).href)};
const [folder, who, blocks, pause] = process.argv.slice(2);
const appender = new BlockAppender(new FolderContainer(folder, { sync: false, graceMillis: 600 }));
for (let n = 0; n < Number(blocks); ) {
  const id = (who + n.toString(16)).padStart(32, '0');
  try {
    await appender.append('PT1H.json', [{ id, bytes: Buffer.from(JSON.stringify({ id, pad: 'y'.repeat(3000) })) }]);
    n++;
  } catch (error) {
    if (error.code !== 'blob-conflict') throw error;
  }
  await new Promise((resolve) => setTimeout(resolve, Math.random() * Number(pause)));
}
`;

let script = '';
let racingScript = '';

beforeAll(() => {
  const repository = fileURLToPath(new URL('../../', import.meta.url));
  // A copy: the build may be renewed while this runs.
  const compiled = join(root, 'dist');
  cpSync(join(repository, 'dist'), compiled, { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'), 'junction');
  script = join(root, 'writer.js');
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(script, writer(compiled));
  racingScript = join(root, 'racer.js');
  writeFileSync(racingScript, racer(compiled));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs the writer, killing it after `killMillis` where given. @returns what it acknowledged, and whether it came to its end */
async function run(
  folder: string,
  sync: boolean,
  killMillis?: number,
): Promise<{ acknowledged: string[]; done: boolean }> {
  const child = spawn(process.execPath, [script, folder, sync ? 'sync' : 'quick'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    // The moment counts from the first commit: starting takes longer than writing.
    if (killMillis !== undefined) timer ??= setTimeout(() => child.kill('SIGKILL'), killMillis);
    output += chunk.toString();
  });
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  const lines = output.split('\n').slice(0, -1);
  return { acknowledged: lines.filter((line) => line !== 'done'), done: lines.includes('done') };
}

async function records(container: FolderContainer, name: string): Promise<number[]> {
  return (JSON.parse(await text(container, name)) as { records: { n: number }[] }).records.map((record) => record.n);
}

/** Files below a folder with their bytes. */
function tree(folder: string): Map<string, string> {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return new Map(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path), readFileSync(path, 'latin1')] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** Numbers from 0 to 1, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test.each([0, 30])('three writers of one blob, %i ms apart, lose and double nothing', async (pause) => {
  const folder = join(root, `race-${pause}`, 'logs');
  const blocks = long ? 60 : 12;
  const run = async (who: string): Promise<unknown> => {
    const child = spawn(process.execPath, [racingScript, folder, who, String(blocks), String(pause)], {
      stdio: 'inherit',
    });
    return await new Promise((resolve) => child.once('close', resolve));
  };
  expect(await Promise.all(['a', 'b', 'c'].map(run))).toEqual([0, 0, 0]);
  const { records } = JSON.parse(readFileSync(join(folder, 'PT1H.json'), 'utf8')) as { records: { id: string }[] };
  expect(records).toHaveLength(3 * blocks);
  expect(new Set(records.map(({ id }) => id)).size).toBe(3 * blocks);
  expect((await new FolderContainer(folder).blocks('PT1H.json'))?.blocks).toHaveLength(3 * blocks + 2);
});

/** Runs the writer under `ulimit -f`: no file grows beyond `kib` KiB. */
function runLimited(folder: string, kib: number): { status: number; message: string } {
  try {
    execFileSync('bash', ['-c', 'ulimit -f "$0"; exec "$@"', String(kib), process.execPath, script, folder, 'sync'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return { status: 0, message: '' };
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: Buffer };
    return { status, message: stderr.toString() };
  }
}

test.skipIf(process.platform === 'win32')('a write that the system refuses half-way is taken back', async () => {
  const folder = join(root, 'limited', 'logs');
  const { status, message } = runLimited(folder, 32);
  expect(status).toBe(1);
  expect(message).toContain('cannot write');
  const container = new FolderContainer(folder);
  for (const { name, lengthBytes } of await collect(container.list())) {
    const plain = readFileSync(join(folder, name));
    expect(plain.length).toBeLessThanOrEqual(32 << 10);
    expect(Buffer.from((await container.read(name)).bytes).equals(plain)).toBe(true);
    expect(lengthBytes).toBe(plain.length);
    expect((await records(container, name)).length + 2).toBe((await container.blocks(name))!.blocks.length);
  }
  expect((await run(folder, true)).done).toBe(true);
  expect(await records(container, 'nic=0/PT1H.json')).toHaveLength(minutes);
});

const mount = long && process.platform === 'linux' && process.getuid?.() === 0;

test.skipIf(!mount)(
  'a full disk is told as such, and recording goes on when there is space (needs root, long run)',
  async () => {
    const disk = join(root, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'nsgflow-test', disk]);
    try {
      const container = new FolderContainer(join(disk, 'logs'));
      const appender = new BlockAppender(container);
      const block = (n: number): { id: string; bytes: Uint8Array } => ({
        id: n.toString(16).padStart(32, '0'),
        bytes: Buffer.from(JSON.stringify({ n, pad: 'x'.repeat(9000) })),
      });
      let written = 0;
      const fill = async (): Promise<void> => {
        for (; written < 100; written++) await appender.append('PT1H.json', [block(written)]);
      };
      await expect(fill()).rejects.toMatchObject({ code: 'disk-full' });
      expect(JSON.parse(readFileSync(join(disk, 'logs/PT1H.json'), 'utf8'))).toHaveProperty('records.length', written);
      execFileSync('mount', ['-o', 'remount,size=2m', disk]);
      for (let n = written; n < written + 20; n++) await appender.append('PT1H.json', [block(n)]);
      expect(await records(container, 'PT1H.json')).toEqual(Array.from({ length: written + 20 }, (_, n) => n));
    } finally {
      execFileSync('umount', [disk]);
    }
  },
);

describe.each([
  ['with sync', true],
  ['without sync', false],
])('a writer %s that is killed', (label, sync) => {
  test(`at ${kills} moments leaves what an undisturbed one leaves`, async () => {
    const undisturbed = join(root, `${sync}-undisturbed`);
    expect((await run(join(undisturbed, 'logs'), sync)).done).toBe(true);
    const expected = tree(undisturbed);
    expect(expected.size).toBe(2 * blobs);
    const next = random(sync ? 11 : 12);
    let finished = 0;
    for (let kill = 0, round = 0; kill < kills; round++) {
      const account = join(root, `${sync}-${round}`);
      const container = new FolderContainer(join(account, 'logs'));
      for (let done = false; !done;) {
        const killed = kill < kills;
        // An undisturbed run takes 100 to 400 milliseconds.
        const result = await run(join(account, 'logs'), sync, killed ? next() * (sync ? 120 : 60) : undefined);
        if (killed) kill++;
        done = result.done;
        const counts = new Map<string, number>();
        for (const { name } of await collect(container.list())) {
          const found = await records(container, name);
          expect(found).toEqual(found.map((_, n) => n));
          const { blocks, etag } = (await container.blocks(name))!;
          expect(blocks).toHaveLength(found.length + 2);
          expect((await container.properties(name))?.etag).toBe(etag);
          counts.set(name, found.length);
        }
        const lost = result.acknowledged.filter((line) => {
          const [nic, minute] = line.split(' ').map(Number);
          return (counts.get(`nic=${nic}/PT1H.json`) ?? 0) <= minute;
        });
        expect(lost).toEqual([]);
      }
      finished++;
      const left = tree(account);
      expect([...left.keys()]).toEqual([...expected.keys()]);
      expect([...left].filter(([path, bytes]) => expected.get(path) !== bytes).map(([path]) => path)).toEqual([]);
      rmSync(account, { recursive: true });
    }
    expect(finished).toBeGreaterThan(0);
    expect(label).toContain('sync');
  });

  test('is read beside its writing: each look finds a whole version, not older than the look before', async () => {
    const folder = join(root, `${sync}-beside`, 'logs');
    const container = new FolderContainer(folder);
    const running = run(folder, sync);
    const state = { ended: false };
    const watched = running.finally(() => (state.ended = true));
    const latest = new Map<string, number>();
    let looks = 0;
    while (!state.ended) {
      for (let nic = 0; nic < blobs; nic++) {
        const name = `nic=${nic}/PT1H.json`;
        if ((await container.properties(name)) === undefined) continue;
        const found = await records(container, name);
        expect(found).toEqual(found.map((_, n) => n));
        expect(found.length).toBeGreaterThanOrEqual(latest.get(name) ?? 1);
        expect((await container.blocks(name))!.blocks.length).toBeGreaterThanOrEqual(found.length + 2);
        latest.set(name, found.length);
        looks++;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await watched).done).toBe(true);
    expect(looks).toBeGreaterThan(blobs);
  });
});
