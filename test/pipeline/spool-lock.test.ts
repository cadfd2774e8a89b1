import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from '../../src/pipeline/spool-lock.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const take = async (): Promise<() => Promise<void>> => await takeLock(path, 'the folder', 'Stop the other one.');

/** A lock that a process on another host held, long ago. */
async function leave(text = JSON.stringify({ host: 'elsewhere', pid: 1, begun: '' })): Promise<void> {
  await writeFile(path, text);
  const old = new Date(Date.now() - 3_600_000);
  await utimes(path, old, old);
}

test('a lock is refused while it is held, and free afterwards', async () => {
  const giveUp = await take();
  await expect(take()).rejects.toMatchObject({ code: 'usage', hint: 'Stop the other one.' });
  await giveUp();
  expect(await readdir(folder)).toEqual([]);
  await (
    await take()
  )();
});

test('of many that find the lock of a dead process at once, one takes it', async () => {
  for (let round = 0; round < 20; round++) {
    await leave();
    const taken = await Promise.allSettled(Array.from({ length: 8 }, take));
    const got = taken.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(got).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['lock']);
    await got[0]();
  }
});

test('a lock that says nothing is taken once it is old', async () => {
  await writeFile(path, '');
  await expect(take()).rejects.toMatchObject({ code: 'usage' });
  await leave('');
  await (
    await take()
  )();
});
