/** The ingester of the service: follows the flow logs of all its accounts into the lake, and compacts the lake. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FlowError } from '../base/errors.ts';
import { dayMillis, minuteMillis } from '../base/time.ts';
import { limits } from '../base/limits.ts';
import { compact } from '../lake/compact.ts';
import { countUncovered, describeMissed } from '../lake/flows/settle.ts';
import { settleInThread } from '../lake/flows/settle-thread.ts';
import type { Lake } from '../lake/lake.ts';
import { openLake } from '../lake/lake.ts';
import { vacuum } from '../lake/vacuum.ts';
import type { FollowStatus } from '../ingest/follow.ts';
import { follow } from '../ingest/follow.ts';
import type { Accounts } from './accounts.ts';
import type { PartHealth } from './routes/health.ts';

export interface IngesterSettings {
  readonly accounts: Accounts;
  readonly lake: string;
  readonly stop: AbortSignal;
  readonly log: (line: string) => void;
  readonly now: () => number;
}

/** Interval to check for new accounts. */
const lookMillis = 2000;
const retryMillis = 10_000;
/** Interval to check for tuples to settle. */
const settleLookMillis = 5000;
/** Interval of compaction. */
const compactMillis = 5 * minuteMillis;
/** Compacted files are kept for this time, for readers of an older version. */
const removedKeepMillis = 7 * dayMillis;

export interface IngesterFigures {
  readonly tuples: number;
  readonly mended: number;
  readonly rejected: number;
  readonly bytes: number;
  readonly commits: number;
  /** Since the last poll with a response; `undefined` before the first. */
  readonly lookAgeMillis: number | undefined;
}

/** A request that all data in storage at some time is in the table. */
interface Mark {
  /** Whether a full poll that began afterwards has ended. */
  isLookedAt: boolean;
  /** Whether all accounts were found to be followed afterwards. */
  isChecked: boolean;
  readonly done: () => void;
}

export class Ingester {
  readonly #settings: IngesterSettings;
  #before = { tuples: 0, mended: 0, rejected: 0, bytes: 0, commits: 0 };
  #status: FollowStatus | undefined;
  #lookedMillis: number | undefined;
  #failure: string | undefined;
  #mark: Mark | undefined;

  constructor(settings: IngesterSettings) {
    this.#settings = settings;
  }

  /** Follows, settles and compacts until it is stopped; the data read so far is then committed. */
  async run(): Promise<void> {
    await Promise.all([this.#followAll(), this.#settleAll(), this.#compactAll()]);
  }

  /** Settles tuples after enough of them or some time; questions build unsettled flows themselves. */
  async #settleAll(): Promise<void> {
    const { stop, log, lake: folder, now } = this.#settings;
    let lake: Lake | undefined;
    let seen: number | undefined;
    let tryFrom = -Infinity;
    let settledMillis = -Infinity;
    while (!stop.aborted) {
      await pause(settleLookMillis, stop);
      if (stop.aborted || now() < tryFrom) continue;
      try {
        lake ??= await openLake(folder, { write: true, onMoved: log });
        const { version } = await lake.tuples.refresh();
        const waitedLong = now() - settledMillis >= limits.unsettledMillisMax;
        if (version === seen && !waitedLong) continue;
        const uncovered = await countUncovered(lake);
        seen = version;
        if (uncovered === 0 || !(waitedLong || uncovered >= limits.unsettledTuplesMin)) continue;
        const { rows, bytes, apart, missed } = await settleInThread(folder, stop);
        settledMillis = now();
        log(`the table of flows: ${uncovered} tuples were settled, ${rows} rows and ${bytes} bytes were written`);
        if (apart > 0) log(`the table of flows: settled apart, since their dates are frozen: ${apart} tuples`);
        if (missed > 0) log(`the table of flows: ${describeMissed(missed)}`);
      } catch (error) {
        if (stop.aborted) break;
        if (!(error instanceof FlowError)) throw error;
        lake = undefined;
        if (error.code === 'not-found') continue;
        log(`the table of flows is not settled, and it is tried again in ten minutes: ${error.message}`);
        tryFrom = now() + limits.unsettledMillisMax;
      }
    }
    await lake?.close();
  }

  async #compactAll(): Promise<void> {
    const { stop, log } = this.#settings;
    while (!stop.aborted) {
      await pause(compactMillis, stop);
      if (stop.aborted) return;
      try {
        await this.compact();
      } catch (error) {
        if (!(error instanceof FlowError)) throw error;
        if (error.code !== 'not-found') log(`the table is not compacted: ${error.message}`);
      }
    }
  }

  /**
   * Compacts files of the table that are due, in one commit per step, and deletes files that were compacted a week ago.
   * A stop ends it after the current step.
   * @throws not-found if there is no table yet
   */
  async compact(): Promise<void> {
    const { lake: folder, stop, log, now } = this.#settings;
    const lake = await openLake(folder, { write: true, onMoved: log });
    let steps = 0;
    try {
      for await (const { date, paths, rows, version } of compact(lake, now())) {
        if (version !== undefined) log(`the table: ${paths.length} files of ${date} became one, of ${rows} rows`);
        if (stop.aborted) return;
        steps++;
      }
      if (steps === 0) return;
      const { left } = await vacuum(lake, { nowMillis: now(), keepMillis: removedKeepMillis, dryRun: false });
      for (const { path, why } of left)
        if (typeof why !== 'string') log(`the table: ${path} is not deleted: ${why.message}`);
    } finally {
      await lake.close();
    }
  }

  async #followAll(): Promise<void> {
    const { stop, log } = this.#settings;
    while (!stop.aborted) {
      const mark = this.#mark;
      const sources = await this.#sources();
      if (sources.length === 0) {
        if (mark !== undefined) {
          Object.assign(mark, { isLookedAt: true, isChecked: true });
          this.#settle(mark);
        }
        await pause(lookMillis, stop);
        continue;
      }
      try {
        await this.#follow(sources);
        this.#failure = undefined;
      } catch (error) {
        if (!(error instanceof FlowError)) throw error;
        this.#failure = error.message;
        log(`ingesting stopped, and is tried again: ${error.message}`);
        await pause(retryMillis, stop);
      }
    }
  }

  figures(): IngesterFigures {
    const total = this.#status?.total;
    const sum = (key: 'tuples' | 'mended' | 'rejected' | 'bytes' | 'commits'): number =>
      this.#before[key] + (total?.[key] ?? 0);
    return {
      tuples: sum('tuples'),
      mended: sum('mended'),
      rejected: sum('rejected'),
      bytes: sum('bytes'),
      commits: sum('commits'),
      lookAgeMillis: this.#lookedMillis === undefined ? undefined : this.#settings.now() - this.#lookedMillis,
    };
  }

  /** Resolves when all data in storage now is in the table. One caller at a time. */
  async takeAll(): Promise<void> {
    await new Promise<void>((done) => (this.#mark = { isLookedAt: false, isChecked: false, done }));
  }

  #settle(mark: Mark): void {
    if (!mark.isLookedAt || !mark.isChecked) return;
    mark.done();
    if (this.#mark === mark) this.#mark = undefined;
  }

  health(): PartHealth {
    const reason = this.#failure ?? this.#status?.away?.sentence;
    return { name: 'ingester', state: reason === undefined ? 'ok' : 'degraded', detail: reason ?? '' };
  }

  /** Follows these sources until there are others, or until it is stopped. */
  async #follow(sources: readonly string[]): Promise<void> {
    const { stop, lake, log, now } = this.#settings;
    const ends = new AbortController();
    const end = (): void => ends.abort();
    stop.addEventListener('abort', end, { once: true });
    const looking = this.#untilOthers(sources, ends);
    if (this.#mark !== undefined) this.#mark.isLookedAt = false;
    let marked: Mark | undefined;
    try {
      await follow({
        sources,
        lake,
        rejectedMax: undefined,
        stop: ends.signal,
        onNotice: ({ notice, sentence }) => {
          if (notice === 'lake-moved') log(sentence);
        },
        onLook: (isWhole) => (marked = isWhole ? this.#mark : undefined),
        onStatus: (status) => {
          this.#status = status;
          if (status.away !== undefined) return;
          this.#lookedMillis = now();
          if (marked === undefined) return;
          marked.isLookedAt = true;
          this.#settle(marked);
        },
      });
    } finally {
      end();
      stop.removeEventListener('abort', end);
      await looking;
      const total = this.#status?.total;
      for (const key of ['tuples', 'mended', 'rejected', 'bytes', 'commits'] as const)
        this.#before[key] += total?.[key] ?? 0;
      this.#status = undefined;
    }
  }

  async #untilOthers(sources: readonly string[], ends: AbortController): Promise<void> {
    while (!ends.signal.aborted) {
      await pause(lookMillis, ends.signal);
      if (ends.signal.aborted) return;
      const mark = this.#mark;
      const now = await this.#sources();
      if (now.join('\n') !== sources.join('\n')) ends.abort();
      else if (mark !== undefined) {
        mark.isChecked = true;
        this.#settle(mark);
      }
    }
  }

  /** Sources of the accounts that have a container. */
  async #sources(): Promise<string[]> {
    const { accounts } = this.#settings;
    const sources: string[] = [];
    for (const name of accounts.names().sort()) {
      const containers = accounts.account(name).containers()[Symbol.asyncIterator]();
      try {
        const first = await containers.next();
        if (first.done !== true) sources.push(accounts.source(name));
        await containers.return?.();
      } catch (error) {
        if (!(error instanceof FlowError)) throw error;
        if (accounts.isBound(name)) sources.push(accounts.source(name));
      }
    }
    return sources;
  }
}

async function pause(millis: number, stop: AbortSignal): Promise<void> {
  await sleep(millis, undefined, { signal: stop }).catch(() => undefined);
}
