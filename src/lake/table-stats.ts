import { listParameter } from './duckdb/duckdb.ts';
import { ownSqlError } from './duckdb/duckdb-error.ts';
import { checkSizes } from './files/file-sizes.ts';
import { tuplesKeptFrom } from './flows/frozen.ts';
import type { SettlingState } from './flows/settling-state.ts';
import { settlingState } from './flows/settling-state.ts';
import type { Lake } from './lake.ts';
import { whileMoving } from './delta/moved-files.ts';
import { partitionColumn } from './tuples/schema.ts';
import { storedColumns, traceColumns } from './tuples/stored-columns.ts';
import type { DataFile } from './delta/snapshot.ts';
import { dataFileOf } from './delta/snapshot.ts';

export interface ColumnSize {
  readonly name: string;
  /** `tuple`: what a flow tuple says; `trace`: which log, blob and place it came from. */
  readonly part: 'tuple' | 'trace';
  readonly bytes: number;
}

export interface DateSize {
  readonly date: string;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Of the table of settled flows. */
export interface FlowsStats extends SettlingState {
  readonly version: number;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
}

export interface TableStats {
  readonly version: number;
  readonly checkpointVersion: number;
  readonly blobs: number;
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** Times of the rows, epoch milliseconds; `undefined` without rows. */
  readonly startMillis: number | undefined;
  readonly endMillis: number | undefined;
  /** Files that commits removed and vacuum may take. */
  readonly removedFiles: number;
  readonly dates: readonly DateSize[];
  /** Tuples of earlier dates were removed; `undefined` where none were. */
  readonly tuplesFrom: string | undefined;
  /** `undefined` where nothing was settled yet. */
  readonly flows: FlowsStats | undefined;
  /** Ascending by place in the file; read from the footers, whose bytes are none of these. */
  readonly columns: readonly ColumnSize[];
}

/** Sizes of the newest version of the table. Opens the footer of every file. */
export async function tableStats(lake: Lake): Promise<TableStats> {
  return whileMoving(lake.tuples, () => statsOf(lake));
}

async function statsOf(lake: Lake): Promise<TableStats> {
  const { state, positions } = await lake.state();
  const files = [...state.files.values()].map((add) => ({ add, ...dataFileOf(lake.tuples.place, add) }));
  const dates = new Map<string, { files: number; rows: number; bytes: number }>();
  for (const { add, rows, sizeBytes } of files) {
    const date = add.partitionValues[partitionColumn] ?? '';
    const size = dates.get(date) ?? { files: 0, rows: 0, bytes: 0 };
    dates.set(date, { files: size.files + 1, rows: size.rows + (rows ?? 0), bytes: size.bytes + sizeBytes });
  }
  const sum = (of: (file: (typeof files)[number]) => number): number => files.reduce((all, file) => all + of(file), 0);
  return {
    version: state.version,
    checkpointVersion: state.checkpointVersion,
    blobs: positions.byKey.size,
    files: files.length,
    rows: sum(({ rows }) => rows ?? 0),
    bytes: sum(({ sizeBytes }) => sizeBytes),
    startMillis: files.length === 0 ? undefined : Math.min(...files.map((file) => file.startMillis)),
    endMillis: files.length === 0 ? undefined : Math.max(...files.map((file) => file.endMillis)),
    removedFiles: state.removed.size,
    dates: [...dates].map(([date, size]) => ({ date, ...size })).sort((a, b) => (a.date < b.date ? -1 : 1)),
    tuplesFrom: tuplesKeptFrom(state) || undefined,
    flows: await flowsStats(lake),
    columns: await columnSizes(lake, files),
  };
}

async function flowsStats(lake: Lake): Promise<FlowsStats | undefined> {
  const table = await lake.flows();
  const settling = await settlingState(lake);
  if (table === undefined || settling === undefined) return undefined;
  const { place, state } = table;
  const files = [...state.files.values()].map((add) => dataFileOf(place, add));
  return {
    version: state.version,
    files: files.length,
    rows: files.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
    bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    ...settling,
  };
}

async function columnSizes(lake: Lake, files: readonly DataFile[]): Promise<ColumnSize[]> {
  if (files.length === 0) return [];
  await checkSizes(files);
  const connection = await lake.connect();
  try {
    const reader = await connection.runAndReadAll(
      'SELECT path_in_schema, sum(total_compressed_size)::DOUBLE FROM parquet_metadata($1::VARCHAR[]) GROUP BY ALL',
      [await listParameter(files.map(({ path }) => path))],
    );
    const sizes = new Map(reader.getRowsJS() as [string, number][]);
    const known = storedColumns.map(({ name }) => name);
    const names = [...known, ...[...sizes.keys()].filter((name) => !known.includes(name)).sort()];
    return names.flatMap((name) => {
      const bytes = sizes.get(name);
      return bytes === undefined ? [] : [{ name, part: traceColumns.has(name) ? 'trace' : 'tuple', bytes }];
    });
  } catch (error) {
    throw ownSqlError(error);
  } finally {
    connection.closeSync();
  }
}
