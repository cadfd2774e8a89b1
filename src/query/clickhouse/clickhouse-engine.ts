/**
 * Answers query trees with a ClickHouse server over the same Delta tables: how nsgflow outgrows one machine (docs/tasks/scale-out.md). Only trees: a user's SQL
 * runs in the embedded engine, whose sandbox a server has not.
 *
 * Where the lake is a folder of this machine, a view of it pins both tables, and builds what is not settled. A server that reads a lake elsewhere answers
 * over the newest versions: conversations are those that were settled last.
 */
import { randomUUID } from 'node:crypto';
import { FlowError } from '../../base/errors.ts';
import { dayMillis } from '../../base/time.ts';
import { addressesOf } from '../engine/address-condition.ts';
import { answerOf } from '../answer.ts';
import type { ClickhouseRequest } from './clickhouse-client.ts';
import { ClickhouseConnection } from './clickhouse-client.ts';
import type { Environment, LakeTables } from './clickhouse-place.ts';
import { lakeTables, parseEngineUrl } from './clickhouse-place.ts';
import { clickhouseCell } from './clickhouse-result.ts';
import type { SourceStep, Values } from './clickhouse-source.ts';
import { clickhouseSources, textsOf } from './clickhouse-source.ts';
import type { AskSettings, Engine, RelationAnswer } from '../engine/engine.ts';
import type { LoweredQuery } from '../lower/lower.ts';
import { lowerQuery } from '../lower/lower.ts';
import type { QuestionView } from '../engine/question-view.ts';
import { lowerNamed, planQuestion, scanOf } from '../engine/question-view.ts';
import type { TableName } from '../relation/node-names.ts';
import type { Answer, Cell, Scan } from '../engine/result.ts';
import { clickhouse, clickhouseParameters } from '../sql/clickhouse.ts';
import type { SqlSteps, SqlText } from '../sql/print.ts';
import { printSql } from '../sql/print.ts';
import type { Query } from '../tree.ts';

/**
 * An engine for `url` over the lake `lake`; nothing is sent before the first question. `view`: of the lake, where it is a folder of this machine; closing
 * the engine closes it. @throws usage
 */
export function openClickhouseEngine(url: string, lake: string, environment: Environment, view?: QuestionView): Engine {
  const server = parseEngineUrl(url);
  const places = lakeTables(lake, server.cluster, environment);
  return new ClickhouseEngine(new ClickhouseConnection(server.url, environment), places, view);
}

/** Rows of one chunk of an answer. */
const chunkRows = 2048;

/** @throws usage */
function refuseNames(): Promise<never> {
  return Promise.reject(
    new FlowError('usage', 'names of addresses, such as countries, are looked up by the embedded engine only', {
      hint: 'Leave --engine out.',
    }),
  );
}

const nothingKnown: Scan = {
  version: undefined,
  files: 0,
  filesRead: 0,
  bytes: 0,
  bytesRead: 0,
  rows: undefined,
  rowsRead: undefined,
  unfiltered: 0,
  built: 0,
};

/** A question as SQL, with the values of its tables. */
interface Compiled extends LoweredQuery {
  readonly sql: SqlSteps;
  readonly values: Values;
  /** What comes before the steps of the question. */
  readonly before: readonly SourceStep[];
  readonly scan: Scan;
}

class ClickhouseEngine implements Engine {
  readonly #connection: ClickhouseConnection;
  readonly #places: LakeTables;
  readonly #view: QuestionView | undefined;

  constructor(connection: ClickhouseConnection, places: LakeTables, view: QuestionView | undefined) {
    this.#connection = connection;
    this.#places = places;
    this.#view = view;
  }

  async ask(query: Query, { signal }: AskSettings = {}): Promise<Answer> {
    const compiled =
      this.#view === undefined ? await this.#newest(query, signal) : await this.#pinned(this.#view, query, signal);
    const { sql, values, before } = compiled;
    const steps = [...before, ...sql.steps];
    const session = steps.length === 0 ? undefined : randomUUID();
    const request = ({ text, parameters }: SqlText): ClickhouseRequest => {
      return { sql: text, values: { ...clickhouseParameters(parameters), ...values }, signal, session };
    };
    for (const step of before) await this.#connection.run({ sql: step.text, values: step.values, signal, session });
    for (const step of sql.steps) await this.#connection.run(request(step));
    const rows = this.#connection.rows(request(sql));
    await nextOf(rows);
    const types = (await nextOf(rows)).map(String);
    const done = async (): Promise<void> => {
      for (const { name } of steps)
        await this.#connection.run({ sql: `DROP TEMPORARY TABLE IF EXISTS ${name}`, values: {}, session });
    };
    return answerOf(query, compiled, chunksOf(rows, types, done), compiled.scan);
  }

  relate(): Promise<RelationAnswer> {
    return Promise.reject(
      new FlowError('usage', 'KQL runs in the embedded engine only', { hint: 'Leave --engine out.' }),
    );
  }

  sql(): Promise<Answer> {
    return Promise.reject(
      new FlowError('usage', 'SQL text runs in the embedded engine only', {
        hint: 'Leave --engine out; or send the SQL to the server by its own client, over deltaLakeAzure.',
      }),
    );
  }

  async close(): Promise<void> {
    await this.#connection.close();
    await this.#view?.close();
  }

  /** A question over the versions of a view. */
  async #pinned(view: QuestionView, query: Query, signal: AbortSignal | undefined): Promise<Compiled> {
    const { lowered, statement, files, toRead } = await planQuestion(view, query, clickhouse, refuseNames, signal);
    const sources = await clickhouseSources(view, toRead, statement.tables, addressesOf(query.where));
    const values = { ...sources.tuples?.values, ...sources.flows?.values };
    const scan = scanOf(view, files, Object.values(sources));
    const before = Object.values(sources).flatMap(({ step }) => step ?? []);
    return { ...lowered, sql: printSql(statement, clickhouse, textsOf(sources)), values, before, scan };
  }

  /** A question over the newest versions: first that of `flows`, so that the one of the tuples covers as much or more. */
  async #newest(query: Query, signal: AbortSignal | undefined): Promise<Compiled> {
    const flows = await this.#newestOf('flows', signal);
    const tuples = await this.#newestOf('tuples', signal);
    const lowered = lowerQuery(query, { firstDateMillis: await this.#firstDate(flows, signal) });
    const { values } = this.#places;
    const statement = await lowerNamed(lowered.relation, clickhouse, refuseNames);
    const sql = printSql(statement, clickhouse, { tuples, flows });
    return { ...lowered, sql, values, before: [], scan: nothingKnown };
  }

  /** A table at its newest version, which later commits do not change. */
  async #newestOf(name: TableName, signal: AbortSignal | undefined): Promise<string> {
    const { table, log } = this.#places[name];
    const [file] = await this.#only(`SELECT max(_file) FROM ${log}`, this.#places.values, signal);
    const version = Number.parseInt(String(file), 10);
    if (!Number.isSafeInteger(version)) return table;
    return `(SELECT * FROM ${table} SETTINGS delta_lake_snapshot_version = ${version})`;
  }

  /** The first instant of the first date of `flows`. */
  async #firstDate(flows: string, signal: AbortSignal | undefined): Promise<number | undefined> {
    const sql = `SELECT toUnixTimestamp64Milli(min(time)) AS millis FROM ${flows}`;
    const [millis] = await this.#only(sql, this.#places.values, signal);
    return millis === null ? undefined : Math.floor(Number(millis) / dayMillis) * dayMillis;
  }

  /** The only row of an answer. */
  async #only(sql: string, values: Values, signal: AbortSignal | undefined): Promise<unknown[]> {
    const rows = this.#connection.rows({ sql, values, signal });
    await nextOf(rows);
    await nextOf(rows);
    const row = await nextOf(rows);
    await rows.return(undefined);
    return row;
  }
}

async function* chunksOf(
  rows: AsyncGenerator<unknown[]>,
  types: readonly string[],
  done: () => Promise<void>,
): AsyncGenerator<Cell[][]> {
  let chunk: Cell[][] = [];
  for await (const row of rows) {
    chunk.push(row.map((value, i) => clickhouseCell(value, types[i])));
    if (chunk.length < chunkRows) continue;
    yield chunk;
    chunk = [];
  }
  await done();
  if (chunk.length > 0) yield chunk;
}

async function nextOf(rows: AsyncGenerator<unknown[]>): Promise<unknown[]> {
  const { value, done } = await rows.next();
  if (done === true) throw new FlowError('unavailable', 'the server gave no columns');
  return value;
}
