import { tickMillis } from '../base/time.ts';
import { stateContinuing, stateEnd } from '../flowlog/tuple.ts';
import { flowDenied, flowEnded, isClosed } from './connection.ts';
import type { FlowStore } from './store.ts';

/**
 * Visits every flow, in order of rows; one visit emits one event at the most. Where the event buffer is full first, the sweep stops and goes on
 * from there when it is called again, until it has been everywhere.
 */
export class Sweep {
  #row = 0;

  /**
   * @param fast does the same from a row on, where no counter has carried. Says where to go on, -1 when it has been everywhere
   * @returns false when it must go on later
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
 * What time does to a flow: idle for its timeout it ends at its expiry, a closed one ends at its last packet, and on the 5-minute tick an open
 * one continues. Source of the times: facts 1.6.
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

/** Ends a flow at its last packet's time where it is open, and forgets it. */
export function endForGood(store: FlowStore, row: number): void {
  if (store.isOpen(row)) store.emit(row, stateEnd, store.table.lastSeen(row));
  store.remove(row);
}

/**
 * How long an ended TCP flow is remembered: a closed one for its idle timeout after the last packet, one that ended by its timeout for as long
 * again.
 */
export function rememberedUntil(flags: number, lastSeen: number, timeout: number): number {
  return lastSeen + (isClosed(flags) ? timeout : 2 * timeout);
}
