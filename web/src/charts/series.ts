/** Series over time, from the long form of answers: a row for each bucket and group. */
import type { Cell } from '../../../src/query/engine/result.ts';
import type { Answer } from '../api/ask.ts';
import { cellsOf } from '../api/ask.ts';
import { numberOf } from '../format/number.ts';
import type { Range } from '../url/range.ts';
import { cellText } from '../format/cell.ts';

export interface Series {
  readonly key: string;
  /** Values of the fields that the series has in common; empty for all others together. */
  readonly group: readonly Cell[];
  readonly isOther: boolean;
  /** One for each bucket; 0 where nothing was seen. */
  readonly values: readonly number[];
}

export interface SeriesSet {
  /** Beginnings of the buckets, epoch milliseconds. */
  readonly times: readonly number[];
  readonly bucketMillis: number;
  readonly series: readonly Series[];
}

export const otherKey = 'other';

export function keyOf(group: readonly Cell[]): string {
  return JSON.stringify(group);
}

export interface PivotSettings {
  readonly columns: readonly string[];
  readonly measure: string;
  readonly bucketMillis: number;
  readonly range: Range;
  /** What a value is multiplied with: counts of a bucket become counts of a minute. */
  readonly factor?: number;
}

/** The largest first, and all others together last. */
export function pivot(answer: Answer, settings: PivotSettings): SeriesSet {
  const { columns, measure, bucketMillis, range, factor = 1 } = settings;
  const start = Math.floor(range.from / bucketMillis) * bucketMillis;
  const length = Math.max(0, Math.ceil((range.to - start) / bucketMillis));
  const times = Array.from({ length }, (_, i) => start + i * bucketMillis);
  const [timeCells, otherCells, values] = ['time', 'other', measure].map((name) => cellsOf(answer, name));
  const groups = columns.map((name) => cellsOf(answer, name));
  const found = new Map<string, { group: readonly Cell[]; isOther: boolean; values: number[]; total: number }>();
  for (let row = 0; row < answer.rows; row++) {
    const isOther = otherCells[row] === true;
    const group = isOther ? [] : groups.map((cells) => cells[row] ?? null);
    const key = isOther ? otherKey : keyOf(group);
    let one = found.get(key);
    if (one === undefined)
      found.set(key, (one = { group, isOther, values: Array.from({ length }, () => 0), total: 0 }));
    const at = Math.round((Date.parse(cellText(timeCells[row])) - start) / bucketMillis);
    const value = (numberOf(values[row]) ?? 0) * factor;
    if (at >= 0 && at < length) one.values[at] += value;
    one.total += value;
  }
  const series = [...found]
    .sort(([, left], [, right]) => Number(left.isOther) - Number(right.isOther) || right.total - left.total)
    .map(([key, { group, isOther, values: own }]) => ({ key, group, isOther, values: own }));
  return { times, bucketMillis, series };
}

/** Sums of all series, bucket by bucket. */
export function totalsOf({ times, series }: SeriesSet): number[] {
  return times.map((_, i) => series.reduce((sum, { values }) => sum + values[i], 0));
}

/** Colors that stay with their series while it is shown; new series take those that are free. */
export function assignColors(
  keys: readonly string[],
  colors: number,
  before: ReadonlyMap<string, number>,
): Map<string, number> {
  const kept = new Map(keys.flatMap((key) => (before.has(key) ? [[key, before.get(key)!]] : [])));
  const taken = new Set(kept.values());
  const free = Array.from({ length: colors }, (_, i) => i).filter((color) => !taken.has(color));
  return new Map(keys.map((key, i) => [key, kept.get(key) ?? free.shift() ?? i % colors]));
}

export interface Statistics {
  readonly average: number;
  readonly p95: number;
  readonly max: number;
}

/** Of the values of the buckets; the percentile by the nearest rank. */
export function statisticsOf(values: readonly number[]): Statistics {
  if (values.length === 0) return { average: 0, p95: 0, max: 0 };
  const sorted = values.toSorted((left, right) => left - right);
  return {
    average: values.reduce((sum, value) => sum + value, 0) / values.length,
    p95: sorted[Math.ceil(0.95 * sorted.length) - 1],
    max: sorted.at(-1)!,
  };
}
