import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { link, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { entriesWithin } from './links.ts';

/** Steps on files that the folder container is made of. All throw the file system's own errors. */

/** Writes all of `bytes` at `position`. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number | null): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const at = position === null ? null : position + done;
    const { bytesWritten } = await handle.write(bytes, done, Math.min(bytes.length - done, 1 << 30), at);
    done += bytesWritten;
  }
}

/** Most pieces that Linux writes at once. */
const piecesMax = 1024;

/** Writes all of `pieces`, one behind the other, at `position`; without putting them together first. */
export async function writePieces(handle: FileHandle, pieces: readonly Uint8Array[], position: number): Promise<void> {
  let at = position;
  for (let left = pieces.filter(({ length }) => length > 0); left.length > 0;) {
    const { bytesWritten } = await handle.writev(left.slice(0, piecesMax), at);
    at += bytesWritten;
    left = behind(left, bytesWritten);
  }
}

/** What remains of `pieces` behind their first `done` bytes. */
function behind(pieces: readonly Uint8Array[], done: number): Uint8Array[] {
  let skipped = 0;
  let first = 0;
  while (first < pieces.length && skipped + pieces[first].length <= done) skipped += pieces[first++].length;
  if (first === pieces.length) return [];
  return [pieces[first].subarray(done - skipped), ...pieces.slice(first + 1)];
}

/**
 * Gives the file `from` the name `to`. @returns false where `to` is taken; `from` is then left. Where the file system has no hard links, looking and
 * renaming are two steps.
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

/** Of a folder that its owner alone may read. */
export const privateFolderMode = 0o700;
const folderMode = 0o777;

/**
 * Makes the folder of `path`, and the ones above it; with `sync`, their names outlive a power failure. Folders that are there keep their mode.
 * @param mode of those that are made, less the umask
 */
export async function makeFolderOf(path: string, sync: boolean, mode: number = folderMode): Promise<void> {
  const folder = dirname(path);
  const first = await makeFolders(folder, mode);
  if (first === undefined || !sync) return;
  for (let at = folder; at.length >= first.length; at = dirname(at)) await syncFolder(dirname(at));
}

/**
 * Makes a folder and those above it that are missing. @returns the first one made, `undefined` where all were there
 *
 * `mkdir` of Node 20 with `recursive` never returns where the system refuses a folder with "no such file", as below /proc.
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

/** @returns false where it is there already */
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

/** Has the names in a folder written to the disk, where the system can (Windows cannot). */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (handle === undefined) return;
  await handle.sync().catch(() => undefined);
  await handle.close();
}

/** Removes the folder of `path` and those above it while they are empty, up to `root` (kept). */
export async function removeEmptyFolders(path: string, root: string): Promise<void> {
  for (let folder = dirname(path); folder.length > root.length && folder.startsWith(root); folder = dirname(folder)) {
    try {
      await rmdir(folder);
    } catch {
      return;
    }
  }
}

/** Tells this process from an earlier one with its number: in a container each has the same. */
const processMark = randomUUID().slice(0, 8);
const begunMillis = Date.now() - process.uptime() * 1000;
let temporaryNames = 0;

/** A path for a temporary file of this process in `folder`. */
export function temporaryPath(folder: string): string {
  return join(folder, `${hostLabel()}-${process.pid}-${processMark}-${temporaryNames++}`);
}

/** Removes temporary files that processes of this machine left behind when they were killed, in a folder below `root` that no link leads to. */
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
