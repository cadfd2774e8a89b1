/** What time does to flows: `age` and `endForGood` of src/flow/sweep.ts, over all rows. */
import { emit, end, stateContinuing, stateEnd } from './events';
import { exchange, rows, table } from './memory';
import { flagsOf, flowDenied, flowEnded, isClosed, isFree, nicOf, rememberedUntil, timeoutOf } from './row';
import { remove } from './table';

/** Ages rows from `number` on, while there is room for events. @param tick whether open flows continue. @returns where to go on, -1 when done */
export function sweep(number: u32, now: f64, tick: bool, capacity: u32): i32 {
  const high = table.high;
  for (; number < high; number++) {
    const row = rows[number];
    if (isFree(row)) continue;
    const flags = flagsOf(row);
    const lastSeen = row.lastSeen;
    const timeout = timeoutOf(nicOf(row.kind));
    const expiry = lastSeen + timeout;
    if ((flags & flowEnded) != 0) {
      if (rememberedUntil(flags, lastSeen, timeout) <= now) remove(row);
      continue;
    }
    if ((flags & flowDenied) != 0) {
      if (expiry <= now) remove(row);
      continue;
    }
    const closed = isClosed(flags);
    if (!closed && expiry > now && !tick) continue;
    if (exchange.eventCount == capacity) return number;
    if (closed) end(row, lastSeen);
    else if (expiry <= now) end(row, expiry);
    else emit(row, stateContinuing, now);
  }
  return -1;
}

/** Ends every flow at its last packet's time and forgets it, from `number` on, while there is room for events. @returns as `sweep` */
export function endAll(number: u32, capacity: u32): i32 {
  const high = table.high;
  for (; number < high; number++) {
    const row = rows[number];
    if (isFree(row)) continue;
    if ((flagsOf(row) & (flowEnded | flowDenied)) == 0) {
      if (exchange.eventCount == capacity) return number;
      emit(row, stateEnd, row.lastSeen);
    }
    remove(row);
  }
  return -1;
}
