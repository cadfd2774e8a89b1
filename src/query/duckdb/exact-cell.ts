/** Values of DuckDB by the type that they have in a tree. */
import type { DuckDBDataChunk, DuckDBValue } from '@duckdb/node-api';
import { DuckDBDecimalValue, DuckDBTimestampTZValue } from '../../lake/duckdb/duckdb-library.ts';
import type { Cell, ExactCell } from '../engine/result.ts';
import type { Type } from '../relation/type.ts';
import { datetimeCell } from '../relation/values/datetime.ts';
import { timespanText } from '../relation/values/timespan.ts';
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
  if (value instanceof DuckDBTimestampTZValue) return datetimeCell(value.micros);
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
