/** Values of DuckDB by the type that they have in a tree. */
import type { DuckDBDataChunk, DuckDBValue } from '@duckdb/node-api';
import { DuckDBDecimalValue } from '../../lake/duckdb/duckdb-library.ts';
import type { Cell, ExactCell } from '../engine/result.ts';
import type { Type } from '../relation/type.ts';
import { cellOf } from './duckdb-result.ts';

export function exactRows(chunk: DuckDBDataChunk, types: readonly Type[]): ExactCell[][] {
  const columns = chunk.getColumns().map((values, i) => values.map((value) => exactCell(value, types[i])));
  return Array.from({ length: chunk.rowCount }, (_, row) => columns.map((cells) => cells[row]));
}

function exactCell(value: DuckDBValue, type: Type): ExactCell {
  if (value === null) return null;
  if (typeof value === 'bigint') {
    if (type === 'timespan') return timespanText(value);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (type === 'dynamic' && typeof value === 'string') return parsedJson(value);
  if (value instanceof DuckDBDecimalValue)
    return value
      .toString()
      .replace(/(\.\d*?)0+$/, '$1')
      .replace(/\.$/, '');
  return cellOf(value);
}

function parsedJson(text: string): Cell {
  try {
    return JSON.parse(text) as Cell;
  } catch {
    return text;
  }
}

const dayTicks = 864_000_000_000n;

/** `[-][d.]hh:mm:ss[.fffffff]` of ticks of 100 ns. */
function timespanText(ticks: bigint): string {
  const size = ticks < 0n ? -ticks : ticks;
  const [days, rest] = [size / dayTicks, size % dayTicks];
  const part = (unit: bigint, most: bigint): string => String((rest / unit) % most).padStart(2, '0');
  const clock = `${part(36_000_000_000n, 24n)}:${part(600_000_000n, 60n)}:${part(10_000_000n, 60n)}`;
  const fraction = rest % 10_000_000n;
  const text = `${days > 0n ? `${days}.` : ''}${clock}${fraction > 0n ? `.${String(fraction).padStart(7, '0')}` : ''}`;
  return ticks < 0n ? `-${text}` : text;
}
