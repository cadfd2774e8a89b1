import type { DuckdbConnection } from '../duckdb/connection.ts';
import { listParameter } from '../duckdb/duckdb.ts';
import { checkSizes } from './file-sizes.ts';
import { duckdbTypes } from '../tuples/schema.ts';
import { storedColumns } from '../tuples/stored-columns.ts';
import type { DataFile } from '../delta/snapshot.ts';

/** What data files of a table have in common for DuckDB. */
export interface TableRows {
  /** Begins the names of variables of the connection. */
  readonly name: string;
  /** A SELECT without rows that has every column with its type. */
  readonly noRows: string;
}

/**
 * The rows of data files as one relation with all stored columns: what an older file lacks is null. The list of files is a variable
 * of the connection, so one relation a table and connection is in use at a time: names of files are not part of the SQL. `stored`: without the
 * columns that files are not written with.
 */
export async function fileRows(
  connection: DuckdbConnection,
  files: readonly DataFile[],
  columns: 'all' | 'stored' = 'all',
  { name: prefix, noRows }: TableRows = tupleRows,
): Promise<string> {
  const parts: string[] = [];
  const add = async (variable: string, some: readonly DataFile[], options: string): Promise<void> => {
    if (some.length === 0) return;
    await checkSizes(some);
    await connection.run(`SET VARIABLE ${variable} = $1`, [await listParameter(some.map((file) => file.path))]);
    parts.push(`SELECT * FROM read_parquet(getvariable('${variable}'), hive_partitioning = false${options})`);
  };
  const whole = files.filter((file) => file.hasAllColumns);
  await add(`${prefix}_files`, whole, '');
  await add(
    `${prefix}_other_files`,
    files.filter((file) => !file.hasAllColumns),
    ', union_by_name = true',
  );
  const rows =
    parts.length === 1 && whole.length === files.length
      ? `(${parts[0]})`
      : `(${[noRows, ...parts].join(' UNION ALL BY NAME ')})`;
  return columns === 'all' ? rows : `(SELECT COLUMNS(lambda name: lower(name) NOT IN (${dropped})) FROM ${rows})`;
}

/**
 * The rows `startRow` to before `endRow` of each of these files, which have all columns. `name`: of the variable that has their list. DuckDB
 * does not read row groups without such rows.
 */
export async function fileRowsBetween(
  connection: DuckdbConnection,
  name: string,
  files: readonly DataFile[],
  startRow: number,
  endRow: number,
): Promise<string> {
  await checkSizes(files);
  await connection.run(`SET VARIABLE ${name} = $1`, [await listParameter(files.map((file) => file.path))]);
  return `(SELECT * EXCLUDE (file_row_number)
    FROM read_parquet(getvariable('${name}'), hive_partitioning = false, file_row_number = true)
    WHERE file_row_number >= ${startRow} AND file_row_number < ${endRow})`;
}

/** Columns that new files do not have: those of older tables, and one that another writer may have made, which `fileRowsBetween` could not read. */
const dropped = ["'src_ipv4'", "'dst_ipv4'", "'file_row_number'"].join(', ');

/** Of the table of tuples. */
export const tupleRows: TableRows = {
  name: 'lake',
  noRows: `SELECT ${storedColumns.map(({ name, delta }) => `NULL::${duckdbTypes[delta]} AS ${name}`).join(', ')} WHERE false`,
};
