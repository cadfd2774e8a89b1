import type { Relation } from '../relation/relation.ts';
import type { Type } from '../relation/type.ts';
import type { Answer, ExactCell, Scan } from './result.ts';
import type { Query, QueryRange } from '../tree.ts';

/**
 * What answers questions over one version of a lake: DuckDB in process (duckdb-engine.ts), or a ClickHouse server over the same tables
 * (clickhouse-engine.ts). Any number of questions may be asked at once; each has its own limits, and ends by its own signal.
 * DuckDB's calls of questions take at most half of the threads of Node's pool (lake/duckdb/gates.ts): further ones wait for these, and files do not.
 */
export interface Engine {
  /**
   * Answers a question. Tuples and conversations come in chunks; the other answers are small.
   * @throws filter-syntax, usage, memory, disk-full, io, lake-invalid, and the reason of the signal
   */
  ask(query: Query, settings?: AskSettings): Promise<Answer>;
  /** Answers one SELECT over the views of the lake, with no access to anything else. @throws sql-refused, sql-failed, and what `ask` throws */
  sql(text: string, settings?: AskSettings): Promise<Answer>;
  /** Answers a tree of any kind (relation.ts), such as a KQL query became. @throws relation-invalid, usage where it reads a table and there is no lake, and what `ask` throws */
  relate(question: RelationQuestion, settings?: AskSettings): Promise<RelationAnswer>;
  /** Writes the answer to a Parquet file, with the types of the lake's columns; absent where the engine has no such files. */
  writeParquet?(query: Query, path: string, settings?: AskSettings): Promise<WrittenAnswer>;
  /**
   * Between which times the rows of a range lie, told by the statistics of files, which are read by no question. `undefined` where these do not tell;
   * absent where the engine does not know them.
   */
  timesOf?(range: QueryRange): Times | undefined;
  close(): Promise<void>;
}

/** A tree whose columns have names for people. */
export interface RelationQuestion {
  readonly relation: Relation;
  /** The columns of the answer, in order; each is a column of the relation. */
  readonly columns: readonly { readonly name: string; readonly column: string }[];
}

/** Rows of a tree. */
export interface RelationAnswer {
  readonly columns: readonly { readonly name: string; readonly type: Type }[];
  /** May be read once, and to its end unless the engine is closed. */
  readonly chunks: AsyncIterable<ExactCell[][]>;
  readonly scan: Scan;
  /** The SQL text, for people. */
  readonly sql: string;
}

/** Of the first row and of the last, epoch milliseconds, cut to the range that was asked for. */
export interface Times {
  readonly firstMillis: number;
  readonly lastMillis: number;
}

export interface AskSettings {
  /** Ends the question within milliseconds: it throws the reason. */
  readonly signal?: AbortSignal | undefined;
  readonly bounds?: QuestionBounds | undefined;
  /** Called a few times a second with the rows that the question has read, of those that it will, as far as the engine knows them. */
  readonly onProgress?: ((doneRows: number, totalRows: number) => void) | undefined;
}

/** What a question may use; absent is as much as limits.ts says. */
export interface QuestionBounds {
  /** Beyond it, DuckDB spills to a private temporary folder. */
  readonly memoryBytes?: number;
  /** What SQL of users may spill. */
  readonly spillBytes?: number;
}

export interface WrittenAnswer {
  readonly rows: number;
  readonly scan: Scan;
}
