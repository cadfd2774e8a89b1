/**
 * Answers questions with DuckDB in process, over one version of a lake: each becomes a tree (lower/), and the tree SQL (sql/).
 *
 *   const engine = await openLakeEngine(lake);
 *   const answer = await engine.ask({ ask: 'groups', axes: [{ by: ['src.ip'], limit: 10 }], measures: [parseMeasure('bytes')] });
 *   for await (const rows of answer.chunks) …                     // rows of cells, in the order of answer.columns
 *   await engine.close();
 *
 * Answers by kind (columns by name):
 *   tuples         the columns of a tuple, in order of time
 *   conversations  the same columns, then last_time, tuples, observers
 *   groups         `time` of the bucket, the fields, `other`, then the measures (measure.ts); buckets in order of time, groups by size
 *   count          tuples, conversations
 */
import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { assert } from '../../base/assert.ts';
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { NameSource } from '../../enrich/names.ts';
import { packedNames } from '../../enrich/names.ts';
import { duckdbFileError } from '../../lake/files/data-file.ts';
import type { Asked } from '../../lake/duckdb/duckdb-stream.ts';
import { streamChunks } from '../../lake/duckdb/duckdb-stream.ts';
import { quoteText } from '../../lake/duckdb/duckdb.ts';
import { tupleRows } from '../../lake/files/file-rows.ts';
import { flowRows } from '../../lake/flows/flow-rows.ts';
import { addressesOf } from '../engine/address-condition.ts';
import { answerOf } from '../answer.ts';
import { makeNameTables } from './name-tables.ts';
import { rowsOf } from './duckdb-result.ts';
import { exactRows } from './exact-cell.ts';
import { questionError, relationError } from '../engine/engine-error.ts';
import type { AskSettings, Engine, RelationAnswer, RelationQuestion, WrittenAnswer } from '../engine/engine.ts';
import type { LoweredQuery } from '../lower/lower.ts';
import type { QuestionFiles, QuestionView } from '../engine/question-view.ts';
import { filesOfRelation, lowerNamed, nothingRead, planQuestion, scanOf } from '../engine/question-view.ts';
import { columnsOf } from '../relation/check.ts';
import type { Relation } from '../relation/relation.ts';
import type { TableName } from '../relation/node-names.ts';
import type { Answer, ExactCell, Scan } from '../engine/result.ts';
import { DuckdbPool, Running } from '../engine/running.ts';
import { rowChunks } from './row-chunks.ts';
import { registerScriptFunctions } from './script-functions.ts';
import { duckdb as dialect, duckdbParameters } from '../sql/duckdb.ts';
import type { SqlStatement } from '../sql/node.ts';
import type { SqlText } from '../sql/print.ts';
import { printSql } from '../sql/print.ts';
import type { TableSource } from '../engine/table-source.ts';
import { tableSource } from '../engine/table-source.ts';
import type { Query } from '../tree.ts';

/** A question as SQL, in a connection in which the files are known. */
interface Compiled extends LoweredQuery {
  readonly sql: SqlText;
  readonly scan: Scan;
}

/** All of an engine but SQL of users. */
export class DuckdbEngine implements Omit<Engine, 'sql' | 'timesOf'> {
  readonly #lake: QuestionView | undefined;
  readonly #names: NameSource;
  readonly #pool = new DuckdbPool();
  readonly #running = new Set<Running>();

  /** Without a view, it answers trees that read no table. */
  constructor(view: QuestionView | undefined, names: NameSource = packedNames) {
    this.#lake = view;
    this.#names = names;
  }

  get #view(): QuestionView {
    return (
      this.#lake ??
      (() => {
        throw new FlowError('usage', 'name what to ask: --lake DIR, or -i SOURCE');
      })()
    );
  }

  async ask(query: Query, settings: AskSettings = {}): Promise<Answer> {
    const wrap = (error: unknown): unknown => questionError(error, query);
    const running = await this.#start(settings);
    try {
      const compiled = await this.#compile(query, running, settings);
      const chunks = streamChunks({ ...asked(compiled.sql), connection: running.connection });
      return await answerOf(query, compiled, rowChunks(chunks, running, wrap, rowsOf), compiled.scan);
    } catch (error) {
      await running.end();
      throw running.reason(error, wrap);
    }
  }

  async relate({ relation, columns }: RelationQuestion, settings: AskSettings = {}): Promise<RelationAnswer> {
    const types = new Map(columnsOf(relation).map(({ name, type }) => [name, type]));
    const running = await this.#start(settings);
    try {
      const statement = await lowerNamed(relation, dialect, this.#names);
      const files =
        statement.tables.size === 0
          ? {}
          : await filesOfRelation(this.#view, relation, statement.tables, settings.signal);
      const { sql, scan } = await this.#printed(statement, files, files, undefined, running, settings);
      const shown = columns.map((one) => ({ name: one.name, type: types.get(one.column)! }));
      const order = columnsOf(relation).map(({ name }) => columns.findIndex((one) => one.column === name));
      assert(
        order.every((at, i) => at === i),
        'a tree has the columns of its answer, in order',
      );
      registerScriptFunctions(running.connection, sql.text);
      const chunks = streamChunks({ ...asked(sql), connection: running.connection });
      const rows = (chunk: DuckDBDataChunk): ExactCell[][] =>
        exactRows(
          chunk,
          shown.map(({ type }) => type),
        );
      return { columns: shown, chunks: rowChunks(chunks, running, relationError, rows), scan, sql: sql.text };
    } catch (error) {
      await running.end();
      throw running.reason(error, relationError);
    }
  }

  /** Writes the answer to a Parquet file, which appears whole or not at all. @throws disk-full, permission, io */
  async writeParquet(query: Query, path: string, settings: AskSettings = {}): Promise<WrittenAnswer> {
    const running = await this.#start(settings);
    const target = resolve(path);
    const temporary = join(dirname(target), `.nsgflow-${randomUUID()}.parquet`);
    try {
      const { relation, columns, sql, scan } = await this.#compile(query, running, settings);
      const { sql: text, values, types } = asked(sql);
      const selected = parquetColumns(relation, columns).join(', ');
      const result = await running.connection.run(
        `COPY (SELECT ${selected} FROM (${text})) TO ${quoteText(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
        values,
        types,
      );
      await rename(temporary, target);
      return { rows: result.rowsChanged, scan };
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw running.reason(error, (one) => {
        const wrapped = questionError(one, query);
        return wrapped instanceof FlowError ? wrapped : duckdbFileError(one, `write ${path}`);
      });
    } finally {
      await running.end();
    }
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    for (const running of this.#running) await running.close();
    await this.#pool.close();
  }

  async #start({ signal, bounds = {}, onProgress }: AskSettings): Promise<Running> {
    signal?.throwIfAborted();
    const { memoryBytes = limits.queryMemoryBytesMax } = bounds;
    const duckdb = await this.#pool.take(memoryBytes, signal);
    try {
      const connection = await duckdb.connect(signal);
      const running = this.#track(new Running(connection, signal, () => this.#pool.giveBack(duckdb, memoryBytes)));
      if (onProgress !== undefined) await running.report(onProgress);
      return running;
    } catch (error) {
      await this.#pool.giveBack(duckdb, memoryBytes);
      throw error;
    }
  }

  #track(running: Running): Running {
    for (const one of this.#running) if (one.isOver) this.#running.delete(one);
    this.#running.add(running);
    return running;
  }

  async #compile(query: Query, running: Running, settings: AskSettings): Promise<Compiled> {
    const { lowered, statement, files, toRead } = await planQuestion(
      this.#view,
      query,
      dialect,
      this.#names,
      settings.signal,
    );
    return {
      ...lowered,
      ...(await this.#printed(statement, files, toRead, addressesOf(query.where), running, settings)),
    };
  }

  /** A statement as text, in a connection in which its files are known. */
  async #printed(
    statement: SqlStatement,
    files: QuestionFiles,
    toRead: QuestionFiles,
    addresses: readonly string[] | undefined,
    { connection }: Running,
    { signal }: AskSettings,
  ): Promise<{ readonly sql: SqlText; readonly scan: Scan }> {
    const sources: Partial<Record<TableName, TableSource>> = {};
    for (const [name, rows] of [
      ['tuples', tupleRows],
      ['flows', flowRows],
    ] as const) {
      const tables = toRead[name];
      if (tables !== undefined) sources[name] = await tableSource(connection, rows, tables, addresses);
    }
    const places = { tuples: sources.tuples?.sql ?? '', flows: sources.flows?.sql ?? '' };
    const read = Object.values(places).filter((place) => place !== '');
    await makeNameTables(connection, read, statement, this.#names, signal);
    const sql = printSql(statement, dialect, places);
    registerScriptFunctions(connection, sql.text);
    const scan = this.#lake === undefined ? nothingRead : scanOf(this.#lake, files, Object.values(sources));
    return { sql, scan };
  }
}

/** SQL of ours, as DuckDB is asked it. */
function asked({ text, parameters }: SqlText): Omit<Asked, 'connection'> {
  return { sql: text, ...duckdbParameters(parameters) };
}

/** Sums of 128 bits as 64: Parquet has no wider number, and DuckDB would write them as doubles. */
function parquetColumns(relation: Relation, names: readonly string[]): string[] {
  const types = new Map(columnsOf(relation).map(({ name, type }) => [name, type]));
  return names.map((name) => (types.get(name) === 'wide' ? `"${name}"::BIGINT AS "${name}"` : `"${name}"`));
}
