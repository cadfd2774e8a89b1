/**
 * Encodes events to blocks, if useful in a second thread next to the one that reads and decodes, to use two cores. The
 * blocks and their order are the same.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { limits } from '../base/limits.ts';
import type { FlowEvents } from '../flow/event.ts';
import { packEvents } from '../flow/event.ts';
import type { TupleKernel } from '../flowlog/tuple-kernel.ts';
import { BlockMemory } from './block-memory.ts';
import type { Flush, FlushKey, FlushScratch } from './flush.ts';
import { createFlushScratch, flushBlocks } from './flush.ts';
import type { FlushAnswer, FlushRequest } from './flush-worker.ts';
import type { RecordingPlan } from './recording-plan.ts';

/** Receives the results of flushes, in order. */
export type OnFlush = (flush: Flush, key: FlushKey) => void;

/** Events of a flush from which a second thread is worth it: starting it takes as long as encoding this many. */
const threadEventsMin = 20_000;
const workerPlace = new URL('flush-worker.js', import.meta.url);
/** When the source runs without a build, there is no file for a thread. */
const canThread = import.meta.url.endsWith('.js') && availableParallelism() > 1;

/**
 * Flushes in this thread until a flush is large enough for a second thread; all later flushes go there.
 * @param kernel the kernel of the events, if they have one
 * @param threads whether a second thread is allowed; by default if there is a second core
 */
export class Flusher {
  readonly #onFlush: OnFlush;
  readonly #scratch: FlushScratch;
  #mayThread: boolean;
  #worker: Worker | undefined;
  #planSent: RecordingPlan | undefined;
  /** Keys of the flushes in the worker. */
  readonly #inProgress: FlushKey[] = [];
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(onFlush: OnFlush, kernel?: TupleKernel, threads = canThread) {
    this.#onFlush = onFlush;
    this.#scratch = createFlushScratch(kernel, new BlockMemory());
    this.#mayThread = threads;
  }

  /** Copies the events: they can be overwritten afterwards. */
  flush(events: FlowEvents, plan: RecordingPlan, key: FlushKey): void {
    if (this.#worker === undefined && (!this.#mayThread || events.columns.count < threadEventsMin)) {
      this.#onFlush(flushBlocks(events, plan, key, this.#scratch), key);
      return;
    }
    const worker = (this.#worker ??= this.#start());
    const packed = packEvents(events);
    const request: FlushRequest = { events: packed, plan: plan === this.#planSent ? undefined : plan, key };
    const buffers = [packed.nic, ...Object.values(packed.columns)].flatMap((column) =>
      typeof column === 'object' && column.buffer instanceof ArrayBuffer ? [column.buffer] : [],
    );
    worker.postMessage(request, buffers);
    this.#planSent = plan;
    this.#inProgress.push(key);
  }

  /**
   * Waits until few enough flushes are in progress.
   * @throws the error of a flush
   */
  async room(): Promise<void> {
    await this.#wait(limits.flushesUnderWayMax);
  }

  /**
   * Waits until all flushes are finished.
   * @throws the error of a flush
   */
  async finish(): Promise<void> {
    await this.#wait(0);
  }

  /** Ends the second thread at once. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #wait(inProgressMax: number): Promise<void> {
    while (this.#inProgress.length > inProgressMax && this.#failure === undefined)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #start(): Worker {
    const worker = new Worker(workerPlace);
    worker.on('message', (answer: FlushAnswer) => {
      const key = this.#inProgress.shift();
      if ('error' in answer) this.#fail(answer.error);
      else if (key !== undefined) this.#pass(answer.flush, key);
      this.#rouse();
    });
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => {
      if (this.#inProgress.length > 0) this.#fail(new Error('the encoding thread ended too early'));
    });
    return worker;
  }

  /** Errors of the receiver cannot be caught in an event handler, so they are thrown by the next call. */
  #pass(flush: Flush, key: FlushKey): void {
    try {
      this.#onFlush(flush, key);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#rouse();
  }

  #rouse(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
