import { createHash } from 'node:crypto';
import { open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { makeFolderOf, privateFolderMode, publish, syncFolder, writeAll } from '../blob/folder-file.ts';
import { takeLock } from '../blob/process-lock.ts';
import type { Destination } from './flushed-block.ts';
import type { SpoolSegment } from './spool-segment.ts';
import { decodeSegment, encodeSegment } from './spool-segment.ts';

/**
 * The folder where flushes are kept until storage has them, so that unavailable storage or a killed recorder loses none:
 *
 *     DIR/000000000007-1700000040000-0f3a….segment   one flush for one account: number, minute, account; see spool-segment.ts
 *     DIR/refused/…                                  refused segments, which the next run sends again; and damaged ones, for the user
 *     DIR/status.json                                the status of `Delivery`
 *     DIR/lock                                       the process that uses the spool
 *
 * A segment gets its name when it is completely on disk, and is removed when storage has committed all of its blocks. If the
 * process dies between commit and removal, the blocks are sent again, and storage recognizes them by their ids.
 */
export interface SpoolFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly minuteMillis: number;
  /** See `laneOf`. */
  readonly lane: string;
  /** An earlier run set it aside because storage refused it; it is sent again. */
  readonly isAside?: true;
}

export interface SpoolSettings {
  /** Created if missing. */
  readonly folder: string;
  /** Segments beyond this are not accepted. */
  readonly bytesMax: number;
  /** Whether recording continues without it if the folder cannot be created; default false. */
  readonly mayBeMissing?: boolean;
  /** Whether a segment waits until the data is on disk; default true. */
  readonly sync?: boolean;
}

const segmentName = /^(\d{12})-(\d{1,15})-([0-9a-f]{16})\.segment$/;
/** See `refuse`. */
const asideName = /^\d{1,15}-[0-9a-f]{32}\.segment$/;
const temporaryName = 'segment.new';
const statusName = 'status.json';
const refusedFolder = 'refused';

/** Sixteen hex digits for a destination and the location of its account. Different lanes do not wait for each other. */
export function laneOf(destination: Destination, account: string): string {
  return createHash('sha256')
    .update(`${keyOf(destination)}\n${account}`)
    .digest('hex')
    .slice(0, 16);
}

/** One text for a destination; names of storage accounts never have a `#`. */
export function keyOf({ storage, sender }: Destination): string {
  return sender === undefined ? storage : `${storage}#${sender}`;
}

export class Spool {
  readonly folder: string;
  readonly #bytesMax: number;
  readonly #sync: boolean;
  readonly #unlock: () => Promise<void>;
  #next: number;
  #bytes: number;
  #refused = 0;
  /** Segments of an earlier run, oldest first. */
  readonly left: readonly SpoolFile[];

  private constructor(settings: SpoolSettings, left: readonly SpoolFile[], unlock: () => Promise<void>) {
    this.folder = settings.folder;
    this.#bytesMax = settings.bytesMax;
    this.#sync = settings.sync ?? true;
    this.left = left;
    const last = left.at(-1);
    this.#next = last === undefined || last.isAside === true ? 1 : Number.parseInt(last.name, 10) + 1;
    // Segments set aside do not count toward the limit.
    this.#bytes = left.reduce((sum, { sizeBytes, isAside }) => sum + (isAside === true ? 0 : sizeBytes), 0);
    this.#unlock = unlock;
  }

  /** @throws usage while another process uses it; permission, disk-full, io */
  static async open(settings: SpoolSettings): Promise<Spool> {
    const { folder } = settings;
    try {
      await makeFolderOf(join(folder, 'x'), settings.sync ?? true, privateFolderMode);
      const hint = 'Each recorder needs its own spool: stop the other recorder, or use another folder with --spool.';
      const unlock = await takeLock(join(folder, 'lock'), `the spool ${folder}`, hint);
      try {
        await rm(join(folder, temporaryName), { force: true });
        return new Spool(settings, [...(await filesAside(folder)), ...(await filesLeft(folder))], unlock);
      } catch (error) {
        // Otherwise a second attempt in the same process would find its own lock.
        await unlock();
        throw error;
      }
    } catch (error) {
      throw fileError(error, `open the spool ${folder}`);
    }
  }

  /** Bytes of its segments. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds a segment, which is on disk when this returns. One call at a time.
   * @returns `undefined` if it does not fit
   * @throws disk-full, permission, io
   */
  async write(segment: SpoolSegment): Promise<SpoolFile | undefined> {
    const bytes = encodeSegment(segment);
    const lane = laneOf(segment, segment.account);
    if (this.#bytes + bytes.length > this.#bytesMax) return undefined;
    const temporary = join(this.folder, temporaryName);
    try {
      await this.#writeFile(temporary, bytes);
      for (;;) {
        const name = `${String(this.#next++).padStart(12, '0')}-${segment.minuteMillis}-${lane}.segment`;
        if (!(await publish(temporary, join(this.folder, name)))) continue;
        if (this.#sync) await syncFolder(this.folder);
        this.#bytes += bytes.length;
        return { name, sizeBytes: bytes.length, minuteMillis: segment.minuteMillis, lane };
      }
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw fileError(error, `write to the spool ${this.folder}`);
    }
  }

  /**
   * Reads a segment.
   * @param onDamage called for a damaged or unreadable file, which is then set aside; the other files continue
   * @returns `undefined` for such a file
   * @throws io
   */
  async read(file: SpoolFile, onDamage: (sentence: string) => void): Promise<SpoolSegment | undefined> {
    const path = join(this.folder, file.name);
    let segment: SpoolSegment | undefined;
    let why = `${path} is damaged`;
    try {
      segment = decodeSegment(await readFile(path));
    } catch (error) {
      const failure = fileError(error, `read ${path}`);
      if (!unreadable.has((error as NodeJS.ErrnoException).code ?? '')) throw failure;
      why = failure.message;
    }
    if (segment !== undefined) return segment;
    const isAside = await this.#setAside(file);
    onDamage(
      `${why}; its content is not delivered${isAside ? `, and it is now in ${this.folder}/${refusedFolder}` : ''}`,
    );
    return undefined;
  }

  async remove(file: SpoolFile): Promise<void> {
    await rm(join(this.folder, file.name), { force: true }).catch(() => undefined);
    if (file.isAside !== true) this.#bytes -= file.sizeBytes;
  }

  /**
   * Moves a segment's file to the folder of refused segments.
   * @returns false if it stays or is gone
   */
  async #setAside(file: SpoolFile): Promise<boolean> {
    const target = join(this.folder, refusedFolder, file.name);
    if (file.isAside === true) return true;
    this.#bytes -= file.sizeBytes;
    try {
      await makeFolderOf(target, this.#sync);
      // Numbers start again in an empty spool, so a file of an earlier run can have the same name.
      for (let turn = 0; ; turn++)
        if (await publish(join(this.folder, file.name), turn === 0 ? target : `${target}.${turn}`)) return true;
    } catch {
      return false;
    }
  }

  /**
   * Stores blocks that storage rejects permanently.
   * @returns whether they are on disk
   */
  async refuse(segment: SpoolSegment): Promise<boolean> {
    if (this.#refused++ >= limits.spoolRefusedMax) return false;
    const target = join(this.folder, refusedFolder, `${segment.minuteMillis}-${segment.blocks[0].id}.segment`);
    const temporary = `${target}.new`;
    try {
      await makeFolderOf(target, this.#sync);
      await this.#writeFile(temporary, encodeSegment(segment));
      await rename(temporary, target);
      if (this.#sync) await syncFolder(dirname(target));
      return true;
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
      return false;
    }
  }

  /** The last status of this run or an earlier one; `undefined` if there is none. */
  async readStatus(): Promise<unknown> {
    try {
      return JSON.parse(await readFile(join(this.folder, statusName), 'utf8')) as unknown;
    } catch {
      return undefined;
    }
  }

  /** Replaces `status.json`; write errors are ignored. One call at a time. */
  async writeStatus(status: object): Promise<void> {
    const temporary = join(this.folder, `${statusName}.new`);
    try {
      await this.#writeFile(temporary, Buffer.from(`${JSON.stringify(status, undefined, 2)}\n`));
      await rename(temporary, join(this.folder, statusName));
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  /** Releases the folder; segments stay for the next run. */
  async close(): Promise<void> {
    await this.#unlock();
  }

  async #writeFile(path: string, bytes: Uint8Array): Promise<void> {
    const file = await open(path, 'w');
    try {
      await writeAll(file, bytes, null);
      if (this.#sync) await file.datasync();
    } finally {
      await file.close();
    }
  }
}

/** Errors of a single file, not of the machine: other files can be read. */
const unreadable = new Set(['ENOENT', 'EACCES', 'EPERM', 'EIO', 'EISDIR', 'EBADMSG', 'EUCLEAN']);

/** Segments that an earlier run set aside because storage refused them, oldest first. Damaged ones are not included. */
async function filesAside(folder: string): Promise<SpoolFile[]> {
  const names = await readdir(join(folder, refusedFolder)).catch(() => []);
  const files: SpoolFile[] = [];
  for (const name of names.filter((each) => asideName.test(each))) {
    const path = join(refusedFolder, name);
    const bytes = await readFile(join(folder, path)).catch(() => undefined);
    const segment = bytes && decodeSegment(bytes);
    if (bytes === undefined || segment === undefined) continue;
    const { account, minuteMillis } = segment;
    files.push({ name: path, sizeBytes: bytes.length, minuteMillis, lane: laneOf(segment, account), isAside: true });
  }
  return files.sort((a, b) => a.minuteMillis - b.minuteMillis);
}

/** Segments in the folder, oldest first. */
async function filesLeft(folder: string): Promise<SpoolFile[]> {
  const left: SpoolFile[] = [];
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  for (const name of names.sort()) {
    const parts = segmentName.exec(name);
    if (/^lock\.[0-9a-f-]+\.(?:new|old)$/.test(name)) await rm(join(folder, name), { force: true });
    if (parts === null) continue;
    const { size } = await stat(join(folder, name));
    left.push({ name, sizeBytes: size, minuteMillis: Number(parts[2]), lane: parts[3] });
  }
  return left;
}
