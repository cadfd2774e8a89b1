import { FlowError } from '../base/errors.ts';
import type { Account } from '../blob/container.ts';
import type { DeliveryStatus, LostBlocks } from './delivery-status.ts';
import { DroppedBlobs, addLost, noBlocks, readLost } from './delivery-status.ts';
import type { FlushedBlock } from './flush.ts';
import type { Spool } from './spool.ts';

export interface DeliverySettings {
  /** The account that a flow log's `storage` names. Asked again after credentials were refused. @throws FlowError */
  readonly accountOf: (storage: string) => Account;
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
  /** What ended the delivery for good. */
  failure: { readonly error: unknown } | undefined;
  readonly #describe: () => DeliveryStatus;
  #dropped = noBlocks;
  #refused = noBlocks;
  readonly #droppedBlobs = new DroppedBlobs();
  /** Since the last segment that fitted. */
  #isDropping = false;
  #wake: (() => void) | undefined;
  #savedMillis = -Infinity;

  /** `describe` gives what goes into `status.json`. */
  constructor(settings: DeliverySettings, describe: () => DeliveryStatus) {
    this.settings = settings;
    this.#describe = describe;
  }

  /** What was lost, of this run and the ones before on this spool. */
  lost(): { readonly dropped: LostBlocks; readonly refused: LostBlocks; readonly droppedBlobs: DroppedBlobs } {
    return { dropped: this.#dropped, refused: this.#refused, droppedBlobs: this.#droppedBlobs };
  }

  /** Takes over what the status of an earlier run says was lost. */
  restoreLost(status: unknown): void {
    const lost = readLost(status);
    this.#dropped = lost.dropped;
    this.#refused = lost.refused;
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

  /** Writes `status.json`, at most once in `statusMillis` unless it must be `now`. */
  async saveStatus(now: boolean): Promise<void> {
    const { spool } = this.settings;
    const millis = performance.now();
    if (spool === undefined || (!now && millis - this.#savedMillis < statusMillis)) return;
    this.#savedMillis = millis;
    this.underWay++;
    await spool.writeStatus(this.#describe());
    this.underWay--;
    this.changed();
  }
}

/** With a spool, everything that a person or time can mend without the recorder. */
export function isPassing(error: unknown): boolean {
  return error instanceof FlowError && error.code !== 'usage' && error.code !== 'bug' && error.code !== 'blob-conflict';
}
