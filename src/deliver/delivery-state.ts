import { FlowError } from '../base/errors.ts';
import type { Account } from '../blob/container.ts';
import type { DeliveryStatus } from './delivery-status.ts';
import { DroppedBlobs, addLost, noBlocks, readLost } from './delivery-status.ts';
import type { Destination, FlushedBlock } from './flushed-block.ts';
import type { Spool } from './spool.ts';

export interface DeliverySettings {
  /** The account of a destination. Asked again after credentials were refused. @throws FlowError */
  readonly accountOf: (destination: Destination) => Account;
  /** Without it, storage that is away for `waitMillis` ends the recording. The caller closes it. */
  readonly spool?: Spool | undefined;
  /** Whether what the spool cannot take is dropped and counted (live), or waited for (a capture can wait). */
  readonly mayDrop: boolean;
  /** How long storage that is away is waited for at the end, and wherever recording cannot go on without it. */
  readonly waitMillis: number;
  /** Takes a sentence when, with a spool, storage goes away or comes back, or blocks are dropped or refused. */
  readonly onChange?: ((sentence: string) => void) | undefined;
}

/** Between two writings of `status.json`, and two tries to put something into a full spool. */
export const statusMillis = 1000;
/** A timer set for longer goes off at once. Source: Node.js, `setTimeout`. */
const timerMillisMax = 2 ** 31 - 1;

/** What the parts of a delivery share: its settings, its figures, what ended it, and the wait for the next change. */
export class DeliveryState {
  readonly settings: DeliverySettings;
  /** Bytes of blocks in lanes. */
  heldBytes = 0;
  /** Removals from the spool and writings of its status that have begun and not ended. */
  underWay = 0;
  /** See `Delivery`. */
  tuplesWritten = 0;
  delivered = 0;
  deliveredOfEarlier = 0;
  /** Why something was refused first; `undefined` while nothing was. */
  refusal: FlowError | undefined;
  /** Whether all that was refused lies in the spool's folder `refused`; else some of it is still in the spool. */
  isAllAside = true;
  /** What is wrong with the first file of the spool that could not be delivered. */
  damage: string | undefined;
  /** What ended the delivery for good. */
  failure: { readonly error: unknown } | undefined;
  readonly #describe: () => DeliveryStatus;
  #dropped = noBlocks;
  #refused = noBlocks;
  #damaged = 0;
  readonly #droppedBlobs = new DroppedBlobs();
  /** Since the last segment that fitted. */
  #isDropping = false;
  #isUnspooled = false;
  #wake: (() => void) | undefined;
  #savedMillis = -Infinity;
  /** The writing of the status that is under way, and the one that follows it. */
  #save = Promise.resolve();
  #nextSave: Promise<void> | undefined;
  /** Writes what changed soon after a writing. */
  #later: NodeJS.Timeout | undefined;

  /** `describe` gives what goes into `status.json`. */
  constructor(settings: DeliverySettings, describe: () => DeliveryStatus) {
    this.settings = settings;
    this.#describe = describe;
  }

  /** What was lost, of this run and the ones before on this spool. */
  lost(): Pick<DeliveryStatus, 'dropped' | 'refused' | 'damaged' | 'droppedBlobs'> {
    return {
      dropped: this.#dropped,
      refused: this.#refused,
      damaged: this.#damaged,
      droppedBlobs: this.#droppedBlobs.list(),
    };
  }

  /** Takes over what the status of an earlier run says was lost. */
  restoreLost(status: unknown): void {
    const lost = readLost(status);
    this.#dropped = lost.dropped;
    this.#refused = lost.refused;
    this.#damaged = lost.damaged;
    this.#droppedBlobs.restore(lost.droppedBlobs);
  }

  /** Counts blocks that neither the spool nor memory has room for. */
  drop(minuteMillis: number, blocks: readonly FlushedBlock[]): void {
    if (!this.#isDropping) this.say('the spool is full: the newest flushes are dropped, and counted');
    this.#isDropping = true;
    this.#dropped = addLost(this.#dropped, blocks);
    this.#droppedBlobs.add(minuteMillis, blocks);
    void this.saveStatus(false);
  }

  /** Tells once why flushes are in memory only, until one is in the spool again. */
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

  /** Counts blocks that storage will never take. */
  refuse(blocks: readonly FlushedBlock[], why: FlowError): void {
    this.#refused = addLost(this.#refused, blocks);
    if (this.refusal === undefined)
      this.say(`${why.message}; what is recorded for it goes to ${this.settings.spool?.folder ?? ''}/refused`);
    this.refusal ??= why;
  }

  /** Storage has a block that it refused in an earlier run. */
  takenBack(block: FlushedBlock): void {
    const { blocks, tuples, bytes } = this.#refused;
    this.#refused = {
      blocks: Math.max(0, blocks - 1),
      tuples: Math.max(0, tuples - block.tuples),
      bytes: Math.max(0, bytes - block.bytes.length),
    };
  }

  /** A file of the spool cannot be delivered: it is damaged, or cannot be read. */
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

  /** The next change, or the end of `millis`. */
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

  /** Rouses all who wait for a change. */
  changed(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /**
   * Writes `status.json`: now, or at most once in `statusMillis`. One writing follows the other, since all have one temporary file.
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

/** With a spool, everything that a person or time can mend without the recorder. */
export function isPassing(error: unknown): boolean {
  return error instanceof FlowError && error.code !== 'usage' && error.code !== 'bug' && error.code !== 'blob-conflict';
}
