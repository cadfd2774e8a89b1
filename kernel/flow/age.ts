/** What time does to flows: `age` and `endForGood` of src/flow/sweep.ts, over all rows. */
import { eventCountAt, highAt } from '../../src/flow/kernel-layout';
import { emit, end, stateContinuing, stateEnd } from './events';
import {
  flowDenied,
  flowEnded,
  isClosed,
  isFree,
  kindOffset,
  lastSeenOf,
  rememberedUntil,
  remove,
  rowAt,
  timeoutOf,
} from './rows';

/** Ages rows from `number` on, while there is room for events. @param tick whether open flows continue. @returns where to go on, -1 when done */
export function sweep(number: u32, now: f64, tick: bool, capacity: u32): i32 {
  const high = load<u32>(highAt);
  for (; number < high; number++) {
    const row = rowAt(number);
    const kind = load<u32>(row, kindOffset);
    if (isFree(kind)) continue;
    const flags = (kind >> 2) & 31;
    const lastSeen = lastSeenOf(row);
    const timeout = timeoutOf(kind >> 8);
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
    if (load<u32>(eventCountAt) == capacity) return number;
    if (closed) end(row, lastSeen);
    else if (expiry <= now) end(row, expiry);
    else emit(row, stateContinuing, now);
  }
  return -1;
}

/** Ends every flow at its last packet's time and forgets it, from `number` on, while there is room for events. @returns as `sweep` */
export function endAll(number: u32, capacity: u32): i32 {
  const high = load<u32>(highAt);
  for (; number < high; number++) {
    const row = rowAt(number);
    const kind = load<u32>(row, kindOffset);
    if (isFree(kind)) continue;
    if ((kind & ((flowEnded | flowDenied) << 2)) == 0) {
      if (load<u32>(eventCountAt) == capacity) return number;
      emit(row, stateEnd, lastSeenOf(row));
    }
    remove(row);
  }
  return -1;
}
