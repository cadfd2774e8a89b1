import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { limits } from '../base/limits.ts';

/**
 * The bytes of a blob in order, on demand; decompressed if the blob is gzip. It holds bytes that were looked at but not
 * passed.
 */
export class ByteStream {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #bytesMax: number;
  #held: Uint8Array = new Uint8Array(0);
  /** The chunk after `#held`, if it was read ahead. */
  #ahead: Uint8Array | undefined;
  #ended = false;
  #passed = 0;
  #received = 0;
  /** Why the bytes end early; `undefined` if they do not. Valid after the end has been looked at. */
  fault: { readonly reason: 'gzip-damaged' | 'zip-damaged' | 'too-large'; readonly detail: string } | undefined;

  constructor(chunks: AsyncIterable<Uint8Array>, bytesMax: number = limits.blobBytesMax) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#bytesMax = bytesMax;
  }

  /** Number of passed bytes. */
  get position(): number {
    return this.#passed;
  }

  /** The next `count` bytes, fewer at the end. They are not passed, and do not change. */
  async look(count: number): Promise<Uint8Array> {
    if (this.#held.length < count) {
      const parts = [this.#held];
      let length = this.#held.length;
      while (length < count) {
        const chunk = await this.#next();
        if (chunk === undefined) break;
        parts.push(chunk);
        length += chunk.length;
      }
      this.#held = parts.length === 2 && parts[0].length === 0 ? parts[1] : concat(parts, length);
    }
    return this.#held.subarray(0, count);
  }

  /**
   * Passes the next `count` bytes.
   * @returns a copy of them
   */
  async take(count: number): Promise<Uint8Array> {
    const seen = await this.look(count);
    this.#passed += seen.length;
    if (seen.length < this.#held.length) {
      this.#held = this.#held.subarray(seen.length);
      return seen.slice();
    }
    this.#held = new Uint8Array(0);
    return seen.length === seen.buffer.byteLength ? seen : seen.slice();
  }

  /** Passes bytes that were looked at. */
  pass(count: number): void {
    this.#passed += count;
    this.#held = this.#held.subarray(count);
  }

  /** Whether there are bytes after `count` bytes that were looked at. */
  async goesOnBehind(count: number): Promise<boolean> {
    if (this.#held.length <= count) this.#ahead = await this.#next();
    return this.#held.length > count || this.#ahead !== undefined;
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#chunks.return?.(undefined);
  }

  /** The next non-empty chunk; `undefined` after the last. */
  async #next(): Promise<Uint8Array | undefined> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead !== undefined) return ahead;
    try {
      while (!this.#ended) {
        const { value, done } = await this.#chunks.next();
        if (done === true) this.#ended = true;
        else if ((this.#received += value.length) > this.#bytesMax) {
          this.#ended = true;
          this.fault = {
            reason: 'too-large',
            detail: `The blob is longer than ${this.#bytesMax} bytes; the rest is not read.`,
          };
          await this.#chunks.return?.(undefined);
        } else if (value.length > 0) return value;
      }
    } catch (error) {
      const packing = packingOf(error);
      if (packing === undefined) throw error;
      this.#ended = true;
      this.fault = { reason: `${packing}-damaged`, detail: `The ${packing} data is damaged from here on.` };
    }
    return undefined;
  }
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The decompressor that an error comes from. */
function packingOf(error: unknown): 'gzip' | 'zip' | undefined {
  if (error instanceof ZipDataError) return 'zip';
  return (error as NodeJS.ErrnoException).code?.startsWith('Z_') === true ? 'gzip' : undefined;
}

/** A zip entry that cannot be decompressed. */
export class ZipDataError extends Error {}

/** The chunks, decompressed if they begin as gzip. */
export async function* unpackedChunks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let first: Uint8Array = new Uint8Array(0);
  while (first.length < 2) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    first = first.length === 0 ? value : concat([first, value], first.length + value.length);
  }
  const all = (async function* () {
    try {
      if (first.length > 0) yield first;
      for (;;) {
        const { value, done } = await iterator.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.(undefined);
    }
  })();
  if (first[0] !== 0x1f || first[1] !== 0x8b) {
    yield* all;
    return;
  }
  const packed = Readable.from(all, { objectMode: true });
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  packed.on('error', (error) => gunzip.destroy(error));
  packed.pipe(gunzip);
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
  } finally {
    packed.destroy();
    gunzip.destroy();
  }
}

/** The bytes between `start` and `end`, read piece by piece. */
export async function* rangeChunks(
  read: (start: number, end: number) => Promise<Uint8Array>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end;) {
    const bytes = await read(at, Math.min(end, at + limits.pieceBytesMax));
    if (bytes.length === 0) return;
    yield bytes;
    at += bytes.length;
  }
}

/** The closing brackets of a flow log, which move when the blob grows. */
const closingBytes = 2;

/**
 * All bytes of a blob of at least `lengthBytes`, as it is now. The last bytes of a piece are read again with the next
 * piece, unless it is the end: the blob may have ended there and have grown since.
 */
export async function* wholeChunks(
  read: (start: number, end: number) => Promise<Uint8Array>,
  lengthBytes: number,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; ;) {
    const bytes = await read(at, at + limits.pieceBytesMax);
    const isLast =
      bytes.length <= closingBytes || (bytes.length < limits.pieceBytesMax && at + bytes.length >= lengthBytes);
    const settled = isLast ? bytes : bytes.subarray(0, bytes.length - closingBytes);
    if (settled.length > 0) yield settled;
    if (isLast) return;
    at += settled.length;
  }
}
