import { minutesOf } from '../../../advise/completeness.ts';
import type { MinuteState } from '../../../advise/completeness.ts';
import { hourMillis, minuteMillis } from '../../../base/time.ts';
import { parseResourceId } from '../../../flowlog/blob-path.ts';
import type { Lake } from '../../../lake/lake.ts';

export interface CalendarCell {
  readonly state: MinuteState;
  readonly missingMinutes: number;
  /** Minutes of the hour that are missing. */
  readonly minutes?: readonly number[];
  readonly reason?: string;
}

export interface CalendarLog {
  readonly name: string;
  readonly mac: string;
  /** Share of the minutes that are known to be there, of those that are known. */
  readonly complete: number;
  readonly cells: readonly (CalendarCell | null)[];
}

export interface Calendar {
  /** Epoch milliseconds. */
  readonly hours: readonly number[];
  readonly logs: readonly CalendarLog[];
}

/** An hour with a missing minute is missing; one with a minute that is known is known. */
const order: readonly MinuteState[] = ['unknown', 'quiet', 'present', 'missing'];

interface Cell {
  state: MinuteState;
  minutes: number[];
  reason: string;
}

/** Each NIC's log by hours, of whole hours `start` to `end`. */
export async function calendarOf(lake: Lake, start: number, end: number): Promise<Calendar> {
  const first = Math.floor(start / hourMillis) * hourMillis;
  const hours = Array.from(
    { length: Math.max(0, Math.ceil((end - first) / hourMillis)) },
    (_, at) => first + at * hourMillis,
  );
  const logs = new Map<string, { name: string; mac: string; known: number; there: number; cells: (Cell | null)[] }>();
  for await (const range of minutesOf(lake, { start: first, end: first + hours.length * hourMillis }, undefined)) {
    const { kind, resourceId, mac, state, evidence } = range;
    const key = `${kind}\n${resourceId}\n${mac}`;
    const id = parseResourceId(resourceId);
    const log = logs.get(key) ?? {
      name: id?.child ?? id?.name ?? resourceId,
      mac,
      known: 0,
      there: 0,
      cells: hours.map(() => null),
    };
    logs.set(key, log);
    for (let at = range.startMillis; at < range.endMillis; at += minuteMillis) {
      const hour = Math.floor((at - first) / hourMillis);
      const cell = (log.cells[hour] ??= { state, minutes: [], reason: '' });
      if (order.indexOf(state) > order.indexOf(cell.state)) cell.state = state;
      if (state === 'missing') {
        cell.minutes.push(Math.floor((at % hourMillis) / minuteMillis));
        cell.reason = evidence;
      }
      if (state === 'unknown') continue;
      log.known++;
      if (state !== 'missing') log.there++;
    }
  }
  return {
    hours,
    logs: [...logs.values()].map(({ name, mac, known, there, cells }) => ({
      name,
      mac,
      complete: known === 0 ? 1 : there / known,
      cells: cells.map((cell) => cell && shown(cell)),
    })),
  };
}

function shown({ state, minutes, reason }: Cell): CalendarCell {
  return {
    state,
    missingMinutes: minutes.length,
    ...(minutes.length === 0 ? {} : { minutes }),
    ...(reason === '' ? {} : { reason }),
  };
}
