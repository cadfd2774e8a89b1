/** Sends SQL to a ClickHouse server, and says in our words what goes wrong. */
import type { ClickHouseClient } from '@clickhouse/client';
import { FlowError } from '../../base/errors.ts';
import type { Environment } from './clickhouse-place.ts';
import type { Values } from './clickhouse-source.ts';
import { clickhouseSettings } from '../sql/clickhouse.ts';

/** The client's own is 30 s; a question may take longer, and `--timeout` and Ctrl-C end it. */
const requestTimeoutMillis = 3_600_000;

export interface ClickhouseRequest {
  readonly sql: string;
  readonly values: Values;
  readonly signal?: AbortSignal | undefined;
  /** Requests of one session see its temporary tables. */
  readonly session?: string | undefined;
}

export class ClickhouseConnection {
  readonly #url: string;
  readonly #environment: Environment;
  #client: ClickHouseClient | undefined;

  constructor(url: string, environment: Environment) {
    this.#url = url;
    this.#environment = environment;
  }

  /** First the names of the columns, then their types, then the rows. @throws authentication, memory, unavailable, the reason of the signal */
  async *rows(request: ClickhouseRequest): AsyncGenerator<unknown[]> {
    const { sql, values, signal, session } = request;
    try {
      const client = await this.#open();
      const result = await client.query({
        query: sql,
        format: 'JSONCompactEachRowWithNamesAndTypes',
        query_params: { ...values },
        clickhouse_settings: clickhouseSettings,
        ...(session === undefined ? {} : { session_id: session }),
        ...(signal === undefined ? {} : { abort_signal: signal }),
      });
      for await (const rows of result.stream<unknown[]>()) for (const row of rows) yield row.json();
    } catch (error) {
      throw this.#wrap(error, signal);
    }
  }

  /** Runs a statement that gives no rows. @throws what {@link rows} throws */
  async run(request: ClickhouseRequest): Promise<void> {
    for await (const _ of this.rows(request));
  }

  async close(): Promise<void> {
    await this.#client?.close();
  }

  async #open(): Promise<ClickHouseClient> {
    if (this.#client !== undefined) return this.#client;
    const { ClickHouseLogLevel, createClient } = await import('@clickhouse/client');
    return (this.#client ??= createClient({
      url: this.#url,
      username: this.#environment['CLICKHOUSE_USER'] ?? 'default',
      password: this.#environment['CLICKHOUSE_PASSWORD'] ?? '',
      application: 'nsgflow',
      request_timeout: requestTimeoutMillis,
      // The caller reports the failure.
      log: { level: ClickHouseLogLevel.OFF },
      // Long parameters go into the body.
      use_multipart_params_auto: true,
      // So that nothing between takes the silence of a long question for its end.
      clickhouse_settings: { send_progress_in_http_headers: 1, http_headers_progress_interval_ms: '110000' },
    }));
  }

  #wrap(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted === true) return signal.reason;
    if (error instanceof FlowError) return error;
    const { code, type, message } = error as { code?: string; type?: string; message?: string };
    const first = String(message ?? error).split('\n')[0];
    if (type === 'AUTHENTICATION_FAILED' || type === 'REQUIRED_PASSWORD' || type === 'WRONG_PASSWORD')
      return new FlowError('authentication', `${this.#url} refuses the account`, {
        cause: error,
        hint: 'Check CLICKHOUSE_USER and CLICKHOUSE_PASSWORD.',
      });
    if (type === 'MEMORY_LIMIT_EXCEEDED')
      return new FlowError('memory', 'the question needs more memory than the server grants', { cause: error });
    if (typeof code === 'string' && /^E[A-Z_]+$/.test(code))
      return new FlowError('unavailable', `cannot reach ${this.#url}: ${code}`, {
        hint: 'Check the URL and the network, then ask again.',
        cause: error,
      });
    return new FlowError('unavailable', `${this.#url} cannot answer: ${first}`, {
      hint: 'Read what the server says; docs/tasks/scale-out.md tells what it needs.',
      cause: error,
    });
  }
}
