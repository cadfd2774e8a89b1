/** Files that say how things were from a date on: the date stands in the file's name. */
import { basename } from 'node:path';

/**
 * The time of a date in a file's name, UTC: `ServiceTags_Public_20260601.json`, `inventory-2026-06-01.json`, `vms-2026-06-01T0830.csv`. `undefined`
 * without one: such a file holds at all times.
 */
export function dateOfFile(path: string): number | undefined {
  const match = /(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?:[T_](\d{2}):?(\d{2})(?!\d))?(?!\d)/.exec(basename(path));
  if (match === null) return undefined;
  const [, year, month, day, hour = '00', minute = '00'] = match;
  const millis = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:00Z`);
  return Number.isNaN(millis) ? undefined : millis;
}

/** Something that holds from a time on, until the next one of its kind; `undefined`: at all times. */
export interface Dated<T> {
  readonly fromMillis: number | undefined;
  readonly value: T;
}

/**
 * Those of a kind that hold at a time: all without a date, and the last one that has begun; before the first one begins, that one. Several with the
 * same date hold together.
 */
export function heldAt<T>(all: readonly Dated<T>[], millis: number): T[] {
  const dates = datesOf(all);
  const begun = dates.filter((date) => date <= millis).at(-1) ?? dates[0];
  return all.flatMap(({ fromMillis, value }) => (fromMillis === undefined || fromMillis === begun ? [value] : []));
}

/** Different dates, ascending. */
export function datesOf(all: readonly Dated<unknown>[]): number[] {
  const dates = all.flatMap(({ fromMillis }) => (fromMillis === undefined ? [] : [fromMillis]));
  return [...new Set(dates)].sort((a, b) => a - b);
}
