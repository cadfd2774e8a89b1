/** Primitives of datetimes and timespans. */
import { call, cast, fixed, number } from '../../sql/node.ts';
import type { SqlExpression } from '../../sql/node.ts';
import { and, epochMicros, less, local, lessOrEqual, quoted, timeOfMicros, when } from '../../sql/sql.ts';
import { primitive } from '../rule.ts';
import {
  addMonths,
  datetimeOf,
  datetimeParts,
  firstMicros,
  formatDatetime,
  isoWeek,
  lastMicros,
  micros,
  microsPerDay,
  startOfDay,
  startOfWeek,
} from '../values/datetime.ts';
import { formatTimespan } from '../values/timespan.ts';
import { zoneOffset } from '../values/time-zone.ts';

const part = (value: (of: bigint) => number, name: string) =>
  primitive(
    ['time'],
    'long',
    (of) => BigInt(value(of)),
    (of) => cast(call(name, local(of)), 'long'),
  );

const truncated = (
  value: (of: bigint) => bigint | undefined,
  unit: string,
  before = (of: SqlExpression) => of,
  after = before,
) =>
  primitive(['time'], 'time', value, (of) =>
    timeOfMicros(epochMicros(after(call('date_trunc', quoted(unit), before(local(of)))))),
  );

const oneDay = fixed("INTERVAL '1 day'");

export const timePrimitives = {
  ticks_of: primitive(
    ['timespan'],
    'long',
    (of) => of,
    (of) => of,
  ),
  timespan_of: primitive(
    ['long'],
    'timespan',
    (of) => of,
    (of) => of,
  ),
  micros_of: primitive(['time'], 'long', (of) => of, epochMicros),
  /** Null outside of years 1 to 9999. */
  time_of_micros: primitive(['long'], 'time', datetimeOf, (of) =>
    when([
      and(lessOrEqual(fixed(String(firstMicros)), of), lessOrEqual(of, fixed(String(lastMicros)))),
      timeOfMicros(of),
    ])(),
  ),
  time_year: part((of) => datetimeParts(of).year, 'year'),
  time_month: part((of) => datetimeParts(of).month, 'month'),
  time_day: part((of) => datetimeParts(of).day, 'day'),
  time_hour: part((of) => datetimeParts(of).hour, 'hour'),
  time_minute: part((of) => datetimeParts(of).minute, 'minute'),
  time_second: part((of) => datetimeParts(of).second, 'second'),
  time_weekday: part((of) => datetimeParts(of).weekday, 'dayofweek'),
  time_yearday: part((of) => {
    const { year } = datetimeParts(of);
    return Number((startOfDay(of) - (micros(year, 1, 1) ?? 0n)) / microsPerDay) + 1;
  }, 'dayofyear'),
  /** By ISO 8601. */
  time_week: part(isoWeek, 'weekofyear'),
  start_of_day: truncated(startOfDay, 'day'),
  /** Sunday. */
  start_of_week: truncated(
    startOfWeek,
    'week',
    (of) => ({ kind: 'operator', operator: '+', operands: [of, oneDay] }),
    (of) => ({ kind: 'operator', operator: '-', operands: [of, oneDay] }),
  ),
  start_of_month: truncated((of) => micros(datetimeParts(of).year, datetimeParts(of).month, 1), 'month'),
  start_of_year: truncated((of) => micros(datetimeParts(of).year, 1, 1), 'year'),
  /** The day is cut to the last of the month; null outside of years 1 to 9999. */
  add_months: primitive(
    ['time', 'long'],
    'time',
    (of, months) => (months > 200_000n || months < -200_000n ? undefined : addMonths(of, Number(months))),
    (of, months) => {
      const moved = epochMicros({
        kind: 'operator',
        operator: '+',
        operands: [local(of), call('to_months', cast(months, 'integer'))],
      });
      return when([
        less(call('abs', months), number(200_000)),
        when([
          and(lessOrEqual(fixed(String(firstMicros)), moved), lessOrEqual(moved, fixed(String(lastMicros)))),
          timeOfMicros(moved),
        ])(),
      ])();
    },
  ),
  /** Year, month, day, hour, minute, and second with a fraction; null where there is no such time. */
  time_from: primitive(
    ['long', 'long', 'long', 'long', 'long', 'double'],
    'time',
    (year, month, day, hour, minute, second) => {
      if (year < 1n || year > 9999n || !(second >= 0 && second < 60)) return undefined;
      const whole = Math.floor(second);
      const fraction = Math.min(Math.round((second - whole) * 1e6), 999_999);
      return micros(Number(year), Number(month), Number(day), [Number(hour), Number(minute), whole], fraction);
    },
  ),
  time_format: primitive(['time', 'text'], 'text', formatDatetime),
  timespan_format: primitive(['timespan', 'text'], 'text', formatTimespan),
  /** A time of UTC as a clock in this time zone shows it; null for a zone that is none. */
  time_to_zone: primitive(['time', 'text'], 'time', (of, zone) => {
    const offset = zoneOffset(of, zone);
    return offset === undefined ? undefined : datetimeOf(of + offset);
  }),
  time_from_zone: primitive(['time', 'text'], 'time', (of, zone) => {
    const guess = zoneOffset(of, zone);
    if (guess === undefined) return undefined;
    const offset = zoneOffset(of - guess, zone) ?? guess;
    return datetimeOf(of - offset);
  }),
} as const;
