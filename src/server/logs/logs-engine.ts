/** What the query API asks. The service asks its lake (lake-logs.ts). */
import type { Render } from '../../query/kql/lower/query.ts';
import type { ExactCell } from '../../query/engine/result.ts';
import type { QueryRange } from '../../query/tree.ts';

export interface LogsColumn {
  readonly name: string;
  /** As KQL names it: `string`, `long`, `datetime` … */
  readonly type: string;
}

export interface LogsTable {
  readonly name: string;
  readonly about: string;
  readonly columns: readonly LogsColumn[];
}

export interface LogsQuestion {
  /** KQL. */
  readonly text: string;
  /** Rows of tables have a time in it. */
  readonly range: QueryRange;
  readonly signal: AbortSignal;
}

export interface LogsAnswer {
  readonly columns: readonly LogsColumn[];
  readonly chunks: AsyncIterable<readonly (readonly ExactCell[])[]>;
  /** What `render` of the query names. */
  readonly render: Render | undefined;
  /** Bytes of data files that were read. */
  readonly bytesRead: number;
}

export interface LogsEngine {
  readonly tables: readonly LogsTable[];
  /** @throws FlowError, and the reason of the signal */
  ask(question: LogsQuestion): Promise<LogsAnswer>;
}
