import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { openLake } from '../../src/lake/lake.ts';
import type { Lake } from '../../src/lake/lake.ts';
import { openLakeEngine } from '../../src/query/engine/lake-engine.ts';
import { buildFlowLog } from '../lake/build-flow-log.ts';
import { ask } from './ask.ts';

let folder: string;
let temporary: string;
let lake: Lake;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-memory-'));
  lake = await openLake(join(folder, 'lake'), { create: true });
  const append = await lake.beginAppend();
  const tuples = [{ time: 1_700_000_000_000, src: '10.0.0.1', dst: '10.0.0.2' }];
  await append.addFlowLog(buildFlowLog([{ tuples }]), { blob: 'b' });
  await append.commit([]);
  temporary = await mkdtemp(join(tmpdir(), 'nsgflow-memory-tmp-'));
  vi.stubEnv('TMPDIR', temporary);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await lake.close();
  for (const path of [folder, temporary]) await rm(path, { recursive: true, force: true });
});

const hungry = [
  ['a billion groups', 'SELECT i, count(*) AS n FROM range(1000000000) t(i) GROUP BY i ORDER BY n LIMIT 1'],
  ['a billion groups with texts', 'SELECT md5(i::VARCHAR), list(i) FROM range(1000000000) t(i), flows GROUP BY 1'],
  ['a sort of a billion rows', 'SELECT hash(i) AS h FROM range(1000000000) t(i) ORDER BY h OFFSET 5000000'],
  ['one huge list', 'SELECT list(i) FROM range(1000000000) t(i)'],
];

test.each(process.env['NSGFLOW_LONG'] === '1' ? hungry : hungry.slice(0, 1))(
  '%s need more than the bound: a clear error, the engine lives, nothing stays',
  async (_, sql) => {
    const engine = await openLakeEngine(lake);
    const bounds = { memoryBytes: 64 << 20, spillBytes: 64 << 20 };
    const read = async (): Promise<void> => {
      for await (const _ of (await engine.sql(sql, { bounds })).chunks);
    };
    const failed = await read().catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(FlowError);
    expect((failed as FlowError).code).toBe('memory');
    expect(await ask(engine, 'SELECT count(*) AS n FROM flows')).toEqual([{ n: 1 }]);
    expect(await ask(engine, { ask: 'count' })).toEqual([{ tuples: 1, conversations: 1 }]);
    await engine.close();
    expect(await readdir(temporary)).toEqual([]);
  },
);
