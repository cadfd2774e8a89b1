/** What a cell can be. Times are ISO 8601 texts, UTC; whole numbers beyond 2^53 are texts of their digits. */
export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [key: string]: Cell };

/** A cell of a tree's answer: whole numbers are exact, as bigints beyond 2^53; timespans, decimals, NaN and infinities are texts. */
export type ExactCell = Cell | bigint;

export interface AnswerColumn {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'time' | 'boolean' | 'object';
  /** What numbers count; absent where that is nothing or not known. */
  readonly unit?: Unit;
  /** Of a user's SQL: the type of the column, as DuckDB writes it. */
  readonly sqlType?: string;
  /** For people, such as `bytes per second`; absent where it is the name. */
  readonly label?: string;
}

export type Unit = 'bytes' | 'packets' | 'bytes/s' | 'bits/s' | 'packets/s' | 'flows' | 'tuples' | 'values' | '%';

/** Data files that a question reads, of those that there are; a file that is read may have parts that are skipped. */
export interface Scan {
  /** Of the table of tuples; `undefined` where it has none. */
  readonly version: number | undefined;
  readonly files: number;
  readonly filesRead: number;
  readonly bytes: number;
  readonly bytesRead: number;
  /** `undefined` where the log does not say. */
  readonly rows: number | undefined;
  readonly rowsRead: number | undefined;
  /** Of the files read, those whose address filter is missing or damaged, where the question needs filters. */
  readonly unfiltered: number;
  /** Of the files read, those that were built for tuples which are not settled yet. */
  readonly built: number;
}

/** Rows of an answer, in chunks as they come: an answer of any size passes in bounded memory. */
export interface Answer {
  readonly columns: readonly AnswerColumn[];
  /** May be read once, and to its end unless the engine is closed. */
  readonly chunks: AsyncIterable<Cell[][]>;
  /** Of SQL of a user: what it reads. */
  readonly names?: SqlNames;
  /** What the rows stand for, where something was counted. */
  readonly summary?: AnswerSummary;
  readonly scan: Scan;
}

/** Lower-case names of the tables and columns of an SQL text. */
export interface SqlNames {
  readonly tables: readonly string[];
  readonly columns: readonly string[];
}

/** "n of m flows carry counters": sums of bytes and packets know nothing of the others (DESIGN decisions 9 and 10). */
export interface AnswerSummary {
  readonly basis: 'conversations' | 'tuples';
  /** All that the filter selected, not only the rows shown. */
  readonly flows: number;
  /** Those that carry one of the counters that are asked for; `undefined` if none is asked for. */
  readonly counted: number | undefined;
}

/** A time of epoch microseconds: to milliseconds, and to microseconds where there are any. `undefined` for infinite and far times. */
export function timeText(micros: bigint, zone: string): string | undefined {
  const millis = Number(micros / 1000n);
  if (Math.abs(millis) > 8.64e15) return undefined;
  const rest = Number(micros % 1000n);
  const text = new Date(rest < 0 ? millis - 1 : millis).toISOString().slice(0, -1);
  return rest === 0 ? text + zone : `${text}${String(rest < 0 ? rest + 1000 : rest).padStart(3, '0')}${zone}`;
}
