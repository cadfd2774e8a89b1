/**
 * Answers questions over one version of a lake: without SQL where that is faster (stitch.ts), else by DuckDB, which is loaded at the first such question.
 *
 *   const engine = openLakeEngine(await lake.snapshot());
 *   const answer = await engine.ask({ ask: 'groups', axes: [{ by: ['src.ip'], limit: 10 }], measures: [parseMeasure('bytes')] });
 *   for await (const rows of answer.chunks) …                     // rows of cells, in the order of answer.columns
 *   await engine.close();
 */
import type { FlowError } from '../base/errors.ts';
import { openDuckdb, questionMemoryBytes } from '../lake/duckdb.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import type { DuckdbEngine } from './duckdb-engine.ts';
import type { Engine, Scan } from './engine.ts';
import type { Answer } from './result.ts';
import type { LakeRows } from './row-source.ts';
import { snapshotRows } from './row-source.ts';
import type { QuestionBounds } from './sql-sandbox.ts';
import { askStitched, stitchPlan } from './stitch.ts';
import type { Query } from './tree.ts';
import { rangeOf } from './tree.ts';

/** An engine over one version of a lake. Later commits do not change its answers. */
export function openLakeEngine(snapshot: Snapshot, bounds: QuestionBounds = {}): LakeEngine {
  const { memoryBytes = questionMemoryBytes() } = bounds;
  const source = snapshotRows(snapshot);
  return new LakeEngine(source, memoryBytes, async () => {
    const { DuckdbEngine: Engine } = await import('./duckdb-engine.ts');
    return new Engine(await openDuckdb(memoryBytes), source, 'own', undefined, bounds);
  });
}

export class LakeEngine implements Engine {
  readonly #source: LakeRows;
  readonly #memoryBytes: number;
  readonly #open: () => Promise<DuckdbEngine>;
  #duckdb: Promise<DuckdbEngine> | undefined;
  #cancelled: FlowError | undefined;

  /** `open` gives the engine of all other questions over the same source. */
  constructor(source: LakeRows, memoryBytes: number, open: () => Promise<DuckdbEngine>) {
    this.#source = source;
    this.#memoryBytes = memoryBytes;
    this.#open = open;
  }

  async ask(query: Query): Promise<Answer> {
    const plan = stitchPlan(query);
    if (plan !== undefined) {
      const memoryBytes = this.#memoryBytes;
      const bounds = { memoryBytes, check: () => this.#check() };
      const answer = await askStitched(plan, this.#source.filesWithin(rangeOf(query)), bounds);
      this.#check();
      if (answer !== undefined) return answer;
    }
    return (await this.#sql()).ask(query);
  }

  async sql(text: string): Promise<Answer> {
    return (await this.#sql()).sql(text);
  }

  async writeParquet(query: Query, path: string): Promise<number> {
    return (await this.#sql()).writeParquet(query, path);
  }

  scan(): Scan {
    return this.#source.scan();
  }

  cancel(reason: FlowError): void {
    this.#cancelled ??= reason;
    this.#duckdb?.then(
      (engine) => engine.cancel(reason),
      () => undefined,
    );
  }

  async close(): Promise<void> {
    const engine = await this.#duckdb?.catch(() => undefined);
    await engine?.close();
  }

  /** @throws why questions were cancelled */
  #check(): void {
    if (this.#cancelled !== undefined) throw this.#cancelled;
  }

  async #sql(): Promise<DuckdbEngine> {
    this.#check();
    this.#duckdb ??= this.#open();
    const engine = await this.#duckdb;
    this.#check();
    return engine;
  }
}
