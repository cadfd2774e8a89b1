import type { DuckDBConnection } from '@duckdb/node-api';
import { fileRows } from '../lake/file-rows.ts';
import { flowsColumns } from '../lake/schema.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import { filesWithin } from '../lake/snapshot.ts';
import type { QueryRange } from './tree.ts';

/** Where tuples come from, as one relation with the lake's columns. */
export interface RowSource {
  /** Prepares a connection, and gives the SQL of the relation: all rows of the range, and perhaps others. */
  relation(connection: DuckDBConnection, range: QueryRange): Promise<string>;
  /** Data files that SQL of users may read; none where the rows are in memory. */
  files(): readonly string[];
}

/** The rows of a table of DuckDB in memory. */
export function memoryRows(table: string): RowSource {
  return { relation: () => Promise.resolve(table), files: () => [] };
}

/** The rows of a version of the lake. Files whose times lie outside the range are not opened. */
export function snapshotRows(snapshot: Snapshot): RowSource {
  return {
    files: () => snapshot.files.map((file) => file.path),
    relation: (connection, range) => fileRows(connection, filesWithin(snapshot, range)),
  };
}

export const flowsColumnNames: readonly string[] = flowsColumns.map((column) => column.name);

export const flowsColumnList = flowsColumnNames.join(', ');
