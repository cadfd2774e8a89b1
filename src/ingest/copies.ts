/** Finds files that are copies of each other: nothing in a flow log tells them from two logs of one minute. */
import { createHash } from 'node:crypto';
import type { SourceBlob } from '../source/source-blob.ts';

export interface Copies {
  /** Files that have the bytes of another one before them. */
  readonly count: number;
  /** Names of the first two. */
  readonly example: readonly [string, string] | undefined;
}

/** Blobs of storage are not read a second time; only files on this machine are compared. */
export class CopyFinder {
  readonly #bySize = new Map<number, SourceBlob[]>();
  readonly #keys = new Set<string>();

  add(blob: SourceBlob): void {
    if (blob.lengthBytes === 0 || /^(?:[a-z]+:\/\/|-$)/i.test(blob.key) || this.#keys.has(blob.key)) return;
    this.#keys.add(blob.key);
    const some = this.#bySize.get(blob.lengthBytes);
    if (some === undefined) this.#bySize.set(blob.lengthBytes, [blob]);
    else some.push(blob);
  }

  /** Reads the files that have the length of another one. */
  async find(): Promise<Copies> {
    let count = 0;
    let example: [string, string] | undefined;
    for (const some of this.#bySize.values()) {
      if (some.length < 2) continue;
      const first = new Map<string, string>();
      for (const blob of some) {
        const digest = await digestOf(blob);
        if (digest === undefined) continue;
        const before = first.get(digest);
        if (before === undefined) first.set(digest, blob.key);
        else {
          count++;
          example ??= [before, blob.key];
        }
      }
    }
    return { count, example };
  }
}

/** Bytes that are read of a file at a time. */
const pieceBytes = 1 << 20;

/** `undefined` of a file that cannot be read; ingest names it. */
async function digestOf(blob: SourceBlob): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for (let at = 0; at < blob.lengthBytes; at += pieceBytes)
      hash.update(await blob.range(at, Math.min(blob.lengthBytes, at + pieceBytes)));
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}
