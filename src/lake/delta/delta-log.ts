/**
 * The table's log: `_delta_log/%020d.json`, one file a commit, one action a line. A reader replays actions in order of
 * versions; a checkpoint (checkpoint.ts) stands for all versions up to its own.
 *
 *   {"commitInfo":{"timestamp":1700000000000,"operation":"WRITE",…}}
 *   {"txn":{"appId":"nsgflow-positions/6f0c…","version":7,"lastUpdated":1700000000000}}
 *   {"add":{"path":"date=2023-11-14/part-….parquet","partitionValues":{"date":"2023-11-14"},"size":12345,…,"stats":"{\"numRecords\":…}"}}
 *
 * Source: Delta transaction log protocol (github.com/delta-io/delta/blob/master/PROTOCOL.md), reader version 1, writer version 2.
 */
import { join } from 'node:path';
import { FlowError } from '../../base/errors.ts';
import type { TablePlace } from './table-place.ts';

export interface AddAction {
  /** Relative to the table's folder, percent-encoded. */
  readonly path: string;
  readonly partitionValues: Readonly<Record<string, string | null>>;
  readonly size: number;
  readonly modificationTime: number;
  readonly dataChange: boolean;
  /** JSON: numRecords, minValues, maxValues, nullCount. Absent where a writer gave none. */
  readonly stats?: string | null;
  readonly tags?: Readonly<Record<string, string>> | null;
  /** Says that rows of the file are deleted. Reader version 1 has no such vectors. */
  readonly deletionVector?: DeletionVector | null;
}

/** What tells one vector from another. */
interface DeletionVector {
  readonly storageType?: unknown;
  readonly pathOrInlineDv?: unknown;
  readonly offset?: unknown;
}

export interface RemoveAction {
  readonly path: string;
  readonly deletionTimestamp?: number | null;
  readonly dataChange: boolean;
  /** Absent where the writer did not say. */
  readonly partitionValues?: Readonly<Record<string, string | null>> | null;
  /** Of the file that is removed: the same path may be added with another vector. */
  readonly deletionVector?: DeletionVector | null;
}

export interface TxnAction {
  readonly appId: string;
  readonly version: number;
  readonly lastUpdated?: number | null;
}

export interface MetadataAction {
  readonly id: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly format: { readonly provider: string; readonly options?: Readonly<Record<string, string>> | null };
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration?: Readonly<Record<string, string>> | null;
  readonly createdTime?: number | null;
}

export interface ProtocolAction {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
}

/** One line of a commit: exactly one of these. Lines of another kind are skipped, as the protocol asks. */
export interface Action {
  readonly add?: AddAction | null;
  readonly remove?: RemoveAction | null;
  readonly txn?: TxnAction | null;
  readonly metaData?: MetadataAction | null;
  readonly protocol?: ProtocolAction | null;
  readonly commitInfo?: Readonly<Record<string, unknown>> | null;
}

/** Below the table's folder. */
export const logName = '_delta_log';

export function logFolder(table: TablePlace): string {
  return join(table.folder, logName);
}

export function temporaryFolder(table: TablePlace): string {
  return table.temporary;
}

/** `00000000000000000012`. */
export function formatVersion(version: number): string {
  return String(version).padStart(20, '0');
}

/** What lies in the log folder: versions with a commit file, and whole checkpoints (their files in order), both ascending. */
export interface LogListing {
  readonly commits: readonly number[];
  readonly checkpoints: readonly { readonly version: number; readonly files: readonly string[] }[];
}

/** `undefined` where there is no log, so no table. */
export async function listLog(table: TablePlace): Promise<LogListing | undefined> {
  const names = await table.storage.list(`${logName}/`);
  const commits: number[] = [];
  const parts = new Map<string, { version: number; of: number; files: string[] }>();
  for (const path of names) {
    const name = path.slice(logName.length + 1);
    const match = /^(\d{20})(?:\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet|\.json)$/.exec(name);
    if (match === null) continue;
    const version = Number(match[1]);
    if (name.endsWith('.json')) {
      commits.push(version);
      continue;
    }
    const key = `${match[1]}.${match[3] ?? ''}`;
    const entry = parts.get(key) ?? { version, of: Number(match[3] ?? 1), files: [] };
    entry.files.push(join(logFolder(table), name));
    parts.set(key, entry);
  }
  const whole = [...parts.values()].filter((entry) => entry.files.length === entry.of);
  if (commits.length === 0 && whole.length === 0) return undefined;
  return { commits, checkpoints: whole.sort((a, b) => a.version - b.version) };
}

/** The actions of one commit; `undefined` where there is no such version. @throws lake-invalid when the file is torn */
export async function readCommit(table: TablePlace, version: number): Promise<Action[] | undefined> {
  const path = join(table.folder, commitName(version));
  const bytes = await table.storage.read(commitName(version));
  if (bytes === undefined) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  const actions: Action[] = [];
  text.split('\n').forEach((line, i) => {
    if (line.trim() !== '') actions.push(parseAction(line, path, i + 1));
  });
  if (actions.length === 0) throw tornLog(path, 'it is empty');
  return actions;
}

function parseAction(line: string, path: string, number: number): Action {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw tornLog(path, `line ${number} is not whole`, error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw tornLog(path, `line ${number} is no action`);
  return checkAction(value, `${path}, line ${number}`);
}

/** Holds an action's fields that we rely on against the protocol. `where` is for the message. @throws lake-invalid */
export function checkAction(value: object, where: string): Action {
  // Every field of Action is optional, so any object is one; what we read of each kind is checked here.
  const action = value as Action;
  const { add, remove, txn, metaData, protocol } = action;
  const sound =
    (add == null || (isText(add.path) && Number.isFinite(add.size) && typeof add.partitionValues === 'object')) &&
    (remove == null || (isText(remove.path) && typeof (remove.partitionValues ?? {}) === 'object')) &&
    isVectorOrNone(add?.deletionVector) &&
    isVectorOrNone(remove?.deletionVector) &&
    (txn == null || (isText(txn.appId) && Number.isFinite(txn.version))) &&
    (metaData == null || (isText(metaData.schemaString) && Array.isArray(metaData.partitionColumns))) &&
    (protocol == null || Number.isFinite(protocol.minReaderVersion));
  if (!sound)
    throw new FlowError('lake-invalid', `the lake's log holds an action that is not of Delta's form: ${where}`);
  return action;
}

function isVectorOrNone(value: unknown): boolean {
  return value == null || (typeof value === 'object' && !Array.isArray(value));
}

/** What tells a file of the table from others, besides its path: one path may stand with different deletion vectors. Empty without a vector. */
export function vectorKey(vector: DeletionVector | null | undefined): string {
  return vector == null ? '' : JSON.stringify([vector.storageType, vector.pathOrInlineDv, vector.offset ?? null]);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function tornLog(path: string, what: string, cause?: unknown): FlowError {
  return new FlowError('lake-invalid', `the lake's log is torn: ${path}: ${what}`, {
    cause,
    hint: 'Where it is the last version, move the file away: what it added will be ingested again.',
  });
}

/**
 * Makes a commit file appear whole or not at all; no commit replaces another.
 * @returns false when another writer has this version: the race is lost
 * @throws disk-full, permission, io
 */
export async function writeCommit(table: TablePlace, version: number, actions: readonly Action[]): Promise<boolean> {
  const text = actions.map((action) => `${JSON.stringify(action)}\n`).join('');
  return table.storage.put(commitName(version), Buffer.from(text), { ifAbsent: true });
}

function commitName(version: number): string {
  return `${logName}/${formatVersion(version)}.json`;
}
