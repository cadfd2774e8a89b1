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
 * The folder where flushes lie until storage has them, so that neither storage that is away nor a killed recorder loses any:
 *
 *     DIR/000000000007-1700000040000-0f3a….segment   one flush for one account: number, minute, account; see spool-segment.ts
 *     DIR/refused/…                                  segments that storage refused: the next run offers them again; and damaged ones, for a person
 *     DIR/status.json                                what `Delivery` says of it
 *     DIR/lock                                       the process that it belongs to
 *
 * A segment gets its name when all of it is on the disk, and loses it when storage has committed all of its blocks. Who dies between that
 * commit and the removal has the blocks offered again, and storage knows them by their ids.
 */
export interface SpoolFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly minuteMillis: number;
  /** See `laneOf`. */
  readonly lane: string;
  /** An earlier run set it aside because storage refused it; it is offered again. */
  readonly isAside?: true;
}

export interface SpoolSettings {
  /** Made where there is none. */
  readonly folder: string;
  /** Segments beyond this are not taken. */
  readonly bytesMax: number;
  /** Whether recording goes on without it where the folder cannot be made; false where absent. */
  readonly mayBeMissing?: boolean;
  /** Whether a segment waits until the disk has it; true where absent. */
  readonly sync?: boolean;
}

const segmentName = /^(\d{12})-(\d{1,15})-([0-9a-f]{16})\.segment$/;
/** See `refuse`. */
const asideName = /^\d{1,15}-[0-9a-f]{32}\.segment$/;
const temporaryName = 'segment.new';
const statusName = 'status.json';
const refusedFolder = 'refused';

/** Sixteen hex digits for a destination and where its account lies. What goes to different ones does not wait for each other. */
export function laneOf(destination: Destination, account: string): string {
  return createHash('sha256')
    .update(`${keyOf(destination)}\n${account}`)
    .digest('hex')
    .slice(0, 16);
}

/** One text for a destination; no storage account has a `#` in its name. */
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
  /** What an earlier run left, oldest first. */
  readonly left: readonly SpoolFile[];

  private constructor(settings: SpoolSettings, left: readonly SpoolFile[], unlock: () => Promise<void>) {
    this.folder = settings.folder;
    this.#bytesMax = settings.bytesMax;
    this.#sync = settings.sync ?? true;
    this.left = left;
    const last = left.at(-1);
    this.#next = last === undefined || last.isAside === true ? 1 : Number.parseInt(last.name, 10) + 1;
    // What lies aside takes no room from what comes.
    this.#bytes = left.reduce((sum, { sizeBytes, isAside }) => sum + (isAside === true ? 0 : sizeBytes), 0);
    this.#unlock = unlock;
  }

  /** @throws usage while another process uses it; permission, disk-full, io */
  static async open(settings: SpoolSettings): Promise<Spool> {
    const { folder } = settings;
    try {
      await makeFolderOf(join(folder, 'x'), settings.sync ?? true, privateFolderMode);
      const hint = 'One recorder has one spool: stop that one, or name another folder with --spool.';
      const unlock = await takeLock(join(folder, 'lock'), `the spool ${folder}`, hint);
      try {
        await rm(join(folder, temporaryName), { force: true });
        return new Spool(settings, [...(await filesAside(folder)), ...(await filesLeft(folder))], unlock);
      } catch (error) {
        // Who tries again in the same process would find the spool in use by itself.
        await unlock();
        throw error;
      }
    } catch (error) {
      throw fileError(error, `open the spool ${folder}`);
    }
  }

  /** Bytes of the segments in it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a segment, on the disk when this returns. One at a time. @returns `undefined` where it does not fit. @throws disk-full, permission, io */
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
   * @param onDamage hears of a file that is damaged or cannot be read: it is then set aside, and the others go on
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
      `${why}; what it holds is not delivered${isAside ? `, and it lies in ${this.folder}/${refusedFolder}` : ''}`,
    );
    return undefined;
  }

  async remove(file: SpoolFile): Promise<void> {
    await rm(join(this.folder, file.name), { force: true }).catch(() => undefined);
    if (file.isAside !== true) this.#bytes -= file.sizeBytes;
  }

  /** Keeps a segment's file apart, where nobody delivers it. @returns false where it stays, or is gone */
  async #setAside(file: SpoolFile): Promise<boolean> {
    const target = join(this.folder, refusedFolder, file.name);
    if (file.isAside === true) return true;
    this.#bytes -= file.sizeBytes;
    try {
      await makeFolderOf(target, this.#sync);
      // Numbers begin anew in a spool that was emptied: a file of an earlier run may have the name.
      for (let turn = 0; ; turn++)
        if (await publish(join(this.folder, file.name), turn === 0 ? target : `${target}.${turn}`)) return true;
    } catch {
      return false;
    }
  }

  /** Keeps blocks apart that storage will never take. @returns whether the disk has them */
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

  /** The status that was written last, of this run or one before; `undefined` where there is none. */
  async readStatus(): Promise<unknown> {
    try {
      return JSON.parse(await readFile(join(this.folder, statusName), 'utf8')) as unknown;
    } catch {
      return undefined;
    }
  }

  /** Replaces `status.json`; what cannot be written is left. One at a time. */
  async writeStatus(status: object): Promise<void> {
    const temporary = join(this.folder, `${statusName}.new`);
    try {
      await this.#writeFile(temporary, Buffer.from(`${JSON.stringify(status, undefined, 2)}\n`));
      await rename(temporary, join(this.folder, statusName));
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  /** Gives the folder up; segments stay for the next run. */
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

/** Of one file, not of the machine: the others can be read. */
const unreadable = new Set(['ENOENT', 'EACCES', 'EPERM', 'EIO', 'EISDIR', 'EBADMSG', 'EUCLEAN']);

/** Segments that an earlier run set aside because storage refused them, oldest first. Damaged ones are left. */
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
