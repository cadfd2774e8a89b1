import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FolderContainer } from '../../src/blob/folder.ts';
import { collect, text } from './contract.ts';

/**
 * A writer killed with -9 at seeded moments and begun again, beside a reader: what it acknowledged is there, what it did not is whole or absent,
 * and in the end the folder is that of a writer that was never killed.
 */

const root = mkdtempSync(join(tmpdir(), 'nsgflow-kill-'));
const long = process.env['NSGFLOW_LONG'] === '1';
const kills = long ? 200 : 4;
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

let script = '';

beforeAll(() => {
  const source = fileURLToPath(new URL('../../', import.meta.url));
  const compiled = join(root, 'compiled');
  const flags = [
    '--ignoreConfig',
    '--rootDir',
    'src',
    '--outDir',
    compiled,
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--types',
    'node',
    '--skipLibCheck',
    '--rewriteRelativeImportExtensions',
  ];
  execFileSync(
    process.execPath,
    [join(source, 'node_modules/typescript/bin/tsc'), ...flags, 'src/blob/folder.ts', 'src/blob/block-blob.ts'],
    { cwd: source },
  );
  writeFileSync(join(compiled, 'package.json'), '{"type":"module"}');
  script = join(root, 'writer.js');
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(script, writer(compiled));
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
