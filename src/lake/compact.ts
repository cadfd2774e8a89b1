/**
 * Compaction: many small files become one with the same rows, and the table's rows do not change. Readers keep the files of their version,
 * which vacuum leaves for a while; positions are not touched.
 *
 *   minute commits of an hour that is settled   ─▶ one file, once there are `limits.compactFilesMin`
 *   files of a day that is settled              ─▶ files of at most `limits.dataFileRowsMax` rows
 *
 * An hour or day is settled when the clock says that it is over, and also when commits say so: logs of a replay may lie in the future. Commits say
 * so when `limits.compactLaterFiles` files came after the last one of the hour, or when none came for a quarter of an hour.
 *
 * Files are joined in order of their first time: a day that was read as it came is in order of hours. Sorting takes twelve times the time
 * (docs/how-it-works/decisions/0015-lake-layout.md). Files that we wrote come to have the row groups that they would have, had all been read at once
 * (row-stage.ts); where one is of another writer, rows are copied as they stand.
 */
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { dayMillis, hourMillis } from '../base/time.ts';
import type { DuckdbConnection } from './duckdb/connection.ts';
import type { Compaction, CompactionStep } from './compaction.ts';
import { writeDataFile } from './files/data-file.ts';
import type { Action, AddAction } from './delta/delta-log.ts';
import { fileRows } from './files/file-rows.ts';
import { compactFlows } from './flows/compact-flows.ts';
import { pinVersions, uncoveredNow } from './flows/settle.ts';
import type { Lake } from './lake.ts';
import { rewriteNativeRows } from './tuples/native-rows.ts';
import { partitionColumn } from './tuples/schema.ts';
import type { DataFile } from './delta/snapshot.ts';
import { dataFileOf } from './delta/snapshot.ts';
import type { TableState } from './delta/table-state.ts';
import type { TablePlace } from './delta/table-place.ts';

/** Tag of the files that compaction made: their rows came before. */
const joinedTag = { name: 'nsgflow.joined', value: 'true' } as const;

/** How long after its end, or after its last commit, an hour or day is settled: logs come late. */
const settledMillis = 15 * 60_000;

/** Compacts what is due, step by step; each is a commit of its own, so that any of them may be the last. */
export async function* compact(lake: Lake, nowMillis: number): AsyncGenerator<CompactionStep> {
  const { state } = await lake.state();
  const uncovered = await uncoveredPaths(lake);
  const covered = { ...state, files: new Map([...state.files].filter(([path]) => !uncovered.has(path))) };
  for (const compaction of planCompactions(lake.tuples.place, covered, nowMillis))
    yield runCompaction(lake, compaction);
  yield* compactFlows(lake, nowMillis);
}

/** Files of tuples that are not settled yet: joined with others, they could not be told from these. None before the first settling. */
async function uncoveredPaths(lake: Lake): Promise<ReadonlySet<string>> {
  const versions = await pinVersions(lake);
  if (versions.flows === undefined) return new Set();
  const { files, mixed } = await uncoveredNow(lake, versions);
  return new Set([...files.map(({ path }) => path), ...mixed]);
}

/** Compactions that are due, each of files of one date; no file is in two. */
export function planCompactions(table: TablePlace, state: TableState, nowMillis: number): Compaction[] {
  const byDate = new Map<string, Candidate[]>();
  let arrived = 0;
  for (const add of state.files.values()) {
    const order = add.tags?.[joinedTag.name] === joinedTag.value ? 0 : ++arrived;
    const date = add.partitionValues[partitionColumn];
    const file = dataFileOf(table, add);
    // Without a number of rows nothing could hold what was read against what was written.
    if (typeof date !== 'string' || file.rows === undefined || file.rows > limits.dataFileRowsMax / 2) continue;
    const group = byDate.get(date) ?? [];
    group.push({ add, file, rows: file.rows, order });
    byDate.set(date, group);
  }
  const clock = { nowMillis, arrived };
  return [...byDate].flatMap(([date, files]) => planDate(date, files, clock));
}

interface Candidate {
  readonly add: AddAction;
  readonly file: DataFile;
  readonly rows: number;
  /** Among all files of the table that came with new rows, in the order in which they were added, from 1; 0 for one that compaction made. */
  readonly order: number;
}

/** What says that an hour is over. */
interface Clock {
  readonly nowMillis: number;
  /** Files of the table that came with new rows. */
  readonly arrived: number;
}

function isSettled(some: readonly Candidate[], endMillis: number, { nowMillis, arrived }: Clock): boolean {
  if (endMillis + settledMillis <= nowMillis) return true;
  const last = some.reduce((latest, { order }) => Math.max(latest, order), 0);
  const lastMillis = some.reduce((latest, { add }) => Math.max(latest, add.modificationTime), -Infinity);
  return arrived - last >= limits.compactLaterFiles || lastMillis + settledMillis <= nowMillis;
}

function planDate(date: string, files: readonly Candidate[], clock: Clock): Compaction[] {
  const start = Date.parse(`${date}T00:00:00Z`);
  const chunks = (some: readonly Candidate[], least: number): Compaction[] =>
    chunksOf(some)
      .filter((chunk) => chunk.length >= least)
      .map((chunk) => compactionOf(date, chunk));
  // Of the day at hand only the clock says that it is over: its files would be joined anew after each pause.
  const isAtHand = start <= clock.nowMillis && clock.nowMillis < start + dayMillis + settledMillis;
  if (!isAtHand && isSettled(files, start + dayMillis, clock)) return chunks(files, 2);
  const byHour = new Map<number, Candidate[]>();
  for (const candidate of files) {
    const hour = Math.floor(candidate.file.startMillis / hourMillis);
    // Commits of a quick replay reach into the next hour.
    if (candidate.file.endMillis > (hour + 2) * hourMillis) continue;
    byHour.set(hour, [...(byHour.get(hour) ?? []), candidate]);
  }
  return [...byHour].flatMap(([hour, some]) => {
    const end = some.reduce((latest, { file }) => Math.max(latest, file.endMillis), (hour + 1) * hourMillis);
    return isSettled(some, end, clock) ? chunks(some, limits.compactFilesMin) : [];
  });
}

/** In order of time, each of as many files as stay below the limit together. */
function chunksOf(files: readonly Candidate[]): Candidate[][] {
  const chunks: Candidate[][] = [];
  let rows = Infinity;
  for (const candidate of [...files].sort((a, b) => a.file.startMillis - b.file.startMillis)) {
    if (rows + candidate.rows > limits.dataFileRowsMax || chunks.at(-1)!.length >= limits.compactFilesMax) {
      chunks.push([]);
      rows = 0;
    }
    chunks.at(-1)!.push(candidate);
    rows += candidate.rows;
  }
  return chunks;
}

function compactionOf(date: string, files: readonly Candidate[]): Compaction {
  return {
    date,
    paths: files.map(({ add }) => add.path),
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    bytes: files.reduce((sum, { add }) => sum + add.size, 0),
  };
}

/** Our own files are read and written without DuckDB, so that their rows come to stand by hour and kind. */
async function joinFiles(
  table: TablePlace,
  connection: DuckdbConnection,
  date: string,
  files: readonly DataFile[],
): Promise<AddAction> {
  const own = await rewriteNativeRows(table, files);
  if (own?.length === 1) return own[0];
  for (const { path } of own ?? []) await table.storage.delete(path);
  return writeDataFile(table, connection, date, `SELECT * FROM ${await fileRows(connection, files, 'stored')}`);
}

/** @throws disk-full, permission, io; lake-invalid where a file does not hold the rows that the log says */
async function runCompaction(lake: Lake, compaction: Compaction): Promise<CompactionStep> {
  const { state } = await lake.state();
  const adds = compaction.paths.map((path) => state.files.get(path)).filter((add) => add !== undefined);
  if (adds.length < compaction.paths.length) return { ...compaction, version: undefined, newBytes: 0 };
  const connection = await lake.connect();
  let written: AddAction | undefined;
  try {
    const files = adds.map((add) => dataFileOf(lake.tuples.place, add));
    const joined = await joinFiles(lake.tuples.place, connection, compaction.date, files);
    written = { ...joined, dataChange: false, tags: { ...joined.tags, [joinedTag.name]: joinedTag.value } };
    const actual = dataFileOf(lake.tuples.place, written).rows;
    if (actual !== compaction.rows)
      throw new FlowError(
        'lake-invalid',
        `${compaction.paths.length} files of ${compaction.date} hold ${actual} rows, and the log says ${compaction.rows}: ${compaction.paths[0]}, …`,
      );
    const added = written;
    const version = await lake.change('OPTIMIZE', (newest) => {
      if (!compaction.paths.every((path) => newest.files.has(path))) return undefined;
      const removed = compaction.paths.map((path): Action => ({
        remove: { path, deletionTimestamp: Date.now(), dataChange: false },
      }));
      return [...removed, { add: added }];
    });
    if (version !== undefined) written = undefined;
    return { ...compaction, version, newBytes: version === undefined ? 0 : added.size };
  } finally {
    if (written !== undefined) await lake.tuples.place.storage.delete(written.path);
    connection.closeSync();
  }
}
