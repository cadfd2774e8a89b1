/**
 * Folders in the system's folder for temporary files that only this user can read, whatever the umask says:
 *
 *   nsgflow-PURPOSE-MACHINE-PID-XXXXXX      MACHINE: a hash of the host, its start and the namespace of process ids
 *
 * A folder goes with its process. What a killed process leaves is private, and goes when the same user makes the next one.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync } from 'node:fs';
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileError } from '../../base/errors.ts';

export interface TemporaryFolder {
  readonly path: string;
  /** Removes it with all that lies in it; so does the end of the process. */
  remove(): Promise<void>;
}

/** @param purpose a word for its name @throws permission, disk-full, io */
export async function makeTemporaryFolder(purpose: string): Promise<TemporaryFolder> {
  const above = tmpdir();
  let path: string;
  try {
    if (cleaned.size < cleaned.add(above).size) await removeLeft(above);
    path = await mkdtemp(join(above, `nsgflow-${purpose}-${machine()}-${process.pid}-`));
  } catch (error) {
    throw fileError(error, `make a folder in ${above}, the folder for temporary files (TMPDIR)`);
  }
  made.add(path);
  if (made.size === 1) process.once('exit', removeMade);
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      if (made.delete(path) && made.size === 0) process.off('exit', removeMade);
    },
  };
}

/** Folders of this process. */
const made = new Set<string>();

function removeMade(): void {
  for (const path of made) {
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // A thread that is about to end still writes: the next process removes it.
    }
  }
}

/** Folders in which this process has looked for what others left. */
const cleaned = new Set<string>();

/** Removes what killed processes of this user and machine left. */
async function removeLeft(above: string): Promise<void> {
  for (const name of await readdir(above)) {
    const [, of, pid] = /^nsgflow-[a-z]+-([0-9a-f]{8})-(\d+)-\w+$/.exec(name) ?? [];
    if (of !== machine() || isAlive(Number(pid))) continue;
    const path = join(above, name);
    // Nobody else can move a folder of ours away and put a link in its place.
    const found = await lstat(path).catch(() => undefined);
    const isOurs = found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o777) === 0o700;
    if (isOurs) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Tells process ids of this machine from those of others that have the same folder: other hosts, other containers. */
function machine(): string {
  hash ??= createHash('sha256')
    .update([hostname(), ...['/proc/sys/kernel/random/boot_id', '/proc/self/ns/pid'].map(textOf)].join('\n'))
    .digest('hex')
    .slice(0, 8);
  return hash;
}

let hash: string | undefined;

/** Of a file or a link of Linux; '' elsewhere. */
function textOf(path: string): string {
  try {
    return path.endsWith('/pid') ? readlinkSync(path) : readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
