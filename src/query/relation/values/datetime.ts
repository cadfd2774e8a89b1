/** Datetimes as epoch microseconds, from year 1 to 9999, and their texts. Source: the datetime page of the language's reference. */
import { withoutEnd } from '../../../base/text.ts';

export const microsPerDay = 86_400_000_000n;
export const firstMicros = -62_135_596_800_000_000n;
export const lastMicros = 253_402_300_799_999_999n;

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

export interface DatetimeParts {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micros: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

export function datetimeParts(micros: bigint): DatetimeParts {
  const millis = floorDivide(micros, 1000n);
  const date = new Date(Number(millis));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    micros: date.getUTCMilliseconds() * 1000 + Number(micros - millis * 1000n),
    weekday: date.getUTCDay(),
  };
}

/** `undefined` of a day that is none, and outside of years 1 to 9999. */
export function micros(
  year: number,
  month: number,
  day: number,
  [hour, minute, second]: readonly [number, number, number] = [0, 0, 0],
  fraction = 0,
): bigint | undefined {
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return undefined;
  if (hour < 0 || minute < 0 || second < 0) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day) return undefined;
  date.setUTCHours(hour, minute, second);
  return datetimeOf(BigInt(date.getTime()) * 1000n + BigInt(fraction));
}

/** Epoch microseconds if they are of the years 1 to 9999. */
export function datetimeOf(value: bigint): bigint | undefined {
  return value < firstMicros || value > lastMicros ? undefined : value;
}

/** The first of January of a year or the first of a month that lies `months` after it: for arithmetic, so months may be out of range. */
export function addMonths(value: bigint, months: number): bigint | undefined {
  const { year, month, day, hour, minute, second, micros: fraction } = datetimeParts(value);
  const index = year * 12 + (month - 1) + months;
  const [toYear, toMonth] = [Math.floor(index / 12), ((index % 12) + 12) % 12];
  if (toYear < 1 || toYear > 9999) return undefined;
  const last = new Date(0);
  last.setUTCFullYear(toYear, toMonth + 1, 0);
  return micros(toYear, toMonth + 1, Math.min(day, last.getUTCDate()), [hour, minute, second], fraction);
}

/** The epoch microseconds of a text in ISO 8601, RFC 822, RFC 850, or `m/d/yyyy`; `undefined` of any other. */
export function parseDatetime(text: string): bigint | undefined {
  const trimmed = text.trim();
  const iso = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:[T ](.*))?$/.exec(trimmed);
  if (iso !== null) return dateAndTime(Number(iso[1]), Number(iso[2] ?? 1), Number(iso[3] ?? 1), iso[4] ?? '');
  const named = /^(?:[A-Za-z]+,\s*)?(\d{1,2})[ -]([A-Za-z]{3})[A-Za-z]*[ -](\d{4}|\d{2})(?:\s+(.*))?$/.exec(trimmed);
  if (named !== null) {
    const year = Number(named[3]);
    const month = monthNames.indexOf(named[2].toLowerCase()) + 1;
    return dateAndTime(
      named[3].length === 4 ? year : year + (year < 50 ? 2000 : 1900),
      month,
      Number(named[1]),
      named[4] ?? '',
    );
  }
  const slashed = /^(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?:\s+(.*))?$/.exec(trimmed);
  if (slashed === null) return undefined;
  return dateAndTime(Number(slashed[3]), Number(slashed[1]), Number(slashed[2]), slashed[4] ?? '');
}

function dateAndTime(year: number, month: number, day: number, time: string): bigint | undefined {
  const pattern =
    /^(?:(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AaPp][Mm])?)?\s*(?:Z|UTC|GMT|([+-])(\d{2}):?(\d{2})?)?$/;
  const found = pattern.exec(time);
  if (found === null || (time !== '' && found[1] === undefined)) return undefined;
  const [, hourText = '0', minute = '0', second = '0', fraction = '', half, sign, zoneHours = '0', zoneMinutes = '0'] =
    found;
  let hour = Number(hourText);
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
  }
  const local = micros(
    year,
    month,
    day,
    [hour, Number(minute), Number(second)],
    Number(fraction.slice(0, 6).padEnd(6, '0')),
  );
  if (local === undefined || sign === undefined) return local;
  const zone = BigInt(Number(zoneHours) * 60 + Number(zoneMinutes)) * 60_000_000n;
  return datetimeOf(sign === '-' ? local + zone : local - zone);
}

/** `2024-01-31T10:00:00.0000000Z`: as the language writes a datetime as text. */
export function datetimeText(value: bigint): string {
  return formatDatetime(value, 'yyyy-MM-ddTHH:mm:ss.fffffffZ');
}

/** Seven digits behind the point. The last microsecond of a second stands for its last tick, as at the end of a day. */
function fractionText(fraction: number): string {
  return fraction === 999_999 ? '9999999' : `${String(fraction).padStart(6, '0')}0`;
}

/** As datetimes are printed: with `Z`, and only the digits behind the point that are not zero. */
export function datetimeCell(value: bigint): string {
  const { micros: fraction } = datetimeParts(value);
  const digits = withoutEnd(fractionText(fraction), '0');
  return `${formatDatetime(value, 'yyyy-MM-ddTHH:mm:ss')}${digits === '' ? '' : `.${digits}`}Z`;
}

/** By a format such as `yyyy-MM-dd [HH:mm:ss.fff]`. Source: the page of format_datetime. */
export function formatDatetime(value: bigint, format: string): string {
  const parts = datetimeParts(value);
  const fraction = fractionText(parts.micros);
  const hour12 = parts.hour % 12 === 0 ? 12 : parts.hour % 12;
  const padded = (number: number, run: string): string => String(number).padStart(run.length, '0');
  return format.replaceAll(/y+|M+|d+|H+|h+|m+|s+|f+|F+|t+/g, (run) => {
    switch (run[0]) {
      case 'y':
        return run.length <= 2 ? padded(parts.year % 100, run) : padded(parts.year, run);
      case 'M':
        return padded(parts.month, run);
      case 'd':
        return padded(parts.day, run);
      case 'H':
        return padded(parts.hour, run);
      case 'h':
        return padded(hour12, run);
      case 'm':
        return padded(parts.minute, run);
      case 's':
        return padded(parts.second, run);
      case 'f':
        return fraction.slice(0, run.length);
      case 'F':
        return withoutEnd(fraction.slice(0, run.length), '0');
      default:
        return (parts.hour < 12 ? 'AM' : 'PM').slice(0, run.length);
    }
  });
}

/** The Sunday on which the week of a time begins. */
export function startOfWeek(value: bigint): bigint {
  return startOfDay(value) - BigInt(datetimeParts(value).weekday) * microsPerDay;
}

export function startOfDay(value: bigint): bigint {
  return floorDivide(value, microsPerDay) * microsPerDay;
}

/** ISO 8601: weeks begin on Monday, and the first has a Thursday. */
export function isoWeek(value: bigint): number {
  const day = startOfDay(value);
  const thursday = day + BigInt(3 - ((datetimeParts(day).weekday + 6) % 7)) * microsPerDay;
  const january = micros(datetimeParts(thursday).year, 1, 1) ?? thursday;
  return Number((thursday - january) / microsPerDay / 7n) + 1;
}
