/** Functions of datetimes and timespans. Weeks begin on Sunday. */
import type { Expression } from '../../relation/expression.ts';
import { call, whole, wholeValue } from '../../relation/expression.ts';
import { ticksOf } from '../../relation/values/timespan.ts';
import { arithmetic } from './arithmetic.ts';
import { convert, isNumeric, literalOf, typed } from './convert.ts';
import { constantText, custom, direct } from './define.ts';
import type { KqlContext, KqlFunction, Typed } from './kinds.ts';

const nowOf = ({ now }: KqlContext): Typed => typed('datetime', literalOf(now, 'datetime'));

const micros = (of: Expression): Expression => call('micros_of', of);
const timeOf = (of: Expression): Expression => call('time_of_micros', of);
const plusMicros = (of: Expression, by: Expression): Expression => timeOf(call('add', micros(of), by));
const times = (a: Expression, by: bigint): Expression => call('multiply', a, wholeValue('long', by));

const dayMicros = ticksOf.day / 10n;

type Unit = 'day' | 'week' | 'month' | 'year';

/** The start of a unit, so many units later. */
function start(unit: Unit, of: Expression, offset: Expression | undefined): Expression {
  const first = call(`start_of_${unit}`, of);
  if (offset === undefined) return first;
  if (unit === 'month') return call('add_months', first, offset);
  if (unit === 'year') return call('add_months', first, times(offset, 12n));
  return plusMicros(first, times(offset, unit === 'day' ? dayMicros : 7n * dayMicros));
}

const startOf = (unit: Unit): KqlFunction =>
  custom([1, 2], `the start of the ${unit}, so many ${unit}s later`, ([of, offset], context) =>
    typed(
      'datetime',
      start(
        unit,
        convert(of, 'datetime', context),
        offset === undefined ? undefined : convert(offset, 'long', context),
      ),
    ),
  );

/** Datetimes have microseconds: the end is one before the next start. */
const endOf = (unit: Unit): KqlFunction =>
  custom(
    [1, 2],
    `the end of the ${unit}, so many ${unit}s later: one microsecond before the next`,
    ([of, offset], context) => {
      const next = offset === undefined ? whole(1) : call('add', convert(offset, 'long', context), whole(1));
      return typed('datetime', plusMicros(start(unit, convert(of, 'datetime', context), next), whole(-1)));
    },
  );

const intPart = (
  about: string,
  of: 'time_year' | 'time_month' | 'time_day' | 'time_hour' | 'time_yearday' | 'time_week',
): KqlFunction => direct(about, ['datetime'], 'int', (time) => call('long_integer', call(of, time)));

/** Microseconds of units of a fixed length. */
const fixedUnits: Readonly<Record<string, bigint>> = {
  week: 7n * dayMicros,
  day: dayMicros,
  hour: ticksOf.hour / 10n,
  minute: ticksOf.minute / 10n,
  second: ticksOf.second / 10n,
  millisecond: 1000n,
  microsecond: 1n,
};

const monthsOf: Readonly<Record<string, bigint>> = { year: 12n, quarter: 3n, month: 1n };

const unitOf = (part: Typed, context: KqlContext): string =>
  constantText(part, 'the part', context)
    .toLowerCase()
    .replace(/_of_year$/, '');

const datetimeAdd = custom(
  3,
  'a datetime so many units later: year, quarter, month, week, day, hour … microsecond',
  ([part, count, of], context) => {
    const unit = unitOf(part, context);
    const [time, amount] = [convert(of, 'datetime', context), convert(count, 'long', context)];
    const months = monthsOf[unit];
    if (months !== undefined) return typed('datetime', call('add_months', time, times(amount, months)));
    if (unit === 'nanosecond') return typed('datetime', plusMicros(time, call('quotient', amount, whole(1000))));
    const length = fixedUnits[unit] ?? context.refuse(`there is no unit "${unit}"`);
    return typed('datetime', plusMicros(time, times(amount, length)));
  },
);

/** The number of a unit since year 1: the difference counts the borders between two times. */
function indexOf(unit: string, time: Expression, context: KqlContext): Expression {
  const months = monthsOf[unit];
  if (months !== undefined) {
    const month = call('subtract', call('time_month', time), whole(1));
    return call('quotient', call('add', times(call('time_year', time), 12n), month), wholeValue('long', months));
  }
  if (unit === 'nanosecond') return times(micros(time), 1000n);
  const length = fixedUnits[unit] ?? context.refuse(`there is no unit "${unit}"`);
  const from = unit === 'week' ? call('start_of_week', time) : time;
  // Sunday is the fourth day after the first of 1970, and day 0 of weeks.
  const at = unit === 'week' ? wholeValue('long', 3n * dayMicros) : whole(0);
  const value = call('subtract', micros(from), at);
  return call('quotient', call('long_bin', value, wholeValue('long', length), whole(0)), wholeValue('long', length));
}

const datetimeDiff = custom(
  3,
  'how many borders of a unit lie between the second and the first datetime',
  ([part, first, second], context) => {
    const unit = unitOf(part, context);
    const [a, b] = [first, second].map((one) => indexOf(unit, convert(one, 'datetime', context), context));
    return typed('long', call('subtract', a, b));
  },
);

function part(unit: string, time: Expression, context: KqlContext): Expression {
  const fraction = call('modulo', micros(time), whole(1_000_000));
  switch (unit) {
    case 'year':
      return call('time_year', time);
    case 'quarter':
      return call('quotient', call('add', call('time_month', time), whole(2)), whole(3));
    case 'month':
      return call('time_month', time);
    case 'week':
    case 'weekofyear':
      return call('time_week', time);
    case 'day':
      return call('time_day', time);
    case 'dayofyear':
      return call('time_yearday', time);
    case 'hour':
      return call('time_hour', time);
    case 'minute':
      return call('time_minute', time);
    case 'second':
      return call('time_second', time);
    case 'millisecond':
      return call('quotient', fraction, whole(1000));
    case 'microsecond':
      return fraction;
    case 'nanosecond':
      return call('multiply', fraction, whole(1000));
    default:
      return context.refuse(`there is no part "${unit}"`);
  }
}

const datetimePart = custom(
  2,
  'a part of a datetime: year, quarter, month, week_of_year, day, dayofyear, hour … nanosecond',
  ([name, of], context) =>
    typed('int', call('long_integer', part(unitOf(name, context), convert(of, 'datetime', context), context))),
);

const makeDatetime = custom(
  [1, 6],
  'the datetime of year, month, day, hour, minute and second, or of a text',
  (args, context) => {
    if (args.length === 1) return typed('datetime', convert(args[0], 'datetime', context));
    if (args.length < 3) return context.refuse('make_datetime takes a year, a month and a day at least');
    const wholes = [0, 1, 2, 3, 4].map((i) => (args[i] === undefined ? whole(0) : convert(args[i], 'long', context)));
    const second = args[5] === undefined ? literalOf(0, 'real') : convert(args[5], 'real', context);
    return typed('datetime', call('time_from', ...wholes, second));
  },
);

const makeTimespan = custom(
  [1, 4],
  'the timespan of days, hours, minutes and seconds (hours and minutes alone, too), or of a text',
  (args, context) => {
    if (args.length === 1) return typed('timespan', convert(args[0], 'timespan', context));
    const lengths =
      args.length === 4
        ? [ticksOf.day, ticksOf.hour, ticksOf.minute, ticksOf.second]
        : [ticksOf.hour, ticksOf.minute, ticksOf.second];
    const parts = args.map((one, i) => {
      if (one.type !== 'real') return times(convert(one, 'long', context), lengths[i]);
      return call('double_long', call('real_multiply', one.value, literalOf(Number(lengths[i]), 'real')));
    });
    return typed(
      'timespan',
      call(
        'timespan_of',
        parts.reduce((a, b) => call('add', a, b)),
      ),
    );
  },
);

/** The datetime of a number of units since 1970; a fraction counts. */
const unixtime = (unit: string, micros_: bigint, divides: boolean): KqlFunction =>
  custom(1, `the datetime of ${unit} since 1970`, ([of], context) => {
    if (!isNumeric(of.type) && of.type !== 'dynamic') return context.refuse(`the time is a number, not a ${of.type}`);
    if (of.type === 'real' || of.type === 'decimal' || of.type === 'dynamic') {
      const value = convert(of, 'real', context);
      const factor = literalOf(Number(micros_), 'real');
      return typed(
        'datetime',
        timeOf(
          call('double_long', divides ? call('real_divide', value, factor) : call('real_multiply', value, factor)),
        ),
      );
    }
    const value = convert(of, 'long', context);
    return typed(
      'datetime',
      timeOf(divides ? call('quotient', value, wholeValue('long', micros_)) : times(value, micros_)),
    );
  });

export const timeFunctions: Readonly<Record<string, KqlFunction>> = {
  now: custom([0, 1], 'the time of the query, so much later', ([offset], context) =>
    offset === undefined ? nowOf(context) : arithmetic('+', nowOf(context), offset, context),
  ),
  ago: custom(1, 'the time of the query, so much earlier', ([offset], context) =>
    arithmetic('-', nowOf(context), offset, context),
  ),
  startofday: startOf('day'),
  startofweek: startOf('week'),
  startofmonth: startOf('month'),
  startofyear: startOf('year'),
  endofday: endOf('day'),
  endofweek: endOf('week'),
  endofmonth: endOf('month'),
  endofyear: endOf('year'),
  datetime_add: datetimeAdd,
  datetime_diff: datetimeDiff,
  datetime_part: datetimePart,
  datepart: datetimePart,
  dayofweek: direct('the time since Sunday, in whole days, as a timespan', ['datetime'], 'timespan', (time) =>
    call('timespan_of', times(call('time_weekday', time), ticksOf.day)),
  ),
  dayofmonth: intPart('the day of the month', 'time_day'),
  dayofyear: intPart('the day of the year', 'time_yearday'),
  week_of_year: intPart('the week of the year by ISO 8601', 'time_week'),
  weekofyear: intPart('the week of the year by ISO 8601', 'time_week'),
  monthofyear: intPart('the month, from 1', 'time_month'),
  getmonth: intPart('the month, from 1', 'time_month'),
  getyear: intPart('the year', 'time_year'),
  hourofday: intPart('the hour', 'time_hour'),
  make_datetime: makeDatetime,
  make_timespan: makeTimespan,
  format_datetime: direct(
    'a datetime by a format such as `yyyy-MM-dd HH:mm`',
    ['datetime', 'string'],
    'string',
    'time_format',
  ),
  format_timespan: direct(
    'a timespan by a format such as `d.hh:mm:ss`',
    ['timespan', 'string'],
    'string',
    'timespan_format',
  ),
  unixtime_seconds_todatetime: unixtime('seconds', 1_000_000n, false),
  unixtime_milliseconds_todatetime: unixtime('milliseconds', 1000n, false),
  unixtime_microseconds_todatetime: unixtime('microseconds', 1n, false),
  unixtime_nanoseconds_todatetime: unixtime('nanoseconds', 1000n, true),
  datetime_utc_to_local: direct(
    'a datetime of UTC as the clocks of a time zone show it',
    ['datetime', 'string'],
    'datetime',
    'time_to_zone',
  ),
  datetime_local_to_utc: direct(
    'a datetime of the clocks of a time zone in UTC',
    ['datetime', 'string'],
    'datetime',
    'time_from_zone',
  ),
};
