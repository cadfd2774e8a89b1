import { dayMillis, hourMillis, minuteMillis, parseTime } from '../../base/time.ts';

const unitMillis: Readonly<Record<string, number>> = {
  s: 1000,
  m: minuteMillis,
  h: hourMillis,
  d: dayMillis,
  w: 7 * dayMillis,
};

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** Ways to write a time, for messages. */
export const timeExamples = '6h (ago), 2026-11-20, 2026-11-20T10:00, 19:00, yesterday 19:00, monday, or epoch seconds';

/**
 * Reads a point in time: RFC 3339 (`2024-05-01T08:00:00Z`, without an offset UTC; seconds and minutes may be left out), a date (its first
 * instant, UTC), `today`, `yesterday` or the last day of that name (`monday`, `mon`), each perhaps with a time of day (`yesterday 19:00`), a time of
 * today (`19:00`), epoch seconds (9 to 11 digits) or milliseconds (12 or more), `20261120` as a date, `now`, or how long ago (`6h`, `-6h`, `1d12h`; s, m, h, d, w).
 * @returns epoch milliseconds, or `undefined` when it is none
 */
export function parseTimePoint(text: string, nowMillis: number): number | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'now') return nowMillis;
  // Eight digits are a date: as seconds they would lie in 1970, which nobody means.
  const date = /^(\d{4})(\d{2})(\d{2})$/.exec(word);
  if (date !== null) return parseTime(`${date[1]}-${date[2]}-${date[3]}T00:00:00Z`);
  if (/^\d{4}-\d{2}-\d{2}$/.test(word)) return parseTime(`${word}T00:00:00Z`);
  const hour = /^(\d{4}-\d{2}-\d{2})[t ](\d{2})(?::(\d{2}))?(z|[+-]\d{2}:\d{2})?$/.exec(word);
  if (hour !== null) return parseTime(`${hour[1]}T${hour[2]}:${hour[3] ?? '00'}:00${(hour[4] ?? 'z').toUpperCase()}`);
  if (/^(?:0|\d{9,11})$/.test(word)) return Number(word) * 1000;
  if (/^\d{12,15}$/.test(word)) return Number(word);
  if (/^-?(\d+[smhdw])+$/.test(word)) {
    let ago = 0;
    for (const [, count, unit] of word.matchAll(/(\d+)([smhdw])/g)) ago += Number(count) * unitMillis[unit];
    return nowMillis - ago;
  }
  return parseDay(/^\d{1,2}:\d{2}$/.test(word) ? `today ${word}` : word, nowMillis) ?? parseTime(text.trim());
}

/** `yesterday`, `mon 08:00`. */
function parseDay(word: string, nowMillis: number): number | undefined {
  const match = /^([a-z]+)(?:[ t]+(\d{1,2}):(\d{2}))?$/.exec(word);
  if (match === null) return undefined;
  const [, name, hours = '0', minutes = '0'] = match;
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const today = Math.floor(nowMillis / dayMillis);
  const day = dayNamed(name, today);
  return day === undefined ? undefined : day * dayMillis + Number(hours) * hourMillis + Number(minutes) * minuteMillis;
}

/** The day, counted since 1970, that a word names: the day of the week before today. */
function dayNamed(name: string, today: number): number | undefined {
  if (name === 'today') return today;
  if (name === 'yesterday') return today - 1;
  const weekday = weekdays.findIndex((known) => known === name || (name.length === 3 && known.startsWith(name)));
  // 1970-01-01 was a Thursday.
  return weekday < 0 ? undefined : today - ((((today + 4 - weekday) % 7) + 6) % 7) - 1;
}
