import { mkdtemp, open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { settle } from '../../../src/lake/flows/settle.ts';
import { LakeView } from '../../../src/lake/flows/view.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { buildFlowLog } from '../build-flow-log.ts';

let folder: string;
let lake: Lake;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-built-'));
  lake = await openLake(folder, { create: true });
  const append = await lake.beginAppend();
  const tuples = [{ time: 1_700_000_000_000, src: '10.0.0.1', dst: '10.0.0.2' }];
  await append.addFlowLog(buildFlowLog([{ tuples }]), { blob: 'b' });
  await append.commit([]);
});

afterAll(async () => {
  await lake.close();
  await rm(folder, { recursive: true, force: true });
});

/** How often `act` waits for the disk to have a file. */
async function syncs(act: () => Promise<unknown>): Promise<number> {
  const handle = await open(folder);
  const spy = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'sync');
  try {
    await act();
    return spy.mock.calls.length;
  } finally {
    spy.mockRestore();
    await handle.close();
  }
}

test('files of flows that are built for a question need not reach the disk, those of the lake do', async () => {
  const view = await LakeView.open(lake);
  const asked = await syncs(async () => {
    const files = (await view.flows({})).flatMap((table) => table.files);
    expect(files.map(({ rows }) => rows)).toEqual([1]);
  });
  await view.close();
  expect(asked).toBe(0);
  expect(await syncs(() => settle(lake, new AbortController().signal))).toBeGreaterThan(1);
});
