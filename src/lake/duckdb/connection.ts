import type {
  DuckDBAppender,
  DuckDBConnection,
  DuckDBExtractedStatements,
  DuckDBMaterializedResult,
  DuckDBResult,
  DuckDBResultReader,
  DuckDBScalarFunction,
  DuckDBType,
  DuckDBValue,
} from '@duckdb/node-api';
import type { Gate } from '../../base/gate.ts';

/** A connection whose calls pass a gate: each takes a thread of Node's pool until it ends. */
export class DuckdbConnection {
  readonly #connection: DuckDBConnection;
  readonly #gate: Gate;
  readonly #signal: AbortSignal | undefined;

  /** `signal`: ends calls that wait at the gate. */
  constructor(connection: DuckDBConnection, gate: Gate, signal?: AbortSignal) {
    this.#connection = connection;
    this.#gate = gate;
    this.#signal = signal;
  }

  /** Passes the gate with one call, or some one after the other. @throws what they throw; the reason of the signal */
  pass<T>(act: () => Promise<T>): Promise<T> {
    return this.#gate.pass(act, this.#signal);
  }

  run(sql: string, values?: DuckDBValue[], types?: DuckDBType[]): Promise<DuckDBMaterializedResult> {
    return this.pass(() => this.#connection.run(sql, values, types));
  }

  runAndReadAll(sql: string, values?: DuckDBValue[], types?: DuckDBType[]): Promise<DuckDBResultReader> {
    return this.pass(() => this.#connection.runAndReadAll(sql, values, types));
  }

  /** A result whose chunks are fetched by calls of `pass`. */
  stream(sql: string, values?: DuckDBValue[], types?: DuckDBType[]): Promise<DuckDBResult> {
    return this.pass(() => this.#connection.stream(sql, values, types));
  }

  /** Statements that are prepared by calls of `pass`. */
  extractStatements(sql: string): Promise<DuckDBExtractedStatements> {
    return this.pass(() => this.#connection.extractStatements(sql));
  }

  /** A function that DuckDB calls back on this thread. Takes no thread of the pool. */
  registerScalarFunction(scalar: DuckDBScalarFunction): void {
    this.#connection.registerScalarFunction(scalar);
  }

  /** Takes no thread of the pool. */
  createAppender(table: string, schema?: string, catalog?: string): Promise<DuckDBAppender> {
    return this.#connection.createAppender(table, schema, catalog);
  }

  /** Rows that the question has read, of those that it reads; 0 of 0 unless `followProgress` was called. */
  get progress(): { readonly doneRows: number; readonly totalRows: number } {
    const { rows_processed: done, total_rows_to_process: total } = this.#connection.progress;
    return { doneRows: Number(done), totalRows: Number(total) };
  }

  /** Has questions on this connection count their rows. */
  async followProgress(): Promise<void> {
    await this.run('SET enable_progress_bar_print = false');
    await this.run('SET enable_progress_bar = true');
  }

  /** Ends the call that runs. */
  interrupt(): void {
    this.#connection.interrupt();
  }

  closeSync(): void {
    this.#connection.closeSync();
  }
}
