import { createReadStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DuckDBAppender } from '@duckdb/node-api';
import { FlowError, fileError } from '../../base/errors.ts';
import type { DuckdbConnection } from '../../lake/duckdb/connection.ts';
import { openDuckdb, quoteText } from '../../lake/duckdb/duckdb.ts';
import { makeTemporaryFolder } from '../../lake/duckdb/temporary-folder.ts';
import type { Result, ResultColumn } from './result.ts';
import { plainText } from '../../base/row-text.ts';
import type { Shape } from './shape.ts';
import { partsOf } from './shape.ts';

/** How cells are kept until all are there; numbers as digits, so that none loses any. */
const cellTypes = {
  text: 'VARCHAR',
  number: 'VARCHAR',
  time: 'VARCHAR',
  boolean: 'BOOLEAN',
  object: 'VARCHAR',
} as const;

/**
 * Writes a result as a Parquet file to a stream. Columns of a query have its types (docs/reference/query.md); other whole numbers are BIGINT where
 * all of a column fit, else DOUBLE.
 * @returns the number of rows @throws usage when the stream is a terminal; disk-full, io
 */
export async function writeParquet(result: Result, out: ParquetStream): Promise<number> {
  return withTemporary(out, async (path) => {
    const duckdb = await openDuckdb();
    try {
      return await copyResult(await duckdb.connect(), result, path);
    } finally {
      await duckdb.close();
    }
  });
}

export type ParquetStream = Writable & { readonly isTTY?: boolean };

/**
 * Lets `write` make a Parquet file, whose index comes last, and sends it to a stream. The file is gone afterwards, also when the reader goes
 * away or the process is interrupted.
 * @returns what `write` returns @throws usage when the stream is a terminal; disk-full, io
 */
export async function withTemporary<T>(out: ParquetStream, write: (path: string) => Promise<T>): Promise<T> {
  if (out.isTTY === true)
    throw new FlowError('usage', 'Parquet is not for a terminal', { hint: 'Send it into a file: … -o parquet > FILE' });
  const folder = await makeTemporaryFolder('parquet');
  const path = join(folder.path, 'answer.parquet');
  try {
    const written = await write(path);
    await pipeline(createReadStream(path), out, { end: false });
    return written;
  } catch (error) {
    throw fileError(error, 'write Parquet');
  } finally {
    await folder.remove();
  }
}

/**
 * Gives a Parquet file other columns or another order, in place: `--columns` and `--sort`. Types stay.
 * @returns the number of rows @throws usage for names that it does not have
 */
export async function shapeParquet(path: string, { columns, sort, limit }: Shape): Promise<number> {
  const duckdb = await openDuckdb();
  const shaped = `${path}.shaped`;
  try {
    const connection = await duckdb.connect();
    const rows = `read_parquet(${quoteText(path)})`;
    const described = await connection.runAndReadAll(`SELECT column_name FROM (DESCRIBE SELECT * FROM ${rows})`);
    const names = described.getRows().map(([name]) => String(name));
    const valueOf = (name: string, option: string): string => {
      const [sum, ...others] = partsOf(names, name, option).map(quoteName);
      return others.length === 0
        ? sum
        : `CASE WHEN coalesce(${sum}, ${others[0]}) IS NOT NULL THEN coalesce(${sum}, 0) + coalesce(${others[0]}, 0) END`;
    };
    const selected = columns?.map((name) => `${valueOf(name, '--columns')} AS ${quoteName(name)}`).join(', ') ?? '*';
    const order =
      sort === undefined
        ? ''
        : `ORDER BY ${valueOf(sort.column, '--sort')} ${sort.isDescending ? 'DESC' : 'ASC'} NULLS LAST`;
    const most = sort === undefined || limit === undefined || !Number.isFinite(limit) ? '' : `LIMIT ${limit}`;
    const copied = await connection.run(
      `COPY (SELECT ${selected} FROM ${rows} ${order} ${most}) TO ${quoteText(shaped)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    await rename(shaped, path);
    return copied.rowsChanged;
  } finally {
    await duckdb.close();
  }
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

async function copyResult(connection: DuckdbConnection, result: Result, path: string): Promise<number> {
  const names = result.columns.map(({ name }) => quoteName(name));
  const types = result.columns.map(({ kind }) => cellTypes[kind]);
  await connection.run(`CREATE TABLE rows (${names.map((name, i) => `${name} ${types[i]}`).join(', ')})`);
  const appender = await connection.createAppender('rows');
  let rows = 0;
  for await (const chunk of result.chunks) {
    for (const row of chunk) {
      row.forEach((value, i) => appendCell(appender, result.columns[i].kind, value));
      appender.endRow();
    }
    rows += chunk.length;
  }
  appender.closeSync();
  const selected: string[] = [];
  for (const [i, column] of result.columns.entries())
    selected.push(`${await typed(connection, names[i], column)} AS ${names[i]}`);
  await connection.run(
    `COPY (SELECT ${selected.join(', ')} FROM rows) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  return rows;
}

/** A column's kept cells with the type that they have in the file. */
async function typed(connection: DuckdbConnection, name: string, { kind, sqlType }: ResultColumn): Promise<string> {
  const value = sqlType === undefined ? undefined : castTo(sqlType, name);
  // A value that has no such form, such as a text of a time beyond the years of a file, stays text.
  if (value !== undefined && (await areAll(connection, name, `${value} IS NOT NULL`))) return value;
  if (kind === 'time') return `${name}::TIMESTAMPTZ`;
  return kind === 'number' ? `${name}::${(await areWhole(connection, name)) ? 'BIGINT' : 'DOUBLE'}` : name;
}

/** Types that Parquet has not, or whose cells are written in another form: 128 bits, maps as lists of pairs. */
const untyped =
  /\b(?:U?HUGEINT|BIGNUM|MAP|UNION|BIT|VARIANT|GEOMETRY|ANY|"?NULL"?)\b|TIME WITH TIME ZONE|^VARCHAR$|^ENUM/;

/** Gives null for cells that do not have the type; `undefined` for types that the file does not get. */
function castTo(sqlType: string, name: string): string | undefined {
  if (sqlType === 'BLOB') return `try(unhex(${name}))`;
  const isNested = /^(?:STRUCT|MAP|UNION)\(|\[\d*\]$/.test(sqlType);
  if (untyped.test(sqlType.replace('TIMESTAMP WITH TIME ZONE', '')) || (isNested && /\bBLOB\b/.test(sqlType)))
    return undefined;
  return isNested ? `try_cast(${name}::JSON AS ${sqlType})` : `try_cast(${name} AS ${sqlType})`;
}

/** Whether a condition holds for all cells of a column that have a value. */
async function areAll(connection: DuckdbConnection, name: string, condition: string): Promise<boolean> {
  const answer = await connection.runAndReadAll(
    `SELECT count(*) = 0 FROM rows WHERE ${name} IS NOT NULL AND NOT (${condition})`,
  );
  return answer.getRows()[0][0] === true;
}

/** Whether all numbers of a column are whole and fit in 64 bits. */
function areWhole(connection: DuckdbConnection, name: string): Promise<boolean> {
  return areAll(connection, name, `regexp_full_match(${name}, '-?[0-9]+') AND try_cast(${name} AS BIGINT) IS NOT NULL`);
}

function appendCell(appender: DuckDBAppender, kind: ResultColumn['kind'], value: unknown): void {
  if (value === null || value === undefined) appender.appendNull();
  else if (kind === 'boolean') appender.appendBoolean(value === true);
  else appender.appendVarchar(plainText(value));
}
