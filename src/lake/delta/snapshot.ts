import { isAbsolute } from 'node:path';
import { FlowError } from '../../base/errors.ts';
import { dayMillis, parseTime } from '../../base/time.ts';
import type { AddAction } from './delta-log.ts';
import { partitionColumn } from '../tuples/schema.ts';
import { columnsTag } from '../tuples/stored-columns.ts';
import type { TableState } from './table-state.ts';
import type { TablePlace } from './table-place.ts';
import { dataPath } from './table-place.ts';

/** One data file of a version of the table. */
export interface DataFile {
  /** On disk. */
  readonly path: string;
  readonly sizeBytes: number;
  /** `undefined` where the log does not say. */
  readonly rows: number | undefined;
  /** Times of its rows lie at or after `startMillis` and before `endMillis`; -Infinity and Infinity where the log does not say. */
  readonly startMillis: number;
  readonly endMillis: number;
  /** The least and greatest text of `blob`; `undefined` where the log does not say. */
  readonly firstBlob: string | undefined;
  readonly lastBlob: string | undefined;
  /** Whether it surely has all of our columns. A file that another engine wrote, or an older nsgflow, may lack some. */
  readonly hasAllColumns: boolean;
}

/** Times `start` included to `end` excluded, epoch milliseconds; absent is unbounded. */
export interface TimeRange {
  readonly start?: number;
  readonly end?: number;
}

/** The table at one version: which files hold its rows. Later commits do not change it. */
export interface Snapshot {
  /** Of the lake. */
  readonly folder: string;
  /** Of its table. */
  readonly table: TablePlace;
  readonly version: number;
  readonly files: readonly DataFile[];
}

export function snapshotOf(table: TablePlace, state: TableState): Snapshot {
  return {
    folder: table.lake,
    table,
    version: state.version,
    files: [...state.files.values()].map((add) => dataFileOf(table, add)),
  };
}

/** The files that may hold rows of a range. */
export function filesWithin(snapshot: Snapshot, range: TimeRange): DataFile[] {
  const { start = -Infinity, end = Infinity } = range;
  return snapshot.files.filter((file) => file.startMillis < end && file.endMillis > start);
}

/**
 * What we use of an action that adds a file. `lastColumn`: the column with the latest time of a row.
 * @throws lake-invalid where the file lies outside the lake
 */
export function dataFileOf(table: TablePlace, add: AddAction, lastColumn: 'time' | 'last_time' = 'time'): DataFile {
  const path = filePathOf(table, add.path);
  const statistics = readStatistics(add.stats, lastColumn);
  const date = add.partitionValues?.[partitionColumn];
  const day = typeof date === 'string' ? parseTime(`${date}T00:00:00Z`) : undefined;
  return {
    path: dataPath(table, path),
    sizeBytes: add.size,
    rows: statistics.rows,
    startMillis: statistics.startMillis ?? day ?? -Infinity,
    endMillis: statistics.endMillis ?? (day === undefined ? Infinity : day + dayMillis),
    firstBlob: statistics.firstBlob,
    lastBlob: statistics.lastBlob,
    hasAllColumns: add.tags?.[columnsTag.name] === columnsTag.value,
  };
}

/**
 * A file's path below the table's folder, of its URI in the log. DuckDB takes `*`, `?` and `[` for wildcards where no file has that very name, and would read
 * other files; no writer of Delta tables gives such names. @throws lake-invalid
 */
export function filePathOf(table: TablePlace, uri: string): string {
  const path = decoded(uri);
  if (path === undefined || path === '' || /[\0*?[]/.test(path))
    throw new FlowError(
      'lake-invalid',
      `the lake ${table.lake} names a data file by what is no path: ${JSON.stringify(uri)}`,
    );
  if (isOutside(path))
    throw new FlowError('lake-invalid', `the lake ${table.lake} names a data file outside its folder: ${path}`);
  return path;
}

/** The same; `undefined` where the URI is no path below the table's folder. */
export function pathBelow(uri: string): string | undefined {
  const path = decoded(uri);
  return path === undefined || isOutside(path) ? undefined : path;
}

function decoded(uri: string): string | undefined {
  try {
    return decodeURIComponent(uri);
  } catch {
    return undefined;
  }
}

function isOutside(path: string): boolean {
  return isAbsolute(path) || /^[a-z][a-z0-9+.-]*:/i.test(path) || path.split(/[/\\]/).includes('..');
}

interface FileStatistics {
  readonly rows?: number | undefined;
  readonly startMillis?: number | undefined;
  readonly endMillis?: number | undefined;
  readonly firstBlob?: string | undefined;
  readonly lastBlob?: string | undefined;
}

/** What we use of a file's statistics; whatever is not of their form counts as absent. */
function readStatistics(text: string | null | undefined, lastColumn: string): FileStatistics {
  if (text == null || text === '') return {};
  let value: { numRecords?: unknown; minValues?: Record<string, unknown>; maxValues?: Record<string, unknown> };
  try {
    value = JSON.parse(text) as typeof value;
  } catch {
    return {};
  }
  const minimum = timeOf(value.minValues?.['time']);
  const maximum = timeOf(value.maxValues?.[lastColumn]);
  return {
    rows: typeof value.numRecords === 'number' ? value.numRecords : undefined,
    startMillis: minimum,
    // Other writers cut the greatest time to whole milliseconds.
    endMillis: maximum === undefined ? undefined : maximum + 1,
    firstBlob: textOf(value.minValues?.['blob']),
    lastBlob: textOf(value.maxValues?.['blob']),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function timeOf(value: unknown): number | undefined {
  return typeof value === 'string' ? parseTime(value) : undefined;
}
