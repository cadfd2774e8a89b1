import { Counters } from '../base/counters.ts';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { CaptureBatch } from './batch.ts';
import { createCaptureBatch } from './batch.ts';
import type { CaptureCounters } from './format-decoder.ts';
import { combineIdentities, fileIdentity, streamIdentity } from './identity.ts';
import type { OpenCapture } from './read-capture.ts';
import { openCapture } from './read-capture.ts';

/** One or more captures, read as one. Packets read = rows returned + packets in `refused` of the counters. */
export interface CaptureReader {
  /** See captureIdentity; a stream is identified by its first packet. */
  readonly identity: string;
  /** Bytes of the files read so far; compressed bytes for compressed files. */
  readonly bytesRead: number;
  /** Bytes of all files; `undefined` if one of them is a stream. */
  readonly bytesTotal: number | undefined;
  /**
   * Overwrites `batch`, of `limits.batchPackets` rows, with the next packets, at least one. The previous batch becomes
   * invalid.
   * @returns `false` at the end
   * @throws FlowError io; usage if more captures overlap than can be open together
   */
  next(batch: CaptureBatch): Promise<boolean>;
  /**
   * The same for packets that are available without waiting.
   * @returns false, with an empty batch, if `next` must be called
   */
  nextNow?(batch: CaptureBatch): boolean;
  close(): Promise<void>;
}

/**
 * Opens captures (files, named pipes, `-` for standard input; uncompressed or gzip) and merges them by time: the next
 * packet is always the earliest of their next packets; for equal times, that of the capture named first. Each capture
 * keeps its own order, even if it is not sorted. Waits for the first packet of each capture.
 * @param stop ends pipes after the data in transit was read
 * @param buffer if given, the chunks of a single file use this buffer of `limits.captureReadBytes`
 * @throws FlowError not-found, permission, io; capture-invalid if one is not a capture; interrupted if no data had
 * arrived
 */
export async function readCaptures(
  paths: readonly string[],
  counters: CaptureCounters,
  stop?: AbortSignal,
  buffer?: Uint8Array,
): Promise<CaptureReader> {
  if (paths.length === 1) return readOneCapture(paths[0], counters, stop, buffer);
  const sources: Source[] = [];
  try {
    for (const path of paths) sources.push(await openSource(path, sources.length, counters, stop));
  } catch (error) {
    for (const source of sources) await source.capture?.close();
    throw error;
  }
  return new MergedCaptures(sources, counters);
}

async function readOneCapture(
  path: string,
  counters: CaptureCounters,
  stop: AbortSignal | undefined,
  buffer: Uint8Array | undefined,
): Promise<CaptureReader> {
  const identity = await fileIdentity(path);
  const capture = await openCapture(path, counters, limits.captureReadBytes, stop, buffer);
  return {
    identity: combineIdentities([identity ?? streamIdentity(capture.head)]),
    get bytesRead() {
      return capture.bytesRead;
    },
    bytesTotal: capture.bytesTotal,
    next: (batch) => capture.next(batch),
    nextNow: (batch) => capture.nextNow(batch),
    close: () => capture.close(),
  };
}

/**
 * One of several captures. A file is closed until its first packet is due, so that thousands of captures in sequence
 * can be read.
 */
interface Source {
  readonly path: string;
  /** Index of the capture. */
  readonly order: number;
  readonly identity: Uint8Array;
  readonly bytesTotal: number | undefined;
  capture: OpenCapture | undefined;
  readonly batch: CaptureBatch;
  /** The row of the next packet in `batch`, and its time. */
  row: number;
  seconds: number;
  nanos: number;
}

/** Bytes read to find the first packet of a file that is then closed again. */
const peekBytes = 65_536;
/** Before any packet: a capture without packets is read at once, for its counters. */
const beforeAllSeconds = -1;

async function openSource(
  path: string,
  order: number,
  counters: CaptureCounters,
  stop: AbortSignal | undefined,
): Promise<Source> {
  const identity = await fileIdentity(path);
  const rests = identity !== undefined;
  // Damage seen in this first read is counted later, when the file is read.
  const capture = rests
    ? await openCapture(path, { refused: new Counters(), damage: new Counters() }, peekBytes)
    : await openCapture(path, counters, limits.captureMergeReadBytes, stop);
  const { head } = capture;
  if (rests) await capture.close();
  return {
    path,
    order,
    identity: identity ?? streamIdentity(head),
    bytesTotal: capture.bytesTotal,
    capture: rests ? undefined : capture,
    batch: createCaptureBatch(limits.batchPackets),
    row: 0,
    seconds: head.count > 0 ? head.timeSeconds[0] : beforeAllSeconds,
    nanos: head.timeNanos[0],
  };
}

class MergedCaptures implements CaptureReader {
  readonly identity: string;
  readonly bytesTotal: number | undefined;
  readonly #counters: CaptureCounters;
  /** Binary heap of the captures that are not at their end, ordered by their next packets. */
  readonly #heap: Source[] = [];
  readonly #buffer = new Uint8Array(2 * limits.packetBytesMax);
  #bytesDone = 0;

  constructor(sources: readonly Source[], counters: CaptureCounters) {
    this.#counters = counters;
    this.identity = combineIdentities(sources.map((source) => source.identity));
    const known = sources.every((source) => source.bytesTotal !== undefined);
    this.bytesTotal = known ? sources.reduce((sum, source) => sum + (source.bytesTotal ?? 0), 0) : undefined;
    this.#heap = [...sources].sort((a, b) => (comesBefore(a, b) ? -1 : 1));
  }

  get bytesRead(): number {
    return this.#heap.reduce((sum, source) => sum + (source.capture?.bytesRead ?? 0), this.#bytesDone);
  }

  async next(batch: CaptureBatch): Promise<boolean> {
    const heap = this.#heap;
    batch.count = 0;
    batch.bytes = this.#buffer;
    let length = 0;
    while (heap.length > 0) {
      const source = heap[0];
      if (source.row >= source.batch.count) {
        if (await this.#refill(source)) siftDown(heap);
        else popFirst(heap);
        continue;
      }
      const rows = countRun(source, secondOf(heap), batch.start.length - batch.count, this.#buffer.length - length);
      if (rows === 0) break;
      length += takeRun(source, rows, batch, length);
      if (source.row < source.batch.count) {
        setTime(source);
        siftDown(heap);
      }
    }
    return batch.count > 0;
  }

  async close(): Promise<void> {
    for (const source of this.#heap) await source.capture?.close();
  }

  /** Reads the next packets of `source`. At its end it is closed, and the result is `false`. */
  async #refill(source: Source): Promise<boolean> {
    if (source.capture === undefined) {
      const open = this.#heap.filter((other) => other.capture !== undefined).length;
      if (open >= limits.capturesOpenMax) {
        throw new FlowError('usage', `more than ${limits.capturesOpenMax} captures overlap in time`, {
          hint: 'Merge some of them into one first, for example with mergecap.',
        });
      }
      source.capture = await openCapture(source.path, this.#counters, limits.captureMergeReadBytes);
    }
    source.row = 0;
    if (await source.capture.next(source.batch)) {
      setTime(source);
      return true;
    }
    this.#bytesDone += source.capture.bytesRead;
    await source.capture.close();
    return false;
  }
}

function setTime(source: Source): void {
  source.seconds = source.batch.timeSeconds[source.row];
  source.nanos = source.batch.timeNanos[source.row];
}

function comesBefore(a: Source, b: Source): boolean {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds;
  return a.nanos === b.nanos ? a.order < b.order : a.nanos < b.nanos;
}

/** The second earliest source; `undefined` if there is only one. */
function secondOf(heap: readonly Source[]): Source | undefined {
  return heap.length < 3 || comesBefore(heap[1], heap[2]) ? heap[1] : heap[2];
}

/** How many packets of `source` come before the next packet of `second`, up to the given limits. */
function countRun(source: Source, second: Source | undefined, rowsMax: number, bytesMax: number): number {
  const { batch, row } = source;
  const last = Math.min(batch.count, row + rowsMax);
  const firstStart = batch.start[row];
  const winsTies = second !== undefined && source.order < second.order;
  let at = row;
  while (at < last && batch.start[at] + batch.capturedLength[at] - firstStart <= bytesMax) {
    if (second !== undefined && at > row) {
      const seconds = batch.timeSeconds[at];
      const nanos = batch.timeNanos[at];
      if (seconds > second.seconds) break;
      if (seconds === second.seconds && (nanos > second.nanos || (nanos === second.nanos && !winsTies))) break;
    }
    at++;
  }
  return at - row;
}

/**
 * Appends `rows` packets, with the bytes between them, to the `length` bytes of `to`.
 * @returns bytes appended
 */
function takeRun(source: Source, rows: number, to: CaptureBatch, length: number): number {
  const { batch: from, row } = source;
  const end = row + rows;
  const firstStart = from.start[row];
  const bytes = from.start[end - 1] + from.capturedLength[end - 1] - firstStart;
  to.bytes.set(from.bytes.subarray(firstStart, firstStart + bytes), length);
  let target = to.count;
  for (let at = row; at < end; at++) {
    to.start[target] = from.start[at] - firstStart + length;
    to.capturedLength[target] = from.capturedLength[at];
    to.originalLength[target] = from.originalLength[at];
    to.timeSeconds[target] = from.timeSeconds[at];
    to.timeNanos[target] = from.timeNanos[at];
    to.linkType[target] = from.linkType[at];
    target++;
  }
  to.count = target;
  source.row = end;
  return bytes;
}

/** Restores the heap after its first element has moved to a later time. */
function siftDown(heap: Source[]): void {
  const source = heap[0];
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && comesBefore(heap[child + 1], heap[child])) child++;
    if (!comesBefore(heap[child], source)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = source;
}

function popFirst(heap: Source[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  heap[0] = last;
  siftDown(heap);
}
