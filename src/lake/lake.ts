/**
 * A lake: two Delta Lake tables in a folder, one of flow tuples and one of flows settled from them (flows/settle.ts).
 *
 *   DIR/tuples/_delta_log/%020d.json            the log (delta-log.ts), a checkpoint every ten versions or so
 *   DIR/tuples/date=YYYY-MM-DD/part-*.parquet   the rows (data-file.ts)
 *   DIR/flows/                                  the table of settled flows, with a log and dates of its own
 *   DIR/_nsgflow/tuples/positions/*.json        what has been read of which blob (positions.ts)
 *   DIR/_nsgflow/tmp/                           files on their way
 *   DIR/_delta_log/                             refuses older versions of nsgflow (move-tuples.ts)
 *
 * Any number of readers and writers may work at once; a lock is taken only to move the table of tuples of an old lake. To ingest:
 *
 *   const lake = await openLake(dir, { create: true });
 *   const { byKey } = await lake.positions();                     // plan: what is new of each blob
 *   const append = await lake.beginAppend();
 *   const key = blobKey(container.location, container.name, name);
 *   await append.addBytes(bytes, { blob: key, startByte });
 *   const outcome = await append.commit([{ key, before: byKey.get(key), after: { etag, lengthBytes, readBytes } }]);
 *   if (outcome.outcome === 'conflict') …                         // somebody else read outcome.keys: plan again
 *
 * To ask: query/duckdb-engine.ts over `await LakeView.open(lake)` (flows/view.ts).
 */
import { rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { assert } from '../base/assert.ts';
import { FlowError, fileError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { exists, makeFolderOf, privateFolderMode } from '../blob/folder-file.ts';
import type { CommitOutcome } from './tuples/append.ts';
import { LakeAppend } from './tuples/append.ts';
import type { Action } from './delta/delta-log.ts';
import { createTable, DeltaTable } from './delta/delta-table.ts';
import type { DuckdbConnection } from './duckdb/connection.ts';
import type { Duckdb } from './duckdb/duckdb.ts';
import { openDuckdb } from './duckdb/duckdb.ts';
import type { FoundTable } from './delta/find-tuples.ts';
import { findTuples } from './delta/find-tuples.ts';
import { checkFlowsTable, flowsSchemaString } from './flows/flows-table.ts';
import { guardOldPlace, moveTuples } from './tuples/move-tuples.ts';
import { whileMoving } from './delta/moved-files.ts';
import type { PositionChange, Positions } from './positions/positions.ts';
import { conflictsOf, liveTransactions, positionsPath, readPositions, writePositions } from './positions/positions.ts';
import { BlobReplacement } from './tuples/replace-blobs.ts';
import { RowStage } from './tuples/row-stage.ts';
import { deltaSchemaString } from './tuples/stored-columns.ts';
import { readTableState } from './delta/read-state.ts';
import type { Snapshot } from './delta/snapshot.ts';
import { snapshotOf } from './delta/snapshot.ts';
import { checkColumns, metadataWithColumns } from './delta/table-columns.ts';
import type { TablePlace } from './delta/table-place.ts';
import { flowsName, flowsPlace, helpersName, tuplesName, tuplesPlace } from './delta/table-place.ts';
import type { TableState } from './delta/table-state.ts';
import { checkWritable } from './delta/table-state.ts';
import { checkAppendable, isAppendOnly } from './delta/writer-duties.ts';

export interface OpenOptions {
  /** Makes the lake where there is none; and as `write`. */
  readonly create?: boolean;
  /** The lake will be changed: an old one is brought into the layout of today first. */
  readonly write?: boolean;
  /** Takes a sentence for a person where the lake was moved. */
  readonly onMoved?: ((sentence: string) => void) | undefined;
}

/**
 * Opens the lake in a folder.
 * @throws not-found where there is no lake and `create` is not set; lake-invalid when its log cannot be read; unavailable while an old one cannot be moved
 */
export async function openLake(folder: string, options: OpenOptions = {}): Promise<Lake> {
  const path = resolve(folder);
  const writes = options.create === true || options.write === true;
  await checkNoTable(path);
  let found = await findTuples(path);
  if (found === undefined) {
    if (options.create !== true) {
      const isThere = await stat(path).then(
        () => true,
        () => false,
      );
      throw new FlowError(
        'not-found',
        isThere ? `no lake in ${folder}: it has no tuples/_delta_log` : `no lake ${folder}: no such folder`,
        {
          hint: 'Name the folder that holds tuples and flows, or make a lake: nsgflow ingest SOURCE --lake DIR.',
        },
      );
    }
    try {
      await makeFolderOf(join(path, 'x'), true, privateFolderMode);
    } catch (error) {
      throw fileError(error, `make the lake ${folder}`);
    }
    await createTable(tuplesPlace(path), {
      name: 'tuples',
      description: 'NSG and VNet flow log tuples, kept by nsgflow.',
      schemaString: deltaSchemaString(),
    });
    found = await findTuples(path);
  }
  if (found === undefined) throw new FlowError('io', `cannot make a lake in ${folder}: its log does not stay`);
  checkColumns(folder, found.state);
  if (writes && found.place.layout !== 'new') found = await moved(path, options.onMoved);
  if (writes) await guardOldPlace(path);
  return new Lake(found);
}

/** A table of a lake is no lake. @throws usage */
async function checkNoTable(path: string): Promise<void> {
  const lake = dirname(path);
  const name = basename(path);
  if ((name !== tuplesName && name !== flowsName) || !(await exists(join(lake, helpersName)))) return;
  throw new FlowError('usage', `${path} is the table ${name} of the lake ${lake}`, { hint: `Name ${lake}.` });
}

async function moved(path: string, onMoved: OpenOptions['onMoved']): Promise<FoundTable> {
  const { folder } = tuplesPlace(path);
  if (await moveTuples(path))
    onMoved?.(
      `the table of tuples of the lake ${path} was moved to ${folder}: name that folder in other programs that read it`,
    );
  const found = await findTuples(path);
  if (found === undefined) throw new FlowError('io', `cannot move the table of tuples to ${folder}: it does not stay`);
  return found;
}

export class Lake {
  /** The folder, absolute. */
  readonly folder: string;
  readonly tuples: DeltaTable;
  #positions: Positions | undefined;
  #flows: DeltaTable | undefined;
  #duckdb: Promise<Duckdb> | undefined;

  constructor(tuples: FoundTable) {
    const { lake } = tuples.place;
    this.folder = lake;
    this.tuples = new DeltaTable(
      tuples,
      (known) => findTuples(lake, known),
      (newer) => checkColumns(lake, newer),
      async (newer) => liveTransactions(newer, await this.#positionsOf(newer)),
    );
  }

  /** Where the table of settled flows lies, or is to lie. */
  get flowsPlace(): TablePlace {
    return flowsPlace(this.folder);
  }

  /** The table of settled flows at its newest version; `undefined` where nothing was settled yet. @throws lake-invalid */
  async flows(): Promise<DeltaTable | undefined> {
    const place = flowsPlace(this.folder);
    const state = await (this.#flows?.refresh() ?? readTableState(place)).catch((error: unknown) => {
      if (!(error instanceof FlowError)) throw error;
      if (error.code === 'not-found') return undefined;
      if (error.code !== 'lake-invalid') throw error;
      throw new FlowError('lake-invalid', error.message, {
        cause: error,
        hint: `Bring back what is missing, or move ${place.folder} away: nsgflow lake settle builds it anew from the tuples that are kept.`,
      });
    });
    if (state === undefined) this.#flows = undefined;
    if (state === undefined || this.#flows !== undefined) return this.#flows;
    checkFlowsTable(place.folder, state);
    this.#flows = new DeltaTable(
      { place, state },
      findFlows,
      (newer) => checkFlowsTable(place.folder, newer),
      (newer) => Promise.resolve(newer.transactions.values()),
    );
    return this.#flows;
  }

  /** The same; makes it where there is none. */
  async createFlows(): Promise<DeltaTable> {
    const there = await this.flows();
    if (there !== undefined) return there;
    await createTable(flowsPlace(this.folder), {
      name: 'flows',
      description:
        'Flows as each observer saw them, and the conversations that they are of, settled by nsgflow from the table tuples.',
      schemaString: flowsSchemaString,
    });
    const made = await this.flows();
    if (made === undefined)
      throw new FlowError('io', `cannot make the table flows in ${this.folder}: its log does not stay`);
    return made;
  }

  /** The files of the newest version of the table of tuples. */
  async snapshot(): Promise<Snapshot> {
    return snapshotOf(this.tuples.place, await this.tuples.refresh());
  }

  /** What has been read of which blob, at the newest version. */
  async positions(): Promise<Positions> {
    return this.#positionsOf(await this.tuples.refresh());
  }

  /** Whether rows that are in the table must stay there, as of the version known. */
  get isAppendOnly(): boolean {
    return isAppendOnly(this.tuples.state);
  }

  /**
   * Begins to add rows: nothing is seen by anybody before `commit`. Each append must end with `commit` or `abandon`. The same commit
   * removes every row of `replacedBlobs` (values of the column `blob`) that was there before.
   */
  async beginAppend(options: { replacedBlobs?: readonly string[] } = {}): Promise<LakeAppend> {
    const { place, state } = this.tuples;
    assert(place.layout === 'new', 'a lake that is written was opened for writing');
    checkWritable(place, state);
    checkAppendable(place, state);
    const replacement = new BlobReplacement(place, () => this.connect(), options.replacedBlobs ?? []);
    return new LakeAppend(this, new RowStage(place), replacement);
  }

  /**
   * Changes files and positions in one version, or neither. After a lost race the positions are read again before the next attempt, and
   * `filesOf` is asked again what to add and remove on top of the newest version; `undefined` is a conflict of all blobs. Called by LakeAppend.
   */
  async commit(
    filesOf: (state: TableState) => Promise<readonly Action[] | undefined>,
    changes: readonly PositionChange[],
  ): Promise<CommitOutcome> {
    assert(new Set(changes.map(({ key }) => key)).size === changes.length, 'the keys of position changes differ');
    let keys: readonly string[] = [];
    const version = await this.tuples.commit('WRITE', async (state) => {
      const positions = await this.#positionsOf(state);
      keys = conflictsOf(positions, changes);
      if (keys.length > 0) return undefined;
      const files = await filesOf(state);
      if (files === undefined) {
        keys = changes.map(({ key }) => key);
        return undefined;
      }
      if (changes.length === 0) return { files, others: newColumns(files, state) };
      const { place } = this.tuples;
      const appId = await writePositions(place, positions, changes);
      const txn = { appId, version: state.version + 1, lastUpdated: Date.now() };
      return {
        files,
        others: [...newColumns([{ txn }], state), { txn }],
        lost: async () => rm(positionsPath(place, appId), { force: true }),
      };
    });
    return version === undefined ? { outcome: 'conflict', keys } : { outcome: 'committed', version };
  }

  /**
   * Changes files of the table of tuples in one version. `filesOf` says what to add and remove on top of the newest version, and is asked again after
   * a lost race; `undefined` gives up. @returns the version; `undefined` where it gave up @throws disk-full, permission, io, lake-invalid
   */
  async change(
    operation: 'OPTIMIZE' | 'DELETE',
    filesOf: (state: TableState) => readonly Action[] | undefined,
  ): Promise<number | undefined> {
    return this.tuples.commit(operation, (state) => {
      const files = filesOf(state);
      return Promise.resolve(files === undefined ? undefined : { files, others: newColumns(files, state) });
    });
  }

  /** The newest version of the table of tuples, whole: for maintenance. */
  async state(): Promise<{ state: TableState; positions: Positions }> {
    const state = await this.tuples.refresh();
    return { state, positions: await this.#positionsOf(state) };
  }

  /** A connection to a DuckDB of the lake's own, which the caller closes. */
  async connect(): Promise<DuckdbConnection> {
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

  /** Positions of a version; appends of one process may ask at once. */
  async #positionsOf(state: TableState): Promise<Positions> {
    const known = this.#positions;
    const positions = await whileMoving(this.tuples, () =>
      readPositions(
        this.tuples.place,
        state,
        known !== undefined && known.version <= state.version ? known : undefined,
      ),
    );
    if (this.#positions === undefined || this.#positions.version < positions.version) this.#positions = positions;
    return positions;
  }
}

async function findFlows({ place, state }: FoundTable): Promise<FoundTable | undefined> {
  const newer = await readTableState(place, state);
  return newer === undefined ? undefined : { place, state: newer };
}

/** A commit that changes anything also adds the columns that an older table lacks. */
function newColumns(changes: readonly Action[], state: TableState): Action[] {
  const metaData = changes.length === 0 ? undefined : metadataWithColumns(state);
  return metaData === undefined ? [] : [{ metaData }];
}
