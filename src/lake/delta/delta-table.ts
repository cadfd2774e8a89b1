/**
 * A Delta table of a lake, of which any number of processes may read and change versions at once. A change that loses the race for a version is planned
 * again on top of the newer one.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../../base/assert.ts';
import { FlowError, fileError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { writeCheckpoint } from './checkpoint.ts';
import type { Action, TxnAction } from './delta-log.ts';
import { writeCommit } from './delta-log.ts';
import type { FoundTable } from './find-tuples.ts';
import { partitionColumn } from '../tuples/schema.ts';
import type { TablePlace } from './table-place.ts';
import type { TableState } from './table-state.ts';
import { checkWritable, newProtocol } from './table-state.ts';
import { checkChanges } from './writer-duties.ts';

const versionsPerCheckpoint = 10;

export type Operation = 'WRITE' | 'OPTIMIZE' | 'DELETE' | 'SET TBLPROPERTIES';

/** What a commit does on top of a version. */
export interface Planned {
  /** Data files that come and go. */
  readonly files: readonly Action[];
  /** Other actions: transactions, metadata. */
  readonly others?: readonly Action[];
  /** Undoes what was written for the plan, after a lost race. */
  readonly lost?: () => Promise<void>;
}

export class DeltaTable {
  /** Where it was found last: the table of tuples of an old lake may move. */
  place: TablePlace;
  /** The version known last. */
  state: TableState;
  readonly #find: (known: FoundTable) => Promise<FoundTable | undefined>;
  readonly #check: (state: TableState) => void;
  /** Transactions that still mean something, for a checkpoint. */
  readonly #transactions: (state: TableState) => Promise<Iterable<TxnAction>>;

  /** `find` looks for the newest version. */
  constructor(
    { place, state }: FoundTable,
    find: (known: FoundTable) => Promise<FoundTable | undefined>,
    check: (state: TableState) => void,
    transactions: (state: TableState) => Promise<Iterable<TxnAction>>,
  ) {
    this.place = place;
    this.state = state;
    this.#find = find;
    this.#check = check;
    this.#transactions = transactions;
  }

  /** Reads the newest version. @throws not-found where the table is gone; lake-invalid */
  async refresh(): Promise<TableState> {
    const known = this.state;
    const found = await this.#find({ place: this.place, state: known });
    if (found === undefined) throw new FlowError('not-found', `the table in ${this.place.folder} is gone`);
    const { state } = found;
    if (found.place.layout !== this.place.layout) this.place = found.place;
    if (state.metadata !== this.state.metadata) this.#check(state);
    // Of several at once, the newest stays; a log may also have been set back.
    if (state.version >= this.state.version || this.state === known) this.state = state;
    return state;
  }

  /**
   * Commits what `plan` says on top of the newest version; it is asked again after a lost race, and gives up with `undefined`.
   * @returns the version, the newest one where nothing was to be changed; `undefined` where the plan gave up
   * @throws disk-full, permission, io, lake-invalid; unavailable where other writers win every race
   */
  async commit(
    operation: Operation,
    plan: (state: TableState) => Promise<Planned | undefined>,
  ): Promise<number | undefined> {
    assert(this.place.layout === 'new', 'a lake that is written was opened for writing');
    for (let attempt = 0; attempt < limits.commitAttemptsMax; attempt++) {
      if (attempt > 0) await sleep(Math.random() * Math.min(200, 5 * attempt));
      const state = await this.refresh();
      checkWritable(this.place, state);
      const planned = await plan(state);
      if (planned === undefined) return undefined;
      const { files, others = [], lost } = planned;
      if (files.length === 0 && others.length === 0) return state.version;
      const version = state.version + 1;
      checkChanges(this.place, state, files);
      const actions: Action[] = [{ commitInfo: commitInfo(operation, files) }, ...others, ...files];
      if (await writeCommit(this.place, version, actions)) {
        if (version - Math.max(0, state.checkpointVersion) >= versionsPerCheckpoint) await this.#checkpoint();
        return version;
      }
      await lost?.();
    }
    throw new FlowError(
      'unavailable',
      `cannot commit to the table ${this.place.folder}: other writers won every one of ${limits.commitAttemptsMax} races`,
    );
  }

  /** The rows are committed already, and a checkpoint only saves time: one that fails is made by a later commit. */
  async #checkpoint(): Promise<void> {
    try {
      const state = await this.refresh();
      await writeCheckpoint(this.place, state, await this.#transactions(state), Date.now());
    } catch {
      return;
    }
  }
}

/** Makes an empty table, where none is there yet. @throws disk-full, permission, io */
export async function createTable(
  place: TablePlace,
  {
    name,
    description,
    schemaString,
  }: { readonly name: string; readonly description: string; readonly schemaString: string },
): Promise<void> {
  const actions: Action[] = [
    { commitInfo: commitInfo('CREATE TABLE', []) },
    { protocol: newProtocol },
    {
      metaData: {
        id: randomUUID(),
        name,
        description,
        format: { provider: 'parquet', options: {} },
        schemaString,
        partitionColumns: [partitionColumn],
        configuration: {},
        createdTime: Date.now(),
      },
    },
  ];
  try {
    await writeCommit(place, 0, actions);
  } catch (error) {
    throw fileError(error, `make a table in ${place.folder}`);
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
