/** The service's lake for the query API: each question sees the newest version. */
import type { Lake } from '../../lake/lake.ts';
import { openLake } from '../../lake/lake.ts';
import { LakeView } from '../../lake/flows/view.ts';
import type { Engine } from '../../query/engine/engine.ts';
import { openMovableEngine } from '../../query/engine/moved-engine.ts';
import { openEngineWithoutLake } from '../../query/engine/no-lake.ts';
import { askKql } from '../../query/kql/kql.ts';
import { lakeTables } from '../../query/kql/lake-tables.ts';
import { trafficAnalyticsTables } from '../../query/traffic-analytics/tables.ts';
import type { LogsAnswer, LogsEngine, LogsQuestion } from './logs-engine.ts';

/** An engine over one version, which closes when a newer one is there and its last question has ended. */
interface Shared {
  readonly engine: Engine;
  readonly version: string;
  questions: number;
}

export class LakeLogs implements LogsEngine {
  readonly tables = [...lakeTables, ...trafficAnalyticsTables()];
  readonly #folder: string | undefined;
  readonly #now: () => number;
  #lake: Promise<Lake> | undefined;
  #shared: Shared | undefined;
  #taking: Promise<unknown> = Promise.resolve();

  /** @param folder of the lake, which is made if it is missing; `undefined` where the service has none: only queries without tables are answered */
  constructor(folder: string | undefined, now: () => number) {
    this.#folder = folder;
    this.#now = now;
  }

  async ask({ text, range, signal }: LogsQuestion): Promise<LogsAnswer> {
    const shared = await this.#take();
    try {
      const settings = { tables: this.tables, range, nowMillis: this.#now() };
      const { plan, answer } = await askKql(shared.engine, text, settings, { signal });
      return {
        columns: plan.columns.map(({ name, type }) => ({ name, type })),
        chunks: untilRead(answer.chunks, () => this.#giveBack(shared)),
        bytesRead: answer.scan.bytesRead,
      };
    } catch (error) {
      await this.#giveBack(shared);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#taking;
    const shared = this.#shared;
    this.#shared = undefined;
    await shared?.engine.close();
    await (await this.#lake?.catch(() => undefined))?.close();
  }

  /** The engine over the newest version, one question after another. */
  async #take(): Promise<Shared> {
    const taken = this.#taking.then(() => this.#newest());
    this.#taking = taken.catch(() => undefined);
    return await taken;
  }

  async #newest(): Promise<Shared> {
    const before = this.#shared;
    const next = await this.#open(before);
    next.questions++;
    this.#shared = next;
    if (before !== undefined && before !== next && before.questions === 0) await before.engine.close();
    return next;
  }

  async #open(before: Shared | undefined): Promise<Shared> {
    if (this.#folder === undefined) return before ?? { engine: openEngineWithoutLake(), version: '', questions: 0 };
    this.#lake ??= openLake(this.#folder, { create: true });
    const lake = await this.#lake.catch((error: unknown) => {
      this.#lake = undefined;
      throw error;
    });
    const view = await LakeView.open(lake);
    const version = `${view.tuples.version} ${view.flowsVersion}`;
    if (before?.version !== version) return { engine: openMovableEngine(view), version, questions: 0 };
    await view.close();
    return before;
  }

  async #giveBack(shared: Shared): Promise<void> {
    shared.questions--;
    if (shared.questions === 0 && shared !== this.#shared) await shared.engine.close();
  }
}

/** Chunks, and what happens when they have been read or are given up. */
async function* untilRead<T>(chunks: AsyncIterable<T>, end: () => Promise<void>): AsyncGenerator<T> {
  try {
    yield* chunks;
  } finally {
    await end();
  }
}
