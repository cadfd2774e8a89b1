import type { DuckDBConnection } from '@duckdb/node-api';
import { mayHoldAddress } from '../lake/address-filter.ts';
import { fileRows } from '../lake/file-rows.ts';
import { flowsColumns } from '../lake/schema.ts';
import type { DataFile, Snapshot } from '../lake/snapshot.ts';
import { filesWithin } from '../lake/snapshot.ts';
import type { Scan } from './engine.ts';
import type { QueryRange } from './tree.ts';

/** Where tuples come from, as one relation with the lake's columns. */
export interface RowSource {
  /**
   * Prepares a connection, and gives the SQL of the relation: all rows of the range, and perhaps others. With `addresses`, rows without
   * any of them may be missing.
   */
  relation(connection: DuckDBConnection, range: QueryRange, addresses?: readonly string[]): Promise<string>;
  /** The data files that `relation` reads, of those that there are. */
  scan(range: QueryRange): Scan;
  /** Data files that SQL of users may read; none where the rows are in memory. */
  files(): readonly string[];
}

/** The rows of a table of DuckDB in memory. */
export function memoryRows(table: string): RowSource {
  return { relation: () => Promise.resolve(table), files: () => [], scan: () => noFiles };
}

/** The rows of a version of the lake. Files whose times lie outside the range are not opened. */
export function snapshotRows(snapshot: Snapshot): RowSource {
  return {
    files: () => snapshot.files.map((file) => file.path),
    scan: (range) => scanOf(snapshot, filesWithin(snapshot, range)),
    relation: async (connection, range, addresses) => {
      const files = filesWithin(snapshot, range);
      return fileRows(
        connection,
        addresses === undefined ? files : await filesWithAddresses(snapshot, files, addresses),
      );
    },
  };
}

/** Files that may hold one of the addresses, by their filters. */
async function filesWithAddresses(
  { folder }: Snapshot,
  files: readonly DataFile[],
  addresses: readonly string[],
): Promise<DataFile[]> {
  const kept: DataFile[] = [];
  for (let at = 0; at < files.length; at += filtersAtOnce) {
    const some = files.slice(at, at + filtersAtOnce);
    const held = await Promise.all(some.map(({ path }) => mayHoldAddress(folder, path, addresses)));
    kept.push(...some.filter((_, i) => held[i]));
  }
  return kept;
}

/** Filters open at a time. */
const filtersAtOnce = 16;

const noFiles: Scan = { version: undefined, files: 0, filesRead: 0, bytes: 0, bytesRead: 0, rows: 0, rowsRead: 0 };

function scanOf({ version, files }: Snapshot, read: readonly DataFile[]): Scan {
  const bytes = (some: readonly DataFile[]): number => some.reduce((sum, file) => sum + file.sizeBytes, 0);
  const rows = (some: readonly DataFile[]): number | undefined =>
    some.reduce<number | undefined>(
      (sum, file) => (sum === undefined || file.rows === undefined ? undefined : sum + file.rows),
      0,
    );
  return {
    version,
    files: files.length,
    filesRead: read.length,
    bytes: bytes(files),
    bytesRead: bytes(read),
    rows: rows(files),
    rowsRead: rows(read),
  };
}

export const flowsColumnNames: readonly string[] = flowsColumns.map((column) => column.name);

export const flowsColumnList = flowsColumnNames.join(', ');
