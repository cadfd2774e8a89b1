/**
 * Data files: `date=YYYY-MM-DD/part-<uuid>.parquet`, rows of one UTC date, written by DuckDB with zstd, then synced and
 * renamed. Rows stay in the order in which they were read, blob by blob: in order of time they take 28 % more room and twice the time
 * (docs/decisions/0007-lake-columns.md). A file that no commit names (a kill, a lost race) is an orphan that no reader looks at.
 */
import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { FlowError, fileError } from '../base/errors.ts';
import { dayMillis, formatTime } from '../base/time.ts';
import { makeFolderOf, syncFolder } from '../blob/folder-file.ts';
import { syncFile } from './checkpoint.ts';
import type { AddAction } from './delta-log.ts';
import { temporaryFolder } from './delta-log.ts';
import { quoteText } from './duckdb.ts';
import type { RowStage } from './row-stage.ts';
import { selectRows } from './row-stage.ts';
import type { LakeColumn } from './schema.ts';
import { partitionColumn, storedColumns } from './schema.ts';

/** Tag of the files that we write: all such files have the same columns. A new column raises it. */
export const columnsTag = { name: 'nsgflow.columns', value: '1' } as const;

/** What readers can skip files by, and by which a blob's rows are found; the rest would only make the log longer. */
const statisticsColumns = storedColumns.filter(
  ({ place, name }) => place === 'flows' || name.includes('_ipv') || name === 'blob',
);

/** Texts longer than this have no minimum and maximum in the log; names of blobs are long. */
const statisticsTextMax = 64;
const statisticsBlobMax = 1024;

/** Writes all staged rows, one file a date. @returns the actions that add them; nothing is committed yet */
export async function writeDataFiles(
  lake: string,
  connection: DuckDBConnection,
  stage: RowStage,
): Promise<AddAction[]> {
  await stage.flush();
  const added: AddAction[] = [];
  for (const day of [...stage.days.keys()].sort((a, b) => a - b)) {
    const date = formatTime(day * dayMillis).slice(0, 10);
    added.push(await writeDataFile(lake, connection, date, selectRows(storedColumns, `s.day = ${day}`)));
  }
  await stage.clear();
  return added;
}

/**
 * Writes the rows of a SELECT, all of one UTC date (`YYYY-MM-DD`) and with all stored columns, to a new file.
 * @returns the action that adds it; nothing is committed yet
 * @throws disk-full, permission, io; lake-invalid where the date is none
 */
export async function writeDataFile(
  lake: string,
  connection: DuckDBConnection,
  date: string,
  select: string,
): Promise<AddAction> {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date))
    throw new FlowError('lake-invalid', `the lake ${lake} has a data file of the date ${JSON.stringify(date)}`);
  const name = `${partitionColumn}=${date}/part-${randomUUID()}.parquet`;
  const temporary = join(temporaryFolder(lake), `${randomUUID()}.parquet`);
  const target = join(lake, name);
  try {
    await makeFolderOf(temporary, false);
    const statistics = await copyRows(connection, select, temporary);
    const size = await syncFile(temporary);
    await makeFolderOf(target, true);
    await rename(temporary, target);
    await syncFolder(join(target, '..'));
    return {
      path: name,
      partitionValues: { [partitionColumn]: date },
      size,
      modificationTime: Date.now(),
      dataChange: true,
      stats: statistics,
      tags: { [columnsTag.name]: columnsTag.value },
    };
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw duckdbFileError(error, `write ${target}`);
  }
}

/** Copies rows to a Parquet file. @returns the statistics for the log */
async function copyRows(connection: DuckDBConnection, select: string, path: string): Promise<string> {
  const reader = await connection.runAndReadAll(
    `COPY (${select}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, RETURN_STATS true)`,
  );
  const [row] = reader.getRowObjectsJson() as unknown as [CopyStatistics];
  return formatStatistics(row);
}

/** What `COPY … (RETURN_STATS true)` answers, as plain JSON: a map is a list of keys and values. */
interface CopyStatistics {
  readonly count: string;
  readonly column_statistics: readonly {
    readonly key: string;
    readonly value: readonly { readonly key: string; readonly value: string }[];
  }[];
}

/** Statistics as the log has them. Numbers are written as digits, since 64 bits do not fit a JavaScript number. */
function formatStatistics(row: CopyStatistics): string {
  const byColumn = new Map(
    row.column_statistics.map(({ key, value }) => [
      key.replaceAll('"', ''),
      new Map(value.map((entry) => [entry.key, entry.value])),
    ]),
  );
  const minimums: string[] = [];
  const maximums: string[] = [];
  const nulls: string[] = [];
  for (const column of statisticsColumns) {
    const values = byColumn.get(column.name);
    const minimum = statisticsValue(column, values?.get('min'), Math.floor);
    const maximum = statisticsValue(column, values?.get('max'), Math.ceil);
    const nullCount = values?.get('null_count');
    if (nullCount !== undefined) nulls.push(`${JSON.stringify(column.name)}:${nullCount}`);
    if (minimum === undefined || maximum === undefined) continue;
    minimums.push(`${JSON.stringify(column.name)}:${minimum}`);
    maximums.push(`${JSON.stringify(column.name)}:${maximum}`);
  }
  return `{"numRecords":${row.count},"minValues":{${minimums.join(',')}},"maxValues":{${maximums.join(',')}},"nullCount":{${nulls.join(',')}}}`;
}

/** A value as JSON text; `undefined` where the log should not have it. Times are cut to milliseconds, outwards. */
function statisticsValue(
  column: LakeColumn,
  text: string | undefined,
  round: (value: number) => number,
): string | undefined {
  if (text === undefined) return undefined;
  if (column.delta === 'integer' || column.delta === 'long') return /^-?\d+$/.test(text) ? text : undefined;
  if (column.delta === 'string') {
    const longest = column.name === 'blob' ? statisticsBlobMax : statisticsTextMax;
    return text.length <= longest ? JSON.stringify(text) : undefined;
  }
  const micros = parseDuckdbTime(text);
  return micros === undefined ? undefined : JSON.stringify(formatTime(round(micros / 1000)));
}

/** Reads `2023-11-14 22:13:20.123456+00` into epoch microseconds. */
function parseDuckdbTime(text: string): number | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?\+00$/.exec(text);
  if (match === null) return undefined;
  return Date.parse(`${match[1]}T${match[2]}Z`) * 1000 + Number((match[3] ?? '').padEnd(6, '0'));
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
