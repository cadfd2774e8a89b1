import { dayMillis, hourMillis, minuteMillis, parseTime } from '../base/time.ts';

const unitMillis: Readonly<Record<string, number>> = {
  s: 1000,
  m: minuteMillis,
  h: hourMillis,
  d: dayMillis,
  w: 7 * dayMillis,
};

/**
 * Reads a point in time: RFC 3339 (`2024-05-01T08:00:00Z`, without an offset UTC), a date (its first instant, UTC), epoch seconds
 * (up to 11 digits) or milliseconds, `now`, or how long ago (`6h`, `-6h`, `1d12h`; s, m, h, d, w).
 * @returns epoch milliseconds, or `undefined` when it is none
 */
export function parseTimePoint(text: string, nowMillis: number): number | undefined {
  if (text.toLowerCase() === 'now') return nowMillis;
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return parseTime(`${text}T00:00:00Z`);
  if (/^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}[Zz]?$/.test(text)) return parseTime(`${text.replace(/[Zz]$/, '')}:00Z`);
  if (/^\d{1,11}$/.test(text)) return Number(text) * 1000;
  if (/^\d{12,15}$/.test(text)) return Number(text);
  if (/^-?(\d+[smhdw])+$/i.test(text)) {
    let ago = 0;
    for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/gi))
      ago += Number(count) * unitMillis[unit.toLowerCase()];
    return nowMillis - ago;
  }
  return parseTime(text);
}
