/**
 * Ingests continuously: new blocks of growing blobs within seconds of their commit.
 *
 *   every poll        the blobs of the hours around now, by prefix, of all known NSGs and flow logs: one or two listings each
 *   every rescan      a full listing: new NSGs, late hours, rewritten blobs. The longer a listing takes, the less often
 *
 * Each poll that finds something is one commit. If storage does not respond, it is tried again at growing intervals of up to
 * one minute.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FlowError } from '../base/errors.ts';
import type { ErrorCode } from '../base/errors.ts';
import { hourMillis, minuteMillis } from '../base/time.ts';
import { limits } from '../base/limits.ts';
import { isUrl } from '../blob/azure-target.ts';
import type { BlobItem, Container } from '../blob/container.ts';
import type { PassTotals } from './pass.ts';
import type { IngestResult, IngestSettings } from './ingest.ts';
import { Ingester } from './ingest.ts';
import type { Selection } from '../source/selection.ts';
import { selects, selectsAll } from '../source/selection.ts';
import type { SourceBlob } from '../source/source-blob.ts';
import type { UnlistedHandler } from '../source/list-sources.ts';
import { listSources } from '../source/list-sources.ts';
import { sourceBlob } from '../source/source-blob.ts';

export interface FollowSettings extends IngestSettings {
  /** Time between two polls; default `pollMillisDefault`. */
  readonly pollMillis?: number;
  /**
   * Minimum time between two full listings. The default is `rescanMillisDefault` in Azure; for folders it depends on
   * the duration of a listing.
   */
  readonly rescanMillis?: number;
  /** Ends following after the data read so far is committed. */
  readonly stop: AbortSignal;
  /** Called before each poll; `isWhole` for a full listing. */
  readonly onLook?: (isWhole: boolean) => void;
  /** Whether to settle the tuples, after enough of them or some time. */
  readonly settles?: boolean;
  /** Called after each poll. */
  readonly onStatus?: (status: FollowStatus) => void;
  /** Epoch milliseconds; default is the system's clock. */
  readonly now?: () => number;
}

export interface FollowStatus {
  /** Why storage does not respond, and since when; `undefined` if it responds. */
  readonly away:
    | { readonly sentence: string; readonly sinceMillis: number; readonly retryInMillis: number }
    | undefined;
  /** Committed by this poll. */
  readonly added: PassTotals;
  /** Committed by all polls. */
  readonly total: PassTotals;
  readonly blobs: number;
}

export const pollMillisDefault = 5000;
export const rescanMillisDefault = 300_000;

/** Share of the time that full listings may take. */
const listingShare = 0.1;
const retryMillisMax = 60_000;
/** Clocks differ, and a minute is written after its end: hours within this time of now are polled. */
const aroundNowMillis = 10 * minuteMillis;
const prefixesAhead = 8;

/** Failures that can be temporary: a container that does not exist yet, a key rotation, an outage. */
const survivable: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'unavailable',
  'authentication',
  'permission',
  'not-found',
  'io',
  'blob-conflict',
]);

/**
 * Runs until `stop`.
 * @throws usage for standard input; rejected-too-many, disk-full, lake-invalid
 */
export async function follow(settings: FollowSettings): Promise<IngestResult> {
  const { stop, sources, selection = selectsAll, pollMillis = pollMillisDefault, now = Date.now } = settings;
  if (sources.includes('-')) throw new FlowError('usage', 'standard input cannot be followed');
  const rescanMillis = settings.rescanMillis ?? (sources.some(isUrl) ? rescanMillisDefault : 0);
  const ingester = new Ingester(settings);
  const tree = new FollowedTree();
  let rescanAt = -Infinity;
  let away: { sentence: string; sinceMillis: number } | undefined;
  let failures = 0;
  let unsettledSince: number | undefined;
  let settleFrom = -Infinity;
  try {
    while (!stop.aborted) {
      let waitMillis = pollMillis;
      const startMillis = performance.now();
      const isWhole = startMillis >= rescanAt;
      const before = { ...ingester.totals };
      try {
        settings.onLook?.(isWhole);
        let failure: FlowError | undefined;
        try {
          if (isWhole) {
            let listedMillis = startMillis;
            await ingester.pass((unlisted) =>
              tree.watch(listSources(sources, selection, unlisted), () => (listedMillis = performance.now())),
            );
            rescanAt = performance.now() + Math.max(rescanMillis, (listedMillis - startMillis) / listingShare);
          } else await ingester.pass((unlisted) => tree.recent(now(), selection, unlisted), false);
        } catch (error) {
          // An unavailable source does not prevent settling the data of the others.
          if (!isSurvivable(error)) throw error;
          failure = error;
        }
        if (settings.settles === true && ingester.totals.commits > before.commits) unsettledSince ??= now();
        const mayBeDue = unsettledSince !== undefined && now() >= settleFrom;
        if (mayBeDue && (await isDue(ingester, now() - (unsettledSince ?? now())))) {
          if (await settleOrTell(ingester, settings)) unsettledSince = undefined;
          else settleFrom = now() + limits.unsettledMillisMax;
        }
        if (failure !== undefined) throw failure;
        // Only a full listing shows that a source is available again.
        if (isWhole) {
          away = undefined;
          failures = 0;
        }
      } catch (error) {
        if (!isSurvivable(error)) throw error;
        away = { sentence: error.message, sinceMillis: away?.sinceMillis ?? now() };
        const longest = Math.min(retryMillisMax, pollMillis * 2 ** Math.min(10, failures++));
        const retryMillis = longest * (0.5 + Math.random() / 2);
        // An unavailable source does not slow down the others.
        const retryAt = sources.length === 1 ? -Infinity : performance.now() + retryMillis;
        if (sources.length === 1) waitMillis = retryMillis;
        rescanAt = isWhole ? retryAt : Math.min(rescanAt, retryAt);
      }
      const { totals, blobs } = ingester;
      settings.onStatus?.({
        away: away && { ...away, retryInMillis: Math.max(waitMillis, rescanAt - performance.now()) },
        added: addedSince(before, totals),
        total: { ...totals },
        blobs,
      });
      await sleep(waitMillis, undefined, { signal: stop }).catch(() => undefined);
    }
    if (unsettledSince !== undefined) await settleOrTell(ingester, settings, false);
    return ingester.result();
  } finally {
    await ingester.close();
  }
}

function isSurvivable(error: unknown): error is FlowError {
  return error instanceof FlowError && survivable.has(error.code);
}

function addedSince(before: PassTotals, totals: PassTotals): PassTotals {
  const added = { ...totals };
  for (const key of Object.keys(added) as (keyof PassTotals)[]) added[key] -= before[key];
  return added;
}

/**
 * Settles the tuples read. A failure is reported and does not end following: the tuples are in the lake.
 * @returns whether it succeeded
 */
async function settleOrTell(ingester: Ingester, settings: FollowSettings, stops = true): Promise<boolean> {
  try {
    await ingester.settle(stops);
    return true;
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    settings.onNotice?.({ notice: 'not-settled', sentence: error.message });
    return false;
  }
}

/** Whether enough tuples are waiting, or have waited long enough. */
async function isDue(ingester: Ingester, waitedMillis: number): Promise<boolean> {
  return waitedMillis >= limits.unsettledMillisMax || (await ingester.uncovered()) >= limits.unsettledTuplesMin;
}

const hourFolder = /^(.*\/)y=\d{4}\/m=\d{2}\/d=\d{2}\/h=\d{2}\//;

/** The folders of NSGs and flow logs above the date folders, as found by full listings. */
class FollowedTree {
  readonly #roots = new Map<Container, Set<string>>();

  /** Passes a full listing on and remembers its folders. */
  async *watch(blobs: AsyncIterable<SourceBlob>, onEnd: () => void): AsyncGenerator<SourceBlob> {
    this.#roots.clear();
    for await (const blob of blobs) {
      const root = blob.container && hourFolder.exec(blob.name)?.[1];
      if (root !== undefined) {
        const roots = this.#roots.get(blob.container!);
        if (roots === undefined) this.#roots.set(blob.container!, new Set([root]));
        else roots.add(root);
      }
      yield blob;
    }
    onEnd();
  }

  /** The blobs of the hours around `nowMillis`. */
  async *recent(nowMillis: number, selection: Selection, unlisted: UnlistedHandler): AsyncGenerator<SourceBlob> {
    const hours = new Set(
      [nowMillis - aroundNowMillis, nowMillis + aroundNowMillis].map((at) => Math.floor(at / hourMillis)),
    );
    for (const [container, roots] of this.#roots) {
      const prefixes = [...roots].flatMap((root) => [...hours].map((hour) => root + hourPath(hour * hourMillis)));
      for (let i = 0; i < prefixes.length; i += prefixesAhead) {
        const listings = prefixes.slice(i, i + prefixesAhead).map((prefix) => itemsOf(container, prefix));
        for (const listing of await Promise.allSettled(listings)) {
          if (listing.status === 'fulfilled') {
            for (const item of listing.value)
              if (selects(selection, item.name)) yield sourceBlob(container, item, false);
          } else if (listing.reason instanceof FlowError) unlisted.onSource(listing.reason);
          else throw listing.reason;
        }
      }
    }
  }
}

async function itemsOf(container: Container, prefix: string): Promise<BlobItem[]> {
  const items: BlobItem[] = [];
  for await (const item of container.list(prefix)) if (item.name.endsWith('.json')) items.push(item);
  return items;
}

function hourPath(millis: number): string {
  const [year, month, day, hour] = new Date(millis).toISOString().split(/[-T:]/);
  return `y=${year}/m=${month}/d=${day}/h=${hour}/`;
}
