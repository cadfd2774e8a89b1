/**
 * Who makes blocks of events. Beside the thread that reads and decodes there may be a second one for it, so that two cores work: the blocks are the
 * same, in the same order.
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

/** What a flush gave, in order of the flushes. */
export type OnFlush = (flush: Flush, key: FlushKey) => void;

/** Events of a flush from which on a second thread pays: its start costs as much as writing so many. */
const threadEventsMin = 20_000;
const workerPlace = new URL('flush-worker.js', import.meta.url);
/** Run as it is written, without being built, there is no file that a thread could run. */
const canThread = import.meta.url.endsWith('.js') && availableParallelism() > 1;

/**
 * Flushes in this thread, until a flush is large enough for a second one: all later ones go there.
 * `kernel` is that of the events, where they have one; `threads` says whether there may be a second one; where it is not said, where there is a second core.
 */
export class Flusher {
  readonly #onFlush: OnFlush;
  readonly #scratch: FlushScratch;
  #mayThread: boolean;
  #worker: Worker | undefined;
  #planSent: RecordingPlan | undefined;
  /** Keys of the flushes that the worker has. */
  readonly #underWay: FlushKey[] = [];
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(onFlush: OnFlush, kernel?: TupleKernel, threads = canThread) {
    this.#onFlush = onFlush;
    this.#scratch = createFlushScratch(kernel, new BlockMemory());
    this.#mayThread = threads;
  }

  /** Takes the events: they may be overwritten afterwards. */
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
    this.#underWay.push(key);
  }

  /** Waits until few enough flushes are under way. @throws what a flush threw */
  async room(): Promise<void> {
    await this.#wait(limits.flushesUnderWayMax);
  }

  /** Waits until all flushes are done. @throws what a flush threw */
  async finish(): Promise<void> {
    await this.#wait(0);
  }

  /** Ends the second thread, whatever it does. */
  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  async #wait(underWayMax: number): Promise<void> {
    while (this.#underWay.length > underWayMax && this.#failure === undefined)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #start(): Worker {
    const worker = new Worker(workerPlace);
    worker.on('message', (answer: FlushAnswer) => {
      const key = this.#underWay.shift();
      if ('error' in answer) this.#fail(answer.error);
      else if (key !== undefined) this.#handOn(answer.flush, key);
      this.#rouse();
    });
    worker.on('error', (error) => this.#fail(error));
    worker.on('exit', () => {
      if (this.#underWay.length > 0) this.#fail(new Error('the thread that makes blocks ended too early'));
    });
    return worker;
  }

  /** In an event handler nobody would catch what the taker throws: it waits for whoever asks next. */
  #handOn(flush: Flush, key: FlushKey): void {
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
