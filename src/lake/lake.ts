/**
 * A lake: one Delta Lake table of flow tuples in a folder, written and read through DuckDB.
 *
 *   DIR/_delta_log/%020d.json            the log (delta-log.ts), a checkpoint every ten versions or so
 *   DIR/date=YYYY-MM-DD/part-*.parquet   the rows (data-file.ts)
 *   DIR/_nsgflow/positions/*.json        what has been read of which blob (positions.ts)
 *   DIR/_nsgflow/tmp/                    files on their way
 *
 * Any number of readers and writers may work at once; there is no lock. To ingest:
 *
 *   const lake = await openLake(dir, { create: true });
 *   const { byKey } = await lake.positions();                     // plan: what is new of each blob
 *   const append = await lake.beginAppend();
 *   const key = blobKey(container.location, container.name, name);
 *   await append.addBytes(bytes, { blob: key, startByte });
 *   const outcome = await append.commit([{ key, before: byKey.get(key), after: { etag, lengthBytes, readBytes } }]);
 *   if (outcome.outcome === 'conflict') …                         // somebody else read outcome.keys: plan again
 *
 * To ask: query/engine.ts over `await lake.snapshot()`.
 */
import { randomUUID } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { assert } from '../base/assert.ts';
import { FlowError, fileError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { makeFolderOf, privateFolderMode } from '../blob/folder-file.ts';
import { LakeAppend } from './append.ts';
import { writeCheckpoint } from './checkpoint.ts';
import type { Action } from './delta-log.ts';
import { writeCommit } from './delta-log.ts';
import type { Duckdb } from './duckdb.ts';
import { openDuckdb } from './duckdb.ts';
import type { PositionChange, Positions } from './positions.ts';
import { conflictsOf, liveTransactions, positionsPath, readPositions, writePositions } from './positions.ts';
import { BlobReplacement } from './replace-blobs.ts';
import { RowStage } from './row-stage.ts';
import { deltaSchemaString, partitionColumn } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { snapshotOf } from './snapshot.ts';
import { checkColumns, metadataWithColumns } from './table-columns.ts';
import type { TableState } from './table-state.ts';
import { checkWritable, newProtocol, readTableState } from './table-state.ts';
import { checkAppendable, checkChanges, isAppendOnly } from './writer-duties.ts';

const versionsPerCheckpoint = 10;

/**
 * Opens the lake in a folder; with `create`, makes it where there is none.
 * @throws not-found where there is no lake and `create` is not set; lake-invalid when its log cannot be read
 */
export async function openLake(folder: string, options: { create?: boolean } = {}): Promise<Lake> {
  const path = resolve(folder);
  let state = await readTableState(path);
  if (state === undefined) {
    if (options.create !== true) {
      const exists = await stat(path).then(
        () => true,
        () => false,
      );
      throw new FlowError(
        'not-found',
        exists ? `no lake in ${folder}: it has no _delta_log` : `no lake ${folder}: no such folder`,
        {
          hint: 'Name the folder that holds _delta_log, or make a lake: nsgflow ingest SOURCE --lake DIR.',
        },
      );
    }
    await makeFolderOf(join(path, 'x'), true, privateFolderMode);
    await createTable(path);
    state = await readTableState(path);
  }
  if (state === undefined) throw new FlowError('io', `cannot make a lake in ${folder}: its log does not stay`);
  checkColumns(folder, state);
  return new Lake(path, state);
}

export class Lake {
  /** The folder, absolute. */
  readonly folder: string;
  #state: TableState;
  #positions: Positions | undefined;
  #duckdb: Promise<Duckdb> | undefined;

  constructor(folder: string, state: TableState) {
    this.folder = folder;
    this.#state = state;
  }

  /** The files of the newest version. */
  async snapshot(): Promise<Snapshot> {
    return snapshotOf(this.folder, await this.#refresh());
  }

  /** What has been read of which blob, at the newest version. */
  async positions(): Promise<Positions> {
    return (await this.#current()).positions;
  }

  /** Whether rows that are in the table must stay there, as of the version known. */
  get isAppendOnly(): boolean {
    return isAppendOnly(this.#state);
  }

  /**
   * Begins to add rows: nothing is seen by anybody before `commit`. Each append must end with `commit` or `abandon`. The same commit
   * removes every row of `replacedBlobs` (values of the column `blob`) that was there before.
   */
  async beginAppend(options: { replacedBlobs?: readonly string[] } = {}): Promise<LakeAppend> {
    checkWritable(this.folder, this.#state);
    checkAppendable(this.folder, this.#state);
    const replacement = new BlobReplacement(this.folder, () => this.connect(), options.replacedBlobs ?? []);
    return new LakeAppend(this, new RowStage(this.folder), replacement);
  }

  /**
   * Changes files and positions in one version, or neither. After a lost race the positions are read again before the next attempt, and
   * `filesOf` is asked again what to add and remove on top of the newest version. Called by LakeAppend.
   */
  async commit(
    filesOf: (state: TableState) => Promise<readonly Action[]>,
    changes: readonly PositionChange[],
  ): Promise<CommitOutcome> {
    return this.#commit('WRITE', filesOf, changes);
  }

  /**
   * Changes files in one version. `filesOf` says what to add and remove on top of the newest version, and is asked again after a lost race;
   * `undefined` gives up. @returns the version; `undefined` where it gave up @throws disk-full, permission, io, lake-invalid
   */
  async change(
    operation: 'OPTIMIZE' | 'DELETE',
    filesOf: (state: TableState) => readonly Action[] | undefined,
  ): Promise<number | undefined> {
    let gaveUp = false;
    const outcome = await this.#commit(
      operation,
      (state) => {
        const files = filesOf(state);
        gaveUp = files === undefined;
        return Promise.resolve(files ?? []);
      },
      [],
    );
    return gaveUp || outcome.outcome === 'conflict' ? undefined : outcome.version;
  }

  /** The newest version, whole: for maintenance. */
  async state(): Promise<{ state: TableState; positions: Positions }> {
    return this.#current();
  }

  async #commit(
    operation: 'WRITE' | 'OPTIMIZE' | 'DELETE',
    filesOf: (state: TableState) => Promise<readonly Action[]>,
    changes: readonly PositionChange[],
  ): Promise<CommitOutcome> {
    assert(new Set(changes.map(({ key }) => key)).size === changes.length, 'the keys of position changes differ');
    for (let attempt = 0; attempt < limits.commitAttemptsMax; attempt++) {
      if (attempt > 0) await sleep(Math.random() * Math.min(200, 5 * attempt));
      const { state, positions } = await this.#current();
      checkWritable(this.folder, state);
      const keys = conflictsOf(positions, changes);
      if (keys.length > 0) return { outcome: 'conflict', keys };
      const version = state.version + 1;
      const files = await filesOf(state);
      if (files.length === 0 && changes.length === 0) return { outcome: 'committed', version: state.version };
      checkChanges(this.folder, state, files);
      const actions: Action[] = [{ commitInfo: commitInfo(operation, files) }];
      const appId = changes.length === 0 ? undefined : await writePositions(this.folder, positions, changes);
      const metaData = metadataWithColumns(state);
      if (metaData !== undefined) actions.push({ metaData });
      if (appId !== undefined) actions.push({ txn: { appId, version, lastUpdated: Date.now() } });
      actions.push(...files);
      if (await writeCommit(this.folder, version, actions)) {
        if (version - Math.max(0, state.checkpointVersion) >= versionsPerCheckpoint) await this.#checkpoint();
        return { outcome: 'committed', version };
      }
      if (appId !== undefined) await rm(positionsPath(this.folder, appId), { force: true });
    }
    throw new FlowError(
      'unavailable',
      `cannot commit to the lake ${this.folder}: other writers won every one of ${limits.commitAttemptsMax} races`,
    );
  }

  /** A connection to a DuckDB of the lake's own, which the caller closes. */
  async connect(): Promise<DuckDBConnection> {
    this.#duckdb ??= openDuckdb(limits.ingestMemoryBytesMax);
    const connection = await (await this.#duckdb).connect();
    // Work in the background leaves the other cores alone, and two row groups at once would take twice the memory.
    await connection.run('SET threads = 1');
    return connection;
  }

  async close(): Promise<void> {
    await (await this.#duckdb)?.close();
    this.#duckdb = undefined;
  }

  /** The newest version and its positions; appends of one process may ask at once. */
  async #current(): Promise<{ state: TableState; positions: Positions }> {
    const state = await this.#refresh();
    const known = this.#positions;
    const positions = await readPositions(
      this.folder,
      state,
      known !== undefined && known.version <= state.version ? known : undefined,
    );
    if (this.#positions === undefined || this.#positions.version < positions.version) this.#positions = positions;
    return { state, positions };
  }

  async #refresh(): Promise<TableState> {
    const state = await readTableState(this.folder, this.#state);
    if (state === undefined) throw new FlowError('not-found', `the lake ${this.folder} is gone`);
    if (state.metadata !== this.#state.metadata) checkColumns(this.folder, state);
    if (state.version >= this.#state.version) this.#state = state;
    return state;
  }

  /** The rows are committed already, and a checkpoint only saves time: one that fails is made by a later commit. */
  async #checkpoint(): Promise<void> {
    try {
      const { state, positions } = await this.#current();
      await writeCheckpoint(this.folder, state, liveTransactions(state, positions), Date.now());
    } catch {
      return;
    }
  }
}

/** `conflict`: the blobs `keys` were read by somebody else meanwhile, and nothing was added. */
export type CommitOutcome =
  | { readonly outcome: 'committed'; readonly version: number }
  | { readonly outcome: 'conflict'; readonly keys: readonly string[] };

async function createTable(folder: string): Promise<void> {
  const actions: Action[] = [
    { commitInfo: commitInfo('CREATE TABLE', []) },
    { protocol: newProtocol },
    {
      metaData: {
        id: randomUUID(),
        name: 'flows',
        description: 'NSG and VNet flow log tuples, kept by nsgflow.',
        format: { provider: 'parquet', options: {} },
        schemaString: deltaSchemaString(),
        partitionColumns: [partitionColumn],
        configuration: {},
        createdTime: Date.now(),
      },
    },
  ];
  try {
    await writeCommit(folder, 0, actions);
  } catch (error) {
    throw fileError(error, `make a lake in ${folder}`);
  }
}

function commitInfo(operation: string, actions: readonly Action[]): Record<string, unknown> {
  const added = actions.filter((action) => action.add != null).length;
  const removed = actions.length - added;
  return {
    timestamp: Date.now(),
    operation,
    operationParameters: { mode: 'Append', partitionBy: JSON.stringify([partitionColumn]) },
    isBlindAppend: removed === 0,
    operationMetrics: { numFiles: String(added), numRemovedFiles: String(removed) },
    engineInfo: 'nsgflow',
  };
}
