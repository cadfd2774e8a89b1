/** Answers one query of the query API, alone or in a batch. */
import { randomUUID } from 'node:crypto';
import { FlowError } from '../../base/errors.ts';
import { Gate } from '../../base/gate.ts';
import { limits } from '../../base/limits.ts';
import type { WorkspaceState } from '../../control/types/workspace.ts';
import type { QueryRange } from '../../query/tree.ts';
import { answerBody } from './answer-body.ts';
import { LogsError, badArgument, describeLogsFailure, logsErrorBody } from './logs-error.ts';
import type { LogsEngine } from './logs-engine.ts';
import { parsePrefer } from './prefer.ts';
import { parseTimespan } from './time-span.ts';
import { workspaceNamed } from './workspaces.ts';

export interface LogsSettings {
  readonly workspaces: () => readonly WorkspaceState[];
  /** Absent until the service has started. */
  readonly engine: () => LogsEngine | undefined;
  readonly now: () => number;
  readonly onFault: (error: unknown) => void;
}

/** What a client sent, not checked. */
export interface LogsRequest {
  /** `customerId` or resource id. */
  readonly workspace: string;
  readonly query: unknown;
  readonly timespan: unknown;
  /** Further workspaces. */
  readonly workspaces: unknown;
  readonly prefer: string | undefined;
  /** Ends the question when the client has gone. */
  readonly gone: AbortSignal;
}

export interface LogsResponse {
  readonly status: number;
  /** JSON. */
  readonly body: string;
  readonly code?: string;
}

export class LogsDesk {
  readonly settings: LogsSettings;
  readonly #gate = new Gate(limits.logsQueriesAtOnce);
  #queries = 0;

  constructor(settings: LogsSettings) {
    this.settings = settings;
  }

  /** Never rejects: failures become error responses. */
  async answer(request: LogsRequest): Promise<LogsResponse> {
    try {
      if (this.#queries >= limits.logsQueriesMax)
        throw new LogsError(429, 'ThrottledError', 'Too many queries run or wait. Ask again later.');
      this.#queries++;
      try {
        return { status: 200, body: await this.#answer(request) };
      } finally {
        this.#queries--;
      }
    } catch (error) {
      return this.failure(error);
    }
  }

  failure(error: unknown): LogsResponse {
    const failure = describeLogsFailure(error);
    if (failure.status === 500) this.settings.onFault(error);
    return {
      status: failure.status,
      body: JSON.stringify(logsErrorBody(failure, randomUUID())),
      code: failure.code,
    };
  }

  /** The engine. @throws LogsError 503 */
  engine(): LogsEngine {
    const engine = this.settings.engine();
    if (engine === undefined) throw new LogsError(503, 'ServiceUnavailable', 'The service is starting.');
    return engine;
  }

  async #answer({ workspace, workspaces, query, timespan, prefer, gone }: LogsRequest): Promise<string> {
    const startMillis = performance.now();
    const engine = this.engine();
    for (const id of [workspace, ...textsOf(workspaces)]) workspaceNamed(id, this.settings.workspaces());
    if (typeof query !== 'string' || query.trim() === '')
      throw badArgument('QueryMissing', 'The request has no query: {"query":"NTANetAnalytics | take 10"}.');
    const range = rangeOf(timespan, this.settings.now());
    const preferences = parsePrefer(prefer);
    const { waitSeconds } = preferences;
    const timeout = new AbortController();
    const timer = setTimeout(
      () => timeout.abort(new FlowError('timeout', `the query has no answer after ${waitSeconds} seconds`)),
      waitSeconds * 1000,
    );
    const signal = AbortSignal.any([timeout.signal, gone]);
    try {
      return await this.#gate.pass(async () => {
        const answer = await engine.ask({ text: query, range, signal });
        return await answerBody(answer, preferences, startMillis);
      }, signal);
    } finally {
      clearTimeout(timer);
    }
  }
}

function rangeOf(timespan: unknown, nowMillis: number): QueryRange {
  if (timespan === undefined || timespan === null || timespan === '') return {};
  if (typeof timespan !== 'string') throw badArgument('InvalidTimespan', 'The timespan is not a text.');
  return parseTimespan(timespan, nowMillis);
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
