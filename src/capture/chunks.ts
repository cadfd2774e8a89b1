import { closeSync, constants, fstatSync, openSync, open as openWithCallback, readSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { FlowError, fileError } from '../base/errors.ts';
import { TimedWait } from './timed-wait.ts';

/** Bytes of a capture in chunks. */
export interface Chunks {
  /** Bytes read from the file so far; compressed bytes for a compressed file. */
  readonly bytesRead: number;
  /** Bytes of the file; `undefined` if unknown, as for a pipe. */
  readonly bytesTotal: number | undefined;
  /** The next bytes, at least one; `undefined` at the end. Overwrites the previous chunk. */
  next(): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** Standard input in place of a file name. */
export const standardInput = '-';

/**
 * Opens `path` for reading from its beginning; `-` is standard input.
 * @param chunkBytes largest size of a chunk
 * @param buffer if given, the chunks of a file use this buffer of `chunkBytes`
 * @param stop ends a pipe after the data in transit was read; it does not end a file
 * @throws FlowError not-found, permission, capture-invalid (a folder), io
 */
export async function openChunks(
  path: string,
  chunkBytes: number,
  stop?: AbortSignal,
  buffer: Uint8Array = new Uint8Array(chunkBytes),
): Promise<Chunks> {
  if (path === standardInput) return streamChunks(process.stdin, 'standard input', stop);
  try {
    // A blocking read of a FIFO file would block a thread, and so the end of the process; a socket does not.
    if ((await stat(path)).isFIFO())
      return streamChunks(new Socket({ fd: await openPipe(path, stop), writable: false }), path, stop);
    const handle = await open(path, 'r');
    const stats = await handle.stat();
    if (stats.isFile()) return new FileChunks(path, handle, stats.size, buffer);
    if (!stats.isDirectory()) return iterateChunks(handle.createReadStream({ highWaterMark: chunkBytes }), path);
    await handle.close();
  } catch (cause) {
    throw fileError(cause, `read the capture ${path}`);
  }
  throw new FlowError('capture-invalid', `${path} is not a capture but a folder`, {
    hint: 'Name the files in the folder.',
  });
}

const openDescriptor = promisify(openWithCallback);

/**
 * Opens a pipe and waits for its writer, in a thread that cannot be interrupted. On a stop, this process briefly opens
 * the pipe as a writer to end the wait.
 */
async function openPipe(path: string, stop: AbortSignal | undefined): Promise<number> {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    try {
      closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    } catch {
      // The thread has not opened the pipe yet.
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

/** Whether `path` is a pipe or another stream that ends when its writer ends. */
export async function isPipe(path: string): Promise<boolean> {
  try {
    return path === standardInput ? !fstatSync(0).isFile() : (await stat(path)).isFIFO();
  } catch {
    return false;
  }
}

/** Chunks that are read before other tasks run. */
const chunksInTurn = 4;

/**
 * A file, read synchronously: handing each read to another thread takes longer than copying bytes from the page cache
 * (an eighth of the processor time of a recording). Other tasks run every few chunks.
 */
class FileChunks implements Chunks {
  readonly bytesTotal: number;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #buffer: Uint8Array;
  #bytesRead = 0;
  #chunks = 0;

  constructor(path: string, handle: FileHandle, bytesTotal: number, buffer: Uint8Array) {
    this.#path = path;
    this.#handle = handle;
    this.bytesTotal = bytesTotal;
    this.#buffer = buffer;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  async next(): Promise<Uint8Array | undefined> {
    if (++this.#chunks % chunksInTurn === 0) await setImmediate();
    const buffer = this.#buffer;
    const length = this.#read(buffer);
    if (length === 0) return undefined;
    this.#bytesRead += length;
    return length === buffer.length ? buffer : buffer.subarray(0, length);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #read(buffer: Uint8Array): number {
    try {
      return readSync(this.#handle.fd, buffer, 0, buffer.length, null);
    } catch (cause) {
      throw fileError(cause, `read the capture ${this.#path}`);
    }
  }
}

/** The chunks of `iterable`; `name` is used in errors. */
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

/** After a stop, a stream ends when no data arrives for this time, and after the maximum in any case. */
const quietMillis = 500;
const drainMillisMax = 3000;

/**
 * The chunks of a stream, until it ends or `stop` ends it.
 * @throws interrupted if it is stopped before the first chunk
 */
function streamChunks(stream: Readable, name: string, stop: AbortSignal | undefined): Chunks {
  const chunks = iterateChunks(stream, name);
  let pending: TimedWait<Uint8Array | undefined> | undefined;
  let endMillis: number | undefined;
  stop?.addEventListener('abort', () => pending?.interrupt(), { once: true });
  const comesInTime = async (chunk: TimedWait<unknown>): Promise<boolean> => {
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
      pending = new TimedWait(chunks.next());
      if (stop?.aborted !== true) await pending.settled(undefined);
      const chunk = stop?.aborted === true && !(await comesInTime(pending)) ? undefined : await pending.promise;
      if (chunk === undefined && stop?.aborted === true && chunks.bytesRead === 0)
        throw new FlowError('interrupted', `stopped before any data arrived from ${name}`);
      return chunk;
    },
    close() {
      stream.destroy();
      return Promise.resolve();
    },
  };
}
