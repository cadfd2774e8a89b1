import { createGunzip } from 'node:zlib';
import type { Chunks } from './chunks.ts';
import type { CaptureCounters } from './format-decoder.ts';

/** Packed bytes handed to zlib at once. They unpack to at most 1032 times as many, which bounds what is held. */
const pieceBytes = 16_384;
const outputBytes = 131_072;

/** Whether a file that begins with `bytes` is packed with gzip. Source: RFC 1952 section 2.3.1. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Unpacks `packed`. Damage is no error: it is counted, and the bytes end behind the last that could be unpacked.
 * @param reopen gives the packed bytes once more from their beginning. zlib keeps to itself what it unpacked in the step in which
 *   it met damage; with `reopen` these bytes are got at in a second pass, with steps of one byte; without, they are lost.
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

/** Unpacks the first `bytesIn` bytes as before, then goes on byte by byte up to the damage; leaves out the first `bytesOut`. */
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

/** zlib's stream, one step at a time. */
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

  /** Unpacks `piece`; afterwards its output can be taken, or `error` is set. */
  write(piece: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      // Output is emitted a turn of the event loop after the step at the latest.
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
