import { writeDataFile } from '../files/data-file.ts';
import type { Action, AddAction } from '../delta/delta-log.ts';
import type { DuckdbConnection } from '../duckdb/connection.ts';
import { listParameter } from '../duckdb/duckdb.ts';
import { dateOf } from '../delta/file-date.ts';
import { fileRows } from '../files/file-rows.ts';
import { frozenBefore } from '../flows/frozen.ts';
import { rewriteNativeRows } from './native-rows.ts';
import type { DataFile } from '../delta/snapshot.ts';
import { dataFileOf } from '../delta/snapshot.ts';
import type { TableState } from '../delta/table-state.ts';
import type { TablePlace } from '../delta/table-place.ts';

/**
 * Removes all rows of some blobs: files that hold such rows are written anew without them. Statistics of the column `blob` say which
 * files need not be opened. Files never change, so what was found out about one holds for every later version. Files of frozen dates stay as they are.
 */
export class BlobReplacement {
  readonly #table: TablePlace;
  readonly #connect: () => Promise<DuckdbConnection>;
  #connection: DuckdbConnection | undefined;
  readonly #blobs: string[];
  /** By path: the file without the rows; `null` where nothing is left of it; `undefined` where it holds none of them. */
  readonly #known = new Map<string, AddAction | null | undefined>();

  /** `connect` gives a connection of its own, where one is needed. */
  constructor(table: TablePlace, connect: () => Promise<DuckdbConnection>, blobs: readonly string[]) {
    this.#table = table;
    this.#connect = connect;
    this.#blobs = [...blobs];
  }

  get blobs(): readonly string[] {
    return this.#blobs;
  }

  /** Removes the rows of one more blob; before the first `actions`. */
  add(blob: string): void {
    this.#blobs.push(blob);
  }

  /** What a commit on top of `state` must say. Writes files as needed; called again for each version that is tried. */
  async actions(state: TableState): Promise<Action[]> {
    const actions: Action[] = [];
    if (this.#blobs.length === 0) return actions;
    const frozen = frozenBefore(state);
    for (const add of state.files.values()) {
      if (dateOf(add) < frozen) continue;
      if (!this.#known.has(add.path)) this.#known.set(add.path, await this.#without(add));
      const rest = this.#known.get(add.path);
      if (rest === undefined) continue;
      actions.push({ remove: { path: add.path, deletionTimestamp: Date.now(), dataChange: true } });
      if (rest !== null) actions.push({ add: rest });
    }
    return actions;
  }

  /** Removes the files that were written, where no commit named them. */
  async abandon(): Promise<void> {
    for (const rest of this.#known.values()) if (rest != null) await this.#table.storage.delete(rest.path);
    this.#known.clear();
    this.#connection?.closeSync();
    this.#connection = undefined;
  }

  /** Called once the actions were committed: the files stay. */
  commit(): void {
    this.#known.clear();
  }

  async #without(add: AddAction): Promise<AddAction | null | undefined> {
    const file = dataFileOf(this.#table, add);
    const blobs = this.#blobs.filter((blob) => mayHold(file, blob));
    if (blobs.length === 0) return undefined;
    this.#connection ??= await this.#connect();
    const connection = this.#connection;
    const rows = await fileRows(connection, [file], 'stored');
    await connection.run('SET VARIABLE replaced_blobs = $1', [await listParameter([...blobs])]);
    const rest = `blob IS NULL OR NOT list_contains(getvariable('replaced_blobs')::VARCHAR[], blob)`;
    const reader = await connection.runAndReadAll(`SELECT count(*)::DOUBLE, count_if(${rest})::DOUBLE FROM ${rows}`);
    const [[all, left]] = reader.getRowsJS() as [[number, number]];
    if (left === all) return undefined;
    if (left === 0) return null;
    const gone = new Set(blobs);
    const own = await rewriteNativeRows(this.#table, [file], (blob) => !gone.has(blob));
    if (own?.length === 1 && dataFileOf(this.#table, own[0]).rows === left) return own[0];
    for (const { path } of own ?? []) await this.#table.storage.delete(path);
    return writeDataFile(this.#table, connection, dateOf(add), `SELECT * FROM ${rows} WHERE ${rest}`);
  }
}

function mayHold({ firstBlob, lastBlob }: DataFile, blob: string): boolean {
  // Statistics compare bytes of UTF-8, which the order of JavaScript's texts is not.
  const compare = (a: string): number => Buffer.compare(Buffer.from(a), Buffer.from(blob));
  return (firstBlob === undefined || compare(firstBlob) <= 0) && (lastBlob === undefined || compare(lastBlob) >= 0);
}
