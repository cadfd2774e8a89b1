/** What engines ask of a version of a lake, and which of its files a question reads. */
import { limits } from '../../base/limits.ts';
import type { NameSource } from '../../enrich/names.ts';
import type { TableFile, TableFiles } from '../../lake/flows/view.ts';
import type { DataFile, Snapshot, TimeRange } from '../../lake/delta/snapshot.ts';
import { filesWithin } from '../../lake/delta/snapshot.ts';
import { secondDateOf } from '../lower/flows.ts';
import type { LoweredQuery } from '../lower/lower.ts';
import { lowerQuery } from '../lower/lower.ts';
import type { Relation } from '../relation/relation.ts';
import type { TableName } from '../relation/node-names.ts';
import { scanTimes } from '../relation/scan-times.ts';
import type { SqlDialect } from '../sql/dialect.ts';
import { lowerRelation } from '../sql/lower.ts';
import type { SqlStatement } from '../sql/node.ts';
import type { Times } from './engine.ts';
import type { Scan } from './result.ts';
import type { Query, QueryRange } from '../tree.ts';
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

/** Files that may hold rows that a tree reads of the tables `names`. */
export async function filesOfRelation(
  view: QuestionView,
  relation: Relation,
  names: { has(name: TableName): boolean },
  signal: AbortSignal | undefined,
): Promise<QuestionFiles> {
  const { tuples } = view;
  const files = names.has('tuples') ? filesWithin(tuples, scanTimes(relation, 'tuples')) : [];
  return {
    ...(names.has('tuples') ? { tuples: [{ table: tuples.table, files }] } : {}),
    ...(names.has('flows') ? { flows: await view.flows(scanTimes(relation, 'flows'), signal) } : {}),
  };
}

/** Of a question that reads no table. */
export const nothingRead: Scan = {
  version: undefined,
  files: 0,
  filesRead: 0,
  bytes: 0,
  bytesRead: 0,
  rows: 0,
  rowsRead: 0,
  unfiltered: 0,
  built: 0,
};

/** A question as a tree, the tree as SQL, and the files of its tables. */
export interface PlannedQuestion {
  readonly lowered: LoweredQuery;
  readonly statement: SqlStatement;
  readonly files: QuestionFiles;
  /** Those that have to be read. */
  readonly toRead: QuestionFiles;
}

/** @throws usage, and what {@link filesOfQuestion} throws */
export async function planQuestion(
  view: QuestionView,
  query: Query,
  dialect: SqlDialect,
  names: NameSource,
  signal: AbortSignal | undefined,
): Promise<PlannedQuestion> {
  const { firstDateMillis } = view;
  const lower = async (countedBefore: number): Promise<Pick<PlannedQuestion, 'lowered' | 'statement'>> => {
    const lowered = lowerQuery(query, { firstDateMillis, countedBefore });
    return { lowered, statement: await lowerNamed(lowered.relation, dialect, names) };
  };
  const plain = await lower(0);
  const files = await filesOfQuestion(view, query, plain.statement.tables, signal);
  if (query.ask !== 'count' || query.where !== undefined || query.observations === true)
    return { ...plain, files, toRead: files };
  const { counted, toRead } = countedFiles(query.range ?? {}, firstDateMillis, files.flows ?? []);
  return { ...(await lower(counted)), files, toRead: { ...files, flows: toRead } };
}

/** The SQL of a tree. Names are opened only if it asks for them. */
export async function lowerNamed(relation: Relation, dialect: SqlDialect, names: NameSource): Promise<SqlStatement> {
  const statement = lowerRelation(relation, dialect);
  if (statement.attributes.size === 0 && !statement.asksApplications) return statement;
  const { changes } = await names();
  return changes.length === 0 ? statement : lowerRelation(relation, dialect, changes);
}

/** The conversations of a range in files that say how many they have and lie inside; and the other files. */
export function countedFiles(
  range: QueryRange,
  firstDateMillis: number | undefined,
  tables: readonly TableFiles[],
): { readonly counted: number; readonly toRead: readonly TableFiles[] } {
  const { start = -Infinity, end = Infinity } = range;
  const secondDate = secondDateOf(range, firstDateMillis);
  let counted = 0;
  const isToRead = ({ conversations, startMillis, endMillis }: TableFile): boolean => {
    if (conversations === undefined || startMillis < start || endMillis > end) return true;
    counted += conversations.begun + (startMillis < secondDate ? conversations.continued : 0);
    return false;
  };
  const toRead = tables.map(({ table, files }) => ({ table, files: files.filter(isToRead) }));
  return { counted, toRead };
}

/** Between which times the rows of a range lie: engine.ts. */
export function timesOf({ tuples, storedFlows }: QuestionView, range: QueryRange): Times | undefined {
  const { start = -Infinity, end = Infinity } = range;
  const files = [...tuples.files, ...storedFlows].filter((file) => file.startMillis < end && file.endMillis > start);
  const firstMillis = Math.max(
    start,
    files.reduce((least, { startMillis }) => Math.min(least, startMillis), Infinity),
  );
  const lastMillis = Math.min(
    end,
    files.reduce((most, { endMillis }) => Math.max(most, endMillis - 1), -Infinity),
  );
  return Number.isFinite(firstMillis) && Number.isFinite(lastMillis) ? { firstMillis, lastMillis } : undefined;
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
