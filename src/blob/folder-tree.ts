import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { compareNames } from './name.ts';

/** Folders in one another; a deeper one ends the walk with an error, so that a circle of links does. */
const depthMax = 64;

/** nsgflow's own notes beside the containers of an account: no blobs. */
export const stateFolder = '.nsgflow';

/** A file below a folder: its path with `/`, relative to the folder, and what the system says of it. */
export interface TreeFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly mtimeNanos: bigint;
}

/**
 * The files below `root` whose relative path begins with `prefix`, in order of paths (code points); folders that cannot hold any are not
 * opened, nor is `.nsgflow`. Links to files count as files, links to folders are not followed. A file that vanishes meanwhile is left out.
 * @throws the file system's own errors; ENOENT where `root` is missing.
 */
export async function* walkTree(root: string, prefix = ''): AsyncGenerator<TreeFile> {
  yield* walkFolder(root, '', prefix, 0);
}

async function* walkFolder(root: string, folder: string, prefix: string, depth: number): AsyncGenerator<TreeFile> {
  for (const { name, isFolder } of await readFolder(join(root, folder), depth === 0)) {
    const path = folder + name;
    if (isFolder) {
      const below = `${path}/`;
      if ((below.startsWith(prefix) || prefix.startsWith(below)) && depth < depthMax)
        yield* walkFolder(root, below, prefix, depth + 1);
    } else if (path.startsWith(prefix)) {
      const stats = await stat(join(root, path), { bigint: true }).catch(() => undefined);
      if (stats?.isFile() === true) yield { name: path, sizeBytes: Number(stats.size), mtimeNanos: stats.mtimeNs };
    }
  }
}

/** Entries in the order in which the paths below them stand: a folder sorts as its name with `/`. */
async function readFolder(path: string, isRoot: boolean): Promise<{ name: string; isFolder: boolean }[]> {
  let entries;
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (!isRoot && (error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const kept = entries
    .filter((entry) => entry.isDirectory() || entry.isFile() || entry.isSymbolicLink())
    .filter((entry) => entry.name !== stateFolder)
    .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  if (kept.length < 2) return kept;
  return kept.sort((a, b) => compareNames(a.isFolder ? `${a.name}/` : a.name, b.isFolder ? `${b.name}/` : b.name));
}
