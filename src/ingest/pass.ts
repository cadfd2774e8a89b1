import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Rejection } from '../flowlog/record.ts';
import type { LakeAppend } from '../lake/tuples/append.ts';
import type { FrozenRows } from '../lake/tuples/frozen-rows.ts';
import type { Lake } from '../lake/lake.ts';
import type { BlobPosition } from '../lake/positions/position.ts';
import type { PositionChange } from '../lake/positions/positions.ts';
import type { BlobReading, Replacement } from '../source/blob-reading.ts';
import { openReading, withRejections } from '../source/blob-reading.ts';
import type { DiskReserve } from './disk-reserve.ts';
import { inOrder } from './in-order.ts';
import type { Piece } from '../source/log-pieces.ts';
import { AwaySources } from '../source/away-sources.ts';
import type { SourceBlob } from '../source/source-blob.ts';
import { archivedError, brokenOffPosition, isOfBlob, isOfSource, unreadOf, unreadPosition } from '../source/unread.ts';

export interface PassOptions {
  /** Blobs fetched in parallel. */
  readonly parallel: number;
  readonly disk: DiskReserve;
  /** Called when a blob's old rows are replaced by its new ones, in one commit. */
  onReplaced(blob: string, replacement: Replacement): void;
  /** Called instead if the lake is append-only: the old rows stay, and the blob is not read. */
  onKept(blob: SourceBlob, replacement: Replacement): void;
  onWarning(sentence: string): void;
  /** Called after each blob with its number of new bytes. */
  onBlob(bytes: number): void;
  /**
   * Called for unusable byte ranges.
   * @throws to end the pass before they are committed
   */
  onRejected(blob: string, rejections: readonly Rejection[]): void;
  /** Called after each commit with its totals. */
  onCommitted(totals: PassTotals): void;
  /** Called for a blob that could not be read; the others are. It is tried again after a change, or later. */
  onUnread(blob: SourceBlob, error: FlowError): void;
  /** When aborted, the data read so far is committed and the pass ends. */
  readonly stop: AbortSignal | undefined;
}

/** Totals of the commits of a pass. */
export interface PassTotals {
  records: number;
  tuples: number;
  /** Tuples that were repaired when they were read. */
  mended: number;
  rejected: number;
  bytes: number;
  /** Blobs whose rows were replaced. */
  replaced: number;
  /** Tuples of rewritten blobs that were rejected because their dates are frozen. */
  frozen: number;
  commits: number;
}

/** A pass commits after this many rows or blobs. */
const rowsPerCommit = 1_000_000;
const blobsPerCommit = 10_000;
/** Pieces decoded in parallel. */
const piecesAhead = 3;

export function noTotals(): PassTotals {
  return { records: 0, tuples: 0, mended: 0, rejected: 0, bytes: 0, replaced: 0, frozen: 0, commits: 0 };
}

/**
 * Reads the new data of these blobs to the lake. Positions and rows are in one commit. If another process has read the
 * same blobs since, nothing of the batch is added, and its blobs are checked again. An unreadable blob does not affect
 * other blobs; an unavailable source affects only its own blobs.
 * @throws unavailable, authentication if a source did not respond, after the readable data was committed; errors of the
 * lake
 */
export async function ingestBlobs(
  lake: Lake,
  blobs: AsyncIterable<SourceBlob> | Iterable<SourceBlob>,
  options: PassOptions,
): Promise<PassTotals> {
  const totals = noTotals();
  let positions = (await lake.positions()).byKey;
  let batch: Batch | undefined;
  const replaced = new Map<string, { blob: SourceBlob; replacement: Replacement }>();
  const weightOf = (blob: SourceBlob): number =>
    Math.min(Math.max(0, blob.lengthBytes - (positions.get(blob.key)?.readBytes ?? 0)), limits.pieceBytesMax);
  const away = new AwaySources();
  const opened = inOrder(
    blobs,
    (blob) => openAhead(blob, positions.get(blob.key), false, away),
    { parallel: options.parallel, weightMax: limits.fetchedBytesMax, weightOf },
    async (ahead) => ahead?.reading?.close(),
  );
  try {
    for await (const { item: blob, result: ahead } of opened) {
      if (ahead?.reading === undefined) await passUnread(blob, ahead?.failure);
      else {
        const { replaces } = ahead.reading;
        if (replaces !== undefined) {
          if (lake.isAppendOnly) options.onKept(blob, replaces);
          else replaced.set(blob.key, { blob, replacement: replaces });
        } else {
          batch ??= await Batch.begin(lake, options, away);
          await batch.add(ahead);
        }
      }
      options.onBlob(Math.max(0, blob.lengthBytes - (ahead?.reading?.before?.readBytes ?? 0)));
      if (batch?.isFull === true) await commitBatch();
      if (replaced.size >= limits.replacedBlobsMax) await commitReplaced();
      if (options.stop?.aborted === true) break;
    }
    await commitReplaced();
  } catch (error) {
    await batch?.abandon();
    throw error;
  }
  if (away.failure !== undefined) throw away.failure;
  return totals;

  async function passUnread(blob: SourceBlob, failure: FlowError | undefined): Promise<void> {
    if (failure === undefined || !isOfBlob(failure)) return;
    options.onUnread(blob, failure);
    // A deleted blob has no position, nor has one whose rows must be removed before it is read again.
    if (failure.code === 'not-found') return;
    batch ??= await Batch.begin(lake, options, away);
    batch.addUnread(blob, positions.get(blob.key), failure);
  }

  async function commitBatch(): Promise<void> {
    const ended = batch;
    batch = undefined;
    if (ended !== undefined) await finish(ended);
  }

  /** Commits the current batch, then the blobs to replace in a batch of their own. */
  async function commitReplaced(): Promise<void> {
    await commitBatch();
    const some = [...replaced.values()];
    replaced.clear();
    if (some.length === 0) return;
    batch = await Batch.begin(lake, options, away);
    for (const { blob } of some) {
      const ahead = await openAhead(blob, positions.get(blob.key), true, away);
      if (ahead?.reading === undefined) await passUnread(blob, ahead?.failure);
      else await batch.add(ahead, true);
    }
    const { replacedBlobs } = batch;
    const ended = batch;
    batch = undefined;
    if (!(await finish(ended))) return;
    for (const { blob, replacement } of some)
      if (replacedBlobs.has(blob.key)) options.onReplaced(blob.key, replacement);
  }

  async function finish(ended: Batch): Promise<boolean> {
    const committed = await ended.commit();
    positions = (await lake.positions()).byKey;
    if (committed) {
      addTotals(totals, ended.totals);
      options.onCommitted(ended.totals);
    } else
      try {
        addTotals(totals, await ingestBlobs(lake, ended.blobs, { ...options, onBlob: () => undefined }));
      } catch (error) {
        if (!isOfSource(error)) throw error;
        away.failure ??= error;
      }
    return committed;
  }
}

export function addTotals(totals: PassTotals, more: PassTotals): void {
  for (const key of ['records', 'tuples', 'mended', 'rejected', 'bytes', 'replaced', 'frozen', 'commits'] as const)
    totals[key] += more[key];
}

/** A reading with its first piece. */
interface Ahead {
  readonly reading: BlobReading;
  readonly first: Piece | undefined;
}

/** A blob that could not be opened. */
interface Failed {
  readonly reading?: undefined;
  readonly failure: FlowError;
}

/** @returns `undefined` if there is nothing new, or its source is unavailable */
async function openAhead(
  blob: SourceBlob,
  before: BlobPosition | undefined,
  fromStart: boolean,
  away: AwaySources,
): Promise<Ahead | Failed | undefined> {
  if (away.has(blob)) return undefined;
  let reading: BlobReading | undefined;
  try {
    if (blob.archived === true) throw archivedError(blob);
    reading = await openReading(blob, before, fromStart);
    const first = await reading?.next();
    away.answered(blob);
    return reading && { reading, first };
  } catch (error) {
    await reading?.close();
    if (!(error instanceof FlowError) || blob.named) throw error;
    if (isOfBlob(error)) away.answered(blob);
    else away.failed(blob, error);
    return { failure: error };
  }
}

/** The content of one commit. */
class Batch {
  readonly totals = { ...noTotals(), commits: 1 };
  readonly blobs: SourceBlob[] = [];
  /** Keys of the blobs whose old rows are removed by the commit. */
  readonly replacedBlobs = new Set<string>();
  readonly #keys = new Set<string>();
  readonly #append: LakeAppend;
  readonly #options: PassOptions;
  readonly #away: AwaySources;
  readonly #changes = new Map<string, PositionChange>();
  readonly #rejections: { blob: string; rejections: readonly Rejection[] }[] = [];
  #pending: Promise<void>[] = [];

  private constructor(append: LakeAppend, options: PassOptions, away: AwaySources) {
    this.#append = append;
    this.#options = options;
    this.#away = away;
  }

  static async begin(lake: Lake, options: PassOptions, away: AwaySources): Promise<Batch> {
    const warning = await options.disk.check();
    if (warning !== undefined) options.onWarning(warning);
    return new Batch(await lake.beginAppend(), options, away);
  }

  get isFull(): boolean {
    return this.#append.rows >= rowsPerCommit || this.blobs.length >= blobsPerCommit;
  }

  /**
   * Adds all pieces of a blob; with `replaces`, removes its old rows. A blob that is already in the batch, because two
   * sources name it, is skipped.
   */
  async add(ahead: Ahead, replaces = false): Promise<void> {
    const { key } = ahead.reading.blob;
    if (this.#keys.has(key)) {
      await ahead.reading.close();
      return;
    }
    this.#keys.add(key);
    this.blobs.push(ahead.reading.blob);
    while (this.#pending.length >= piecesAhead) await this.#pending.shift();
    const adding = this.#addAll(ahead, replaces);
    adding.catch(() => undefined);
    this.#pending.push(adding);
  }

  /** Adds that a blob could not be read, unless its position says so already. */
  addUnread(blob: SourceBlob, before: BlobPosition | undefined, failure: FlowError): void {
    if (this.#keys.has(blob.key)) return;
    const after = unreadPosition(blob, before, failure);
    if (JSON.stringify(unreadOf(after)) === JSON.stringify(unreadOf(before))) return;
    this.#keys.add(blob.key);
    this.blobs.push(blob);
    this.#changes.set(blob.key, { key: blob.key, before, after });
  }

  /** @returns false if another process has read one of the blobs since, and nothing was added */
  async commit(): Promise<boolean> {
    await this.#settle();
    const { outcome } = await this.#append.commit([...this.#changes.values()]);
    return outcome === 'committed';
  }

  async abandon(): Promise<void> {
    await Promise.allSettled(this.#pending);
    await this.#append.abandon();
  }

  async #settle(): Promise<void> {
    try {
      for (const adding of this.#pending) await adding;
      this.#pending = [];
      for (const refused of await this.#append.holdFrozen()) this.#refuse(refused);
      for (const { blob, rejections } of this.#rejections) this.#options.onRejected(blob, rejections);
      const warning = await this.#options.disk.check();
      if (warning !== undefined) this.#options.onWarning(warning);
    } catch (error) {
      await this.abandon();
      throw error;
    }
  }

  /** Removes rejected tuples of a rewritten blob from the totals, and reports them if they have changed. */
  #refuse({ blob, tuples, known, startByte, lastByte, frozenBefore }: FrozenRows): void {
    this.totals.tuples -= tuples + known;
    if (tuples === 0) return;
    this.totals.frozen += tuples;
    this.totals.rejected++;
    const change = this.#changes.get(blob);
    const rejection: Rejection = {
      startByte,
      endByte: Math.max(lastByte + 1, change?.after?.readBytes ?? 0),
      reason: 'frozen',
      detail: `${tuples} tuples of dates before ${frozenBefore}, which are frozen, came with the rewritten blob; what was settled of it stays.`,
    };
    this.#rejections.push({ blob, rejections: [rejection] });
    if (change?.after != null) this.#changes.set(blob, { ...change, after: withRejections(change.after, [rejection]) });
  }

  async #addAll({ reading, first }: Ahead, replaces: boolean): Promise<void> {
    const { blob, before } = reading;
    const rejections: Rejection[] = [];
    let readEndByte = 0;
    let records = 0;
    let passedBytes = 0;
    let failure: FlowError | undefined;
    const next = async (): Promise<Piece | undefined> => {
      try {
        return await reading.next();
      } catch (error) {
        if (!(error instanceof FlowError) || blob.named) throw error;
        failure = error;
        return undefined;
      }
    };
    try {
      for (let piece = first; piece !== undefined; piece = await next()) {
        const { bytes, startByte } = piece;
        const added = await this.#append.addBytes(bytes, { blob: blob.key, startByte }, piece);
        const passed = reading.pass(piece, added.cut);
        this.totals.bytes += passed;
        passedBytes = Math.max(passedBytes, startByte + passed);
        records += added.records;
        this.totals.tuples += added.tuples;
        this.totals.mended += added.mended;
        if (added.readEndByte > 0) readEndByte = startByte + added.readEndByte;
        for (const rejection of added.rejections)
          rejections.push({
            ...rejection,
            startByte: rejection.startByte + startByte,
            endByte: rejection.endByte + startByte,
          });
      }
      if (reading.fault !== undefined) rejections.push(reading.fault);
      const after =
        failure === undefined
          ? reading.position({ readEndByte, rejections })
          : brokenOffPosition(blob, passedBytes, failure);
      if (failure !== undefined) {
        if (!isOfBlob(failure)) this.#away.failed(blob, failure);
        else this.#options.onUnread(blob, failure);
      }
      if (blob.named && records === 0 && before === undefined)
        throw new FlowError('flowlog-invalid', `${blob.key} is not a flow log`);
      this.#changes.set(blob.key, { key: blob.key, before, after });
    } finally {
      await reading.close();
    }
    if (replaces) {
      this.#append.replaceRowsOf(blob.key);
      this.replacedBlobs.add(blob.key);
      this.totals.replaced++;
    }
    this.totals.records += records;
    this.totals.rejected += rejections.length;
    if (rejections.length > 0) this.#rejections.push({ blob: blob.key, rejections });
  }
}
