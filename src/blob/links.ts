import { lstat, readdir } from 'node:fs/promises';
import type { Dirent } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/**
 * The first link among the folders below `root` that lead to `path`; `undefined` where there is none. `root` itself may be a link: a user named it.
 * What deletes files asks this first, so that a link in a folder of nsgflow never leads it to the files of others.
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

/** What lies directly in `folder`, which is `root` or lies below it. None where it is missing, or where a link leads to it. @throws the file system's own errors */
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
