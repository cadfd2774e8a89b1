/**
 * What is different, by three rules only: new (no row in the 7 days before), woke up (a rule that is hit after 30 days without), unusual (outside the
 * median ± 5 MAD of the same hour of the last 14 days, with at least 7 of them there; else it is still learning).
 */
import { counted, exact, shortText } from '../../format/number.ts';
import { term } from '../../values/terms.ts';

export interface Change {
  readonly kind: 'new' | 'woke' | 'unusual';
  /** What the sentence is about. */
  readonly subject: string;
  readonly sentence: string;
  /** The filter that shows its flows. */
  readonly filter: string;
  /** The larger, the further up. */
  readonly weight: number;
}

export interface Seen {
  readonly value: string;
  readonly flows: number;
  readonly denied: number;
}

export const dayMillis = 86_400_000;
export const newDays = 7;
export const quietDays = 30;
export const usualDays = 14;
const usualMin = 7;
const widthMads = 5;

/** Sources that have no row in the days before. */
export function newSources(now: readonly Seen[], before: ReadonlySet<string>): Change[] {
  return now
    .filter(({ value }) => value !== '' && !before.has(value))
    .map(({ value, flows, denied }) => ({
      kind: 'new',
      subject: value,
      sentence: `is new: ${counted(flows, 'flow')}${denied === 0 ? '' : denied === flows ? ', all denied' : `, ${exact(denied)} denied`}.`,
      filter: term('ip', value),
      weight: flows + 10 * denied,
    }));
}

/** Rules that are hit, and were not in the days before. */
export function wokenRules(now: readonly Seen[], before: ReadonlySet<string>): Change[] {
  return now
    .filter(({ value }) => value !== '' && !before.has(value))
    .map(({ value, flows }) => ({
      kind: 'woke',
      subject: value.replace(/^(?:User|Default)Rule_/, ''),
      sentence: `was hit for the first time in ${quietDays} days: ${counted(flows, 'flow')}.`,
      filter: term('rule', value),
      weight: 1000 + flows,
    }));
}

export interface HourValue {
  /** Beginning of the hour, epoch milliseconds. */
  readonly time: number;
  readonly value: number;
}

export type Usual =
  | { readonly state: 'learning'; readonly hours: number }
  | { readonly state: 'usual' | 'unusual'; readonly median: number };

/** An hour against the same hour of the days before. */
export function compareHour({ time, value }: HourValue, earlier: readonly HourValue[]): Usual {
  const same = earlier
    .filter((one) => one.time < time && one.time >= time - usualDays * dayMillis && (time - one.time) % dayMillis === 0)
    .map((one) => one.value);
  if (same.length < usualMin) return { state: 'learning', hours: same.length };
  const median = medianOf(same);
  const mad = medianOf(same.map((one) => Math.abs(one - median)));
  return { state: Math.abs(value - median) > widthMads * mad ? 'unusual' : 'usual', median };
}

export function unusualSentence(name: string, filter: string, value: number, median: number): Change {
  const ratio = median === 0 ? undefined : value / median;
  return {
    kind: 'unusual',
    subject: name,
    sentence: `${ratio === undefined ? 'were' : `were ${ratio.toFixed(1)} × the usual:`} ${shortText(value)} in an hour, usually ${shortText(median)}.`,
    filter,
    weight: 500 + 100 * Math.abs(Math.log((value + 1) / (median + 1))),
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
