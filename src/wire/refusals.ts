import type { Counters } from '../base/counters.ts';
import { limits } from '../base/limits.ts';
import { formatTime } from '../base/time.ts';
import type { WireReason } from './reason.ts';
import { wireReasons } from './reason.ts';

/**
 * Refused packets by the number of their reason, counted in the hot loop. Doubles, because 32 bits would overflow
 * within weeks at line rate.
 */
export interface Refusals {
  readonly counts: Float64Array;
  /** Epoch milliseconds of the first packet refused for each reason; meaningless where the count is 0. */
  readonly firstMillis: Float64Array;
  /** Link types of the first packets that were refused as `link-type`. */
  readonly linkTypes: LinkTypes;
}

/**
 * Link types in order of their first packets. A capture can name a new one in each packet, so their number is limited.
 */
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

/**
 * Counts one packet as refused.
 * @param result of its decoder, below 0
 */
export function countRefusal(refusals: Refusals, result: number, timeMillis: number): void {
  const reason = -1 - result;
  if (refusals.counts[reason]++ === 0) refusals.firstMillis[reason] = timeMillis;
}

/** Moves the counts of `refusals` to `counters`, with the time of the first packet as the example. */
export function drainRefusals(refusals: Refusals, counters: Counters<WireReason>): void {
  wireReasons.forEach((reason, index) => {
    const count = refusals.counts[index];
    if (count === 0) return;
    counters.add(reason, count, () => `first at ${formatTime(refusals.firstMillis[index])}`);
  });
  refusals.counts.fill(0);
}
