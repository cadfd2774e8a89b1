import { tickMillis } from '../base/time.ts';
import { stateContinuing, stateEnd } from '../flowlog/tuple.ts';
import { flowDenied, flowEnded, isClosed } from './connection.ts';
import type { FlowStore } from './store.ts';

/**
 * Visits all flows in order of rows; each visit emits at most one event. If the event buffer is full, the sweep stops,
 * and continues there in the next call.
 */
export class Sweep {
  #row = 0;

  /**
   * @param fast does the same from a row on, while no counter has carried; returns the row to continue with, -1 at the
   * end
   * @returns false if it must continue later
   */
  run(store: FlowStore, visit: (row: number) => void, fast?: (row: number) => number): boolean {
    const { table } = store;
    if (fast !== undefined && !table.hasCarried) {
      const row = fast(this.#row);
      this.#row = Math.max(0, row);
      return row < 0;
    }
    const { columns, capacity } = store.events;
    for (let row = this.#row; row < table.high; row++) {
      if (!table.isUsed(row)) continue;
      if (columns.count === capacity) {
        this.#row = row;
        return false;
      }
      visit(row);
    }
    this.#row = 0;
    return true;
  }
}

/**
 * Ages a flow: after its idle timeout it ends at the expiry, a closed flow ends at its last packet, and an open flow
 * continues at the 5-minute tick. Source of the times: facts 1.6.
 */
export function age(store: FlowStore, row: number, nowMillis: number): void {
  const { table } = store;
  const timeout = store.idleTimeoutMillis[table.nicOf(row)];
  const flags = store.flagsOf(row);
  const lastSeen = table.lastSeen(row);
  const expiry = lastSeen + timeout;
  if ((flags & flowEnded) !== 0) {
    if (rememberedUntil(flags, lastSeen, timeout) <= nowMillis) store.remove(row);
  } else if ((flags & flowDenied) !== 0) {
    if (expiry <= nowMillis) store.remove(row);
  } else if (isClosed(flags)) {
    store.end(row, lastSeen);
  } else if (expiry <= nowMillis) {
    store.end(row, expiry);
  } else if (nowMillis % tickMillis === 0) {
    store.emit(row, stateContinuing, nowMillis);
  }
}

/** Ends an open flow at its last packet's time, and forgets it. */
export function endForGood(store: FlowStore, row: number): void {
  if (store.isOpen(row)) store.emit(row, stateEnd, store.table.lastSeen(row));
  store.remove(row);
}

/**
 * How long an ended TCP flow is kept: a closed flow for its idle timeout after the last packet, a flow that ended by
 * its timeout for the same time again.
 */
export function rememberedUntil(flags: number, lastSeen: number, timeout: number): number {
  return lastSeen + (isClosed(flags) ? timeout : 2 * timeout);
}
