/** DuckDB instances, and questions that run in them. Each question has an instance of its own, so that the memory of each is bounded. */
import type { DuckdbConnection } from '../../lake/duckdb/connection.ts';
import type { Duckdb } from '../../lake/duckdb/duckdb.ts';
import { openDuckdb } from '../../lake/duckdb/duckdb.ts';
import { questionGate } from '../../lake/duckdb/gates.ts';

/** Instances of one bound that are open, and those that no question uses. */
export class DuckdbPool {
  readonly #all = new Set<Duckdb>();
  readonly #idle = new Map<number, Duckdb[]>();

  /** The signal ends waiting for a thread. */
  async take(memoryBytes: number, signal: AbortSignal | undefined): Promise<Duckdb> {
    const idle = this.#idle.get(memoryBytes)?.pop();
    if (idle !== undefined) return idle;
    const duckdb = await openDuckdb(memoryBytes, questionGate, signal);
    this.#all.add(duckdb);
    return duckdb;
  }

  /** One stays open for the next question, since it knows the footers of files. */
  async giveBack(duckdb: Duckdb, memoryBytes: number): Promise<void> {
    if (!this.#all.has(duckdb)) return;
    const idle = this.#idle.get(memoryBytes) ?? [];
    this.#idle.set(memoryBytes, idle);
    if (idle.length === 0) idle.push(duckdb);
    else await this.drop(duckdb);
  }

  async drop(duckdb: Duckdb): Promise<void> {
    if (this.#all.delete(duckdb)) await duckdb.close();
  }

  async close(): Promise<void> {
    this.#idle.clear();
    for (const duckdb of this.#all) await this.drop(duckdb);
  }
}

/** An interrupt that comes between two steps of a question has no effect: it is repeated until the question has ended. */
const interruptEveryMillis = 10;

/** Time between two reports of progress. */
const progressEveryMillis = 200;

/** A connection on which one question runs until its end; the signal interrupts it. */
export class Running {
  readonly connection: DuckdbConnection;
  readonly #signal: AbortSignal | undefined;
  readonly #onEnd: () => Promise<void>;
  readonly #interrupt = (): void => {
    if (this.#isOver) return;
    this.connection.interrupt();
    setTimeout(this.#interrupt, interruptEveryMillis).unref();
  };
  #isOver = false;
  #progress: NodeJS.Timeout | undefined;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** `onEnd` is called once. @throws the reason of the signal */
  constructor(connection: DuckdbConnection, signal: AbortSignal | undefined, onEnd: () => Promise<void>) {
    this.connection = connection;
    this.#signal = signal;
    this.#onEnd = onEnd;
    signal?.addEventListener('abort', this.#interrupt);
    if (signal?.aborted === true) this.#interrupt();
  }

  /**
   * Ends the question. One that was cancelled ends right after its caller knows: giving back its memory takes tens of milliseconds,
   * which a process that is about to exit need not wait for.
   */
  async end(): Promise<void> {
    if (this.#signal?.aborted === true) setImmediate(() => void this.close());
    else await this.close();
  }

  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#progress);
    this.#signal?.removeEventListener('abort', this.#interrupt);
    this.connection.closeSync();
    await this.#onEnd();
  }

  /** Reports the rows that are read, until the end. */
  async report(onProgress: (doneRows: number, totalRows: number) => void): Promise<void> {
    await this.connection.followProgress();
    this.#progress = setInterval(() => {
      const { doneRows, totalRows } = this.connection.progress;
      if (totalRows > 0) onProgress(doneRows, totalRows);
    }, progressEveryMillis).unref();
  }

  /** Why the question failed. */
  reason(error: unknown, wrap: (error: unknown) => unknown): unknown {
    return this.#signal?.aborted === true ? this.#signal.reason : wrap(error);
  }
}
