import type { DuckDBConnection } from '@duckdb/node-api';
import type { AddressRows, Side } from '../lake/address-filter.ts';
import { addressSides, rowsWithAddress } from '../lake/address-filter.ts';
import { fileRows, fileRowsBetween } from '../lake/file-rows.ts';
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
  /** The data files that the last question reads, of those that there are. */
  scan(): Scan;
  /** Data files that SQL of users may read; none where the rows are in memory. */
  files(): readonly string[];
}

/** Rows that lie in data files, which may be read without DuckDB, too. */
export interface LakeRows extends RowSource {
  /** The files that may hold rows of the range. */
  filesWithin(range: QueryRange): readonly DataFile[];
}

/** The rows of a table of DuckDB in memory. */
export function memoryRows(table: string): RowSource {
  return { relation: () => Promise.resolve(table), files: () => [], scan: () => noFiles };
}

/** The rows of a version of the lake. Files whose times lie outside the range, or that hold none of the addresses, are not opened. */
export function snapshotRows(snapshot: Snapshot): LakeRows {
  let read = snapshot.files;
  let unfiltered = 0;
  return {
    files: () => snapshot.files.map((file) => file.path),
    scan: () => ({ ...scanOf(snapshot, read), unfiltered }),
    filesWithin: (range) => {
      unfiltered = 0;
      return (read = filesWithin(snapshot, range));
    },
    relation: async (connection, range, addresses) => {
      const found = await filesOf(snapshot, range, addresses);
      read = found.map(({ file }) => file);
      unfiltered = addresses === undefined ? 0 : found.filter(({ rows }) => rows === undefined).length;
      return addresses === undefined || addresses.length > addressesApartMax
        ? fileRows(connection, read)
        : rowsWithAddresses(connection, found, addresses);
    },
  };
}

/** Rows of the files that a question reads; `undefined` reads all. A file of which the log does not say counts as none. */
export async function rowsToRead(snapshot: Snapshot, question: Query | undefined): Promise<number> {
  const files =
    question === undefined
      ? snapshot.files.map((file): FileToRead => ({ file }))
      : await filesOf(snapshot, rangeOf(question), addressesOf(question.where));
  return files.reduce((sum, { file: { rows = 0 } }) => sum + rows, 0);
}

/** A file that a question reads; which rows of it may have one of its addresses, where that is known. */
interface FileToRead {
  readonly file: DataFile;
  readonly rows?: readonly AddressRows[];
}

/** Files that may hold rows of the range and of the addresses. */
async function filesOf(
  snapshot: Snapshot,
  range: QueryRange,
  addresses: readonly string[] | undefined,
): Promise<FileToRead[]> {
  const files = filesWithin(snapshot, range);
  if (addresses === undefined) return files.map((file) => ({ file }));
  const found: FileToRead[] = [];
  for (let at = 0; at < files.length; at += filtersAtOnce) {
    const some = files.slice(at, at + filtersAtOnce);
    const held = await Promise.all(some.map(({ path }) => rowsWithAddress(snapshot.table, path, addresses)));
    some.forEach((file, i) => {
      const rows = held[i];
      if (rows === undefined) found.push({ file });
      else if (rows.length > 0) found.push({ file, rows });
    });
  }
  return found;
}

/** Addresses that are looked for one by one; each takes scans of its own. */
const addressesApartMax = 8;
/** Ranges of rows that are scanned apart, for each address; files with others are read whole. */
const rangesApartMax = 48;

/**
 * The rows that have one of these addresses, side by side: DuckDB skips what a test of one column with one value rules out, but not what `OR` or
 * `IN` does (of 12 million rows, all columns of one address: 90 ms in place of 1,450). Of a file, only the rows are read that may have one.
 */
async function rowsWithAddresses(
  connection: DuckDBConnection,
  found: readonly FileToRead[],
  addresses: readonly string[],
): Promise<string> {
  const texts = [...new Set(addresses)];
  const values = texts.map((_, i) => `getvariable('lake_address_${i}')`);
  for (const [i, text] of texts.entries()) await connection.run(`SET VARIABLE lake_address_${i} = $1`, [text]);
  const parts: string[] = [];
  const add = (rows: string, side: Side): void => {
    // A row with addresses on both sides is found by its source.
    const apart = side === 'src' ? '' : ` AND src_ip NOT IN (${values.join(', ')})`;
    for (const value of values) parts.push(`SELECT * FROM ${rows} WHERE ${side}_ip = ${value}${apart}`);
  };
  const { ranges, whole } = rangesToRead(found);
  for (const [i, { side, startRow, endRow, files }] of ranges.entries())
    add(await fileRowsBetween(connection, `lake_part_${i}`, files, startRow, endRow), side);
  if (whole.length > 0 || parts.length === 0) {
    const rows = await fileRows(connection, whole);
    for (const side of addressSides) add(rows, side);
  }
  return `(${parts.join(' UNION ALL BY NAME ')})`;
}

/** By range of rows, the files of which these are read; and files that are read whole. */
function rangesToRead(found: readonly FileToRead[]): {
  ranges: readonly (AddressRows & { readonly files: readonly DataFile[] })[];
  whole: readonly DataFile[];
} {
  const ranges = new Map<string, AddressRows & { files: DataFile[] }>();
  const whole: DataFile[] = [];
  for (const { file, rows } of found) {
    const keys = rows?.map(({ side, startRow, endRow }) => `${side} ${startRow} ${endRow}`) ?? [];
    const more = keys.filter((key) => !ranges.has(key)).length;
    if (rows === undefined || !file.hasAllColumns || ranges.size + more > rangesApartMax) whole.push(file);
    else
      for (const [i, key] of keys.entries()) {
        const range = ranges.get(key) ?? { ...rows[i], files: [] };
        range.files.push(file);
        ranges.set(key, range);
      }
  }
  return { ranges: [...ranges.values()], whole };
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
