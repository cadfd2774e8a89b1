/**
 * Checkpoints: `_delta_log/%020d.checkpoint.parquet` holds all actions up to a version, reconciled, one a row with one column set;
 * `_delta_log/_last_checkpoint` names the newest. With one, readers need no older commit file.
 *
 * `_nsgflow/<table>/checkpoints/%020d.jsonl` has the actions of the newest once more, one a line, so that opening a lake needs no DuckDB (150 ms of
 * processor time). Its last line, `{"crc32":"8d3c1f0a"}`, is the checksum of its name and of all before. It may be missing or damaged: the Parquet
 * file then is read.
 *
 * Source: Delta transaction log protocol, "Checkpoints" (classic, one part; several parts are read).
 */
import { randomUUID } from 'node:crypto';
import { appendFile, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { FlowError, fileError } from '../../base/errors.ts';
import { dayMillis } from '../../base/time.ts';
import { makeFolderOf, syncFolder } from '../../blob/folder-file.ts';
import { entriesWithin } from '../../blob/links.ts';
import type { Action, TxnAction } from './delta-log.ts';
import { checkAction, formatVersion, logFolder, logName, temporaryFolder } from './delta-log.ts';
import { streamChunks } from '../duckdb/duckdb-stream.ts';
import { listParameter, openDuckdb, quoteText } from '../duckdb/duckdb.ts';
import { syncFile } from '../files/new-data-file.ts';
import type { TableState } from './table-state.ts';
import { writeSynced } from '../storage/synced-file.ts';
import type { TablePlace } from './table-place.ts';
import { helperPath } from './table-place.ts';

const columns = {
  txn: 'STRUCT(appId VARCHAR, version BIGINT, lastUpdated BIGINT)',
  add: 'STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, stats VARCHAR, tags MAP(VARCHAR, VARCHAR))',
  remove: 'STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN)',
  metaData:
    'STRUCT(id VARCHAR, "name" VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, options MAP(VARCHAR, VARCHAR)), schemaString VARCHAR, partitionColumns VARCHAR[], configuration MAP(VARCHAR, VARCHAR), createdTime BIGINT)',
  protocol: 'STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER)',
} as const;

/** How long removed files stay named, so that no other engine's vacuum forgets them early. Source: Delta's default. */
const tombstoneMillis = 7 * dayMillis;

/** A checkpoint: its version, and its Parquet files in order. */
interface Checkpoint {
  readonly version: number;
  readonly files: readonly string[];
}

/** The actions of a checkpoint. @throws lake-invalid when a file is no checkpoint */
export async function readCheckpoint(table: TablePlace, checkpoint: Checkpoint): Promise<Action[]> {
  return (await readLines(linesPath(table, checkpoint.version))) ?? (await readParquet(checkpoint.files));
}

function linesPath(table: TablePlace, version: number): string {
  return helperPath(table, 'checkpoints', `${formatVersion(version)}.jsonl`);
}

/** `undefined` where the file is missing, damaged, or without a checksum (of an older nsgflow). */
async function readLines(path: string): Promise<Action[] | undefined> {
  try {
    const bytes = await readFile(path);
    const end = bytes.lastIndexOf('\n');
    const lines = bytes.toString('utf8', 0, Math.max(0, end));
    if (bytes.toString('utf8', end + 1) !== checksumLine(path, lines)) return undefined;
    const actions = lines.split('\n').map((line) => checkAction(JSON.parse(line) as object, path));
    return actions.some(({ protocol }) => protocol != null) ? actions : undefined;
  } catch {
    return undefined;
  }
}

function checksumLine(path: string, lines: string): string {
  return JSON.stringify({
    crc32: crc32(lines, crc32(basename(path)))
      .toString(16)
      .padStart(8, '0'),
  });
}

async function readParquet(files: readonly string[]): Promise<Action[]> {
  const duckdb = await openDuckdb();
  try {
    const connection = await duckdb.connect();
    const sql = 'SELECT to_json(t)::VARCHAR FROM read_parquet($1, hive_partitioning = false) t';
    const actions: Action[] = [];
    for await (const chunk of streamChunks({ connection, sql, values: [await listParameter([...files])] }))
      for (const [line] of chunk.getRows() as string[][])
        actions.push(checkAction(JSON.parse(line) as object, files[0]));
    return actions;
  } catch (error) {
    if (error instanceof FlowError) throw error;
    throw new FlowError('lake-invalid', `the checkpoint ${files[0]} of the lake cannot be read`, {
      cause: error,
      hint: 'Move it away where the commits before it are still there; else bring it back from a copy.',
    });
  } finally {
    await duckdb.close();
  }
}

/** Writes the checkpoint of a version. `transactions` are those that still mean something (positions.ts). */
export async function writeCheckpoint(
  table: TablePlace,
  state: TableState,
  transactions: Iterable<TxnAction>,
  nowMillis: number,
): Promise<void> {
  const actions: Action[] = [{ protocol: state.protocol }, { metaData: state.metadata }];
  for (const txn of transactions) actions.push({ txn });
  for (const add of state.files.values()) actions.push({ add: { ...add, dataChange: false } });
  for (const remove of state.removed.values())
    if ((remove.deletionTimestamp ?? 0) > nowMillis - tombstoneMillis)
      actions.push({ remove: { ...remove, dataChange: false } });
  const name = `${formatVersion(state.version)}.checkpoint.parquet`;
  const lines = join(temporaryFolder(table), `${randomUUID()}.jsonl`);
  const parquet = join(temporaryFolder(table), `${randomUUID()}.parquet`);
  try {
    const text = actions.map((action) => JSON.stringify(action)).join('\n');
    await writeSynced(lines, text);
    await copyToParquet(lines, parquet);
    await syncFile(parquet);
    await rename(parquet, join(logFolder(table), name));
    await syncFolder(logFolder(table));
    const last = JSON.stringify({ version: state.version, size: actions.length });
    await table.storage.put(`${logName}/_last_checkpoint`, Buffer.from(last));
    await appendFile(lines, `\n${checksumLine(linesPath(table, state.version), text)}`);
    await keepLines(table, lines, state.version);
  } catch (error) {
    throw fileError(error, `write the checkpoint ${name} of the lake ${table.lake}`);
  } finally {
    for (const path of [lines, parquet]) await rm(path, { force: true }).catch(() => undefined);
  }
}

/** Puts the lines of a checkpoint into their place, and drops those of older ones. */
async function keepLines(table: TablePlace, lines: string, version: number): Promise<void> {
  const path = linesPath(table, version);
  await makeFolderOf(path, false);
  await rename(lines, path);
  for (const entry of await entriesWithin(table.lake, dirname(path)))
    if (entry.isFile() && /^\d{20}\.jsonl$/.test(entry.name) && entry.name < basename(path))
      await rm(join(dirname(path), entry.name), { force: true });
}

async function copyToParquet(lines: string, parquet: string): Promise<void> {
  const duckdb = await openDuckdb();
  try {
    const connection = await duckdb.connect();
    const types = Object.entries(columns).map(([name, type]) => `${name}: ${quoteText(type)}`);
    const { size } = await stat(lines);
    await connection.run(
      `COPY (SELECT * FROM read_json(${quoteText(lines)}, format = 'newline_delimited', columns = {${types.join(', ')}},
        maximum_object_size = ${size + 1024})) TO ${quoteText(parquet)} (FORMAT parquet, COMPRESSION zstd)`,
    );
  } finally {
    await duckdb.close();
  }
}
