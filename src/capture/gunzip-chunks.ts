import { createGunzip } from 'node:zlib';
import type { Chunks } from './chunks.ts';
import type { CaptureCounters } from './format-decoder.ts';

/** Compressed bytes per step of zlib. Deflate expands at most 1032 times, so this limits the memory. */
const pieceBytes = 16_384;
const outputBytes = 131_072;

/** Whether a file that begins with `bytes` is compressed with gzip. Source: RFC 1952 section 2.3.1. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Decompresses `packed`. Damage is counted, not thrown; the output ends after the last byte that could be decompressed.
 * @param reopen opens the compressed bytes again from their beginning. zlib discards the output of the step in which it
 *   finds damage. With `reopen`, a second pass in steps of one byte recovers it; without, it is lost.
 */
export async function* gunzipChunks(
  name: string,
  counters: CaptureCounters,
  packed: Chunks,
  reopen: (() => Promise<Chunks>) | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const unpacker = new Unpacker();
  try {
    let bytesIn = 0;
    let bytesOut = 0;
    for (let chunk = await packed.next(); chunk !== undefined; chunk = await packed.next()) {
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        const piece = chunk.subarray(at, at + pieceBytes);
        await unpacker.write(piece);
        for (const bytes of unpacker.takeOutput()) {
          bytesOut += bytes.length;
          yield bytes;
        }
        if (unpacker.error !== undefined) {
          const reason = unpacker.error.message;
          const byte = bytesIn;
          counters.damage.add('gzip-damaged', 1, () => `${name}, behind packed byte ${byte}: ${reason}`);
          if (reopen !== undefined) yield* unpackByBytes(await reopen(), bytesIn, bytesOut);
          return;
        }
        bytesIn += piece.length;
      }
    }
    await unpacker.end();
    yield* unpacker.takeOutput();
    if (unpacker.error !== undefined)
      counters.damage.add('gzip-cut', 1, () => `${name}: the file ends after ${bytesIn} packed bytes`);
  } finally {
    unpacker.close();
  }
}

/**
 * Decompresses the first `bytesIn` bytes as before, then byte by byte up to the damage. Skips the first `bytesOut` of
 * output.
 */
async function* unpackByBytes(
  packed: Chunks,
  bytesIn: number,
  bytesOut: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const unpacker = new Unpacker();
  try {
    let wholeLeft = bytesIn;
    let outputLeft = bytesOut;
    for (let chunk = await packed.next(); chunk !== undefined; chunk = await packed.next()) {
      let at = 0;
      while (at < chunk.length) {
        const length = wholeLeft > 0 ? Math.min(pieceBytes, wholeLeft, chunk.length - at) : 1;
        wholeLeft = Math.max(0, wholeLeft - length);
        await unpacker.write(chunk.subarray(at, at + length));
        at += length;
        for (const bytes of unpacker.takeOutput()) {
          const omitted = Math.min(outputLeft, bytes.length);
          outputLeft -= omitted;
          if (omitted < bytes.length) yield bytes.subarray(omitted);
        }
        if (unpacker.error !== undefined) return;
      }
    }
  } finally {
    unpacker.close();
    await packed.close();
  }
}

/** zlib's stream, one step per call. */
class Unpacker {
  error: Error | undefined;
  readonly #gunzip = createGunzip({ chunkSize: outputBytes });
  #output: Uint8Array[] = [];
  #waiting: (() => void) | undefined;

  constructor() {
    this.#gunzip.on('data', (bytes: Buffer) => this.#output.push(bytes));
    this.#gunzip.on('end', () => this.#waiting?.());
    this.#gunzip.on('error', (error) => {
      this.error = error;
      this.#waiting?.();
    });
  }

  /** Decompresses `piece`. Afterwards its output is available, or `error` is set. */
  write(piece: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      // Output is emitted at the latest one turn of the event loop after the step.
      this.#gunzip.write(piece, () => setImmediate(resolve));
    });
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#gunzip.end();
    });
  }

  takeOutput(): Uint8Array[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }

  close(): void {
    this.#gunzip.destroy();
  }
}
