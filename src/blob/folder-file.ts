import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { link, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { entriesWithin } from './links.ts';

/** File operations of the folder container. All throw errors of the file system. */

/** Writes all of `bytes` at `position`. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number | null): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const at = position === null ? null : position + done;
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, 1 << 30), at);
    done += bytesWritten;
  }
}

/** The most buffers that Linux writes in one call. */
const piecesMax = 1024;

/** Writes all of `pieces` in sequence at `position`, without joining them first. */
export async function writePieces(handle: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<void> {
  let at = position;
  for (let left = pieces.filter(({ length }) => length > 0); left.length > 0;) {
    const { bytesWritten } = await handle.writev(left.slice(0, piecesMax), at);
    at += bytesWritten;
    left = behind(left, bytesWritten);
  }
}

/** The part of `pieces` after their first `done` bytes. */
function behind(pieces: readonly Uint8Array[], done: number): Uint8Array[] {
  let skipped = 0;
  let first = 0;
  while (first < pieces.length && skipped + pieces[first].length <= done) skipped += pieces[first++].length;
  if (first === pieces.length) return [];
  return [pieces[first].subarray(done - skipped), ...pieces.slice(first + 1)];
}

/**
 * Renames the file `from` to `to`.
 * @returns false if `to` exists; `from` then stays. Without hard links in the file system, the check and the rename are
 * two steps.
 */
export async function publish(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    await rm(from, { force: true });
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST') return false;
    if (!linkRefusals.has(code)) throw error;
    if (await exists(to)) return false;
    await rename(from, to);
    return true;
  }
}

const linkRefusals = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Mode of a folder that only its owner can read. */
export const privateFolderMode = 0o700;
const folderMode = 0o777;

/**
 * Creates the folder of `path` and its parents; with `sync`, they survive a power failure. Existing folders keep their
 * mode.
 * @param mode of created folders, less the umask
 */
export async function makeFolderOf(path: string, sync: boolean, mode: number = folderMode): Promise<void> {
  const folder = dirname(path);
  const first = await makeFolders(folder, mode);
  if (first === undefined || !sync) return;
  for (let at = folder; at.length >= first.length; at = dirname(at)) await syncFolder(dirname(at));
}

/**
 * Creates a folder and its missing parents.
 * @returns the first one created; `undefined` if all existed
 *
 * `mkdir` of Node 20 with `recursive` never returns if the system refuses a folder with "no such file", as below /proc.
 */
async function makeFolders(folder: string, mode: number): Promise<string | undefined> {
  const path = resolve(folder);
  const above = dirname(path);
  try {
    return (await makeFolder(path, mode)) ? path : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw error;
  }
  const first = await makeFolders(above, mode);
  return (await makeFolder(path, mode)) ? (first ?? path) : first;
}

/** @returns false if it exists already */
async function makeFolder(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && (await isFolder(path))) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Writes the names in a folder to disk, if the system supports it (Windows does not). */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (handle === undefined) return;
  await handle.sync().catch(() => undefined);
  await handle.close();
}

/** Removes the folder of `path` and its parents while they are empty, up to `root`, which is kept. */
export async function removeEmptyFolders(path: string, root: string): Promise<void> {
  for (let folder = dirname(path); folder.length > root.length && folder.startsWith(root); folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch {
      return;
    }
  }
}

/** Distinguishes this process from an earlier one with the same process id: in a container both often have the same. */
const processMark = randomUUID().slice(0, 8);
const begunMillis = Date.now() - process.uptime() * 1000;
let temporaryNames = 0;

/** A path for a temporary file of this process in `folder`. */
export function temporaryPath(folder: string): string {
  return join(folder, `${hostLabel()}-${process.pid}-${processMark}-${temporaryNames++}`);
}

/**
 * Removes temporary files of killed processes of this machine, in a folder below `root` that is not reached through a
 * link.
 */
export async function removeStaleTemporaries(root: string, folder: string): Promise<void> {
  for (const entry of await entriesWithin(root, folder).catch(() => [])) {
    const match = entry.isFile() ? /^([^-]+)-(\d+)(?:-[0-9a-f]{8})?-\d+$/.exec(entry.name) : null;
    if (match?.[1] !== hostLabel()) continue;
    const path = join(folder, entry.name);
    const pid = Number(match[2]);
    const isStale = pid === process.pid ? await isOlder(path, begunMillis) : !isRunning(pid);
    if (isStale) await rm(path, { force: true });
  }
}

async function isOlder(path: string, timeMillis: number): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.mtimeMs < timeMillis;
}

function hostLabel(): string {
  return hostname().replaceAll(/[^A-Za-z0-9.]/g, '_');
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
