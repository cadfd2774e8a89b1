import type { FlowError } from '../base/errors.ts';
import type { Answer } from './result.ts';
import type { Query } from './tree.ts';

/** What answers questions: DuckDB in process (duckdb-engine.ts), or a ClickHouse server over the same table (clickhouse-engine.ts). */
export interface Engine {
  /** Tuples and conversations come in chunks; the others are small. @throws filter-syntax, usage, and as `cancel` says */
  ask(query: Query): Promise<Answer>;
  /** Answers one SELECT over the view `flows`, with no access to anything else. @throws sql-refused, sql-failed */
  sql(text: string): Promise<Answer>;
  /** Writes the answer to a Parquet file, with the types of the lake's columns; absent where the engine has no such files. @returns its rows */
  writeParquet?(query: Query, path: string): Promise<number>;
  /** What the last question read. */
  scan(): Scan;
  /** Ends whatever runs, within milliseconds: it throws `reason`, and so does all that is asked later. */
  cancel(reason: FlowError): void;
  close(): Promise<void>;
}

/** Data files that a question reads, of those that there are; a file that is read may have parts that are skipped. */
export interface Scan {
  readonly version: number | undefined;
  readonly files: number;
  readonly filesRead: number;
  readonly bytes: number;
  readonly bytesRead: number;
  /** `undefined` where the log does not say. */
  readonly rows: number | undefined;
  readonly rowsRead: number | undefined;
  /** Of the files read, those whose address filter is missing or damaged, where the question needs filters. */
  readonly unfiltered?: number;
  /** Whether the answer is one of an earlier run, so that nothing was read. */
  readonly kept?: boolean;
}
