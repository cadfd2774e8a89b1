import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { longTest } from '../../base/long.ts';
import { limits } from '../../../src/base/limits.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { readRowGroups } from '../../../src/lake/files/read-footer.ts';
import type { PlainTuple } from '../build-flow-log.ts';
import { expectedFlows, ingestBlob, seenFlows, storedFlows } from './settled-lake.ts';

/** A module that cannot be loaded: DuckDB reads the row groups of our own files, which overlap in time. */
vi.mock('../../../src/lake/tuples/read-kernel-module.ts', () => ({ readKernelModule: 'AAAA' }));

const folder = await mkdtemp(join(tmpdir(), 'nsgflow-no-kernels-'));
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('without the kernel that reads tuples, settled flows are the same, and no tuple counts twice', async () => {
  const start = Date.parse('2023-11-14T00:00:00Z');
  const tuples = (from: number): PlainTuple[] =>
    Array.from({ length: 400 }, (_, i) => ({
      time: start + (from + i * 11) * 1000,
      src: '10.0.0.1',
      dst: '10.0.0.2',
      srcPort: 1024 + (i % 50),
      access: i % 2 === 0 ? 'allow' : 'deny',
      state: i % 2 === 1 ? 'denied' : i % 4 === 0 ? 'begin' : 'continuing',
      counters: [1, 2, 3, i],
    }));
  const lake = await openLake(join(folder, 'same'), { create: true });
  await ingestBlob(lake, 'a', [{ tuples: tuples(0) }]);
  await settle(lake);
  expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
  await ingestBlob(lake, 'b', [{ tuples: tuples(1800) }]);
  expect((await seenFlows(lake)).flows).toEqual(await expectedFlows(lake));
  await settle(lake);
  expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
  await lake.close();
});

longTest('without it, the rows of one row group are not taken for those of another one', async () => {
  const start = Date.parse('2023-11-14T00:00:00Z');
  const count = limits.rowGroupRows + 5000;
  const tuples = Array.from({ length: count }, (_, i): PlainTuple => ({
    time: start + (i % 1000) * 1000,
    src: `10.0.${i >> 16}.1`,
    dst: '10.0.0.2',
    srcPort: i & 0xffff,
    access: 'deny',
    state: 'denied',
  }));
  const lake = await openLake(join(folder, 'groups'), { create: true });
  await ingestBlob(lake, 'a', [{ time: start, tuples }]);
  const [file] = (await lake.snapshot()).files;
  expect((await readRowGroups(file.path))!.length).toBeGreaterThan(1);
  expect((await settle(lake)).rows).toBe(count);
  await lake.close();
});
