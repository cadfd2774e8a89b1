/** What engines ask of a version of a lake, and which of its files a question reads. */
import { limits } from '../../base/limits.ts';
import type { TableFiles } from '../../lake/flows/view.ts';
import type { DataFile, Snapshot, TimeRange } from '../../lake/delta/snapshot.ts';
import { filesWithin } from '../../lake/delta/snapshot.ts';
import type { TableName } from '../relation/relation.ts';
import type { Scan } from './result.ts';
import type { Query } from '../tree.ts';
import { rangeOf } from '../tree.ts';

/** Both tables at one version each: lake/flows/view.ts. */
export interface QuestionView {
  readonly tuples: Snapshot;
  /** `undefined` where nothing was settled yet. */
  readonly flowsVersion: number | undefined;
  readonly firstDateMillis: number | undefined;
  /** Files of `flows` that are stored; some may be replaced by what `flows` builds. */
  readonly storedFlows: readonly DataFile[];
  flows(range: TimeRange, signal?: AbortSignal): Promise<readonly TableFiles[]>;
  close(): Promise<void>;
}

/** A view of tuples for questions that ask nothing of conversations. */
export function tuplesOnly(tuples: Snapshot): QuestionView {
  return {
    tuples,
    flowsVersion: undefined,
    firstDateMillis: undefined,
    storedFlows: [],
    flows: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
}

/** Files that may hold rows of a question, of each table that it reads. */
export type QuestionFiles = Readonly<Partial<Record<TableName, readonly TableFiles[]>>>;

/** The files of a question that reads the tables `names`, by the times of its range. What is not settled of it is built first. @throws what {@link QuestionView.flows} throws */
export async function filesOfQuestion(
  view: QuestionView,
  query: Query,
  names: { has(name: TableName): boolean },
  signal: AbortSignal | undefined,
): Promise<QuestionFiles> {
  const range = rangeOf(query);
  const { tuples } = view;
  const files = names.has('tuples') ? filesWithin(tuples, withTupleBefore(query, range)) : [];
  return {
    ...(names.has('tuples') ? { tuples: [{ table: tuples.table, files }] } : {}),
    ...(names.has('flows') ? { flows: await view.flows(range, signal) } : {}),
  };
}

/** What a question read of its files. */
export function scanOf(
  { tuples, storedFlows }: QuestionView,
  files: QuestionFiles,
  sources: readonly { readonly read: readonly DataFile[]; readonly unfiltered: number }[],
): Scan {
  const read = sources.flatMap((source) => source.read);
  const built = builtFiles(storedFlows, files.flows ?? []);
  const all = [
    ...(files.tuples === undefined ? [] : tuples.files),
    ...(files.flows === undefined ? [] : [...storedFlows, ...built]),
  ];
  return {
    version: tuples.version,
    files: all.length,
    filesRead: read.length,
    bytes: all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    bytesRead: read.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    rows: rowsIn(all),
    rowsRead: rowsIn(read),
    unfiltered: sources.reduce((sum, { unfiltered }) => sum + unfiltered, 0),
    built: read.filter((file) => built.includes(file)).length,
  };
}

/** Of the files of `flows`, those that were built for questions. */
function builtFiles(storedFlows: readonly DataFile[], flows: readonly TableFiles[]): DataFile[] {
  const stored = new Set(storedFlows.map(({ path }) => path));
  return flows.flatMap(({ files }) => files.filter(({ path }) => !stored.has(path)));
}

/** `undefined` where the log does not say of one of them. */
export function rowsIn(files: readonly DataFile[]): number | undefined {
  return files.reduce<number | undefined>(
    (sum, { rows }) => (sum === undefined || rows === undefined ? undefined : sum + rows),
    0,
  );
}

/** Counters of tuples are spread over the time since the tuple before, which may lie before the range. */
function withTupleBefore(query: Query, range: TimeRange): TimeRange {
  if (query.ask !== 'groups' || query.bucketMillis === undefined || range.start === undefined) return range;
  return { ...range, start: range.start - limits.tupleBeforeMillisMax };
}
