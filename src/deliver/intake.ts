import { limits } from '../base/limits.ts';
import type { Lane, Segment } from './lane.ts';
import type { DeliveryState } from './delivery-state.ts';
import { isPassing, statusMillis } from './delivery-state.ts';
import type { Spool } from './spool.ts';

/** Passes new segments on in order: to the spool if there is one, and then to their lane. */
export class Intake {
  readonly #state: DeliveryState;
  /** Segments that are not in the spool yet. */
  readonly #waiting: { readonly lane: Lane; readonly segment: Segment }[] = [];
  #isSpooling = false;
  #isStalled = false;

  constructor(state: DeliveryState) {
    this.#state = state;
  }

  /** No segment waits for the spool. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  get isSpooling(): boolean {
    return this.#isSpooling;
  }

  /** The spool is full, and a capture waits for room. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  take(lane: Lane, segment: Segment): void {
    const { spool } = this.#state.settings;
    if (spool === undefined) {
      lane.enter(segment);
      return;
    }
    this.#waiting.push({ lane, segment });
    void this.#spoolWaiting(spool);
  }

  async #spoolWaiting(spool: Spool): Promise<void> {
    if (this.#isSpooling) return;
    this.#isSpooling = true;
    const state = this.#state;
    const { mayDrop } = state.settings;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const { lane, segment } = first;
      const { destination, account } = lane;
      const { minuteMillis, blocks = [] } = segment;
      let refusal: unknown;
      segment.file = await spool.write({ ...destination, account, minuteMillis, blocks }).catch((error: unknown) => {
        refusal = error;
        return undefined;
      });
      const fits = segment.file !== undefined || state.heldBytes + segment.bytes <= limits.deliveryBytesMax;
      if (!fits && !mayDrop && state.failure === undefined) {
        if (refusal !== undefined && !isPassing(refusal)) state.fail(refusal);
        else {
          this.#isStalled = true;
          await state.change(statusMillis);
        }
        continue;
      }
      this.#isStalled = false;
      if (segment.file !== undefined) state.spooled();
      else if (refusal !== undefined) state.unspooled(refusal);
      this.#waiting.shift();
      // A capture whose recording failed loses nothing: it can be recorded again.
      if (fits) lane.enter(segment);
      else if (mayDrop) state.drop(minuteMillis, blocks);
      state.changed();
    }
    this.#isSpooling = false;
    state.changed();
  }
}
