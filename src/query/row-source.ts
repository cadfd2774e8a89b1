import type { DuckDBConnection } from '@duckdb/node-api';
import { listValue } from '@duckdb/node-api';
import { duckdbTypes, flowsColumns, storedColumns } from '../lake/schema.ts';
import type { DataFile, Snapshot } from '../lake/snapshot.ts';
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

/**
 * The rows of a version of the lake. Files whose times lie outside the range are not opened. The list of files is a variable of
 * the connection: names of files are not part of the SQL.
 */
export function snapshotRows(snapshot: Snapshot): RowSource {
  return {
    files: () => snapshot.files.map((file) => file.path),
    relation: async (connection, range) => {
      const files = filesWithin(snapshot, range);
      const parts: string[] = [];
      const add = async (variable: string, some: DataFile[], options: string): Promise<void> => {
        if (some.length === 0) return;
        await connection.run(`SET VARIABLE ${variable} = $1`, [listValue(some.map((file) => file.path))]);
        parts.push(`SELECT * FROM read_parquet(getvariable('${variable}'), hive_partitioning = false${options})`);
      };
      await add(
        'lake_files',
        files.filter((file) => file.hasAllColumns),
        '',
      );
      await add(
        'other_files',
        files.filter((file) => !file.hasAllColumns),
        ', union_by_name = true',
      );
      if (parts.length === 1 && files.every((file) => file.hasAllColumns)) return `(${parts[0]})`;
      return `(${[noRows, ...parts].join(' UNION ALL BY NAME ')})`;
    },
  };
}

/** No row, but every column with its type: what a file lacks is null. */
const noRows = `SELECT ${storedColumns.map(({ name, delta }) => `NULL::${duckdbTypes[delta]} AS ${name}`).join(', ')} WHERE false`;

export const flowsColumnNames: readonly string[] = flowsColumns.map((column) => column.name);

export const flowsColumnList = flowsColumnNames.join(', ');
