/** The `timespan` of a request: an ISO 8601 duration before now, or an interval of two times, or of a time and a duration. */
import { dayMillis, hourMillis, minuteMillis, parseTime } from '../../base/time.ts';
import type { QueryRange } from '../../query/tree.ts';
import { badArgument } from './logs-error.ts';

/**
 * `PT1H`, `P7D`, `2024-03-01T00:00:00Z/2024-03-02T00:00:00Z`, `2024-03-01/PT12H`, `PT12H/2024-03-01`. The end of an interval is excluded, as nsgflow's
 * ranges have it.
 * @throws LogsError 400
 */
export function parseTimespan(text: string, nowMillis: number): QueryRange {
  const [first = '', second, ...more] = text.trim().split('/');
  const refuse = (): never => {
    throw badArgument(
      'InvalidTimespan',
      `The timespan ${text.slice(0, 100)} is not an ISO 8601 duration such as PT1H, or an interval such as 2024-03-01/2024-03-02.`,
    );
  };
  if (more.length > 0) return refuse();
  const duration = parseDuration(first);
  if (second === undefined) {
    if (duration === undefined) return refuse();
    return { start: shift(nowMillis, duration, -1), end: nowMillis };
  }
  const length = parseDuration(second);
  const end = duration === undefined || length === undefined ? parseInstant(second) : undefined;
  const start = parseInstant(first);
  if (duration !== undefined && end !== undefined) return { start: shift(end, duration, -1), end };
  if (start === undefined) return refuse();
  if (length !== undefined) return { start, end: shift(start, length, 1) };
  return end === undefined || end < start ? refuse() : { start, end };
}

/** Months, and what has a length. */
type Duration = readonly [months: number, millis: number];

const durationShape =
  /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,7})?)S)?)?$/i;

function parseDuration(text: string): Duration | undefined {
  const found = durationShape.exec(text);
  if (found === null || text.length > 60 || /^P$|T$/i.test(text)) return undefined;
  const [years, months, weeks, days, hours, minutes, seconds] = found.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const millis = (weeks * 7 + days) * dayMillis + hours * hourMillis + minutes * minuteMillis + seconds * 1000;
  return [years * 12 + months, Math.trunc(millis)];
}

/** By the calendar, UTC. Times before 1970 and after 9999 become these years. */
function shift(millis: number, [months, length]: Duration, sign: 1 | -1): number {
  const date = new Date(millis);
  if (months !== 0) date.setUTCMonth(date.getUTCMonth() + sign * months);
  const shifted = date.getTime() + sign * length;
  if (Number.isNaN(shifted)) return sign < 0 ? firstMillis : lastMillis;
  return Math.min(lastMillis, Math.max(firstMillis, shifted));
}

const firstMillis = Date.UTC(1970, 0);
const lastMillis = Date.UTC(9999, 11, 31);

function parseInstant(text: string): number | undefined {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return parseTime(`${text}T00:00:00Z`);
  const short = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(Z|[+-]\d{2}:\d{2})?$/i.exec(text);
  return parseTime(short === null ? text : `${short[1]}:00${short[2] ?? 'Z'}`);
}
