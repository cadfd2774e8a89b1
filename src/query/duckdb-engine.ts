/**
 * Answers questions with DuckDB in process: over a version of a lake (lake-engine.ts), or over logs read into memory.
 *
 * Answers by kind (columns by name):
 *   tuples         the view `flows`, in order of time
 *   conversations  the same columns (`time` the first, sums of counters, the last state), then last_time, tuples, observations
 *   groups         `time` of the bucket, the fields, `other`, then the measures (measure.ts); buckets in order of time, groups by size
 *   count          tuples, conversations
 * `sql` answers a user's SELECT over the view `flows`.
 */
import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import { FlowError } from '../base/errors.ts';
import { duckdbFileError } from '../lake/data-file.ts';
import { DuckDBTypeId } from '../lake/duckdb-library.ts';
import type { Asked } from '../lake/duckdb-stream.ts';
import { wholeChunks } from '../lake/duckdb-stream.ts';
import type { Duckdb } from '../lake/duckdb.ts';
import { quoteText } from '../lake/duckdb.ts';
import type { MemoryTable } from '../lake/memory-table.ts';
import { memoryTableName } from '../lake/memory-table.ts';
import { addressesOf } from './address-condition.ts';
import { questionError, sqlError } from './engine-error.ts';
import type { Engine, Scan } from './engine.ts';
import type { Dialect } from './dialect.ts';
import { duckdbDialect, DuckdbParameters } from './duckdb-dialect.ts';
import { answerOf, columnsOf, rowsOf } from './duckdb-result.ts';
import { groupAnswer, queryColumns, querySql } from './query-sql.ts';
import type { Answer, Cell } from './result.ts';
import { smallAnswer } from './result.ts';
import type { RowSource } from './row-source.ts';
import { memoryRows } from './row-source.ts';
import { prepareQuestion, questionText } from './sql-guard.ts';
import type { QuestionBounds, SqlSandbox } from './sql-sandbox.ts';
import { openSqlSandbox } from './sql-sandbox.ts';
import type { Query } from './tree.ts';
import { rangeOf } from './tree.ts';

/** An engine over logs in memory. Closing it does not close the table. */
export async function openMemoryEngine(table: MemoryTable): Promise<DuckdbEngine> {
  await table.flush();
  return new DuckdbEngine(table.duckdb, memoryRows(memoryTableName), 'lent');
}

/** An interrupt that comes between two steps of a question has no effect: it is said again as long as something is open. */
const interruptEveryMillis = 10;

export class DuckdbEngine implements Engine {
  readonly #duckdb: Duckdb;
  readonly #source: RowSource;
  readonly #ownership: 'own' | 'lent';
  readonly #open = new Set<DuckDBConnection>();
  #sandbox: Promise<SqlSandbox> | undefined;
  readonly #dialect: Dialect;
  readonly #bounds: QuestionBounds;
  #cancelled: FlowError | undefined;

  constructor(
    duckdb: Duckdb,
    source: RowSource,
    ownership: 'own' | 'lent',
    dialect: Dialect = duckdbDialect,
    bounds: QuestionBounds = {},
  ) {
    this.#duckdb = duckdb;
    this.#source = source;
    this.#ownership = ownership;
    this.#dialect = dialect;
    this.#bounds = bounds;
  }

  /** Answers a question. Tuples and conversations come in chunks; the others are small. @throws filter-syntax, usage */
  async ask(query: Query): Promise<Answer> {
    const connection = await this.#connect();
    try {
      const { sql, parameters } = await this.#compile(query, connection);
      const { values, types } = parameters;
      const asked = { connection, sql, values, types };
      const result = await connection.stream(sql, values, types);
      if (query.ask === 'tuples' || query.ask === 'conversations')
        return this.#streamed(result, asked, (error) => questionError(error, query));
      const rows: Cell[][] = [];
      for await (const chunk of wholeChunks(result, asked)) rows.push(...rowsOf(chunk));
      this.#disconnect(connection);
      const columns = columnsOf(result);
      return query.ask === 'groups' ? groupAnswer(columns, rows, query) : smallAnswer(columns, rows);
    } catch (error) {
      this.#disconnect(connection);
      throw this.#cancelled ?? questionError(error, query);
    }
  }

  /**
   * Answers one SELECT over the view `flows`, with no access to anything else: an instance whose only files are those of the
   * snapshot, no external access, configuration locked.
   * @throws sql-refused, sql-failed; reading the chunks may throw sql-failed
   */
  async sql(text: string): Promise<Answer> {
    let connection: DuckDBConnection | undefined;
    try {
      this.#sandbox ??= openSqlSandbox(
        this.#source,
        this.#ownership === 'lent' ? this.#duckdb : undefined,
        this.#bounds,
      );
      connection = this.#track(await (await this.#sandbox).connect());
      const prepared = await prepareQuestion(connection, text);
      return this.#streamed(await prepared.stream(), { connection, sql: questionText(text) }, sqlError);
    } catch (error) {
      this.#disconnect(connection);
      throw this.#cancelled ?? sqlError(error);
    }
  }

  scan(): Scan {
    return this.#source.scan();
  }

  cancel(reason: FlowError): void {
    this.#cancelled ??= reason;
    const interrupt = (): void => {
      for (const connection of this.#open) connection.interrupt();
      if (this.#open.size > 0) setTimeout(interrupt, interruptEveryMillis);
    };
    interrupt();
  }

  /** Writes the answer to a Parquet file, which appears whole or not at all. @returns its rows @throws disk-full, permission, io */
  async writeParquet(query: Query, path: string): Promise<number> {
    const connection = await this.#connect();
    const target = resolve(path);
    const temporary = join(dirname(target), `.nsgflow-${randomUUID()}.parquet`);
    try {
      const { sql, parameters } = await this.#compile(query, connection);
      const columns = await parquetColumns(connection, sql, queryColumns(query));
      const result = await connection.run(
        `COPY (SELECT ${columns.join(', ')} FROM (${sql})) TO ${quoteText(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
        parameters.values,
        parameters.types,
      );
      await rename(temporary, target);
      return result.rowsChanged;
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      const wrapped = this.#cancelled ?? questionError(error, query);
      throw wrapped instanceof FlowError ? wrapped : duckdbFileError(error, `write ${path}`);
    } finally {
      this.#disconnect(connection);
    }
  }

  async close(): Promise<void> {
    for (const connection of this.#open) connection.closeSync();
    this.#open.clear();
    const sandbox = await this.#sandbox?.catch(() => undefined);
    await sandbox?.close();
    if (this.#ownership === 'own') await this.#duckdb.close();
  }

  async #compile(query: Query, connection: DuckDBConnection): Promise<{ sql: string; parameters: DuckdbParameters }> {
    const parameters = new DuckdbParameters();
    const rows = await this.#source.relation(connection, rangeOf(query), addressesOf(query.where));
    return { sql: querySql(query, rows, this.#dialect, parameters), parameters };
  }

  /** An answer that comes in chunks; errors on the way are wrapped. */
  #streamed(result: DuckDBResult, asked: Asked, wrap: (error: unknown) => unknown): Answer {
    const answer = answerOf(result, wholeChunks(result, asked), () => this.#disconnect(asked.connection));
    return { ...answer, chunks: wrapErrors(answer.chunks, (error) => this.#cancelled ?? wrap(error)) };
  }

  async #connect(): Promise<DuckDBConnection> {
    return this.#track(await this.#duckdb.connect());
  }

  #track(connection: DuckDBConnection): DuckDBConnection {
    if (this.#cancelled !== undefined) {
      connection.closeSync();
      throw this.#cancelled;
    }
    this.#open.add(connection);
    return connection;
  }

  #disconnect(connection: DuckDBConnection | undefined): void {
    if (connection !== undefined && this.#open.delete(connection)) connection.closeSync();
  }
}

/** The columns that people see, sums of 128 bits as 64: Parquet has no wider number, and DuckDB would write them as doubles. */
async function parquetColumns(
  connection: DuckDBConnection,
  sql: string,
  shown: readonly string[] | undefined,
): Promise<string[]> {
  const prepared = await connection.prepare(sql);
  const columns: string[] = [];
  for (let i = 0; i < prepared.columnCount; i++) {
    const name = prepared.columnName(i);
    if (shown !== undefined && !shown.includes(name)) continue;
    columns.push(prepared.columnTypeId(i) === DuckDBTypeId.HUGEINT ? `${name}::BIGINT AS ${name}` : name);
  }
  prepared.destroySync();
  return columns;
}

async function* wrapErrors<T>(chunks: AsyncIterable<T>, wrap: (error: unknown) => unknown): AsyncIterable<T> {
  try {
    yield* chunks;
  } catch (error) {
    throw wrap(error);
  }
}
