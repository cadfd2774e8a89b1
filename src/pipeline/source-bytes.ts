import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { limits } from '../base/limits.ts';

/** Bytes of a blob in order, as many at a time as are asked for; unpacked where the blob is gzip. Held: what was looked at and not passed. */
export class ByteStream {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);
  #ended = false;
  #passed = 0;
  /** Why the bytes end before their time; `undefined` where they do not. Known once the end has been looked at. */
  fault: { readonly reason: 'gzip-damaged' | 'zip-damaged' | 'too-large'; readonly detail: string } | undefined;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** How many bytes were passed. */
  get position(): number {
    return this.#passed;
  }

  /** The next `count` bytes, fewer at the end. They stay to be taken. */
  async look(count: number): Promise<Uint8Array> {
    if (this.#held.length < count && !this.#ended) {
      const parts = [this.#held];
      let length = this.#held.length;
      while (length < count && !this.#ended) {
        const chunk = await this.#next();
        if (chunk === undefined) break;
        parts.push(chunk);
        length += chunk.length;
      }
      this.#held = parts.length === 2 && parts[0].length === 0 ? parts[1] : concat(parts, length);
    }
    return this.#held.subarray(0, count);
  }

  /** Passes the next `count` bytes. @returns them, in memory of their own */
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

  /** Whether no byte is left. */
  async isAtEnd(): Promise<boolean> {
    return (await this.look(1)).length === 0;
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#chunks.return?.(undefined);
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      const { value, done } = await this.#chunks.next();
      if (done === true) this.#ended = true;
      else if (this.#passed + this.#held.length + value.length <= limits.blobBytesMax) return value;
      else {
        this.#ended = true;
        this.fault = {
          reason: 'too-large',
          detail: `The blob is longer than ${limits.blobBytesMax} bytes; the rest is not read.`,
        };
        await this.#chunks.return?.(undefined);
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

/** Which unpacker an error comes from. */
function packingOf(error: unknown): 'gzip' | 'zip' | undefined {
  if (error instanceof ZipDataError) return 'zip';
  return (error as NodeJS.ErrnoException).code?.startsWith('Z_') === true ? 'gzip' : undefined;
}

/** A zip entry whose data cannot be unpacked. */
export class ZipDataError extends Error {}

/** The chunks, unpacked where they begin as gzip does. */
export async function* unpackedChunks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  const all = (async function* () {
    try {
      yield first.value;
      for (;;) {
        const { value, done } = await iterator.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.(undefined);
    }
  })();
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) {
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

/** What stands between `start` and `end`, read piece by piece. */
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
