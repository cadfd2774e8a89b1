import { closeSync, constants, fstatSync, openSync, open as openWithCallback } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { FlowError, fileError } from '../base/errors.ts';
import { Patience } from './patience.ts';

/** Bytes of a capture, chunk by chunk. */
export interface Chunks {
  /** Bytes taken from the file so far, packed ones where it is packed. */
  readonly bytesRead: number;
  /** Bytes of the file; `undefined` where they cannot be known, as with a pipe. */
  readonly bytesTotal: number | undefined;
  /** The next bytes, at least one; `undefined` at the end. The bytes of the chunk before are overwritten. */
  next(): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** Memory that chunks of a file are read into, in turns. */
export type ChunkBuffers = readonly [Uint8Array, Uint8Array];

/** Standard input in place of a file name. */
export const standardInput = '-';

/**
 * Opens `path`, or standard input where it is `-`, for reading from its beginning.
 * @param chunkBytes most bytes of a chunk; twice as many are held, since one chunk is read while the other is used.
 * @param buffers where given, chunks of a file come in these, of `chunkBytes` each.
 * @param stop ends a pipe, when what is on its way has been read; a file is not ended by it.
 * @throws FlowError not-found, permission, capture-invalid (a folder), io.
 */
export async function openChunks(
  path: string,
  chunkBytes: number,
  stop?: AbortSignal,
  buffers: ChunkBuffers = [new Uint8Array(chunkBytes), new Uint8Array(chunkBytes)],
): Promise<Chunks> {
  if (path === standardInput) return streamChunks(process.stdin, 'standard input', stop);
  try {
    // A read of a file blocks a thread until there is something to read, and with it the end of the process; a socket's does not.
    if ((await stat(path)).isFIFO())
      return streamChunks(new Socket({ fd: await openPipe(path, stop), writable: false }), path, stop);
    const handle = await open(path, 'r');
    const stats = await handle.stat();
    if (!stats.isDirectory()) return new FileChunks(path, handle, stats.isFile() ? stats.size : undefined, buffers);
    await handle.close();
  } catch (cause) {
    throw fileError(cause, `read the capture ${path}`);
  }
  throw new FlowError('capture-invalid', `${path} is no capture: it is a folder`, { hint: 'Name the files in it.' });
}

const openDescriptor = promisify(openWithCallback);

/** Waits for a writer, in a thread that nothing else wakes: who is stopped meanwhile is a writer for a moment. */
async function openPipe(path: string, stop: AbortSignal | undefined): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    try {
      closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    } catch {
      // The thread has not come to its opening yet.
      timer = setTimeout(end, 20);
    }
  };
  stop?.addEventListener('abort', end, { once: true });
  try {
    return await openDescriptor(path, 'r');
  } finally {
    stop?.removeEventListener('abort', end);
    clearTimeout(timer);
  }
}

/** Whether `path` is read from a pipe, or something else that ends when its writer does. */
export async function isPipe(path: string): Promise<boolean> {
  try {
    return path === standardInput ? !fstatSync(0).isFile() : (await stat(path)).isFIFO();
  } catch {
    return false;
  }
}

/** A file or a device. */
class FileChunks implements Chunks {
  readonly bytesTotal: number | undefined;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #buffers: ChunkBuffers;
  #bytesRead = 0;
  #turn: 0 | 1 = 0;
  #pending: Promise<number> | undefined;

  constructor(path: string, handle: FileHandle, bytesTotal: number | undefined, buffers: ChunkBuffers) {
    this.#path = path;
    this.#handle = handle;
    this.bytesTotal = bytesTotal;
    this.#buffers = buffers;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  async next(): Promise<Uint8Array | undefined> {
    const buffer = this.#buffers[this.#turn];
    const length = await (this.#pending ?? this.#read(buffer));
    this.#pending = undefined;
    if (length === 0) return undefined;
    this.#bytesRead += length;
    this.#turn = this.#turn === 0 ? 1 : 0;
    this.#pending = this.#read(this.#buffers[this.#turn]);
    this.#pending.catch(() => {});
    return length === buffer.length ? buffer : buffer.subarray(0, length);
  }

  async close(): Promise<void> {
    if (this.bytesTotal !== undefined) await this.#pending?.catch(() => {});
    await this.#handle.close();
  }

  async #read(buffer: Uint8Array): Promise<number> {
    try {
      return (await this.#handle.read(buffer, 0, buffer.length, null)).bytesRead;
    } catch (cause) {
      throw fileError(cause, `read the capture ${this.#path}`);
    }
  }
}

/** The chunks that `iterable` yields; `name` is what it is called in errors. */
export function iterateChunks(iterable: AsyncIterable<Uint8Array>, name: string): Chunks {
  const iterator = iterable[Symbol.asyncIterator]();
  let bytesRead = 0;
  return {
    get bytesRead() {
      return bytesRead;
    },
    bytesTotal: undefined,
    async next() {
      try {
        const { done, value } = await iterator.next();
        if (done === true) return undefined;
        bytesRead += value.length;
        return value;
      } catch (cause) {
        throw fileError(cause, `read the capture ${name}`);
      }
    },
    async close() {
      await iterator.return?.();
    },
  };
}

/** After the wish to stop, a stream ends when nothing came for so long, and at the latest after so long in all. */
const quietMillis = 500;
const drainMillisMax = 3000;

/** The chunks of a stream, until it ends or `stop` ends it. @throws interrupted where it is stopped before anything came */
function streamChunks(stream: Readable, name: string, stop: AbortSignal | undefined): Chunks {
  const chunks = iterateChunks(stream, name);
  let pending: Patience<Uint8Array | undefined> | undefined;
  let endMillis: number | undefined;
  stop?.addEventListener('abort', () => pending?.rouse(), { once: true });
  const comesInTime = async (chunk: Patience<unknown>): Promise<boolean> => {
    const now = performance.now();
    endMillis ??= now + drainMillisMax;
    if (now < endMillis && (await chunk.settled(Math.min(quietMillis, endMillis - now)))) return true;
    stream.destroy();
    return false;
  };
  return {
    get bytesRead() {
      return chunks.bytesRead;
    },
    bytesTotal: undefined,
    async next() {
      pending = new Patience(chunks.next());
      if (stop?.aborted !== true) await pending.settled(undefined);
      const chunk = stop?.aborted === true && !(await comesInTime(pending)) ? undefined : await pending.promise;
      if (chunk === undefined && stop?.aborted === true && chunks.bytesRead === 0)
        throw new FlowError('interrupted', `stopped before anything came from ${name}`);
      return chunk;
    },
    close() {
      stream.destroy();
      return Promise.resolve();
    },
  };
}
