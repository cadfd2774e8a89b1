import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { FlowError } from '../base/errors.ts';
import { publish } from './folder-file.ts';

/**
 * Lock file of a folder: the file `lock` with host, process id and, if the system reports it, the start time of the
 * process (ids are reused after a restart). On another host, such as a previous container, the file's age decides: its
 * owner updates its time.
 */
interface Owner {
  readonly host: string;
  readonly pid: number;
  readonly begun: string;
}

const touchMillis = 5000;
const staleMillis = 30_000;

/**
 * Takes the lock `path` for this process; also the lock of a dead process. `what` and `hint` are for the error: what is
 * locked, and what to do.
 * @returns a function that releases the lock
 * @throws usage while another process holds it
 */
export async function takeLock(path: string, what: string, hint: string): Promise<() => Promise<void>> {
  const mine = JSON.stringify({ host: hostname(), pid: process.pid, begun: begunOf(process.pid) } satisfies Owner);
  for (let tried = 0; ; tried++) {
    if (await create(path, mine)) break;
    const text = await readFile(path, 'utf8').catch(() => '');
    const owner = parse(text);
    const ageMillis = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? 0);
    if (tried > 3 || isAlive(owner, ageMillis))
      throw new FlowError('usage', `${what} is in use by process ${owner?.pid ?? 'unknown'} of ${owner?.host ?? '?'}`, {
        hint,
      });
    await removeStale(path, text);
  }
  const timer = setInterval(() => {
    const now = new Date();
    void utimes(path, now, now).catch(() => undefined);
  }, touchMillis);
  timer.unref();
  return async () => {
    clearInterval(timer);
    if ((await readFile(path, 'utf8').catch(() => '')) === mine) await rm(path, { force: true });
  };
}

/** The process that holds the lock `path`; `undefined` if there is none, or the file is not a lock. */
export async function holderOf(
  path: string,
): Promise<{ readonly host: string; readonly pid: number; readonly isThisProcess: boolean } | undefined> {
  const owner = parse(await readFile(path, 'utf8').catch(() => ''));
  const modifiedMillis = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
  if (owner === undefined || !isAlive(owner, Date.now() - modifiedMillis)) return undefined;
  const { host, pid } = owner;
  return { host, pid, isThisProcess: host === hostname() && pid === process.pid };
}

/** Creates the file with its text in one step: a process killed in between would leave a lock without an owner. */
async function create(path: string, text: string): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}.new`;
  await writeFile(temporary, text);
  try {
    return await publish(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Removes the lock of a dead process, with content `text`. If another process has taken it since, it is put back. */
async function removeStale(path: string, text: string): Promise<void> {
  const aside = `${path}.${randomUUID()}.old`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== text) await publish(aside, path);
  await rm(aside, { force: true });
}

function parse(text: string): Owner | undefined {
  try {
    const { host, pid, begun } = JSON.parse(text) as Partial<Owner>;
    return typeof host === 'string' && Number.isSafeInteger(pid) && typeof begun === 'string'
      ? { host, pid: pid as number, begun }
      : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(owner: Owner | undefined, ageMillis: number): boolean {
  if (owner === undefined) return ageMillis < touchMillis;
  if (owner.host !== hostname()) return ageMillis < staleMillis;
  if (owner.pid === process.pid) return owner.begun === begunOf(process.pid);
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return owner.begun === begunOf(owner.pid);
}

/**
 * Start time of a process in ticks since the system started, from /proc; otherwise an empty text. Source: proc(5),
 * field 22.
 */
function begunOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return '';
  }
}
