import type * as files from 'node:fs/promises';
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { takeLock } from '../../src/blob/process-lock.ts';

/** Done once, behind the next look at how old a lock is. */
const meanwhile = vi.hoisted(() => ({ act: undefined as (() => Promise<void>) | undefined }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof files>();
  const stat = async (at: string): Promise<unknown> => {
    const found = await real.stat(at);
    const { act } = meanwhile;
    meanwhile.act = undefined;
    await act?.();
    return found;
  };
  return { ...real, stat };
});

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

test('a lock that another process takes from the dead one meanwhile stays with it', async () => {
  await leave();
  const other = JSON.stringify({ host: 'another', pid: 2, begun: '' });
  meanwhile.act = async () => {
    await rm(path);
    await writeFile(path, other);
  };
  await expect(take()).rejects.toMatchObject({ code: 'usage' });
  expect(await readFile(path, 'utf8')).toBe(other);
  expect(await readdir(folder)).toEqual(['lock']);
});

test('a lock that says nothing is taken once it is old', async () => {
  await writeFile(path, '');
  await expect(take()).rejects.toMatchObject({ code: 'usage' });
  await leave('');
  await (
    await take()
  )();
});
