import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FlowError } from '../../../src/base/errors.ts';
import { ask, top, withRecords } from '../ask.ts';

const dist = join(import.meta.dirname, '../../../dist/lake/duckdb');
let temporary: string;

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'nsgflow-at-once-'));
  vi.stubEnv('TMPDIR', temporary);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(temporary, { recursive: true, force: true });
});

const tuples = Array.from({ length: 50 }, (_, i) => ({
  time: 1_700_000_000_000 + i,
  src: '10.0.0.1',
  srcPort: i,
  dst: '10.0.0.2',
  state: 'end' as const,
  counters: [1, i, 1, 0] as const,
}));

test('twenty questions at once have each its answer, its bound of memory and its end', async () => {
  await withRecords([{ tuples }], async (engine) => {
    const expected = await ask(engine, top({ by: ['src.port'], metric: 'bytes', limit: 3 }));
    const stop = new AbortController();
    const reason = new FlowError('timeout', 'too long');
    const read = async (sql: string, bounds: { memoryBytes?: number; spillBytes?: number }, signal?: AbortSignal) => {
      const { chunks } = await engine.sql(sql, { bounds, signal });
      for await (const _ of chunks);
      return 'answered';
    };
    const hungry = 'SELECT i, count(*) AS n FROM range(1000000000) t(i) GROUP BY i ORDER BY n LIMIT 1';
    const endless = 'SELECT count(*) FROM range(100000000000) t(i) WHERE hash(i) % 7 = 3';
    const failed = (error: unknown): unknown => (error instanceof FlowError ? error.code : error);
    const small = { memoryBytes: 32 << 20, spillBytes: 1 << 20 };
    const ended = Array.from({ length: 1 }, () => read(endless, {}, stop.signal).catch(failed));
    const starved = Array.from({ length: 1 }, () => read(hungry, small).catch(failed));
    const answers = Array.from({ length: 18 }, () => ask(engine, top({ by: ['src.port'], metric: 'bytes', limit: 3 })));
    expect(await Promise.all(answers)).toEqual(answers.map(() => expected));
    expect(await Promise.all(starved)).toEqual(['memory']);
    for (const name of await readdir(temporary)) expect((await stat(join(temporary, name))).mode & 0o777).toBe(0o700);
    stop.abort(reason);
    expect(await Promise.all(ended)).toEqual(ended.map(() => 'timeout'));
  });
  expect(await readdir(temporary)).toEqual([]);
});

const endless = 'SELECT count(*) FROM range(100000000000) t(i) WHERE hash(i) % 7 = 3';

test('of more questions than there are threads, each ends by its signal, and the next one is answered', async () => {
  await withRecords([{ tuples }], async (engine) => {
    const stops = Array.from({ length: 5 }, () => new AbortController());
    const questions = stops.map(async ({ signal }) => {
      const { chunks } = await engine.sql(endless, { signal });
      for await (const _ of chunks);
    });
    const failed = questions.map((question) => question.catch((error: unknown) => error));
    const last = ask(engine, { ask: 'count' });
    for (const i of [4, 2, 0, 3, 1]) {
      stops[i].abort(`stop ${i}`);
      expect(await failed[i]).toBe(`stop ${i}`);
    }
    expect(await last).toEqual([{ tuples: 50, conversations: 50 }]);
  });
});

/** Says in which order things happen beside calls of DuckDB that do not end, in a process with sixteen threads in its pool. */
const besideEndless = `
  import { readFile } from 'node:fs/promises';
  import { openDuckdb } from ${JSON.stringify(join(dist, 'duckdb.js'))};
  import { lakeGate, questionGate } from ${JSON.stringify(join(dist, 'gates.js'))};
  const connections = async (count, gate) => {
    const duckdb = await openDuckdb(48 << 20, gate);
    return await Promise.all(Array.from({ length: count }, () => duckdb.connect()));
  };
  const [small, ...questions] = await connections(9, questionGate);
  const [ofLake, ...lakes] = await connections(4, lakeGate);
  const rows = async (connection) => (await connection.runAndReadAll('SELECT 1')).getRows()[0][0];
  const run = (connection) => connection.run('SELECT sleep_ms(1000) FROM range(1000000)').catch(() => 'ended');
  const ended = questions.slice(0, 7).map(run);
  console.log('a question beside seven', await rows(small));
  ended.push(run(questions[7]), ...lakes.map(run));
  const waits = rows(small).then((row) => console.log('a question behind eight', row));
  console.log('the lake', await rows(ofLake));
  console.log('a file', (await readFile(process.execPath)).length > 0);
  const stop = async (some, calls) => {
    const interrupt = setInterval(() => some.forEach((one) => one.interrupt()), 10);
    console.log(...new Set(await Promise.all(calls)));
    clearInterval(interrupt);
  };
  await stop(questions.slice(3, 4), [ended[3]]);
  await waits;
  await stop([...questions, ...lakes], ended);
  process.exit();`;

test('eight questions and three calls of a lake that do not end leave threads for the lake and for files', async () => {
  const env = { ...process.env, UV_THREADPOOL_SIZE: '16' };
  const args = ['--input-type=module', '-e', besideEndless];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 300_000 });
  expect(stdout.trim().split('\n')).toEqual([
    'a question beside seven 1',
    'the lake 1',
    'a file true',
    'ended',
    'a question behind eight 1',
    'ended',
  ]);
});
