/**
 * Answers query trees with a ClickHouse server over the same Delta table: how nsgflow outgrows one machine (docs/scale-out.md). Only trees:
 * a user's SQL runs in the embedded engine, whose sandbox a server has not.
 *
 *   --engine clickhouse://HOST:8443[?cluster=NAME&secure=0]     account: CLICKHOUSE_USER, CLICKHOUSE_PASSWORD
 *   --lake /path/on/the/server                                  deltaLakeLocal
 *   --lake https://ACCOUNT.blob.core.windows.net/CONTAINER/PATH deltaLakeAzure; AZURE_STORAGE_CONNECTION_STRING
 *   --lake collection:NAME                                      deltaLakeAzure with a named collection of the server, whose path is that of the table
 *
 * The table of tuples lies in the folder `tuples` of the lake.
 *
 * With a cluster, deltaLakeAzureCluster: its nodes share the files among them.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { FlowError } from '../base/errors.ts';
import { dayMillis } from '../base/time.ts';
import { flowsName, tuplesName } from '../lake/table-place.ts';
import { answerOf } from './answer.ts';
import { clickhouseCell } from './clickhouse-result.ts';
import type { AskSettings, Engine } from './engine.ts';
import { lowerQuery } from './lower/lower.ts';
import type { Answer, Cell, Scan } from './result.ts';
import { clickhouse, clickhouseParameters, clickhouseSettings } from './sql/clickhouse.ts';
import { lowerRelation } from './sql/lower.ts';
import { printSql } from './sql/print.ts';
import type { Query } from './tree.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** An engine for `url` over the lake `lake`; nothing is sent before the first question. @throws usage */
export function openClickhouseEngine(url: string, lake: string, environment: Environment): Engine {
  const server = parseEngineUrl(url);
  return new ClickhouseEngine(server, lakeTables(lake, server.cluster, environment), environment);
}

interface Server {
  /** Of the HTTP interface. */
  readonly url: string;
  readonly cluster: string | undefined;
}

/** @throws usage */
function parseEngineUrl(text: string): Server {
  const wrong = (what: string): FlowError =>
    new FlowError('usage', `--engine ${what}`, {
      hint: 'Such as clickhouse://host:8443, or clickhouse://host:8443?cluster=NAME.',
    });
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong('is no URL');
  }
  if (url.protocol !== 'clickhouse:' || url.hostname === '') throw wrong('takes clickhouse://HOST:PORT');
  if (url.username !== '' || url.password !== '')
    throw new FlowError('usage', '--engine takes no credentials', {
      hint: 'Set CLICKHOUSE_USER and CLICKHOUSE_PASSWORD in the environment.',
    });
  const secure = url.searchParams.get('secure') !== '0';
  const port = url.port === '' ? (secure ? '8443' : '8123') : url.port;
  return {
    url: `${secure ? 'https' : 'http'}://${url.hostname}:${port}`,
    cluster: url.searchParams.get('cluster') ?? undefined,
  };
}

/** The table functions of both tables, and the values of their places. */
interface LakeTables {
  readonly tuples: string;
  readonly flows: string;
  readonly values: Readonly<Record<string, string>>;
}

/** @throws usage */
function lakeTables(lake: string, cluster: string | undefined, environment: Environment): LakeTables {
  const name = cluster === undefined ? 'deltaLakeAzure' : 'deltaLakeAzureCluster';
  const first = cluster === undefined ? '' : '{lake_cluster:String}, ';
  const ofCluster = cluster === undefined ? {} : { lake_cluster: cluster };
  if (lake.startsWith('collection:')) {
    const collection = lake.slice('collection:'.length);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(collection))
      throw new FlowError('usage', `${JSON.stringify(collection)} is no name of a named collection`);
    return {
      tuples: `${name}(${first}${collection})`,
      flows: `${name}(${first}${collection}, blob_path = '${flowsName}')`,
      values: ofCluster,
    };
  }
  if (/^https?:\/\//.test(lake)) {
    const url = new URL(lake);
    const [container, ...path] = decodeURIComponent(url.pathname)
      .split('/')
      .filter((part) => part !== '');
    if (container === undefined || path.length === 0 || url.search !== '')
      throw new FlowError('usage', '--lake as a URL names account, container and folder, without a SAS', {
        hint: 'https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER; credentials come from the environment.',
      });
    const account = environment['AZURE_STORAGE_CONNECTION_STRING'] ?? url.origin;
    const at = (folder: string): string =>
      `${name}(${first}{lake_account:String}, {lake_container:String}, {${folder}:String})`;
    return {
      tuples: at('lake_path'),
      flows: at('flows_path'),
      values: {
        ...ofCluster,
        lake_account: account,
        lake_container: container,
        lake_path: [...path, tuplesName].join('/'),
        flows_path: [...path, flowsName].join('/'),
      },
    };
  }
  if (cluster !== undefined)
    throw new FlowError('usage', 'a cluster reads a lake in Azure Storage, not a folder of one server');
  return {
    tuples: 'deltaLakeLocal({lake_path:String})',
    flows: 'deltaLakeLocal({flows_path:String})',
    values: { lake_path: tuplesFolder(lake), flows_path: join(lake, flowsName) },
  };
}

/** In a folder of the server, which this machine may see too: then it tells a lake that older versions of nsgflow made. */
function tuplesFolder(lake: string): string {
  const folder = join(lake, tuplesName);
  return existsSync(join(lake, '_delta_log')) && !existsSync(join(folder, '_delta_log')) ? lake : folder;
}

/** Rows of one chunk of an answer. */
const chunkRows = 2048;

/** The client's own is 30 s; a question may take longer, and `--timeout` and Ctrl-C end it. */
const requestTimeoutMillis = 3_600_000;

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

class ClickhouseEngine implements Engine {
  readonly #server: Server;
  readonly #tables: LakeTables;
  readonly #environment: Environment;
  #client: ClickHouseClient | undefined;

  constructor(server: Server, tables: LakeTables, environment: Environment) {
    this.#server = server;
    this.#tables = tables;
    this.#environment = environment;
  }

  async ask(query: Query, { signal }: AskSettings = {}): Promise<Answer> {
    try {
      const lowered = lowerQuery(query, { firstDateMillis: await this.#firstDate(signal) });
      const { text, parameters } = printSql(lowerRelation(lowered.relation, clickhouse), clickhouse, this.#tables);
      const rows = this.#rows(text, { ...clickhouseParameters(parameters), ...this.#tables.values }, signal);
      await nextOf(rows);
      const types = (await nextOf(rows)).map(String);
      return await answerOf(query, lowered, this.#chunks(rows, types, signal), nothingKnown);
    } catch (error) {
      throw this.#wrap(error, signal);
    }
  }

  /** The first instant of the first date of `flows`, by its statistics. */
  async #firstDate(signal: AbortSignal | undefined): Promise<number | undefined> {
    const rows = this.#rows(
      `SELECT toUnixTimestamp64Milli(min(time)) AS millis FROM ${this.#tables.flows}`,
      this.#tables.values,
      signal,
    );
    await nextOf(rows);
    await nextOf(rows);
    const [millis] = await nextOf(rows);
    await rows.return(undefined);
    return millis === null ? undefined : Math.floor(Number(millis) / dayMillis) * dayMillis;
  }

  sql(): Promise<Answer> {
    return Promise.reject(
      new FlowError('usage', 'SQL text runs in the embedded engine only', {
        hint: 'Leave --engine out; or send the SQL to the server by its own client, over deltaLakeAzure.',
      }),
    );
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  async *#rows(
    sql: string,
    values: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<unknown[]> {
    if (this.#client === undefined) {
      const { ClickHouseLogLevel, createClient } = await import('@clickhouse/client');
      this.#client = createClient({
        url: this.#server.url,
        username: this.#environment['CLICKHOUSE_USER'] ?? 'default',
        password: this.#environment['CLICKHOUSE_PASSWORD'] ?? '',
        application: 'nsgflow',
        request_timeout: requestTimeoutMillis,
        // What fails is said by whoever asked.
        log: { level: ClickHouseLogLevel.OFF },
        // So that nothing between takes the silence of a long question for its end.
        clickhouse_settings: { send_progress_in_http_headers: 1, http_headers_progress_interval_ms: '110000' },
      });
    }
    const result = await this.#client.query({
      query: sql,
      format: 'JSONCompactEachRowWithNamesAndTypes',
      query_params: values,
      clickhouse_settings: clickhouseSettings,
      ...(signal === undefined ? {} : { abort_signal: signal }),
    });
    for await (const rows of result.stream<unknown[]>()) for (const row of rows) yield row.json();
  }

  async *#chunks(
    rows: AsyncGenerator<unknown[]>,
    types: readonly string[],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Cell[][]> {
    let chunk: Cell[][] = [];
    try {
      for await (const row of rows) {
        chunk.push(row.map((value, i) => clickhouseCell(value, types[i])));
        if (chunk.length < chunkRows) continue;
        yield chunk;
        chunk = [];
      }
    } catch (error) {
      throw this.#wrap(error, signal);
    }
    if (chunk.length > 0) yield chunk;
  }

  #wrap(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted === true) return signal.reason;
    if (error instanceof FlowError) return error;
    const { code, type, message } = error as { code?: string; type?: string; message?: string };
    const first = String(message ?? error).split('\n')[0];
    if (type === 'AUTHENTICATION_FAILED' || type === 'REQUIRED_PASSWORD' || type === 'WRONG_PASSWORD')
      return new FlowError('authentication', `${this.#server.url} refuses the account`, {
        cause: error,
        hint: 'Check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD.',
      });
    if (type === 'MEMORY_LIMIT_EXCEEDED')
      return new FlowError('memory', 'the question needs more memory than the server grants', { cause: error });
    if (typeof code === 'string' && /^E[A-Z_]+$/.test(code))
      return new FlowError('unavailable', `cannot reach ${this.#server.url}: ${code}`, { cause: error });
    return new FlowError('unavailable', `${this.#server.url} cannot answer: ${first}`, { cause: error });
  }
}

async function nextOf(rows: AsyncGenerator<unknown[]>): Promise<unknown[]> {
  const { value, done } = await rows.next();
  if (done === true) throw new FlowError('unavailable', 'the server gave no columns');
  return value;
}
