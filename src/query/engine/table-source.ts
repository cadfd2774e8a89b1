/** The tables of a question as SQL for DuckDB: only the files that may hold its rows. */
import type { DuckdbConnection } from '../../lake/duckdb/connection.ts';
import type { AddressRows, Side } from '../../lake/files/address-filter.ts';
import { addressSides, rowsWithAddress } from '../../lake/files/address-filter.ts';
import type { TableRows } from '../../lake/files/file-rows.ts';
import { fileRows, fileRowsBetween } from '../../lake/files/file-rows.ts';
import type { TableFiles } from '../../lake/flows/view.ts';
import type { DataFile } from '../../lake/delta/snapshot.ts';

/** A table as a question reads it. */
export interface TableSource {
  /** SQL of its relation, with all columns: the rows that the question needs, and perhaps others. */
  readonly sql: string;
  readonly read: readonly DataFile[];
  /** Of these files, those whose address filter is missing or damaged, where the question needs filters. */
  readonly unfiltered: number;
}

/**
 * Prepares a connection. With `addresses`, rows without any of them may be missing. One source of a table and connection is in use at a time.
 */
export async function tableSource(
  connection: DuckdbConnection,
  of: TableRows,
  tables: readonly TableFiles[],
  addresses: readonly string[] | undefined,
): Promise<TableSource> {
  const found: FileToRead[] = [];
  for (const table of tables) found.push(...(await filesToRead(table, addresses)));
  const read = found.map(({ file }) => file);
  return {
    sql:
      addresses === undefined || addresses.length > addressesApartMax
        ? await fileRows(connection, read, 'all', of)
        : await rowsWithAddresses(connection, of, found, addresses),
    read,
    unfiltered: addresses === undefined ? 0 : found.filter(({ rows }) => rows === undefined).length,
  };
}

/** A file that a question reads; which rows of it may have one of its addresses, where that is known. */
export interface FileToRead {
  readonly file: DataFile;
  readonly rows?: readonly AddressRows[];
}

/** Files that may hold rows of the addresses; all without any. */
export async function filesToRead(
  { table, files }: TableFiles,
  addresses: readonly string[] | undefined,
): Promise<FileToRead[]> {
  if (addresses === undefined) return files.map((file) => ({ file }));
  const found: FileToRead[] = [];
  for (let at = 0; at < files.length; at += filtersAtOnce) {
    const some = files.slice(at, at + filtersAtOnce);
    const held = await Promise.all(some.map(({ path }) => rowsWithAddress(table, path, addresses)));
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
  connection: DuckdbConnection,
  of: TableRows,
  found: readonly FileToRead[],
  addresses: readonly string[],
): Promise<string> {
  const texts = [...new Set(addresses)];
  const values = texts.map((_, i) => `getvariable('${of.name}_address_${i}')`);
  for (const [i, text] of texts.entries()) await connection.run(`SET VARIABLE ${of.name}_address_${i} = $1`, [text]);
  const parts: string[] = [];
  const add = (rows: string, side: Side): void => {
    // A row with addresses on both sides is found by its source.
    const apart = side === 'src' ? '' : ` AND src_ip NOT IN (${values.join(', ')})`;
    for (const value of values) parts.push(`SELECT * FROM ${rows} WHERE ${side}_ip = ${value}${apart}`);
  };
  const { ranges, whole } = rangesToRead(found);
  for (const [i, { side, startRow, endRow, files }] of ranges.entries())
    add(await fileRowsBetween(connection, `${of.name}_part_${i}`, files, startRow, endRow), side);
  if (whole.length > 0 || parts.length === 0) {
    const rows = await fileRows(connection, whole, 'all', of);
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
