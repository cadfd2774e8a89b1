import type { NameSource } from '../enrich/names.ts';
import { LakeView } from '../lake/flows/view.ts';
import type { Lake } from '../lake/lake.ts';
import { openLake } from '../lake/lake.ts';
import type { Engine } from '../query/engine/engine.ts';
import { openMovableEngine } from '../query/engine/moved-engine.ts';
import { openEngineWithoutLake } from '../query/engine/no-lake.ts';

/** An engine over one version, which closes when a newer one is there and its last question has ended. */
interface Shared {
  readonly engine: Engine;
  readonly version: LakeVersion;
  readonly names: NameSource | undefined;
  questions: number;
}

/** Versions of both tables. Answers about one version never change. */
export interface LakeVersion {
  readonly tuples: number | undefined;
  /** `undefined` where nothing is settled yet. */
  readonly flows: number | undefined;
}

/** An engine for one question. */
export interface TakenEngine {
  readonly engine: Engine;
  readonly version: LakeVersion;
  /** To be called once, when the answer has been read or is given up. */
  readonly giveBack: () => Promise<void>;
}

export interface ServiceLakeSettings {
  /** `undefined` where the service has no lake: only questions without tables are answered. */
  readonly folder: string | undefined;
  /** Whether a missing lake is made. */
  readonly create: boolean;
  /** The same function as long as what it gives is the same. */
  readonly names?: () => NameSource;
}

/** The lake of the service: each question sees the newest version, and questions over one version share an engine. */
export class ServiceLake {
  readonly #settings: ServiceLakeSettings;
  #lake: Promise<Lake> | undefined;
  #shared: Shared | undefined;
  #taking: Promise<unknown> = Promise.resolve();

  constructor(settings: ServiceLakeSettings) {
    this.#settings = settings;
  }

  /** The folder of the lake; `undefined` if there is none. */
  get folder(): string | undefined {
    return this.#settings.folder;
  }

  /** The engine over the newest version, one question after another. @throws not-found, lake-invalid, io */
  async take(): Promise<TakenEngine> {
    const taken = this.#taking.then(() => this.#newest());
    this.#taking = taken.catch(() => undefined);
    const shared = await taken;
    const { engine, version } = shared;
    return { engine, version, giveBack: () => this.#giveBack(shared) };
  }

  /** The lake itself, opened at its first use; `undefined` if there is none. @throws not-found, lake-invalid, io */
  async lake(): Promise<Lake | undefined> {
    const { folder, create } = this.#settings;
    if (folder === undefined) return undefined;
    this.#lake ??= openLake(folder, { create });
    return await this.#lake.catch((error: unknown) => {
      this.#lake = undefined;
      throw error;
    });
  }

  async close(): Promise<void> {
    await this.#taking;
    const shared = this.#shared;
    this.#shared = undefined;
    await shared?.engine.close();
    await (await this.#lake?.catch(() => undefined))?.close();
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
    const names = this.#settings.names?.();
    const lake = await this.lake();
    if (lake === undefined) {
      const version = { tuples: undefined, flows: undefined };
      return before ?? { engine: openEngineWithoutLake(), version, names, questions: 0 };
    }
    const view = await LakeView.open(lake);
    const version = { tuples: view.tuples.version, flows: view.flowsVersion };
    const isSame = before?.version.tuples === version.tuples && before?.version.flows === version.flows;
    if (before === undefined || !isSame || before.names !== names)
      return { engine: openMovableEngine(view, names), version, names, questions: 0 };
    await view.close();
    return before;
  }

  async #giveBack(shared: Shared): Promise<void> {
    shared.questions--;
    if (shared.questions === 0 && shared !== this.#shared) await shared.engine.close();
  }
}

/** Chunks, and what happens when they have been read or are given up. */
export async function* untilRead<T>(chunks: AsyncIterable<T>, end: () => Promise<void>): AsyncGenerator<T> {
  try {
    yield* chunks;
  } finally {
    await end();
  }
}
