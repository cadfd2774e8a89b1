import { Counters } from '../base/counters.ts';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { CaptureBatch } from './batch.ts';
import { createCaptureBatch } from './batch.ts';
import type { CaptureCounters } from './format-decoder.ts';
import { combineIdentities, fileIdentity, streamIdentity } from './identity.ts';
import type { OpenCapture } from './read-capture.ts';
import { openCapture } from './read-capture.ts';

/** One or more captures, read as one. Packets read = rows handed on + those in `refused` of the counters. */
export interface CaptureReader {
  /** See captureIdentity; a stream is told by its first packet. */
  readonly identity: string;
  /** Bytes of the files read so far, packed ones where they are packed. */
  readonly bytesRead: number;
  /** Bytes of all files; `undefined` when one of them is a stream. */
  readonly bytesTotal: number | undefined;
  /**
   * Fills `batch`, of `limits.batchPackets` rows, anew with the next packets, at least one. What the batch before pointed to is void.
   * @returns `false` at the end.
   * @throws FlowError io; usage when more captures overlap than can be open at once.
   */
  next(batch: CaptureBatch): Promise<boolean>;
  /** As `next`, of packets that need not be waited for. @returns false, with an empty batch, where `next` is to be asked */
  nextNow?(batch: CaptureBatch): boolean;
  close(): Promise<void>;
}

/**
 * Opens captures (files, named pipes, `-` for standard input; plain or gzip) to be read as one, merged by time: always the earliest
 * of the captures' next packets, that of the capture named first when times are equal. The order within a capture stays, be it by time
 * or not. Waits for the first packet of each.
 * @param stop ends those that are pipes, when what is on its way has been read.
 * @param buffer where given, the chunks of a single file come in this, of `limits.captureReadBytes`.
 * @throws FlowError not-found, permission, io; capture-invalid when one is no capture at all; interrupted when nothing had come yet.
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

/** One of several captures. A file rests, closed, until the turn of its first packet comes: thousands may follow one another. */
interface Source {
  readonly path: string;
  /** Place among the captures. */
  readonly order: number;
  readonly identity: Uint8Array;
  readonly bytesTotal: number | undefined;
  capture: OpenCapture | undefined;
  readonly batch: CaptureBatch;
  /** The next packet: its row in `batch`, where it has been read, and its time. */
  row: number;
  seconds: number;
  nanos: number;
}

/** Read from a file that is to rest, to see its first packet. */
const peekBytes = 65_536;
/** Earlier than any packet: a capture without one is read at once, for what is to be counted in it. */
const beforeAllSeconds = -1;

async function openSource(
  path: string,
  order: number,
  counters: CaptureCounters,
  stop: AbortSignal | undefined,
): Promise<Source> {
  const identity = await fileIdentity(path);
  const rests = identity !== undefined;
  // What a peek meets is counted when the file is read.
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
  /** Binary heap of the captures that are not at their end, by their next packets. */
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

  /** Reads the next packets of `source`; at its end closes it and returns `false`. */
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

/** The earliest but the first; `undefined` when there is only one. */
function secondOf(heap: readonly Source[]): Source | undefined {
  return heap.length < 3 || comesBefore(heap[1], heap[2]) ? heap[1] : heap[2];
}

/** Packets of `source` that come before the next of `second`, as many as there is room for. */
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

/** Moves `rows` packets, with all that lies between them, behind the `length` bytes that `to` has. @returns the bytes moved. */
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

/** Restores the heap after its first element has become later. */
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
