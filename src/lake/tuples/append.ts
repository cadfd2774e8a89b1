import type { DuckdbConnection } from '../duckdb/connection.ts';
import type { FlowLogCut } from '../../flowlog/record.ts';
import type { PieceOfLog } from '../../flowlog/decode.ts';
import { FlowLogDecoder } from '../../flowlog/decode.ts';
import type { FlowLog, Rejection } from '../../flowlog/record.ts';
import type { Action, AddAction } from '../delta/delta-log.ts';
import type { DeltaTable } from '../delta/delta-table.ts';
import { dateOf } from '../delta/file-date.ts';
import { frozenBefore } from '../flows/frozen.ts';
import type { FrozenRows } from './frozen-rows.ts';
import { withoutFrozenRows } from './frozen-rows.ts';
import type { PositionChange } from '../positions/positions.ts';
import type { BlobReplacement } from './replace-blobs.ts';
import type { RowOrigin, RowStage } from './row-stage.ts';
import type { TableState } from '../delta/table-state.ts';

/** What the bytes of a flow log gave. */
export interface AddedFlowLog {
  readonly records: number;
  readonly tuples: number;
  readonly mended: number;
  /** By byte range of the bytes given: `RowOrigin.startByte` is not added. */
  readonly rejections: readonly Rejection[];
  /** Behind the last whole record or rejection, in the bytes given; 0 where there is none. */
  readonly readEndByte: number;
  /** Where the bytes end inside something. */
  readonly cut: FlowLogCut | undefined;
}

/** `conflict`: the blobs `keys` were read by somebody else meanwhile, or dates were frozen, and nothing was added. */
export type CommitOutcome =
  | { readonly outcome: 'committed'; readonly version: number }
  | { readonly outcome: 'conflict'; readonly keys: readonly string[] };

/** What an append needs of its lake. */
interface AppendTarget {
  readonly tuples: DeltaTable;
  /** Changes files and positions in one version, or neither. `filesOf` is asked again after a lost race; `undefined` is a conflict of all blobs. */
  commit(
    filesOf: (state: TableState) => Promise<readonly Action[] | undefined>,
    changes: readonly PositionChange[],
  ): Promise<CommitOutcome>;
  /** A connection to DuckDB, which the caller closes. */
  connect(): Promise<DuckdbConnection>;
}

/** Decoders that no append uses, with their memory. */
const spareDecoders: FlowLogDecoder[] = [];
const spareDecodersMax = 2;

/** Rows on their way into the lake. They go to data files as they come, so that memory stays bounded. */
export class LakeAppend {
  /** Rows added so far. */
  rows = 0;
  readonly #lake: AppendTarget;
  readonly #stage: RowStage;
  readonly #replacement: BlobReplacement;
  readonly #files: AddAction[] = [];
  #staging: Promise<unknown> = Promise.resolve();
  /** Dates that were frozen when rows of rewritten blobs were held against those that stay; `undefined` before. */
  #frozen: string | undefined;

  constructor(lake: AppendTarget, stage: RowStage, replacement: BlobReplacement) {
    this.#lake = lake;
    this.#stage = stage;
    this.#replacement = replacement;
  }

  /** Tuples that have no row or lost a counter, by reason. */
  get refused(): RowStage['refused'] {
    return this.#stage.refused;
  }

  /** Decodes a flow log, or a piece of one, and adds all its tuples. */
  async addBytes(bytes: Uint8Array, origin: RowOrigin, piece?: PieceOfLog): Promise<AddedFlowLog> {
    return this.#inTurn(async () => {
      const decoder = spareDecoders.pop() ?? new FlowLogDecoder();
      try {
        const flowLog = decoder.decode(bytes, piece);
        this.rows += await this.#stage.add(flowLog, origin);
        const { records, rejections, tuples, mended, cut } = flowLog;
        const readEndByte = [...records, ...rejections].reduce((last, { endByte }) => Math.max(last, endByte), 0);
        return { records: records.length, tuples: tuples.count, mended, rejections, readEndByte, cut };
      } finally {
        if (spareDecoders.length < spareDecodersMax) spareDecoders.push(decoder);
      }
    });
  }

  /** Adds all tuples of a flow log. @returns the rows that gave */
  async addFlowLog(flowLog: FlowLog, origin: RowOrigin): Promise<number> {
    return this.#inTurn(async () => {
      const rows = await this.#stage.add(flowLog, origin);
      this.rows += rows;
      return rows;
    });
  }

  /** The commit also removes every row of this blob that was there before. */
  replaceRowsOf(blob: string): void {
    this.#replacement.add(blob);
  }

  /** Rows are staged one flow log after the other: a decoder's tuples stand until it decodes again. */
  async #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#staging.then(step);
    this.#staging = done.catch(() => undefined);
    return await done;
  }

  /**
   * Ends staging, and takes out the rows of rewritten blobs that lie in frozen dates: their conversations do not change any more (frozen-rows.ts).
   * `commit` does it where it was not done before. @returns what was taken out, by blob
   */
  async holdFrozen(): Promise<readonly FrozenRows[]> {
    await this.#staging;
    this.#files.push(...(await this.#stage.finish()));
    const state = await this.#lake.tuples.refresh();
    this.#frozen = frozenBefore(state);
    const late = this.#files.filter((add) => dateOf(add) < this.#frozen!);
    if (this.#replacement.blobs.length === 0 || late.length === 0) return [];
    const { place } = this.#lake.tuples;
    const connect = () => this.#lake.connect();
    const { files, refused } = await withoutFrozenRows(place, connect, state, late, this.#replacement.blobs);
    const others = this.#files.filter((add) => !late.includes(add));
    this.#files.splice(0, Infinity, ...others, ...files);
    for (const { path } of late) await place.storage.delete(path);
    this.rows -= refused.reduce((sum, { tuples, known }) => sum + tuples + known, 0);
    return refused;
  }

  /**
   * Commits the rows and the positions together, and the removal of the replaced blobs' rows. Ends the append, whatever the outcome.
   * Without rows, changes and replaced rows, nothing is committed. Keys of `changes` must differ. Where dates were frozen since `holdFrozen` and blobs are
   * replaced, that is a conflict, too.
   * @throws disk-full, permission, io, lake-invalid
   */
  async commit(changes: readonly PositionChange[]): Promise<CommitOutcome> {
    try {
      if (this.#frozen === undefined) await this.holdFrozen();
      const added = this.#files.map((add): Action => ({ add }));
      const actionsOf = async (state: TableState): Promise<Action[] | undefined> => {
        const isRefrozen = this.#replacement.blobs.length > 0 && frozenBefore(state) !== this.#frozen;
        return isRefrozen ? undefined : [...(await this.#replacement.actions(state)), ...added];
      };
      const outcome = await this.#lake.commit(actionsOf, changes);
      if (outcome.outcome === 'committed') {
        this.#files.length = 0;
        this.#replacement.commit();
      }
      return outcome;
    } finally {
      await this.abandon();
    }
  }

  /** Drops the rows that were not committed, and their files. May be called twice. */
  async abandon(): Promise<void> {
    for (const { path } of this.#files.splice(0)) await this.#lake.tuples.place.storage.delete(path);
    await this.#staging;
    await this.#stage.abandon();
    await this.#replacement.abandon();
  }
}
