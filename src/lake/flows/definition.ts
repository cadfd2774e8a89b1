/**
 * What makes tuples flows and conversations, in numbers and small rules. docs/how-it-works/lake.md, "Flows and conversations", says it in words; flow-builder.ts
 * carries it out.
 */
import { stateBegin, stateContinuing, stateDenied, stateNone } from '../../flowlog/tuple.ts';

/**
 * A flow whose last tuple begins or continues it covers its group for so long: the longest idle time-out of 30 minutes, and a tick of 5. So flows that do not
 * begin in this first part of a date began on the date before.
 */
export const openCoverMillis = 35 * 60_000;
/** Clocks of observers differ, and NSG logs cut to seconds: how long a flow that has ended, was denied or has no state covers its group.
 * Flows that begin in this first part of a date may be what another observer saw as continued. */
export const closedCoverMillis = 2000;
/** Whether a tuple of this state begins the next flow of its observer. */
export function opensFlow(state: number): boolean {
  return state === stateNone || state === stateBegin || state === stateDenied;
}

/** Whether more of a flow is to be expected after a tuple of this state. */
export function staysOpen(state: number): boolean {
  return state === stateBegin || state === stateContinuing;
}

/**
 * How far behind a tuple of this state the groups end that change when it comes late. A tuple that opens a flow takes the later tuples of its observer to
 * itself: the flow before it may then stay open, which one of these had ended.
 */
export function reachMillis(state: number): number {
  return staysOpen(state) || opensFlow(state) ? openCoverMillis : closedCoverMillis;
}
