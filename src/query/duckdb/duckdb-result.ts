import type { DuckDBDataChunk, DuckDBPreparedStatement, DuckDBTypeId as TypeId, DuckDBValue } from '@duckdb/node-api';
import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTypeId,
} from '../../lake/duckdb/duckdb-library.ts';

import { unitOfColumn, withUnit } from '../answer-columns.ts';
import type { AnswerColumn, Cell } from '../engine/result.ts';
import { timeText } from '../engine/result.ts';

/** The columns of a question, before it is asked. Further columns of one name have a number. Units are known by name: of `sum(bytes_forward)` there is none. */
export function columnsOfPrepared(prepared: DuckDBPreparedStatement): AnswerColumn[] {
  const seen = new Map<string, number>();
  return Array.from({ length: prepared.columnCount }, (_, i) => {
    const name = prepared.columnName(i);
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    const column = {
      name: before === 0 ? name : `${name}:${before}`,
      kind: kindOf(prepared.columnTypeId(i)),
      sqlType: prepared.columnType(i).toString(),
    };
    return withUnit(column, unitOfColumn(name));
  });
}

export function rowsOf(chunk: DuckDBDataChunk): Cell[][] {
  const columns = chunk.getColumns().map(cellsOf);
  return Array.from({ length: chunk.rowCount }, (_, row) => columns.map((cells) => cells[row]));
}

/** Rows come mostly in order of time, and many have the time of the row before: its text is made once. */
function cellsOf(values: readonly DuckDBValue[]): Cell[] {
  let [last, cell]: [bigint | undefined, Cell] = [undefined, null];
  return values.map((value) => {
    if (!(value instanceof DuckDBTimestampTZValue)) return cellOf(value);
    if (value.micros !== last) [last, cell] = [value.micros, cellOf(value)];
    return cell;
  });
}

/** A value of DuckDB as a cell. */
export function cellOf(value: DuckDBValue): Cell {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return wholeNumber(value);
  if (value instanceof DuckDBTimestampTZValue) return timeText(value.micros, 'Z') ?? value.toString();
  if (value instanceof DuckDBTimestampValue) return timeText(value.micros, '') ?? value.toString();
  if (value instanceof DuckDBDecimalValue) return decimalNumber(value.toString());
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(cellOf);
  if (value instanceof DuckDBStructValue)
    return Object.fromEntries(Object.entries(value.entries).map(([key, entry]) => [key, cellOf(entry)]));
  if (value instanceof DuckDBMapValue)
    return value.entries.map(({ key, value: entry }) => ({ key: cellOf(key), value: cellOf(entry) }));
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('hex');
  return value.toString();
}

function wholeNumber(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/** A number with all digits of a decimal; digits where a number would lose some. */
function decimalNumber(digits: string): number | string {
  const number = Number(digits);
  const plain = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
  return String(number) === plain || number === 0 ? number : digits;
}

function kindOf(typeId: TypeId): AnswerColumn['kind'] {
  return kinds.get(typeId) ?? 'text';
}

const kinds = new Map<TypeId, AnswerColumn['kind']>([
  [DuckDBTypeId.BOOLEAN, 'boolean'],
  ...[
    DuckDBTypeId.TINYINT,
    DuckDBTypeId.SMALLINT,
    DuckDBTypeId.INTEGER,
    DuckDBTypeId.BIGINT,
    DuckDBTypeId.HUGEINT,
    DuckDBTypeId.UTINYINT,
    DuckDBTypeId.USMALLINT,
    DuckDBTypeId.UINTEGER,
    DuckDBTypeId.UBIGINT,
    DuckDBTypeId.UHUGEINT,
    DuckDBTypeId.FLOAT,
    DuckDBTypeId.DOUBLE,
    DuckDBTypeId.DECIMAL,
  ].map((id) => [id, 'number'] as const),
  ...[
    DuckDBTypeId.TIMESTAMP,
    DuckDBTypeId.TIMESTAMP_TZ,
    DuckDBTypeId.TIMESTAMP_S,
    DuckDBTypeId.TIMESTAMP_MS,
    DuckDBTypeId.TIMESTAMP_NS,
  ].map((id) => [id, 'time'] as const),
  ...[DuckDBTypeId.LIST, DuckDBTypeId.ARRAY, DuckDBTypeId.STRUCT, DuckDBTypeId.MAP].map(
    (id) => [id, 'object'] as const,
  ),
]);
