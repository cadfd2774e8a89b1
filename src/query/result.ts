import type { DuckDBDataChunk, DuckDBResult, DuckDBValue } from '@duckdb/node-api';
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
} from '@duckdb/node-api';

/** What a cell can be. Times are ISO 8601 texts, UTC; whole numbers beyond 2^53 are texts of their digits. */
export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [key: string]: Cell };

export interface AnswerColumn {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'time' | 'boolean' | 'object';
}

/** Rows of an answer, in chunks as they come: an answer of any size passes in bounded memory. */
export interface Answer {
  readonly columns: readonly AnswerColumn[];
  /** May be read once, and to its end unless the engine is closed. */
  readonly chunks: AsyncIterable<Cell[][]>;
  /** What the rows stand for, where something was counted. */
  readonly summary?: AnswerSummary;
}

/** "n of m flows carry counters": sums of bytes and packets know nothing of the others (DESIGN decisions 9 and 10). */
export interface AnswerSummary {
  readonly basis: 'conversations' | 'tuples';
  /** All that the filter selected, not only the rows shown. */
  readonly flows: number;
  readonly counted: number;
}

/** An answer over a streaming result of DuckDB. `done` is called when the rows have been read or the reader stops. */
export function answerOf(result: DuckDBResult, done: () => void): Answer {
  const columns = columnsOf(result);
  return {
    columns,
    chunks: (async function* () {
      try {
        for await (const chunk of result) yield rowsOf(chunk);
      } finally {
        done();
      }
    })(),
  };
}

/** An answer whose rows are in memory. */
export function smallAnswer(columns: readonly AnswerColumn[], rows: Cell[][], summary?: AnswerSummary): Answer {
  const chunks = (async function* () {
    yield rows;
  })();
  return summary === undefined ? { columns, chunks } : { columns, chunks, summary };
}

export function columnsOf(result: DuckDBResult): AnswerColumn[] {
  const types = result.columnTypes();
  return result.deduplicatedColumnNames().map((name, i) => ({ name, kind: kindOf(types[i].typeId) }));
}

export function rowsOf(chunk: DuckDBDataChunk): Cell[][] {
  const columns = chunk.getColumns();
  return Array.from({ length: chunk.rowCount }, (_, row) => columns.map((values) => cellOf(values[row])));
}

/** A value of DuckDB as a cell. */
export function cellOf(value: DuckDBValue): Cell {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return wholeNumber(value);
  if (value instanceof DuckDBTimestampTZValue) return timeText(value.micros, 'Z') ?? value.toString();
  if (value instanceof DuckDBTimestampValue) return timeText(value.micros, '') ?? value.toString();
  if (value instanceof DuckDBDecimalValue) return value.toDouble();
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

/** Milliseconds, and microseconds where there are any. `undefined` for infinite and far times. */
function timeText(micros: bigint, zone: string): string | undefined {
  const millis = Number(micros / 1000n);
  if (Math.abs(millis) > 8.64e15) return undefined;
  const rest = Number(micros % 1000n);
  const text = new Date(rest < 0 ? millis - 1 : millis).toISOString().slice(0, -1);
  return rest === 0 ? text + zone : `${text}${String(rest < 0 ? rest + 1000 : rest).padStart(3, '0')}${zone}`;
}

function kindOf(typeId: DuckDBTypeId): AnswerColumn['kind'] {
  return kinds.get(typeId) ?? 'text';
}

const kinds = new Map<DuckDBTypeId, AnswerColumn['kind']>([
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
