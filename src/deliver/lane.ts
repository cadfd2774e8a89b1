import { resolve } from 'node:path';
import { FlowError } from '../base/errors.ts';
import { groupBy } from '../base/group-by.ts';
import { limits } from '../base/limits.ts';
import { isUrl } from '../blob/azure-target.ts';
import { BlockAppender } from '../blob/block-blob.ts';
import type { Account } from '../blob/container.ts';
import { retryAfterMillis } from '../blob/retry.ts';
import type { DeliveryState } from './delivery-state.ts';
import { isPassing } from './delivery-state.ts';
import type { Destination, FlushedBlock } from './flushed-block.ts';
import type { SpoolFile } from './spool.ts';

/** Blobs of one account that are appended to in parallel. */
const parallelMax = 8;
/**
 * Longest pause before unavailable storage is tried again, doubled each time; a random part from one half to all of it
 * is used.
 */
const pauseMillis = 1000;
const pauseMillisMax = 30_000;

/** The blocks of one flush for one account. */
export interface Segment {
  readonly minuteMillis: number;
  readonly bytes: number;
  /** `undefined` while they are only in the spool. */
  blocks: readonly FlushedBlock[] | undefined;
  /** `undefined` if it could not be written to the spool. */
  file: SpoolFile | undefined;
  /** Number of its blocks that are not in storage yet. */
  open: number;
  readonly isEarlier: boolean;
  /** Blocks of it were refused and could not be stored elsewhere: its file stays in the spool. */
  stays?: true;
}

interface Item {
  readonly block: FlushedBlock;
  readonly segment: Segment;
}

interface Queue {
  readonly container: string;
  readonly blob: string;
  waiting: Item[];
  /** An append is in progress: later blocks go into the next one, in one commit. */
  busy: boolean;
}

/** An account that is unavailable. */
export interface Away {
  /** By the wall clock, for messages. */
  readonly sinceMillis: number;
  /** By the monotonic clock, for waiting. */
  readonly sinceSteadyMillis: number;
  failedSteadyMillis: number;
  error: FlowError;
  tries: number;
  /** The pause has ended: one append may try. */
  due: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** The blocks for one account: a queue for each blob, and segments that are not in queues yet. */
export class Lane {
  readonly destination: Destination;
  /** Location of the account when the blocks were created; see `placeOf`. */
  readonly account: string;
  /** This run does not write to the account: its segments stay in the spool. */
  isForeign = false;
  readonly #state: DeliveryState;
  readonly #appenders = new Map<string, BlockAppender>();
  /** Oldest first; none of their blocks is in a queue yet. */
  readonly #segments: Segment[] = [];
  readonly #queues = new Map<string, Queue>();
  readonly #ready: Queue[] = [];
  #active = 0;
  #isLoading = false;
  #away: Away | undefined;

  constructor(state: DeliveryState, { storage, sender }: Destination, account: string) {
    this.#state = state;
    this.destination = sender === undefined ? { storage } : { storage, sender };
    this.account = account;
  }

  get away(): Readonly<Away> | undefined {
    return this.#away;
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0 && this.#queues.size === 0 && !this.isBusy;
  }

  /** An operation is in progress. */
  get isBusy(): boolean {
    return this.#active > 0 || this.#isLoading;
  }

  /** The earliest minute of its files in the spool; Infinity if there are none. */
  get oldestMillis(): number {
    let oldest = Infinity;
    const [segment] = this.#segments;
    if (segment?.file !== undefined) oldest = segment.minuteMillis;
    for (const { waiting } of this.#queues.values())
      if (waiting[0]?.segment.file !== undefined) oldest = Math.min(oldest, waiting[0].segment.minuteMillis);
    return oldest;
  }

  /** Adds a file that an earlier run left in the spool; `start` begins with it. */
  enterEarlier(file: SpoolFile): void {
    const { minuteMillis, sizeBytes } = file;
    this.#segments.push({ minuteMillis, bytes: sizeBytes, blocks: undefined, file, open: 0, isEarlier: true });
  }

  /** Adds a segment. If it has a file in the spool, its bytes stay in memory only while there is plenty of room. */
  enter(segment: Segment): void {
    const state = this.#state;
    state.fits();
    if (segment.file !== undefined && state.heldBytes + segment.bytes > limits.deliveryBytesMax / 2)
      segment.blocks = undefined;
    else state.heldBytes += segment.bytes;
    this.#segments.push(segment);
    this.start();
    if (this.#away !== undefined) void state.saveStatus(false);
  }

  /** Appends waiting blocks and fills the queues, as far as the account is available. */
  start(): void {
    if (this.isForeign) return;
    while (this.#state.failure === undefined && (this.#away === undefined || this.#away.due)) {
      if (this.#active >= (this.#away === undefined ? parallelMax : 1)) return;
      const queue = this.#ready.shift();
      if (queue === undefined) {
        void this.#load();
        return;
      }
      if (this.#away !== undefined) this.#away.due = false;
      this.#active++;
      void this.#append(queue);
    }
  }

  /** Tries an unavailable account now, regardless of its pause. */
  retryNow(): void {
    if (this.#away === undefined) return;
    this.#away.due = true;
    this.start();
  }

  /** The same when it may be available again: also resets the pauses. */
  tryAgain(): void {
    if (this.#away !== undefined) this.#away.tries = 0;
    this.retryNow();
  }

  stopTrying(): void {
    clearTimeout(this.#away?.timer);
  }

  /** Drops blocks that are only in memory. */
  dropUnspooled(): void {
    const lost = (segment: Segment, blocks: readonly FlushedBlock[]): void => {
      if (segment.file === undefined) this.#state.drop(segment.minuteMillis, blocks);
    };
    for (const segment of this.#segments) lost(segment, segment.blocks ?? []);
    for (const { waiting } of this.#queues.values()) for (const { block, segment } of waiting) lost(segment, [block]);
  }

  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      await this.#loadSegments();
    } catch (error) {
      this.#state.fail(error);
    } finally {
      this.#isLoading = false;
    }
    if (this.#ready.length > 0) this.start();
    this.#state.changed();
  }

  /**
   * Moves segments to the queues of their blobs, oldest first, reading them from the spool if needed, until memory has
   * enough.
   */
  async #loadSegments(): Promise<void> {
    const state = this.#state;
    for (let [segment] = this.#segments; segment !== undefined; [segment] = this.#segments) {
      if (segment.blocks === undefined) {
        const isFull = state.heldBytes + segment.bytes > limits.deliveryBytesMax;
        if ((isFull && this.#queues.size > 0) || state.failure !== undefined) return;
        const read = await state.settings.spool?.read(segment.file!, (sentence) => state.damaged(sentence));
        segment.blocks = read?.blocks ?? [];
        for (const { bytes } of segment.blocks) state.heldBytes += bytes.length;
      }
      this.#segments.shift();
      this.#distribute(segment, segment.blocks);
    }
  }

  #distribute(segment: Segment, blocks: readonly FlushedBlock[]): void {
    segment.open = blocks.length;
    segment.blocks = undefined;
    for (const block of blocks) {
      const { container, blob } = block;
      const name = `${container}/${blob}`;
      let queue = this.#queues.get(name);
      if (queue === undefined) this.#queues.set(name, (queue = { container, blob, waiting: [], busy: false }));
      if (queue.waiting.push({ block, segment }) === 1 && !queue.busy) this.#ready.push(queue);
    }
  }

  async #append(queue: Queue): Promise<void> {
    const items = queue.waiting;
    queue.waiting = [];
    queue.busy = true;
    try {
      const added = await this.#appenderOf(queue.container).append(
        queue.blob,
        items.map(({ block }) => block),
      );
      const isNew = new Set(added);
      for (const { block, segment } of items)
        if (isNew.has(block) && !segment.isEarlier) this.#state.tuplesWritten += block.tuples;
      await this.#settle(items, true);
      this.#comeBack();
    } catch (error) {
      await this.#judge(queue, items, error);
    }
    queue.busy = false;
    if (queue.waiting.length > 0) this.#ready.push(queue);
    else this.#queues.delete(`${queue.container}/${queue.blob}`);
    this.#active--;
    this.start();
    this.#state.changed();
  }

  /** After a failed append: retries later, sets the blocks aside, or ends the recording. */
  async #judge(queue: Queue, items: readonly Item[], error: unknown): Promise<void> {
    const { spool } = this.#state.settings;
    if (!(error instanceof FlowError)) return this.#state.fail(error);
    if (error.code === 'blob-conflict' && spool !== undefined) {
      const { destination, account } = this;
      const isAside = ({ segment }: Item): boolean => segment.file?.isAside === true;
      const fresh = items.filter((item) => !isAside(item));
      for (const [minuteMillis, own] of groupBy(fresh, ({ segment }) => segment.minuteMillis))
        if (!(await spool.refuse({ ...destination, account, minuteMillis, blocks: own.map(({ block }) => block) })))
          this.#leave(minuteMillis, own);
      for (const { segment } of items.filter(isAside)) segment.stays = true;
      if (fresh.length > 0)
        this.#state.refuse(
          fresh.map(({ block }) => block),
          error,
        );
      await this.#settle(items, false);
      return;
    }
    if (!(spool === undefined ? error.code === 'unavailable' : isPassing(error))) return this.#state.fail(error);
    queue.waiting = [...items, ...queue.waiting];
    this.#goAway(error);
  }

  /** Blocks that cannot be set aside stay in the spool; without a spool file they are lost and counted. */
  #leave(minuteMillis: number, items: readonly Item[]): void {
    this.#state.isAllAside = false;
    for (const { block, segment } of items)
      if (segment.file === undefined) this.#state.drop(minuteMillis, [block]);
      else segment.stays = true;
  }

  /** Removes finished blocks; segments whose blocks are all finished leave the spool. */
  async #settle(items: readonly Item[], delivered: boolean): Promise<void> {
    const state = this.#state;
    state.underWay++;
    for (const { block, segment } of items) {
      if (delivered) state.delivered++;
      if (delivered && segment.isEarlier) state.deliveredOfEarlier++;
      if (delivered && segment.file?.isAside === true) state.takenBack(block);
      state.heldBytes -= block.bytes.length;
      if (delivered) block.release?.();
      if (--segment.open > 0) continue;
      if (segment.file !== undefined && segment.stays !== true) await state.settings.spool?.remove(segment.file);
    }
    state.underWay--;
  }

  #goAway(error: FlowError): void {
    const now = performance.now();
    const isNew = this.#away === undefined;
    const away = (this.#away ??= {
      sinceMillis: Date.now(),
      sinceSteadyMillis: now,
      failedSteadyMillis: now,
      error,
      tries: 0,
      due: false,
      timer: undefined,
    });
    away.error = error;
    away.failedSteadyMillis = now;
    away.tries++;
    if (error.code === 'authentication' || error.code === 'permission') this.#appenders.clear();
    const pause = Math.min(pauseMillisMax, pauseMillis * 2 ** (away.tries - 1)) * (0.5 + Math.random() / 2);
    clearTimeout(away.timer);
    // After the end there is no retry: a timer would keep the process alive.
    if (this.#state.failure === undefined)
      away.timer = setTimeout(() => this.retryNow(), Math.max(pause, retryAfterMillis(error) ?? 0));
    if (isNew)
      this.#state.say(
        `${error.message}; recording continues into the spool ${this.#state.settings.spool?.folder ?? ''}`,
      );
    void this.#state.saveStatus(false);
  }

  #comeBack(): void {
    if (this.#away === undefined) return;
    clearTimeout(this.#away.timer);
    const seconds = Math.round((performance.now() - this.#away.sinceSteadyMillis) / 1000);
    this.#away = undefined;
    this.#state.say(`${this.account} takes blocks again, after ${seconds} s`);
    void this.#state.saveStatus(true);
  }

  #appenderOf(name: string): BlockAppender {
    let appender = this.#appenders.get(name);
    if (appender === undefined) {
      const account = this.#state.settings.accountOf(this.destination);
      if (placeOf(account) !== this.account)
        throw new FlowError('unavailable', `${this.account} is no longer the account of these flow logs`);
      appender = new BlockAppender(account.container(name));
      this.#appenders.set(name, appender);
    }
    return appender;
  }
}

/** Location of an account, independent of the working folder. */
export function placeOf({ location }: Account): string {
  return isUrl(location) ? location : resolve(location);
}
