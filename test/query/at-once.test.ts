import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { ask, top, withRecords } from './ask.ts';

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
