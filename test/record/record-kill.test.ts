import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderAccount } from '../../src/blob/folder.ts';
import { collect } from '../blob/contract.ts';

/**
 * A recorder killed with -9 at seeded moments and begun again: whatever was interrupted, the container ends as that of a recorder that was never
 * killed, file by file and block by block. Moments are counted in operations on storage, so a seed means the same on every machine; some are moments in time,
 * which fall between the steps of one operation.
 */
const repository = join(import.meta.dirname, '..', '..');
const root = mkdtempSync(join(tmpdir(), 'nsgflow-record-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const long = process.env['NSGFLOW_LONG'] === '1';
const kills = long ? 50 : 1;
/** Kills before a run may come to its end. */
const killsInARow = 4;

/** A copy: the build may be renewed while this runs. */
const dist = join(root, 'dist');
const built = (path: string): string => JSON.stringify(pathToFileURL(join(dist, path)).href);
const script = join(root, 'recorder.mjs');
const recorder = `
import { readFileSync } from 'node:fs';
import { FlowError } from ${built('base/errors.js')};
import { limits } from ${built('base/limits.js')};
import { folderAccount } from ${built('blob/folder.js')};
import { importNetwork } from ${built('nsg/import.js')};
import { captureInput } from ${built('record/packet-input.js')};
import { record } from ${built('record/record.js')};
// Blocks go to storage minute by minute, as those of a live recording do.
limits.deliveryHeldBackBytesMax = 0;
const [to, spool, killAt, awayFrom, awayTo] = process.argv.slice(2);
let operations = 0;
const tick = () => {
  operations++;
  if (operations === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  if (operations >= Number(awayFrom) && operations < Number(awayTo)) throw new FlowError('unavailable', 'storage is away');
};
const account = folderAccount(to, { sync: false, graceMillis: 10 });
const wrap = (inner) => ({
  location: inner.location,
  name: inner.name,
  list: (prefix) => inner.list(prefix),
  children: (prefix) => inner.children(prefix),
  properties: (name) => inner.properties(name),
  read: (...args) => inner.read(...args),
  blocks: (name) => inner.blocks(name),
  delete: (...args) => inner.delete(...args),
  async stageBlock(...args) { tick(); await inner.stageBlock(...args); },
  async commitBlocks(...args) { tick(); const done = await inner.commitBlocks(...args); tick(); return done; },
});
const wrapped = { location: account.location, containers: () => account.containers(), container: (name) => wrap(account.container(name)) };
const path = ${JSON.stringify(join(repository, 'examples', 'network.json'))};
const result = await record({
  input: captureInput([${JSON.stringify(join(repository, 'examples', 'traffic.pcap'))}]),
  network: importNetwork({ files: [{ path, text: readFileSync(path, 'utf8') }] }),
  mac: undefined,
  local: [],
  accountOf: () => wrapped,
  formats: ['nsg2', 'vnet'],
  flowTimeoutMinutes: undefined,
  ...(spool === '-' ? {} : { spool: { folder: spool, bytesMax: limits.spoolBytesMax, sync: false } }),
});
console.log(JSON.stringify({ operations, failure: result.failure }));
`;

interface Ran {
  readonly operations: number;
  readonly failure: string | null;
}

/** Runs the recorder. @returns `undefined` where it was killed */
async function run(
  to: string,
  spool: string,
  kill: { at?: number; millis?: number } = {},
  away: readonly [number, number] = [0, 0],
): Promise<Ran | undefined> {
  const args = [script, to, spool, String(kill.at ?? 0), String(away[0]), String(away[1])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const timer = kill.millis === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), kill.millis);
  const signal = await new Promise((resolve) => child.once('close', (_, by) => resolve(by)));
  clearTimeout(timer);
  if (signal === 'SIGKILL') return undefined;
  if (output === '') throw new Error(`the recorder failed: ${errors}`);
  return JSON.parse(output) as Ran;
}

/** Blobs of the containers with their bytes: what `diff -r` compares. */
function tree(folder: string): Map<string, string> {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !relative(folder, path).startsWith('.nsgflow'));
  return new Map(files.sort().map((path) => [relative(folder, path), readFileSync(path, 'latin1')]));
}

async function blockLists(folder: string): Promise<[string, unknown][]> {
  const account = folderAccount(folder);
  const lists: [string, unknown][] = [];
  for (const name of await collect(account.containers()))
    for (const { name: blob } of await collect(account.container(name).list()))
      lists.push([`${name}/${blob}`, (await account.container(name).blocks(blob))?.blocks]);
  return lists;
}

/** Every blob, as nsgflow reads it beside a dead writer, is valid JSON and a beginning of the whole one. */
async function expectWhole(folder: string, expected: ReadonlyMap<string, string>): Promise<void> {
  if (!existsSync(folder)) return;
  const account = folderAccount(folder);
  for (const name of await collect(account.containers()))
    for (const { name: blob } of await collect(account.container(name).list())) {
      const text = Buffer.from((await account.container(name).read(blob)).bytes).toString('latin1');
      JSON.parse(text);
      expect(expected.get(`${name}/${blob}`)?.startsWith(text.slice(0, -2))).toBe(true);
    }
}

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('a recorder that is killed and begun again', () => {
  const whole = join(root, 'whole');
  let expected: Map<string, string>;
  let lists: [string, unknown][];
  let operations = 0;
  let wholeMillis = 0;
  beforeAll(async () => {
    writeFileSync(script, recorder);
    cpSync(join(repository, 'dist'), dist, { recursive: true });
    symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'), 'junction');
    writeFileSync(join(root, 'package.json'), readFileSync(join(repository, 'package.json')));
    const begun = performance.now();
    operations = (await run(whole, '-'))?.operations ?? 0;
    wholeMillis = performance.now() - begun;
    expected = tree(whole);
    lists = await blockLists(whole);
    expect(expected.size).toBeGreaterThan(20);
  });

  test('in the second minute leaves, after another run, a container that diff -r cannot tell from an undisturbed one', async () => {
    const to = join(root, 'second-minute');
    expect(await run(to, '-', { at: 40 })).toBeUndefined();
    await expectWhole(to, expected);
    expect(await run(to, '-')).toMatchObject({ failure: null });
    expect(tree(to)).toEqual(expected);
    expect(await blockLists(to)).toEqual(lists);
  });

  test.each([
    ['without a spool', false],
    ['with a spool, and storage that goes away', true],
  ])(`%s, at ${kills} seeded moments, leaves the same`, async (label, hasSpool) => {
    const next = random(label.length);
    let done = 0;
    for (let round = 0; done < kills; round++) {
      const to = join(root, `${hasSpool}-${round}`);
      const spool = hasSpool ? `${to}-spool` : '-';
      for (let row = 0; row < killsInARow && done < kills; row++, done++) {
        const kill = next() < 0.6 ? { at: 1 + Math.floor(next() * operations) } : { millis: next() * wholeMillis };
        const from = 1 + Math.floor(next() * operations);
        await run(to, spool, kill, hasSpool ? [from, from + 3 + Math.floor(next() * operations)] : [0, 0]);
        await expectWhole(to, expected);
      }
      const last = await run(to, spool);
      expect(last?.failure).toBeNull();
      const left = tree(to);
      expect([...left.keys()]).toEqual([...expected.keys()]);
      expect([...left].filter(([path, bytes]) => expected.get(path) !== bytes).map(([path]) => path)).toEqual([]);
      expect(await blockLists(to)).toEqual(lists);
      if (hasSpool) {
        const rest = readdirSync(spool).filter((name) => name !== 'status.json');
        expect(rest).toEqual([]);
        rmSync(spool, { recursive: true });
      }
      rmSync(to, { recursive: true });
    }
    expect(done).toBe(kills);
  });
});
