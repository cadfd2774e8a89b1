import { formatTime } from '../../base/time.ts';
import type { DeltaType } from '../tuples/schema.ts';
import { storedColumns, traceColumns } from '../tuples/stored-columns.ts';

/** Of one column of a data file. Times are epoch microseconds. */
export interface ColumnRange {
  /** `undefined` where unknown. */
  readonly nulls: number | string | undefined;
  readonly minimum: number | bigint | string | undefined;
  readonly maximum: number | bigint | string | undefined;
}

/** A column by its Delta type. */
export interface StatisticsColumn {
  readonly name: string;
  readonly delta: Exclude<DeltaType, 'date'>;
}

/** What readers can skip files by, and by which a blob's rows are found; the rest would only make the log longer. */
export const statisticsColumns: readonly StatisticsColumn[] = storedColumns.filter(
  ({ name }) => !traceColumns.has(name) || name === 'blob',
);

/** Texts longer than this have no minimum and maximum in the log; names of blobs are long. */
const statisticsTextMax = 64;
const statisticsBlobMax = 1024;

/** Statistics as the log has them. Numbers are written as digits, since 64 bits do not fit a JavaScript number. */
export function formatStatistics(
  rows: number | string,
  columns: readonly StatisticsColumn[],
  rangeOf: (column: StatisticsColumn) => ColumnRange,
): string {
  const minimums: string[] = [];
  const maximums: string[] = [];
  const nulls: string[] = [];
  for (const column of columns) {
    const range = rangeOf(column);
    const minimum = formatValue(column, range.minimum, Math.floor);
    const maximum = formatValue(column, range.maximum, Math.ceil);
    if (range.nulls !== undefined) nulls.push(`${JSON.stringify(column.name)}:${range.nulls}`);
    if (minimum === undefined || maximum === undefined) continue;
    minimums.push(`${JSON.stringify(column.name)}:${minimum}`);
    maximums.push(`${JSON.stringify(column.name)}:${maximum}`);
  }
  return `{"numRecords":${rows},"minValues":{${minimums.join(',')}},"maxValues":{${maximums.join(',')}},"nullCount":{${nulls.join(',')}}}`;
}

/** A value as JSON text; `undefined` where the log should not have it. Times are cut to milliseconds, outwards. */
function formatValue(
  column: StatisticsColumn,
  value: number | bigint | string | undefined,
  round: (value: number) => number,
): string | undefined {
  if (value === undefined) return undefined;
  if (column.delta === 'string') {
    const longest = column.name === 'blob' ? statisticsBlobMax : statisticsTextMax;
    return typeof value === 'string' && value.length <= longest ? JSON.stringify(value) : undefined;
  }
  if (typeof value === 'string') return undefined;
  return column.delta === 'timestamp'
    ? JSON.stringify(formatTime(round(Number(value) / 1000)))
    : BigInt(value).toString();
}
