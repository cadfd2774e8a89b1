import type { DuckDBConnection } from '@duckdb/node-api';
import { mayHoldAddress } from '../lake/address-filter.ts';
import { fileRows } from '../lake/file-rows.ts';
import { flowsColumns } from '../lake/schema.ts';
import type { DataFile, Snapshot } from '../lake/snapshot.ts';
import { filesWithin } from '../lake/snapshot.ts';
import { addressesOf } from './address-condition.ts';
import type { Scan } from './engine.ts';
import type { Query, QueryRange } from './tree.ts';
import { rangeOf } from './tree.ts';

/** Where tuples come from, as one relation with the lake's columns. */
export interface RowSource {
  /**
   * Prepares a connection, and gives the SQL of the relation: all rows of the range, and perhaps others. With `addresses`, rows without
   * any of them may be missing.
   */
  relation(connection: DuckDBConnection, range: QueryRange, addresses?: readonly string[]): Promise<string>;
  /** The data files that the last `relation` reads, of those that there are. */
  scan(): Scan;
  /** Data files that SQL of users may read; none where the rows are in memory. */
  files(): readonly string[];
}

/** The rows of a table of DuckDB in memory. */
export function memoryRows(table: string): RowSource {
  return { relation: () => Promise.resolve(table), files: () => [], scan: () => noFiles };
}

/** The rows of a version of the lake. Files whose times lie outside the range, or that hold none of the addresses, are not opened. */
export function snapshotRows(snapshot: Snapshot): RowSource {
  let read = snapshot.files;
  return {
    files: () => snapshot.files.map((file) => file.path),
    scan: () => scanOf(snapshot, read),
    relation: async (connection, range, addresses) => {
      read = await filesOf(snapshot, range, addresses);
      const rows = await fileRows(connection, read);
      return addresses === undefined || addresses.length > addressesApartMax
        ? rows
        : rowsWithAddresses(connection, rows, addresses);
    },
  };
}

/** Rows of the files that a question reads; `undefined` reads all. A file of which the log does not say counts as none. */
export async function rowsToRead(snapshot: Snapshot, question: Query | undefined): Promise<number> {
  const files =
    question === undefined ? snapshot.files : await filesOf(snapshot, rangeOf(question), addressesOf(question.where));
  return files.reduce((sum, { rows = 0 }) => sum + rows, 0);
}

/** Files that may hold rows of the range and of the addresses. */
function filesOf(
  snapshot: Snapshot,
  range: QueryRange,
  addresses: readonly string[] | undefined,
): Promise<DataFile[]> | DataFile[] {
  const within = filesWithin(snapshot, range);
  return addresses === undefined ? within : filesWithAddresses(snapshot, within, addresses);
}

/** Addresses that are looked for one by one; each takes two scans. */
const addressesApartMax = 8;

/**
 * The rows that have one of these addresses: DuckDB skips what a test of one column with one value rules out, but not what `OR` or `IN` does (of
 * 12 million rows, all columns of one address: 90 ms in place of 1,450).
 */
async function rowsWithAddresses(
  connection: DuckDBConnection,
  rows: string,
  addresses: readonly string[],
): Promise<string> {
  const texts = [...new Set(addresses)];
  const parts: string[] = [];
  for (const [i, text] of texts.entries()) {
    await connection.run(`SET VARIABLE lake_address_${i} = $1`, [text]);
    parts.push(`SELECT * FROM ${rows} WHERE src_ip = getvariable('lake_address_${i}')`);
  }
  const others = texts.map((_, i) => `getvariable('lake_address_${i}')`).join(', ');
  texts.forEach((_, i) =>
    parts.push(`SELECT * FROM ${rows} WHERE dst_ip = getvariable('lake_address_${i}') AND src_ip NOT IN (${others})`),
  );
  return `(${parts.join(' UNION ALL ')})`;
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
