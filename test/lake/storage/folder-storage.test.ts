import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folderStorage } from '../../../src/lake/storage/folder-storage.ts';
import { storageContract } from './contract.ts';

let root: string;
let made = 0;
beforeAll(async () => (root = await mkdtemp(join(tmpdir(), 'nsgflow-storage-'))));
afterAll(() => rm(root, { recursive: true, force: true }));

storageContract('a folder', () => {
  const folder = join(root, String(made++));
  const view = (): ReturnType<typeof folderStorage> => folderStorage(folder, join(root, 'tmp'));
  return Promise.resolve({ storage: view(), other: view() });
});

test('a folder: nothing stays of files on their way, also where one was refused', async () => {
  const [folder, temporary] = [join(root, 'clean'), join(root, 'clean-tmp')];
  const storage = folderStorage(folder, temporary);
  await storage.put('x', Buffer.from('1'), { ifAbsent: true });
  await storage.put('x', Buffer.from('2'), { ifAbsent: true });
  await storage.put('x', Buffer.from('3'));
  await expect(storage.put('x/below-a-file', Buffer.from('4'))).rejects.toThrow(/cannot write/);
  expect(await readdir(temporary)).toEqual([]);
});

test('a folder: links to folders are not followed when names are listed', async () => {
  const folder = join(root, 'links');
  await mkdir(join(root, 'outside'));
  await mkdir(folder);
  await writeFile(join(root, 'outside/x'), 'mine');
  await symlink(join(root, 'outside'), join(folder, 'link'));
  await folderStorage(folder, join(root, 'tmp')).put('a', Buffer.from(''));
  expect(await folderStorage(folder, join(root, 'tmp')).list('')).toEqual(['a', 'link']);
});
