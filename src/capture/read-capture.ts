import type { CaptureBatch } from './batch.ts';
import { copyBatch, createCaptureBatch } from './batch.ts';
import { limits } from '../base/limits.ts';
import type { Chunks } from './chunks.ts';
import { iterateChunks, openChunks, standardInput } from './chunks.ts';
import { CaptureDecoder } from './decode-capture.ts';
import type { CaptureCounters } from './format-decoder.ts';
import { gunzipChunks, isGzip } from './gunzip-chunks.ts';

/**
 * Opens one capture, uncompressed or gzip, and waits for its first packet.
 * @param path a file, a named pipe, or `-` for standard input; for the other parameters see openChunks
 * @throws FlowError not-found, permission, io; capture-invalid if it is not a capture; interrupted
 */
export async function openCapture(
  path: string,
  counters: CaptureCounters,
  chunkBytes: number,
  stop?: AbortSignal,
  buffer?: Uint8Array,
): Promise<OpenCapture> {
  const packed = await openChunks(path, chunkBytes, stop, buffer);
  let capture: OpenCapture | undefined;
  try {
    const first = await readFirst(packed);
    const plain = resume(first, packed);
    const reopen = packed.bytesTotal === undefined ? undefined : () => openChunks(path, chunkBytes);
    const name = path === standardInput ? 'standard input' : path;
    const chunks = isGzip(first) ? iterateChunks(gunzipChunks(name, counters, plain, reopen), name) : plain;
    capture = new OpenCapture(name, counters, packed, chunks);
    await capture.readHead();
    return capture;
  } catch (error) {
    await capture?.close();
    await packed.close();
    throw error;
  }
}

/** A capture opened by `openCapture`. */
export class OpenCapture {
  /** Its first packets; empty if the capture has none. */
  readonly head: CaptureBatch = createCaptureBatch(limits.batchPackets);
  readonly #packed: Chunks;
  readonly #chunks: Chunks;
  readonly #decoder: CaptureDecoder;
  #headTaken = false;
  #ended = false;

  constructor(name: string, counters: CaptureCounters, packed: Chunks, chunks: Chunks) {
    this.#packed = packed;
    this.#chunks = chunks;
    this.#decoder = new CaptureDecoder(name, counters);
  }

  get bytesRead(): number {
    return this.#packed.bytesRead;
  }

  get bytesTotal(): number | undefined {
    return this.#packed.bytesTotal;
  }

  async readHead(): Promise<void> {
    await this.#fill(this.head);
  }

  /**
   * Overwrites `batch` with the next packets, at least one. The previous batch becomes invalid.
   * @returns `false` at the end
   * @throws FlowError io
   */
  async next(batch: CaptureBatch): Promise<boolean> {
    if (this.#headTaken) return this.#fill(batch);
    this.#headTaken = true;
    copyBatch(this.head, batch);
    return batch.count > 0;
  }

  /**
   * The same for packets in the current chunk.
   * @returns false, with an empty batch, if `next` must be called
   */
  nextNow(batch: CaptureBatch): boolean {
    batch.count = 0;
    return this.#headTaken && this.#decoder.next(batch);
  }

  async close(): Promise<void> {
    await this.#chunks.close();
    await this.#packed.close();
  }

  async #fill(batch: CaptureBatch): Promise<boolean> {
    while (!this.#decoder.next(batch)) {
      if (this.#ended) return false;
      const chunk = await this.#chunks.next();
      if (chunk === undefined) {
        this.#ended = true;
        this.#decoder.end();
        return false;
      }
      this.#decoder.push(chunk);
    }
    return true;
  }
}

/** The first chunk, of at least two bytes if the capture has them; empty for an empty capture. */
async function readFirst(chunks: Chunks): Promise<Uint8Array> {
  const first = (await chunks.next()) ?? new Uint8Array(0);
  if (first.length !== 1) return first;
  const before = first[0];
  const second = (await chunks.next()) ?? new Uint8Array(0);
  const both = new Uint8Array(1 + second.length);
  both[0] = before;
  both.set(second, 1);
  return both;
}

/** `chunks` from the beginning, with `first`, which was already taken. */
function resume(first: Uint8Array, chunks: Chunks): Chunks {
  let held: Uint8Array | undefined = first;
  return {
    get bytesRead() {
      return chunks.bytesRead;
    },
    bytesTotal: chunks.bytesTotal,
    async next() {
      const chunk = held;
      held = undefined;
      return chunk !== undefined && chunk.length > 0 ? chunk : chunks.next();
    },
    close: () => chunks.close(),
  };
}
