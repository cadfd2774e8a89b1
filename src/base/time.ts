/**
 * Unless a name says otherwise, times are epoch milliseconds, UTC, as `number` (exact to the microsecond until 2255).
 */

export const minuteMillis = 60_000;
export const tickMillis = 300_000;
export const hourMillis = 3_600_000;
export const dayMillis = 86_400_000;

/** The whole hour at or before `timeMillis`. */
export function floorToHour(timeMillis: number): number {
  return Math.floor(timeMillis / hourMillis) * hourMillis;
}

/** `2018-11-13T12:00:35.3890000Z`: seven fractional digits, as in flow log records. Source: facts 1.1. */
export function formatRecordTime(timeMillis: number): string {
  return `${new Date(timeMillis).toISOString().slice(0, -1)}0000Z`;
}

/** `2018-11-13T12:00:35.389Z`. */
export function formatTime(timeMillis: number): string {
  return new Date(timeMillis).toISOString();
}

/**
 * Parses an ISO 8601 time with any number of fractional digits and `Z`, an offset, or neither (UTC).
 * @returns epoch milliseconds, truncated to whole ones; `undefined` if the text is not a time
 */
export function parseTime(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:[.,](\d+))?(Z|z|[+-]\d{2}:?\d{2})?$/.exec(text);
  if (match === null) return undefined;
  const millis = (match[3] ?? '').padEnd(3, '0').slice(0, 3);
  const value = Date.parse(`${match[1]}T${match[2]}.${millis}${(match[4] ?? 'Z').toUpperCase()}`);
  return Number.isNaN(value) ? undefined : value;
}
