/**
 * Data files that DuckDB writes from rows that are in the table already, of files that we did not write (native-rows.ts): compaction, and rows that go. Rows that come are written by
 * new-data-file.ts, into files of the same kind.
 */
import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError, fileError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { makeFolderOf, syncFolder } from '../../blob/folder-file.ts';
import { addressHash, addressSides, NewAddressFilter } from './address-filter.ts';
import type { AddAction } from '../delta/delta-log.ts';
import { temporaryFolder } from '../delta/delta-log.ts';
import type { DuckdbConnection } from '../duckdb/connection.ts';
import { dataFileError } from '../duckdb/duckdb-error.ts';
import { streamChunks } from '../duckdb/duckdb-stream.ts';
import { quoteText } from '../duckdb/duckdb.ts';
import type { ColumnRange, StatisticsColumn } from './file-statistics.ts';
import { formatStatistics } from './file-statistics.ts';
import type { FileForm } from './new-data-file.ts';
import { addAction, syncFile, tuplesForm } from './new-data-file.ts';
import { partitionColumn } from '../tuples/schema.ts';
import type { TablePlace } from '../delta/table-place.ts';

/**
 * Writes the rows of a SELECT, all of one UTC date (`YYYY-MM-DD`) and with all columns that files of the table have, to a new file.
 * @returns the action that adds it; nothing is committed yet
 * @throws disk-full, permission, io; lake-invalid where the date is none
 */
export async function writeDataFile(
  table: TablePlace,
  connection: DuckdbConnection,
  date: string,
  select: string,
  form: FileForm = tuplesForm,
): Promise<AddAction> {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date))
    throw new FlowError('lake-invalid', `the lake ${table.lake} has a data file of the date ${JSON.stringify(date)}`);
  const name = `${partitionColumn}=${date}/part-${randomUUID()}.parquet`;
  const temporary = join(temporaryFolder(table), `${randomUUID()}.parquet`);
  const target = join(table.folder, name);
  try {
    await makeFolderOf(temporary, false);
    const statistics = await copyRows(connection, select, temporary, form);
    const size = await syncFile(temporary);
    await writeAddressFilter(table, connection, temporary, name);
    await makeFolderOf(target, true);
    await rename(temporary, target);
    await syncFolder(join(target, '..'));
    return addAction(name, date, size, statistics, form.tags);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw duckdbFileError(error, `write ${target}`);
  }
}

async function writeAddressFilter(
  table: TablePlace,
  connection: DuckdbConnection,
  parquet: string,
  name: string,
): Promise<void> {
  const addresses = new NewAddressFilter();
  for (const side of addressSides) {
    const hashes = new Map<number, number[]>();
    const sql = `SELECT DISTINCT (file_row_number // ${limits.rowGroupRows})::INTEGER, ${side}_ip
      FROM read_parquet($1, hive_partitioning = false, file_row_number = true) WHERE ${side}_ip IS NOT NULL`;
    for await (const chunk of streamChunks({ connection, sql, values: [parquet] }))
      for (const [part, text] of chunk.getRows() as [number, string][]) {
        const ofPart = hashes.get(part) ?? [];
        if (ofPart.push(addressHash(text)) === 1) hashes.set(part, ofPart);
      }
    for (const [part, ofPart] of hashes) {
      const startRow = part * limits.rowGroupRows;
      addresses.add({ side, startRow, endRow: startRow + limits.rowGroupRows }, Float64Array.from(ofPart));
    }
  }
  await addresses.write(table, name);
}

/** Bloom filters would take 1.4 bytes a row: every column with a dictionary gets one, of which none can be left out. */
const options = `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${limits.rowGroupRows}, WRITE_BLOOM_FILTER false, RETURN_STATS true`;

/** Copies rows to a Parquet file. @returns the statistics for the log */
async function copyRows(connection: DuckdbConnection, select: string, path: string, form: FileForm): Promise<string> {
  const reader = await connection.runAndReadAll(`COPY (${select}) TO ${quoteText(path)} (${options})`);
  const [row] = reader.getRowObjectsJson() as unknown as [CopyStatistics];
  const byColumn = new Map(
    row.column_statistics.map(({ key, value }) => [
      key.replaceAll('"', ''),
      new Map(value.map((entry) => [entry.key, entry.value])),
    ]),
  );
  return formatStatistics(row.count, form.statistics, (column): ColumnRange => {
    const values = byColumn.get(column.name);
    return {
      nulls: values?.get('null_count'),
      minimum: parseValue(column, values?.get('min')),
      maximum: parseValue(column, values?.get('max')),
    };
  });
}

/** What `COPY … (RETURN_STATS true)` answers, as plain JSON: a map is a list of keys and values. */
interface CopyStatistics {
  readonly count: string;
  readonly column_statistics: readonly {
    readonly key: string;
    readonly value: readonly { readonly key: string; readonly value: string }[];
  }[];
}

function parseValue({ delta }: StatisticsColumn, text: string | undefined): number | bigint | string | undefined {
  if (text === undefined || delta === 'string') return text;
  if (delta === 'timestamp') return parseDuckdbTime(text);
  return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
}

/** Reads `2023-11-14 22:13:20.123456+00` into epoch microseconds. */
function parseDuckdbTime(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?\+00$/.exec(text);
  if (match === null) return undefined;
  return Date.parse(`${match[1]}T${match[2]}Z`) * 1000 + Number((match[3] ?? '').padEnd(6, '0'));
}

/** Why a data file of a lake cannot be read: by the file system, or by DuckDB. */
export function unreadFileError(error: unknown, path: string): FlowError {
  if (error instanceof FlowError) return error;
  const known = dataFileError(error);
  if (known !== undefined) return known;
  const wrapped = fileError(error, `read ${path}`);
  if (wrapped.code !== 'not-found') return wrapped;
  return new FlowError('io', `a data file of the lake cannot be opened: ${path} is missing`, {
    cause: error,
    hint: 'Where another engine has vacuumed the table, try again; else bring the file back.',
  });
}

/** Wraps DuckDB's errors of the file system, which are texts. */
export function duckdbFileError(error: unknown, doing: string): FlowError {
  const message = error instanceof Error ? error.message : '';
  if (/no space left/i.test(message))
    return new FlowError('disk-full', `cannot ${doing}: no space left on the disk`, { cause: error });
  if (/permission denied/i.test(message))
    return new FlowError('permission', `cannot ${doing}: permission denied`, { cause: error });
  return fileError(error, doing);
}
