import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';

/** Size and free space of a disk, in bytes. */
export interface DiskSpace {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** Space of the disk of `folder`, which need not exist yet; `undefined` if the system does not report it. */
export async function diskSpace(folder: string): Promise<DiskSpace | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { bsize, blocks, bavail } = await statfs(at);
      return { totalBytes: bsize * blocks, freeBytes: bsize * bavail };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || at === dirname(at)) return undefined;
    }
  }
}

/** Keeps a disk from filling up: call `check` before each commit. */
export class DiskReserve {
  readonly #folder: string;
  readonly #reserveBytes: number | undefined;
  readonly #spaceOf: (folder: string) => Promise<DiskSpace | undefined>;
  #warned = false;

  /** @param reserveBytes if undefined, `limits.diskReserveBytes`, or `limits.diskReserveShare` of a small disk */
  constructor(folder: string, reserveBytes: number | undefined, spaceOf = diskSpace) {
    this.#folder = folder;
    this.#reserveBytes = reserveBytes;
    this.#spaceOf = spaceOf;
  }

  /**
   * @returns a warning, once, when the reserve is near
   * @throws disk-full if only the reserve is free
   */
  async check(): Promise<string | undefined> {
    const space = await this.#spaceOf(this.#folder);
    if (space === undefined) return undefined;
    const reserve =
      this.#reserveBytes ?? Math.min(limits.diskReserveBytes, Math.floor(space.totalBytes * limits.diskReserveShare));
    const free = `${megabytes(space.freeBytes)} free`;
    if (space.freeBytes <= reserve && reserve > 0)
      throw new FlowError(
        'disk-full',
        `no space left on the disk of ${this.#folder} but the reserve: ${free}, ${megabytes(reserve)} kept`,
        { hint: 'Free disk space, then run again. Committed data is kept. --disk-reserve sets the reserve.' },
      );
    if (this.#warned || space.freeBytes > 4 * reserve) return undefined;
    this.#warned = true;
    return `the disk of ${this.#folder} fills: ${free}; ingesting stops at ${megabytes(reserve)}`;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en-US', { maximumFractionDigits: bytes < 1e8 ? 1 : 0 })} MB`;
}
