import { createHash } from 'node:crypto';
import { open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { makeFolderOf, privateFolderMode, publish, syncFolder, writeAll } from '../blob/folder-file.ts';
import { takeLock } from './spool-lock.ts';
import type { SpoolSegment } from './spool-segment.ts';
import { decodeSegment, encodeSegment } from './spool-segment.ts';

/**
 * The folder where flushes lie until storage has them, so that neither storage that is away nor a killed recorder loses any:
 *
 *     DIR/000000000007-1700000040000-0f3a….segment   one flush for one account: number, minute, account; see spool-segment.ts
 *     DIR/refused/…                                  segments that storage will never take, or that are damaged: for a person to look at
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
const temporaryName = 'segment.new';
const statusName = 'status.json';
const refusedFolder = 'refused';

/** Sixteen hex digits for an account: its key, and where it lies. What goes to different accounts does not wait for each other. */
export function laneOf(storage: string, account: string): string {
  return createHash('sha256').update(`${storage}\n${account}`).digest('hex').slice(0, 16);
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
    this.#next = left.length === 0 ? 1 : Number.parseInt(left[left.length - 1].name, 10) + 1;
    this.#bytes = left.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#unlock = unlock;
  }

  /** @throws usage while another process uses it; permission, disk-full, io */
  static async open(settings: SpoolSettings): Promise<Spool> {
    const { folder } = settings;
    try {
      await makeFolderOf(join(folder, 'x'), settings.sync ?? true, privateFolderMode);
      const hint = 'One recorder has one spool: stop that one, or name another folder with --spool.';
      const unlock = await takeLock(join(folder, 'lock'), `the spool ${folder}`, hint);
      await rm(join(folder, temporaryName), { force: true });
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
      return new Spool(settings, left, unlock);
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
    const lane = laneOf(segment.storage, segment.account);
    if (this.#bytes + bytes.length > this.#bytesMax) return undefined;
    const temporary = join(this.folder, temporaryName);
    try {
      const file = await open(temporary, 'w');
      try {
        await writeAll(file, bytes, null);
        if (this.#sync) await file.datasync();
      } finally {
        await file.close();
      }
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

  /** @returns `undefined` for a file that is damaged; it is then set aside. @throws permission, io */
  async read(file: SpoolFile): Promise<SpoolSegment | undefined> {
    let bytes: Uint8Array;
    try {
      bytes = await readFile(join(this.folder, file.name));
    } catch (error) {
      throw fileError(error, `read ${join(this.folder, file.name)}`);
    }
    const segment = decodeSegment(bytes);
    if (segment === undefined) await this.setAside(file);
    return segment;
  }

  async remove(file: SpoolFile): Promise<void> {
    await rm(join(this.folder, file.name), { force: true }).catch(() => undefined);
    this.#bytes -= file.sizeBytes;
  }

  /** Keeps a segment's file apart, where nobody delivers it. */
  async setAside(file: SpoolFile): Promise<void> {
    const target = join(this.folder, refusedFolder, file.name);
    await makeFolderOf(target, this.#sync).catch(() => undefined);
    await rename(join(this.folder, file.name), target).catch(() => undefined);
    this.#bytes -= file.sizeBytes;
  }

  /** Keeps blocks apart that storage will never take. What cannot be written is left. */
  async refuse(segment: SpoolSegment): Promise<void> {
    if (this.#refused++ >= limits.spoolRefusedMax) return;
    const target = join(this.folder, refusedFolder, `${segment.minuteMillis}-${segment.blocks[0].id}.segment`);
    try {
      await makeFolderOf(target, this.#sync);
      await writeFile(target, encodeSegment(segment));
    } catch {
      return;
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

  /** Replaces `status.json`; what cannot be written is left. */
  async writeStatus(status: object): Promise<void> {
    const temporary = join(this.folder, `${statusName}.new`);
    try {
      await writeFile(temporary, `${JSON.stringify(status, undefined, 2)}\n`);
      await rename(temporary, join(this.folder, statusName));
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  /** Gives the folder up; segments stay for the next run. */
  async close(): Promise<void> {
    await this.#unlock();
  }
}
