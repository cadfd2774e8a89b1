import { limits } from '../base/limits.ts';
import type { BlockAppender } from '../blob/block-blob.ts';
import type { FlushedBlock } from './flush.ts';

/** Blobs appended to at the same time. */
const parallelMax = 8;

interface Queue {
  readonly appender: BlockAppender;
  readonly blob: string;
  waiting: FlushedBlock[];
  /** An append is under way: what comes meanwhile goes into the next one, in one commit. */
  busy: boolean;
}

/**
 * Brings blocks to storage while recording goes on. Blocks of one blob arrive in their order; those that wait go together in one commit, so
 * slow storage means fewer and larger commits. What waits is bounded: `room` says when to go on.
 */
export class Delivery {
  /** Tuples that were not in storage before. */
  tuplesWritten = 0;
  readonly #appenderOf: (storage: string, container: string) => BlockAppender;
  readonly #queues = new Map<string, Queue>();
  readonly #ready: Queue[] = [];
  #active = 0;
  #waitingBytes = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** `appenderOf` takes the key of an account and the name of a container. */
  constructor(appenderOf: (storage: string, container: string) => BlockAppender) {
    this.#appenderOf = appenderOf;
  }

  /** Blobs that blocks were added for. */
  get blobs(): number {
    return this.#queues.size;
  }

  add(blocks: readonly FlushedBlock[]): void {
    for (const block of blocks) {
      const name = `${block.storage}\n${block.container}/${block.blob}`;
      let queue = this.#queues.get(name);
      if (queue === undefined) {
        queue = {
          appender: this.#appenderOf(block.storage, block.container),
          blob: block.blob,
          waiting: [],
          busy: false,
        };
        this.#queues.set(name, queue);
      }
      this.#waitingBytes += block.bytes.length;
      if (queue.waiting.push(block) === 1 && !queue.busy) this.#ready.push(queue);
    }
    this.#start();
  }

  /** Waits until little enough is waiting. @throws what an append threw */
  async room(): Promise<void> {
    while (this.#waitingBytes > limits.deliveryBytesMax && this.#failure === undefined) await this.#change();
    this.#check();
  }

  /** Waits until all is delivered. @throws what an append threw */
  async finish(): Promise<void> {
    while ((this.#active > 0 || this.#ready.length > 0) && this.#failure === undefined) await this.#change();
    while (this.#active > 0) await this.#change();
    this.#check();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  #start(): void {
    while (this.#active < parallelMax && this.#failure === undefined) {
      const queue = this.#ready.shift();
      if (queue === undefined) return;
      this.#active++;
      void this.#append(queue);
    }
  }

  async #append(queue: Queue): Promise<void> {
    const blocks = queue.waiting;
    queue.waiting = [];
    queue.busy = true;
    try {
      const added = await queue.appender.append(queue.blob, blocks);
      for (const block of added) this.tuplesWritten += block.tuples;
    } catch (error) {
      this.#failure ??= { error };
    }
    for (const block of blocks) this.#waitingBytes -= block.bytes.length;
    queue.busy = false;
    if (queue.waiting.length > 0) this.#ready.push(queue);
    this.#active--;
    this.#start();
    this.#wake?.();
    this.#wake = undefined;
  }
}
