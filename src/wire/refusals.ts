import type { Counters } from '../base/counters.ts';
import { limits } from '../base/limits.ts';
import { formatTime } from '../base/time.ts';
import type { WireReason } from './reason.ts';
import { wireReasons } from './reason.ts';

/** Refused packets by the number of their reason, counted in the hot loop. Doubles: 32 bits would overflow in weeks at line rate. */
export interface Refusals {
  readonly counts: Float64Array;
  /** Epoch milliseconds of the first packet refused for each reason; meaningless where the count is 0. */
  readonly firstMillis: Float64Array;
  /** Link types of the packets refused as `link-type`, the first ones. */
  readonly linkTypes: LinkTypes;
}

/** Numbers in order of their first packets; a capture may name a new one in each packet, so there are at most a few. */
export class LinkTypes {
  readonly #seen: number[] = [];

  add(linkType: number): void {
    const seen = this.#seen;
    if (seen.length < limits.linkTypesShownMax && !seen.includes(linkType)) seen.push(linkType);
  }

  toJSON(): readonly number[] {
    return this.#seen;
  }
}

export function createRefusals(): Refusals {
  const length = wireReasons.length;
  return { counts: new Float64Array(length), firstMillis: new Float64Array(length), linkTypes: new LinkTypes() };
}

/** Counts one packet as refused. @param result what its decoder returned, below 0. */
export function countRefusal(refusals: Refusals, result: number, timeMillis: number): void {
  const reason = -1 - result;
  if (refusals.counts[reason]++ === 0) refusals.firstMillis[reason] = timeMillis;
}

/** Adds what `refusals` holds to `counters`, with the time of the first packet as the example, and empties `refusals`. */
export function drainRefusals(refusals: Refusals, counters: Counters<WireReason>): void {
  wireReasons.forEach((reason, index) => {
    const count = refusals.counts[index];
    if (count === 0) return;
    counters.add(reason, count, () => `first at ${formatTime(refusals.firstMillis[index])}`);
  });
  refusals.counts.fill(0);
}
