import { FlowError } from '../base/errors.ts';
import { formatCountOf } from '../base/format-count.ts';
import { limits } from '../base/limits.ts';
import { decodeFlowLog } from '../flowlog/decode.ts';
import type { Rejection } from '../flowlog/record.ts';
import { countUncovered, describeMissed, settle } from '../lake/flows/settle.ts';
import type { Lake, OpenOptions } from '../lake/lake.ts';
import { openLake } from '../lake/lake.ts';
import type { DiskSpace } from './disk-reserve.ts';
import { DiskReserve } from './disk-reserve.ts';
import type { PassTotals } from './pass.ts';
import { addTotals, ingestBlobs, noTotals } from './pass.ts';
import type { IngestOrder } from './plan.ts';
import { IngestPlan } from './plan.ts';
import { LogPieces } from '../source/log-pieces.ts';
import type { Selection } from '../source/selection.ts';
import { selectsAll } from '../source/selection.ts';
import type { SourceBlob } from '../source/source-blob.ts';
import type { UnlistedHandler } from '../source/list-sources.ts';
import { listSources } from '../source/list-sources.ts';
import type { BlobRejection } from '../source/rejection.ts';
import { describeRejection } from '../source/rejection.ts';
import { isOfBlob, isOfSource } from '../source/unread.ts';

export interface IngestSettings {
  readonly sources: readonly string[];
  /** Folder of the lake; created if missing, after the source has responded. */
  readonly lake: string;
  /** More rejected byte ranges than this end the run before they are committed; `undefined` is no limit. */
  readonly rejectedMax: number | undefined;
  /** Default: all blobs. */
  readonly selection?: Selection;
  /** Order of the days of the blobs; default newest first. */
  readonly order?: IngestOrder;
  /** Blobs fetched in parallel; default `parallelDefault`. */
  readonly parallel?: number;
  /** A run stops when the lake's disk has fewer free bytes; default `limits.diskReserveBytes`. */
  readonly diskReserveBytes?: number;
  /** Returns the space of a disk; default is the system's. */
  readonly spaceOf?: (folder: string) => Promise<DiskSpace | undefined>;
  /** Called with the bytes done and the total of new bytes, and the number of blobs done. */
  readonly onProgress?: (doneBytes: number, totalBytes: number, blobs: number) => void;
  /** Called with each blob that the sources have. */
  readonly onListed?: (blob: SourceBlob) => void;
  /** Called with the reason for each blob or folder that a notice `unread` is about. */
  readonly onUnread?: (error: FlowError) => void;
  /** Called for events that a user should see at once. */
  readonly onNotice?: (notice: IngestNotice) => void;
  /** When aborted, the data read so far is committed and the run ends. */
  readonly stop?: AbortSignal;
}

/**
 * `blob-rewritten`, `blob-mended`: the rows of a blob were replaced by its current content. `blob-kept`: they were not
 * replaced, because the lake is append-only. `disk-low`: the disk reserve is near.
 */
export interface IngestNotice {
  /** `unread`: a blob or folder could not be read; the others are. */
  readonly notice:
    | 'unread'
    | 'blob-rewritten'
    | 'blob-mended'
    | 'blob-kept'
    | 'disk-low'
    | 'not-settled'
    | 'lake-moved';
  /** For users. */
  readonly sentence: string;
}

export interface IngestResult extends Omit<PassTotals, 'commits'> {
  /** Blobs found. */
  readonly blobs: number;
  /** Blobs of these that could not be read. */
  readonly unread: number;
  /** Tuples that arrived after their dates were frozen, and were settled separately. */
  readonly settledApart: number;
  /** The first unusable byte ranges, at most `examplesMax`. */
  readonly rejections: readonly BlobRejection[];
  readonly seconds: number;
}

export const parallelDefault = 8;
const examplesMax = 20;

/**
 * Reads the new data of all blobs to the lake, newest day first. Positions and rows are in one commit, so each tuple is
 * ingested exactly once, even after an interruption.
 * @throws not-found without a lake and blobs; rejected-too-many, disk-full, flowlog-invalid if a file named as the source is not a flow log, and errors of
 * storage and lake; lake-invalid at the end if the lake is append-only and blobs were rewritten
 */
export async function ingest(settings: IngestSettings): Promise<IngestResult> {
  const ingester = new Ingester(settings);
  try {
    try {
      await ingester.pass((unlisted) =>
        listed(listSources(settings.sources, settings.selection ?? selectsAll, unlisted), settings.onListed),
      );
    } catch (error) {
      // The readable data of other sources is committed.
      if (isOfBlob(error) || isOfSource(error)) await ingester.settle();
      throw error;
    }
    if (ingester.keptBlobs > 0)
      throw new FlowError(
        'lake-invalid',
        `the lake ${settings.lake} is append-only (delta.appendOnly): it keeps the old rows of blobs that were rewritten (${ingester.keptBlobs}); all others were read`,
        { hint: 'Set delta.appendOnly to false in the engine that set it, or ingest into a new lake.' },
      );
    if (settings.stop?.aborted !== true) await ingester.settle();
    const result = ingester.result();
    // The same as of a question about flow logs. With a lake, nothing new is no failure.
    if (result.blobs === 0 && !ingester.hasLake && isWhole(settings.selection ?? selectsAll))
      throw new FlowError('not-found', `no flow log blobs in ${settings.sources.join(', ')}, so no lake is made`, {
        hint: 'Blobs of flow logs are PT1H.json files, in folders as Azure names them. Check the name.',
      });
    if (ingester.refusal !== undefined && result.unread === result.blobs) throw ingester.refusal;
    return result;
  } finally {
    await ingester.close();
  }
}

async function* listed(
  blobs: AsyncIterable<SourceBlob>,
  onListed: IngestSettings['onListed'],
): AsyncGenerator<SourceBlob> {
  for await (const blob of blobs) {
    onListed?.(blob);
    yield blob;
  }
}

/** Ingests listings to one lake, one after another. */
export class Ingester {
  readonly totals = noTotals();
  /** Blobs of the last full listing. */
  blobs = 0;
  /** Blobs of it that could not be read. */
  unread = 0;
  /** The first one without read permission. */
  refusal: FlowError | undefined;
  readonly #settings: IngestSettings;
  readonly #startMillis = performance.now();
  readonly #disk: DiskReserve;
  readonly #rejections: BlobRejection[] = [];
  #rejected = 0;
  /** ETags by key of rewritten blobs whose old rows stayed: each version is reported once. */
  readonly #kept = new Map<string, string>();
  /** Unreadable blobs by key, and the pass of their next attempt. */
  readonly #failed = new Map<string, { etag: string; times: number; nextPass: number }>();
  readonly #told = new Set<string>();
  #passes = 0;
  #settledApart = 0;
  #lake: Lake | undefined;

  constructor(settings: IngestSettings) {
    this.#settings = settings;
    this.#disk = new DiskReserve(settings.lake, settings.diskReserveBytes, settings.spaceOf);
  }

  /**
   * Lists blobs and reads their new data. A partial listing (`isWhole` false) does not count as the content of the
   * source.
   * @returns the committed totals
   * @throws the error of the first source that could not be listed or read, after all others were read
   */
  async pass(listing: (unlisted: UnlistedHandler) => AsyncIterable<SourceBlob>, isWhole = true): Promise<PassTotals> {
    const plan = new IngestPlan();
    const failures: FlowError[] = [];
    this.#passes++;
    let unread = 0;
    try {
      this.#lake ??= await openExisting(this.#settings.lake, {
        write: true,
        onMoved: (sentence) => this.#tellMoved(sentence),
      });
      const blobs = listing({
        onSource: (error) => failures.push(error),
        onPath: (error) => this.#tell(error.message, error),
      });
      const positions = (await this.#lake?.positions())?.byKey ?? new Map<string, never>();
      await plan.add(blobs, positions, (blob) => this.#waits(blob));
      if (isWhole) this.blobs = plan.listed;
      let totals = noTotals();
      if (plan.listed > 0 && this.#lake === undefined) {
        if (plan.named !== undefined) await checkFlowLog(plan.named);
        this.#lake = await openLake(this.#settings.lake, { create: true });
      }
      if (this.#lake !== undefined && plan.blobs > 0) totals = await this.#read(this.#lake, plan, () => unread++);
      if (failures.length > 0) throw failures[0];
      return totals;
    } finally {
      if (isWhole) this.unread = plan.unread + unread;
      await plan.close();
    }
  }

  /**
   * Settles new and previously unsettled tuples; without a lake, nothing.
   * @param stops whether `stop` interrupts it
   */
  async settle(stops = true): Promise<void> {
    const { stop } = this.#settings;
    try {
      if (this.#lake === undefined) return;
      const { apart, missed } = await settle(this.#lake, stops ? stop : undefined);
      this.#settledApart += apart;
      if (missed > 0) this.#settings.onNotice?.({ notice: 'not-settled', sentence: describeMissed(missed) });
    } catch (error) {
      // The tuples are committed; the next run settles them.
      if (stop?.aborted !== true) throw error;
    }
  }

  get hasLake(): boolean {
    return this.#lake !== undefined;
  }

  /** Number of unsettled tuples in the lake. */
  async uncovered(): Promise<number> {
    return this.#lake === undefined ? 0 : await countUncovered(this.#lake);
  }

  /** Whether an unreadable blob is skipped in this pass: each failure increases the number of skipped passes. */
  #waits({ key, etag }: SourceBlob): boolean {
    const failed = this.#failed.get(key);
    return failed !== undefined && failed.etag === etag && this.#passes < failed.nextPass;
  }

  #fail(blob: SourceBlob, error: FlowError): void {
    const { key, etag } = blob;
    const before = this.#failed.get(key);
    const times = before?.etag === etag ? before.times + 1 : 1;
    this.#failed.set(key, { etag, times, nextPass: this.#passes + Math.min(limits.unreadLooksMax, 2 ** times) });
    if (error.code === 'permission') this.refusal ??= error;
    const why = error.code === 'not-found' ? ' (deleted since it was listed)' : '';
    if (times === 1) this.#tell(`${error.message}${why}`, error);
  }

  #tell(sentence: string, error: FlowError): void {
    if (this.#told.has(sentence)) return;
    if (this.#told.size < limits.unreadToldMax) {
      this.#settings.onNotice?.({ notice: 'unread', sentence });
      this.#settings.onUnread?.(error);
    }
    this.#told.add(sentence);
  }

  #tellMoved(sentence: string): void {
    this.#settings.onNotice?.({ notice: 'lake-moved', sentence });
  }

  result(): IngestResult {
    const { commits: _, ...totals } = this.totals;
    const { blobs, unread } = this;
    return {
      blobs,
      unread,
      ...totals,
      settledApart: this.#settledApart,
      rejections: this.#rejections,
      seconds: secondsSince(this.#startMillis),
    };
  }

  /** Rewritten blobs whose old rows stayed, because the lake is append-only. */
  get keptBlobs(): number {
    return this.#kept.size;
  }

  async close(): Promise<void> {
    await this.#lake?.close();
  }

  async #read(lake: Lake, plan: IngestPlan, onUnread: () => void): Promise<PassTotals> {
    const { onProgress, onNotice, stop, parallel = parallelDefault, order = 'newest-first' } = this.#settings;
    let doneBytes = 0;
    let doneBlobs = 0;
    return await ingestBlobs(lake, plan.inOrder(order), {
      parallel,
      disk: this.#disk,
      stop,
      onReplaced: (blob, { notice, detail }) =>
        onNotice?.({ notice, sentence: `${blob}: ${detail}; its rows were replaced` }),
      onKept: (blob, { detail }) => this.#keep(blob, detail),
      onWarning: (sentence) => onNotice?.({ notice: 'disk-low', sentence }),
      onBlob: (bytes) => onProgress?.((doneBytes += bytes), plan.bytes, ++doneBlobs),
      onCommitted: (totals) => addTotals(this.totals, totals),
      onRejected: (blob, rejections) => this.#reject(blob, rejections),
      onUnread: (blob, error) => {
        onUnread();
        this.#fail(blob, error);
      },
    });
  }

  #keep({ key, etag }: SourceBlob, detail: string): void {
    if (this.#kept.get(key) === etag) return;
    this.#kept.set(key, etag);
    const sentence = `${key}: ${detail}; the lake is append-only (delta.appendOnly): the old rows stay, and the blob is not read`;
    this.#settings.onNotice?.({ notice: 'blob-kept', sentence });
  }

  #reject(blob: string, rejections: readonly Rejection[]): void {
    const { rejectedMax } = this.#settings;
    this.#rejected += rejections.length;
    const room = Math.max(0, examplesMax - this.#rejections.length);
    this.#rejections.push(...rejections.slice(0, room).map((rejection) => ({ ...rejection, blob })));
    if (rejectedMax !== undefined && this.#rejected > rejectedMax)
      throw new FlowError(
        'rejected-too-many',
        `rejected more than ${formatCountOf(rejectedMax, 'byte range')}; the first: ${describeRejection(this.#rejections[0])}`,
      );
  }
}

/** Whether a selection leaves nothing out. */
function isWhole({ include, exclude, start, end }: Selection): boolean {
  return include.length + exclude.length === 0 && start === undefined && end === undefined;
}

/** The lake in a folder; `undefined` if there is none yet. */
export async function openExisting(folder: string, options: OpenOptions = {}): Promise<Lake | undefined> {
  try {
    return await openLake(folder, options);
  } catch (error) {
    if (error instanceof FlowError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/**
 * Checks that a file is a flow log before a lake is created for it.
 * @throws flowlog-invalid
 */
async function checkFlowLog(blob: SourceBlob): Promise<void> {
  const stream = blob.open();
  try {
    const pieces = new LogPieces(stream, 0);
    for (let piece = await pieces.next(); piece !== undefined; piece = await pieces.next()) {
      const { records, cut } = decodeFlowLog(piece.bytes, piece);
      if (records.length > 0) return;
      pieces.pass(piece, cut);
    }
    throw new FlowError(
      'flowlog-invalid',
      `${blob.key} is not a flow log${stream.fault === undefined ? '' : `: ${stream.fault.detail}`}`,
    );
  } finally {
    await stream.close();
  }
}

/** Seconds since the start, with three decimals. */
function secondsSince(startMillis: number): number {
  return Math.round(performance.now() - startMillis) / 1000;
}
