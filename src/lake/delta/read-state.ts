import { FlowError } from '../../base/errors.ts';
import { readCheckpoint } from './checkpoint.ts';
import type { Action, AddAction, MetadataAction, ProtocolAction, RemoveAction, TxnAction } from './delta-log.ts';
import { formatVersion, listLog, readCommit, vectorKey } from './delta-log.ts';
import type { TablePlace } from './table-place.ts';
import type { TableState } from './table-state.ts';
import { readerVersion } from './table-state.ts';

/**
 * Reads the newest version of the table; from `known` on where that is given and the log still reaches back to it.
 * @returns `undefined` where there is no table
 * @throws lake-invalid when the log is torn, has a gap, or asks for a newer reader
 */
export async function readTableState(table: TablePlace, known?: TableState): Promise<TableState | undefined> {
  const listing = await listLog(table);
  if (listing === undefined) return undefined;
  const checkpoint = listing.checkpoints.at(-1);
  const last = Math.max(listing.commits.at(-1) ?? -1, checkpoint?.version ?? -1);
  const checkpointVersion = checkpoint?.version ?? -1;
  if (known !== undefined && last === known.version)
    return known.checkpointVersion === checkpointVersion ? known : { ...known, checkpointVersion };
  const state = new Replay(checkpointVersion);
  // A log that went back was set back by somebody: what is known of it holds no more.
  const fromKnown = known !== undefined && known.version >= checkpointVersion && known.version < last;
  if (fromKnown) state.start(known);
  else if (checkpoint !== undefined) state.apply(checkpoint.version, await readCheckpoint(table, checkpoint));
  for (let version = state.version + 1; version <= last; version++) {
    const actions = await readCommit(table, version);
    if (actions === undefined)
      throw new FlowError(
        'lake-invalid',
        `the log of the lake ${table.lake} has a gap: version ${version} (${formatVersion(version)}.json) is missing, version ${last} is there`,
        { hint: 'Bring the file back; without it, nobody can tell which rows the table holds.' },
      );
    state.apply(version, actions);
  }
  return state.end(table);
}

class Replay {
  version = -1;
  #protocol: ProtocolAction | undefined;
  #metadata: MetadataAction | undefined;
  #files = new Map<string, AddAction>();
  /** Files with a deletion vector, by path: such a table cannot be read. */
  readonly #vectors = new Map<string, string>();
  #removed = new Map<string, RemoveAction>();
  #transactions = new Map<string, TxnAction>();
  readonly #checkpointVersion: number;

  constructor(checkpointVersion: number) {
    this.#checkpointVersion = checkpointVersion;
  }

  start(known: TableState): void {
    this.version = known.version;
    this.#protocol = known.protocol;
    this.#metadata = known.metadata;
    this.#files = new Map(known.files);
    this.#removed = new Map(known.removed);
    this.#transactions = new Map(known.transactions);
  }

  apply(version: number, actions: readonly Action[]): void {
    this.version = version;
    for (const { add, remove, txn, metaData, protocol } of actions) {
      if (add != null) {
        this.#files.set(add.path, add);
        this.#removed.delete(add.path);
        if (add.deletionVector == null) this.#vectors.delete(add.path);
        else this.#vectors.set(add.path, vectorKey(add.deletionVector));
      } else if (remove != null) {
        // Another engine removes a file and adds it with a vector, in any order.
        const live = this.#files.has(remove.path) ? (this.#vectors.get(remove.path) ?? '') : undefined;
        if (live !== undefined && live !== vectorKey(remove.deletionVector)) continue;
        this.#vectors.delete(remove.path);
        this.#files.delete(remove.path);
        this.#removed.set(remove.path, remove);
      } else if (txn != null) this.#transactions.set(txn.appId, txn);
      else if (metaData != null) this.#metadata = metaData;
      else if (protocol != null) this.#protocol = protocol;
    }
  }

  end(table: TablePlace): TableState {
    if (this.#protocol === undefined || this.#metadata === undefined)
      throw new FlowError(
        'lake-invalid',
        `the log of the lake ${table.lake} does not say what table it is (no protocol or metaData)`,
      );
    if (this.#protocol.minReaderVersion > readerVersion)
      throw new FlowError(
        'lake-invalid',
        `the lake ${table.lake} asks for a Delta reader of version ${this.#protocol.minReaderVersion}; nsgflow reads version ${readerVersion}`,
        { hint: 'Another engine upgraded the table (deletion vectors, column mapping); read it with that engine.' },
      );
    for (const path of this.#vectors.keys())
      throw new FlowError(
        'lake-invalid',
        `version ${this.version} of the lake ${table.lake} deletes rows of ${path} by a deletion vector, which Delta readers of version ${readerVersion} do not know`,
        {
          hint: 'Rewrite the files in the engine that deleted the rows (REORG TABLE … APPLY (PURGE)), or read the table with it.',
        },
      );
    return {
      version: this.version,
      protocol: this.#protocol,
      metadata: this.#metadata,
      files: this.#files,
      removed: this.#removed,
      transactions: this.#transactions,
      checkpointVersion: this.#checkpointVersion,
    };
  }
}
