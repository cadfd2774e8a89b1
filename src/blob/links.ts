import { lstat, readdir } from 'node:fs/promises';
import type { Dirent } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/**
 * The first link among the folders between `root` and `path`; `undefined` if there is none. `root` itself may be a
 * link, because the user named it. Checked before files are deleted, so that a link in a folder of nsgflow never leads
 * to files of others.
 */
export async function linkOnPath(root: string, path: string): Promise<string | undefined> {
  let folder = root;
  for (const name of relative(root, dirname(path)).split(sep)) {
    if (name === '' || name === '..') return undefined;
    folder = join(folder, name);
    const found = await lstat(folder).catch(() => undefined);
    if (found === undefined) return undefined;
    if (found.isSymbolicLink()) return folder;
  }
  return undefined;
}

/**
 * The entries directly in `folder`, which is `root` or below it. Empty if it is missing or reached through a link.
 * @throws errors of the file system
 */
export async function entriesWithin(root: string, folder: string): Promise<Dirent[]> {
  if ((await linkOnPath(root, join(folder, 'x'))) !== undefined) return [];
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
