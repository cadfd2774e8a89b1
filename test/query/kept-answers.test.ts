import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import type { Snapshot } from '../../src/lake/snapshot.ts';
import type { Engine } from '../../src/query/engine.ts';
import { forgetAnswers, withKeptAnswers } from '../../src/query/kept-answers.ts';
import { smallAnswer } from '../../src/query/result.ts';
import type { Query } from '../../src/query/tree.ts';
import { ask, top } from './ask.ts';
import { tuplesPlace } from '../../src/lake/table-place.ts';

let cache: string;
let asked: number;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'nsgflow-kept-'));
  asked = 0;
});
afterEach(() => rm(cache, { recursive: true, force: true }));

const file = {
  sizeBytes: 1,
  rows: 1,
  startMillis: 0,
  endMillis: 1,
  firstBlob: undefined,
  lastBlob: undefined,
  hasAllColumns: true,
};
const snapshot = (...names: string[]): Snapshot => ({
  folder: '/lake',
  table: tuplesPlace('/lake'),
  version: 1,
  files: names.map((path) => ({ ...file, path })),
});
const query = top({ by: ['src.ip'], metric: 'bytes', limit: 2 });

/** Each question takes so long, and is answered by its number. */
function slowEngine(millis: number): Engine {
  return {
    ask: async () => {
      await new Promise((resolve) => setTimeout(resolve, millis));
      return smallAnswer([{ name: 'n', kind: 'number' }], [[++asked]], { basis: 'tuples', flows: 3, counted: 2 });
    },
    sql: () => Promise.reject(new Error('not asked')),
    scan: () => ({ version: 1, files: 1, filesRead: 1, bytes: 1, bytesRead: 1, rows: 1, rowsRead: 1 }),
    cancel: () => undefined,
    close: () => Promise.resolve(),
  };
}

async function answered(
  of: Snapshot = snapshot('a'),
  {
    edition = '1',
    question = query,
    millis = 210,
    folder = cache,
  }: Partial<Record<'edition' | 'folder', string>> & {
    question?: Query;
    millis?: number;
  } = {},
): Promise<unknown> {
  const engine = withKeptAnswers(of, edition, { NSGFLOW_CACHE: folder }, () => Promise.resolve(slowEngine(millis)));
  const answer = await engine.ask(question);
  const rows = [];
  for await (const chunk of answer.chunks) rows.push(...chunk);
  const { kept = false } = engine.scan();
  await engine.close();
  return [rows[0][0], answer.summary?.flows, kept];
}

test('the same question of the same version is answered by what was kept, and by nothing else', async () => {
  expect(await answered()).toEqual([1, 3, false]);
  expect(await answered()).toEqual([1, 3, true]);
  expect(await answered(snapshot('a'), { question: { ...query, range: { start: 1 } } })).toEqual([2, 3, false]);
  expect(await answered({ ...snapshot('a'), folder: '/other' })).toEqual([3, 3, false]);
  expect(await answered()).toEqual([1, 3, true]);
  expect(await answered(snapshot('a', 'b'))).toEqual([4, 3, false]);
  expect(await answered(snapshot('a'), { edition: '2' })).toEqual([5, 3, false]);
});

test('what was kept of a version goes when an answer of another is kept, other lakes stay', async () => {
  await answered();
  await answered({ ...snapshot('a'), folder: '/other' });
  await answered(snapshot('b'));
  expect((await readdir(join(cache, 'answers'))).length).toBe(2);
  expect(await answered({ ...snapshot('a'), folder: '/other' })).toEqual([2, 3, true]);
  expect(await answered(snapshot('b'))).toEqual([3, 3, true]);
});

test('what was kept of a lake is forgotten when asked for, other lakes stay', async () => {
  await forgetAnswers('/none', { NSGFLOW_CACHE: join(cache, 'none') });
  await answered();
  await answered({ ...snapshot('a'), folder: '/other' });
  await forgetAnswers('/other', { NSGFLOW_CACHE: cache });
  expect(await answered()).toEqual([1, 3, true]);
  expect(await answered({ ...snapshot('a'), folder: '/other' })).toEqual([3, 3, false]);
});

test('nothing else in the folder of answers is removed, and nothing behind a link', async () => {
  await mkdir(join(cache, 'answers'));
  await writeFile(join(cache, 'answers', 'mine.json'), '');
  await mkdir(join(cache, 'answers', `${'0'.repeat(32)}-${'1'.repeat(32)}-${'2'.repeat(32)}.json`));
  await answered();
  await forgetAnswers('/lake', { NSGFLOW_CACHE: cache });
  expect((await readdir(join(cache, 'answers'))).length).toBe(2);
  await answered();
  await mkdir(join(cache, 'other'));
  await symlink(join(cache, 'answers'), join(cache, 'other', 'answers'));
  await forgetAnswers('/lake', { NSGFLOW_CACHE: join(cache, 'other') });
  expect((await readdir(join(cache, 'answers'))).length).toBe(3);
});

test('an answer of many rows passes chunk by chunk, and is not kept', async () => {
  let given = 0;
  const engine = withKeptAnswers(snapshot('a'), '1', { NSGFLOW_CACHE: cache }, () =>
    Promise.resolve({
      ...slowEngine(0),
      ask: () =>
        Promise.resolve({
          columns: [{ name: 'n', kind: 'number' }],
          chunks: (async function* () {
            await new Promise((resolve) => setTimeout(resolve, 210));
            for (; given < 6; given++) yield Array.from({ length: 2000 }, () => [1]);
          })(),
        }),
    }),
  );
  const lengths = [];
  for await (const chunk of (await engine.ask(query)).chunks) lengths.push([chunk.length, given]);
  expect(lengths).toEqual([0, 1, 2, 3, 4, 5].map((before) => [2000, before]));
  expect(await readdir(cache)).toEqual([]);
});

test('quick answers and lists of tuples are not kept', async () => {
  await answered(snapshot('a'), { millis: 0 });
  await answered(snapshot('a'), { question: { ask: 'tuples' } });
  expect(await readdir(cache)).toEqual([]);
});

test('kept answers are for their owner only, and a broken one is asked again', async () => {
  await answered();
  const [name] = await readdir(join(cache, 'answers'));
  const path = join(cache, 'answers', name);
  expect((await stat(path)).mode & 0o77).toBe(0);
  const whole = await readFile(path, 'utf8');
  const changed = whole.replace('[[1]]', '[[7]]');
  expect(changed).not.toBe(whole);
  for (const text of ['', whole.slice(0, 20), '{}', 'null', changed, whole.slice(9)]) {
    await writeFile(path, text);
    expect(await answered()).toEqual([asked, 3, false]);
  }
});

test('NSGFLOW_CACHE=off keeps nothing, and a cache that cannot be written is no failure', async () => {
  await answered(snapshot('a'), { folder: 'off' });
  expect(await answered(snapshot('a'), { folder: 'off' })).toEqual([2, 3, false]);
  await writeFile(join(cache, 'file'), '');
  expect(await answered(snapshot('a'), { folder: join(cache, 'file') })).toEqual([3, 3, false]);
});

test('what is cancelled before it is opened is not asked', async () => {
  const reason = new FlowError('interrupted', 'interrupted');
  const engine = withKeptAnswers(snapshot('a'), '1', { NSGFLOW_CACHE: cache }, () => Promise.resolve(slowEngine(0)));
  engine.cancel(reason);
  await expect(ask(engine, { ask: 'count' })).rejects.toBe(reason);
  await expect(ask(engine, 'SELECT 1')).rejects.toBe(reason);
  expect(asked).toBe(0);
});
