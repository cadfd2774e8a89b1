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
 *   await append.addFlowLog(decoded, { blob: key, startByte });
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
import type { FlowLog } from '../flowlog/record.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { writeDataFiles } from './data-file.ts';
import type { Action, AddAction } from './delta-log.ts';
import { writeCommit } from './delta-log.ts';
import type { Duckdb } from './duckdb.ts';
import { openDuckdb } from './duckdb.ts';
import type { PositionChange, Positions } from './positions.ts';
import { conflictsOf, liveTransactions, positionsPath, readPositions, writePositions } from './positions.ts';
import type { RowOrigin } from './row-stage.ts';
import { RowStage } from './row-stage.ts';
import { deltaSchemaString, partitionColumn } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { snapshotOf } from './snapshot.ts';
import { checkColumns, metadataWithColumns } from './table-columns.ts';
import type { TableState } from './table-state.ts';
import { checkWritable, newProtocol, readTableState } from './table-state.ts';

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

  /** Begins to add rows: nothing is seen by anybody before `commit`. Each append must end with `commit` or `abandon`. */
  async beginAppend(): Promise<LakeAppend> {
    checkWritable(this.folder, this.#state);
    this.#duckdb ??= openDuckdb(limits.ingestMemoryBytesMax);
    const connection = await (await this.#duckdb).connect();
    return new LakeAppend(this, connection, await RowStage.open(connection));
  }

  /**
   * Adds files and positions in one version, or neither. After a lost race the positions are read again before the next attempt.
   * Called by LakeAppend.
   */
  async commit(files: readonly AddAction[], changes: readonly PositionChange[]): Promise<CommitOutcome> {
    assert(new Set(changes.map(({ key }) => key)).size === changes.length, 'the keys of position changes differ');
    for (let attempt = 0; attempt < limits.commitAttemptsMax; attempt++) {
      if (attempt > 0) await sleep(Math.random() * Math.min(200, 5 * attempt));
      const { state, positions } = await this.#current();
      checkWritable(this.folder, state);
      const keys = conflictsOf(positions, changes);
      if (keys.length > 0) return { outcome: 'conflict', keys };
      const version = state.version + 1;
      const actions: Action[] = [{ commitInfo: commitInfo('WRITE', files.length) }];
      const appId = changes.length === 0 ? undefined : await writePositions(this.folder, positions, changes);
      const metaData = metadataWithColumns(state);
      if (metaData !== undefined) actions.push({ metaData });
      if (appId !== undefined) actions.push({ txn: { appId, version, lastUpdated: Date.now() } });
      for (const add of files) actions.push({ add });
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

/** Rows on their way into the lake. Memory stays bounded: beyond `limits.stagedRowsMax` rows they go to data files early. */
export class LakeAppend {
  /** Rows added so far. */
  rows = 0;
  readonly #lake: Lake;
  readonly #connection: DuckDBConnection;
  readonly #stage: RowStage;
  readonly #files: AddAction[] = [];

  constructor(lake: Lake, connection: DuckDBConnection, stage: RowStage) {
    this.#lake = lake;
    this.#connection = connection;
    this.#stage = stage;
  }

  /** Tuples that have no row or lost a counter, by reason. */
  get refused(): RowStage['refused'] {
    return this.#stage.refused;
  }

  /** Adds all tuples of a flow log. @returns the rows that gave */
  async addFlowLog(flowLog: FlowLog, origin: RowOrigin): Promise<number> {
    const rows = this.#stage.add(flowLog, origin);
    this.rows += rows;
    if (this.#stage.rows >= limits.stagedRowsMax) await this.#writeFiles();
    return rows;
  }

  /**
   * Commits the rows and the positions together. Ends the append, whatever the outcome. Without rows and changes, nothing is
   * committed. Keys of `changes` must differ.
   * @throws disk-full, permission, io, lake-invalid
   */
  async commit(changes: readonly PositionChange[]): Promise<CommitOutcome> {
    try {
      if (this.rows === 0 && changes.length === 0)
        return { outcome: 'committed', version: (await this.#lake.snapshot()).version };
      await this.#writeFiles();
      const outcome = await this.#lake.commit(this.#files, changes);
      if (outcome.outcome === 'committed') this.#files.length = 0;
      return outcome;
    } finally {
      await this.abandon();
    }
  }

  /** Drops the rows that were not committed, and their files. May be called twice. */
  async abandon(): Promise<void> {
    for (const { path } of this.#files.splice(0)) await rm(join(this.#lake.folder, path), { force: true });
    this.#connection.closeSync();
  }

  async #writeFiles(): Promise<void> {
    if (this.#stage.rows > 0)
      this.#files.push(...(await writeDataFiles(this.#lake.folder, this.#connection, this.#stage)));
  }
}

async function createTable(folder: string): Promise<void> {
  const actions: Action[] = [
    { commitInfo: commitInfo('CREATE TABLE', 0) },
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

function commitInfo(operation: string, files: number): Record<string, unknown> {
  return {
    timestamp: Date.now(),
    operation,
    operationParameters: { mode: 'Append', partitionBy: JSON.stringify([partitionColumn]) },
    isBlindAppend: true,
    operationMetrics: { numFiles: String(files) },
    engineInfo: 'nsgflow',
  };
}
