/** Timespans as ticks of 100 ns, and their texts: `-1.02:03:04.0000005`. Source: the timespan page of the language's reference. */
import { withoutEnd } from '../../../base/text.ts';

const second = 10_000_000n;
const minute = 60n * second;
const hour = 60n * minute;
const day = 24n * hour;

/** Ticks of each unit. */
export const ticksOf = { day, hour, minute, second, millisecond: 10_000n, microsecond: 10n, tick: 1n } as const;

const units: readonly (readonly [RegExp, bigint])[] = [
  [/^(d|days?)$/, day],
  [/^(h|hrs?|hours?)$/, hour],
  [/^(m|min|mins|minutes?)$/, minute],
  [/^(s|secs?|seconds?)$/, second],
  [/^(ms|millis?|milliseconds?)$/, ticksOf.millisecond],
  [/^(us|micros?|microseconds?)$/, ticksOf.microsecond],
  [/^ticks?$/, 1n],
];

const least = -(2n ** 63n);
const most = 2n ** 63n - 1n;

/** The ticks of a text such as `1.02:03:04.5`, `02:30`, `3` (days) or `1.5h`; `undefined` of any other. */
export function parseTimespan(text: string): bigint | undefined {
  const trimmed = text.trim();
  const named = /^([+-]?)(\d{1,18})(?:\.(\d{1,18}))?([a-z]+)$/.exec(trimmed);
  if (named !== null) {
    const [, sign, whole, fraction = '', name] = named;
    const unit = units.find(([pattern]) => pattern.test(name))?.[1];
    if (unit === undefined) return undefined;
    const ticks = (BigInt(whole + fraction) * unit) / 10n ** BigInt(fraction.length);
    return inRange(sign === '-' ? -ticks : ticks);
  }
  if (/^[+-]?\d{1,9}$/.test(trimmed)) return inRange(BigInt(trimmed) * day);
  const clock = /^([+-]?)(?:(\d{1,8})\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7})\d*)?)?$/.exec(trimmed);
  if (clock === null) return undefined;
  const [, sign, days = '0', hours, minutes, seconds = '0', fraction = ''] = clock;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const ticks =
    BigInt(days) * day +
    BigInt(hours) * hour +
    BigInt(minutes) * minute +
    BigInt(seconds) * second +
    BigInt(fraction.padEnd(7, '0'));
  return inRange(sign === '-' ? -ticks : ticks);
}

/** `[-][d.]hh:mm:ss[.fffffff]` */
export function timespanText(ticks: bigint): string {
  const positive = ticks < 0n ? -ticks : ticks;
  const two = (value: bigint): string => String(value).padStart(2, '0');
  const days = positive / day;
  const fraction = positive % second;
  return [
    ticks < 0n ? '-' : '',
    days > 0n ? `${days}.` : '',
    [two((positive / hour) % 24n), two((positive / minute) % 60n), two((positive / second) % 60n)].join(':'),
    fraction > 0n ? `.${String(fraction).padStart(7, '0')}` : '',
  ].join('');
}

/** By a format such as `d.hh:mm:ss.fff`. Source: the page of format_timespan. */
export function formatTimespan(ticks: bigint, format: string): string {
  const positive = ticks < 0n ? -ticks : ticks;
  const parts = {
    d: positive / day,
    h: (positive / hour) % 24n,
    H: (positive / hour) % 24n,
    m: (positive / minute) % 60n,
    s: (positive / second) % 60n,
  } as const;
  const fraction = String(positive % second).padStart(7, '0');
  const text = format.replaceAll(/d+|h+|H+|m+|s+|f+|F+/g, (run) => {
    const [letter] = run;
    if (letter === 'f') return fraction.slice(0, run.length).padEnd(run.length, '0');
    if (letter === 'F') return withoutEnd(fraction.slice(0, run.length), '0');
    return String(parts[letter as keyof typeof parts]).padStart(run.length, '0');
  });
  return ticks < 0n ? `-${text}` : text;
}

function inRange(ticks: bigint): bigint | undefined {
  return ticks < least || ticks > most ? undefined : ticks;
}
