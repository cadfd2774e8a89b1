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
import { tuplesName } from '../lake/table-place.ts';
import { ClickhouseParameters, clickhouseDialect, clickhouseSettings } from './clickhouse-dialect.ts';
import { clickhouseCell, clickhouseKind } from './clickhouse-result.ts';
import type { Engine, Scan } from './engine.ts';
import { groupAnswer, querySql } from './query-sql.ts';
import type { Answer, AnswerColumn, Cell } from './result.ts';
import { smallAnswer } from './result.ts';
import type { Query } from './tree.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** An engine for `url` over the lake `lake`; nothing is sent before the first question. @throws usage */
export function openClickhouseEngine(url: string, lake: string, environment: Environment): Engine {
  const server = parseEngineUrl(url);
  return new ClickhouseEngine(server, lakeTable(lake, server.cluster, environment), environment);
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

/** A table function and the values of its places. */
interface LakeTable {
  readonly sql: string;
  readonly values: Readonly<Record<string, string>>;
}

/** @throws usage */
function lakeTable(lake: string, cluster: string | undefined, environment: Environment): LakeTable {
  const name = cluster === undefined ? 'deltaLakeAzure' : 'deltaLakeAzureCluster';
  const first = cluster === undefined ? '' : '{lake_cluster:String}, ';
  const ofCluster = cluster === undefined ? {} : { lake_cluster: cluster };
  if (lake.startsWith('collection:')) {
    const collection = lake.slice('collection:'.length);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(collection))
      throw new FlowError('usage', `${JSON.stringify(collection)} is no name of a named collection`);
    return { sql: `${name}(${first}${collection})`, values: ofCluster };
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
    return {
      sql: `${name}(${first}{lake_account:String}, {lake_container:String}, {lake_path:String})`,
      values: {
        ...ofCluster,
        lake_account: account,
        lake_container: container,
        lake_path: [...path, tuplesName].join('/'),
      },
    };
  }
  if (cluster !== undefined)
    throw new FlowError('usage', 'a cluster reads a lake in Azure Storage, not a folder of one server');
  return { sql: 'deltaLakeLocal({lake_path:String})', values: { lake_path: tuplesFolder(lake) } };
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

class ClickhouseEngine implements Engine {
  readonly #server: Server;
  readonly #table: LakeTable;
  readonly #environment: Environment;
  readonly #abort = new AbortController();
  #client: ClickHouseClient | undefined;
  #cancelled: FlowError | undefined;

  constructor(server: Server, table: LakeTable, environment: Environment) {
    this.#server = server;
    this.#table = table;
    this.#environment = environment;
  }

  async ask(query: Query): Promise<Answer> {
    if (this.#cancelled !== undefined) throw this.#cancelled;
    const parameters = new ClickhouseParameters();
    const sql = querySql(query, this.#table.sql, clickhouseDialect, parameters);
    try {
      const rows = this.#rows(sql, { ...parameters.values, ...this.#table.values });
      const names = await nextOf(rows);
      const types = await nextOf(rows);
      const columns = names.map((name, i): AnswerColumn => ({
        name: String(name),
        kind: clickhouseKind(String(types[i])),
      }));
      const chunks = this.#chunks(rows, types.map(String));
      if (query.ask === 'tuples' || query.ask === 'conversations') return { columns, chunks };
      const all: Cell[][] = [];
      for await (const chunk of chunks) all.push(...chunk);
      return query.ask === 'groups' ? groupAnswer(columns, all, query) : smallAnswer(columns, all);
    } catch (error) {
      throw this.#wrap(error);
    }
  }

  sql(): Promise<Answer> {
    return Promise.reject(
      new FlowError('usage', 'SQL text runs in the embedded engine only', {
        hint: 'Leave --engine out; or send the SQL to the server by its own client, over deltaLakeAzure.',
      }),
    );
  }

  scan(): Scan {
    return { version: undefined, files: 0, filesRead: 0, bytes: 0, bytesRead: 0, rows: undefined, rowsRead: undefined };
  }

  cancel(reason: FlowError): void {
    this.#cancelled ??= reason;
    this.#abort.abort();
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  async *#rows(sql: string, values: Readonly<Record<string, string>>): AsyncGenerator<unknown[]> {
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
      abort_signal: this.#abort.signal,
    });
    for await (const rows of result.stream<unknown[]>()) for (const row of rows) yield row.json();
  }

  async *#chunks(rows: AsyncGenerator<unknown[]>, types: readonly string[]): AsyncGenerator<Cell[][]> {
    let chunk: Cell[][] = [];
    try {
      for await (const row of rows) {
        chunk.push(row.map((value, i) => clickhouseCell(value, types[i])));
        if (chunk.length < chunkRows) continue;
        yield chunk;
        chunk = [];
      }
    } catch (error) {
      throw this.#wrap(error);
    }
    if (chunk.length > 0) yield chunk;
  }

  #wrap(error: unknown): unknown {
    if (this.#cancelled !== undefined) return this.#cancelled;
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
