import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import type { Lake } from '../../src/lake/lake.ts';
import { openLake } from '../../src/lake/lake.ts';
import type { BlobPosition } from '../../src/lake/positions/position.ts';
import type { PositionChange } from '../../src/lake/positions/positions.ts';
import { buildFlowLog } from './build-flow-log.ts';

const noon = Date.parse('2023-11-14T12:00:00Z');
const oneTuple = buildFlowLog([{ tuples: [{ time: noon, src: '10.0.0.1', dst: '10.0.0.2' }] }]);
const read: BlobPosition = { etag: 'e1', lengthBytes: 100, readBytes: 98, blocks: 3, fingerprint: 'f' };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-lake-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function append(lake: Lake, changes: readonly PositionChange[]): Promise<string> {
  const rows = await lake.beginAppend();
  await rows.addFlowLog(oneTuple, { blob: 'b' });
  return (await rows.commit(changes)).outcome;
}

async function rowCount(lake: Lake): Promise<number> {
  return (await lake.snapshot()).files.reduce((sum, file) => sum + (file.rows ?? 0), 0);
}

async function codeOf(failing: Promise<unknown>): Promise<string> {
  const error = await failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof FlowError ? error.code : `no FlowError: ${String(error)}`;
}

describe('a lake', () => {
  test('is made on request, and else not found', async () => {
    expect(await codeOf(openLake(join(folder, 'none')))).toBe('not-found');
    expect(await codeOf(openLake(folder))).toBe('not-found');
    const lake = await openLake(folder, { create: true });
    expect(await lake.snapshot()).toMatchObject({ folder, version: 0, files: [] });
    expect(await (await openLake(folder)).snapshot()).toMatchObject({ folder, version: 0, files: [] });
  });

  test('keeps rows and positions of a commit together', async () => {
    const lake = await openLake(folder, { create: true });
    expect(await append(lake, [{ key: 'a', before: undefined, after: read }])).toBe('committed');
    const again = await openLake(folder);
    expect(await rowCount(again)).toBe(1);
    expect([...(await again.positions()).byKey]).toEqual([['a', read]]);
    await lake.close();
  });

  test('refuses a commit whose blobs somebody else has read meanwhile, and leaves no file of it', async () => {
    const first = await openLake(folder, { create: true });
    const second = await openLake(folder);
    expect(await append(first, [{ key: 'a', before: undefined, after: read }])).toBe('committed');
    expect(await append(second, [{ key: 'a', before: undefined, after: read }])).toBe('conflict');
    expect(await append(second, [{ key: 'a', before: read, after: { ...read, readBytes: 99 } }])).toBe('committed');
    expect(await rowCount(first)).toBe(2);
    const names = await readdir(join(folder, 'tuples', 'date=2023-11-14'));
    expect(names.length).toBe(2);
    await first.close();
    await second.close();
  });

  test('keeps positions over checkpoints, and needs no commit file before the last one', async () => {
    const lake = await openLake(folder, { create: true });
    for (let i = 0; i < 23; i++)
      await append(lake, [{ key: `k${i}`, before: undefined, after: { ...read, etag: String(i) } }]);
    for (const name of await readdir(join(folder, 'tuples/_delta_log')))
      if (name.endsWith('.json') && Number(name.slice(0, 20)) <= 20) await rm(join(folder, 'tuples/_delta_log', name));
    const again = await openLake(folder);
    const positions = await again.positions();
    expect(positions.byKey.size).toBe(23);
    expect(positions.byKey.get('k7')?.etag).toBe('7');
    expect(await rowCount(again)).toBe(23);
    await lake.close();
  });

  test('that is torn says which file and line', async () => {
    const lake = await openLake(folder, { create: true });
    await append(lake, []);
    await lake.close();
    const path = join(folder, 'tuples/_delta_log', '00000000000000000001.json');
    const whole = await readFile(path, 'utf8');
    await writeFile(path, whole.slice(0, -20));
    await expect(openLake(folder)).rejects.toThrow(/00000000000000000001\.json: line 2 is not whole/);
    await writeFile(path, '');
    expect(await codeOf(openLake(folder))).toBe('lake-invalid');
  });
});
