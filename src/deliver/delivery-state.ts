import { FlowError } from '../base/errors.ts';
import type { Account } from '../blob/container.ts';
import type { DeliveryStatus } from './delivery-status.ts';
import { DroppedBlobs, addLost, noBlocks, readLost } from './delivery-status.ts';
import type { Destination, FlushedBlock } from './flushed-block.ts';
import type { Spool } from './spool.ts';

export interface DeliverySettings {
  /**
   * The account of a destination. Called again after credentials were refused.
   * @throws FlowError
   */
  readonly accountOf: (destination: Destination) => Account;
  /** Without a spool, storage that is unavailable for `waitMillis` ends the recording. The caller closes the spool. */
  readonly spool?: Spool | undefined;
  /** Whether blocks that do not fit into the spool are dropped and counted (live), or wait for room (a capture). */
  readonly mayDrop: boolean;
  /** How long to wait for unavailable storage at the end, and where recording cannot continue without it. */
  readonly waitMillis: number;
  /**
   * Called with a sentence when, with a spool, storage becomes unavailable or available again, or blocks are dropped or
   * refused.
   */
  readonly onChange?: ((sentence: string) => void) | undefined;
}

/** Time between two writes of `status.json`, and between two attempts to add to a full spool. */
export const statusMillis = 1000;
/** A longer timer fires at once. Source: Node.js, `setTimeout`. */
const timerMillisMax = 2 ** 31 - 1;

/** State that the parts of a delivery share: settings, counters, the failure, and the wait for the next change. */
export class DeliveryState {
  readonly settings: DeliverySettings;
  /** Bytes of blocks in lanes. */
  heldBytes = 0;
  /** Removals from the spool and status writes in progress. */
  underWay = 0;
  /** See `Delivery`. */
  tuplesWritten = 0;
  delivered = 0;
  deliveredOfEarlier = 0;
  /** The first refusal; `undefined` if there was none. */
  refusal: FlowError | undefined;
  /** Whether all refused blocks are in the spool's folder `refused`; otherwise some are still in the spool. */
  isAllAside = true;
  /** The problem of the first file of the spool that could not be delivered. */
  damage: string | undefined;
  /** The error that ended the delivery. */
  failure: { readonly error: unknown } | undefined;
  readonly #describe: () => DeliveryStatus;
  #dropped = noBlocks;
  #refused = noBlocks;
  #damaged = 0;
  readonly #droppedBlobs = new DroppedBlobs();
  /** A segment did not fit, and none fitted since. */
  #isDropping = false;
  #isUnspooled = false;
  #wake: (() => void) | undefined;
  #savedMillis = -Infinity;
  /** The status write in progress, followed by the next one. */
  #save = Promise.resolve();
  #nextSave: Promise<void> | undefined;
  /** Timer of the next status write. */
  #later: NodeJS.Timeout | undefined;

  /** @param describe returns the content of `status.json` */
  constructor(settings: DeliverySettings, describe: () => DeliveryStatus) {
    this.settings = settings;
    this.#describe = describe;
  }

  /** Blocks lost in this run and in earlier runs with this spool. */
  lost(): Pick<DeliveryStatus, 'dropped' | 'refused' | 'damaged' | 'droppedBlobs'> {
    return {
      dropped: this.#dropped,
      refused: this.#refused,
      damaged: this.#damaged,
      droppedBlobs: this.#droppedBlobs.list(),
    };
  }

  /** Adds the losses in the status of an earlier run. */
  restoreLost(status: unknown): void {
    const lost = readLost(status);
    this.#dropped = lost.dropped;
    this.#refused = lost.refused;
    this.#damaged = lost.damaged;
    this.#droppedBlobs.restore(lost.droppedBlobs);
  }

  /** Counts blocks for which neither the spool nor memory has room. */
  drop(minuteMillis: number, blocks: readonly FlushedBlock[]): void {
    if (!this.#isDropping) this.say('the spool is full: the newest flushes are dropped and counted');
    this.#isDropping = true;
    this.#dropped = addLost(this.#dropped, blocks);
    this.#droppedBlobs.add(minuteMillis, blocks);
    void this.saveStatus(false);
  }

  /** Reports once why flushes are only in memory, until one is in the spool again. */
  unspooled(why: unknown): void {
    if (!this.#isUnspooled && why instanceof FlowError)
      this.say(`${why.message}; flushes wait in memory, and a recorder that is killed loses them`);
    this.#isUnspooled = true;
  }

  spooled(): void {
    this.#isUnspooled = false;
  }

  /** There is room again. */
  fits(): void {
    this.#isDropping = false;
  }

  /** Counts blocks that storage rejects permanently. */
  refuse(blocks: readonly FlushedBlock[], why: FlowError): void {
    this.#refused = addLost(this.#refused, blocks);
    if (this.refusal === undefined)
      this.say(`${why.message}; what is recorded for it goes to ${this.settings.spool?.folder ?? ''}/refused`);
    this.refusal ??= why;
  }

  /** Storage accepted a block that it refused in an earlier run. */
  takenBack(block: FlushedBlock): void {
    const { blocks, tuples, bytes } = this.#refused;
    this.#refused = {
      blocks: Math.max(0, blocks - 1),
      tuples: Math.max(0, tuples - block.tuples),
      bytes: Math.max(0, bytes - block.bytes.length),
    };
  }

  /** Reports a file of the spool that is damaged or cannot be read. */
  damaged(sentence: string): void {
    this.#damaged++;
    this.damage ??= sentence;
    this.say(sentence);
    void this.saveStatus(false);
  }

  fail(error: unknown): void {
    this.failure ??= { error };
    this.changed();
  }

  say(sentence: string): void {
    if (this.settings.spool !== undefined) this.settings.onChange?.(sentence);
  }

  /** Waits for the next change, or for `millis`. */
  change(millis: number | undefined): Promise<void> {
    return new Promise((done) => {
      const timer =
        millis === undefined
          ? undefined
          : setTimeout(() => this.changed(), Math.min(timerMillisMax, Math.ceil(millis)));
      const before = this.#wake;
      this.#wake = () => {
        clearTimeout(timer);
        before?.();
        done();
      };
    });
  }

  /** Wakes all waits for a change. */
  changed(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /**
   * Writes `status.json` now, or at most once per `statusMillis`. Writes run one after another, because they share a
   * temporary file.
   */
  async saveStatus(now: boolean): Promise<void> {
    const { spool } = this.settings;
    if (spool === undefined) return;
    const pause = now ? 0 : this.#savedMillis + statusMillis - performance.now();
    if (pause > 0) {
      this.#later ??= setTimeout(() => void this.saveStatus(true), pause).unref();
      return;
    }
    clearTimeout(this.#later);
    this.#later = undefined;
    this.#savedMillis = performance.now();
    this.underWay++;
    this.#nextSave ??= this.#save.then(() => {
      this.#nextSave = undefined;
      return (this.#save = spool.writeStatus(this.#describe()));
    });
    await this.#nextSave;
    this.underWay--;
    this.changed();
  }
}

/** Whether an error can be fixed while the recorder runs with a spool. */
export function isPassing(error: unknown): boolean {
  return error instanceof FlowError && error.code !== 'usage' && error.code !== 'bug' && error.code !== 'blob-conflict';
}
