/**
 * The Log Analytics query API, as `@azure/monitor-query`, `az monitor log-analytics query` and Grafana ask it:
 *
 *     GET|POST /v1/workspaces/{customerId}/query      GET|POST /v1/workspaces/{customerId}/metadata
 *     GET|POST /v1/{resource id of a workspace}/query, …/metadata
 *     POST     /v1/$batch
 *
 * Source: Azure Monitor, "Log Analytics API".
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { limits } from '../../base/limits.ts';
import { LogsDesk } from '../logs/ask-logs.ts';
import type { LogsResponse, LogsSettings } from '../logs/ask-logs.ts';
import { LogsError, badArgument } from '../logs/logs-error.ts';
import { metadataBody } from '../logs/metadata.ts';
import { workspaceNamed } from '../logs/workspaces.ts';
import type { HttpServer } from '../listen.ts';
import type { Tokens } from '../tokens.ts';
import { queryValue } from './query-string.ts';

export interface LogAnalyticsSettings extends LogsSettings {
  readonly tokens: Tokens;
  readonly challenge: () => string;
}

type Body = Readonly<Record<string, unknown>>;

export function addLogAnalyticsRoutes(app: HttpServer, settings: LogAnalyticsSettings): void {
  const desk = new LogsDesk(settings);
  const route = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    await settings.tokens.check(request.headers.authorization, settings.challenge(), 'logs');
    return send(reply, await answerRequest(request, reply, desk));
  };
  app.route({ method: ['GET', 'POST'], url: '/v1/*', handler: route });
}

async function answerRequest(request: FastifyRequest, reply: FastifyReply, desk: LogsDesk): Promise<LogsResponse> {
  try {
    const gone = goneSignal(reply);
    const path = decodePath(request.originalUrl);
    if (/^\/v1\/\$batch$/i.test(path)) {
      if (request.method !== 'POST') throw pathNotFound(path);
      return await answerBatch(bodyOf(request), desk, gone);
    }
    const { workspace, ask } = placeOf(path);
    const body = request.method === 'POST' ? bodyOf(request) : {};
    if (ask === 'metadata') return answerMetadata(workspace, desk);
    const given = (name: string): unknown => body[name] ?? queryValue(request.query, name);
    return await desk.answer({
      workspace,
      query: given('query'),
      timespan: given('timespan'),
      workspaces: body['workspaces'],
      prefer: headerOf(request.headers.prefer),
      gone,
    });
  } catch (error) {
    return desk.failure(error);
  }
}

function answerMetadata(workspace: string, desk: LogsDesk): LogsResponse {
  const found = workspaceNamed(workspace, desk.settings.workspaces());
  return { status: 200, body: JSON.stringify(metadataBody(found, desk.engine().tables)) };
}

/** Queries of a batch fail apart: each has its status and body. */
async function answerBatch(body: Body, desk: LogsDesk, gone: AbortSignal): Promise<LogsResponse> {
  const { requests } = body;
  if (!Array.isArray(requests)) throw badArgument('BatchInvalid', 'The batch has no list "requests".');
  if (requests.length > limits.logsBatchQueriesMax)
    throw badArgument('BatchTooLarge', `The batch has more than ${limits.logsBatchQueriesMax} requests.`);
  const responses = await Promise.all(
    requests.map(async (one: unknown, at) => {
      const part = objectOf(one);
      const id = typeof part['id'] === 'string' || typeof part['id'] === 'number' ? String(part['id']) : String(at);
      const answer = await answerPart(part, desk, gone);
      return `{"id":${JSON.stringify(id)},"status":${answer.status},"headers":{},"body":${answer.body}}`;
    }),
  );
  return { status: 200, body: `{"responses":[${responses.join(',')}]}` };
}

async function answerPart(part: Body, desk: LogsDesk, gone: AbortSignal): Promise<LogsResponse> {
  const { workspace, path = '/query', body } = part;
  if (typeof workspace !== 'string')
    return desk.failure(badArgument('WorkspaceMissing', 'The request has no workspace.'));
  if (path !== '/query') return desk.failure(pathNotFound(String(path)));
  const headers = Object.entries(objectOf(part['headers']));
  const prefer = headers.find(([name]) => name.toLowerCase() === 'prefer')?.[1];
  const { query, timespan, workspaces } = objectOf(body);
  return await desk.answer({
    workspace,
    query,
    timespan,
    workspaces,
    prefer: typeof prefer === 'string' ? prefer : undefined,
    gone,
  });
}

/** @throws LogsError 404 */
function placeOf(path: string): { readonly workspace: string; readonly ask: 'query' | 'metadata' } {
  const found = /^\/v1\/(?:workspaces\/([^/]+)|(subscriptions\/.+))\/(query|metadata)$/i.exec(path);
  if (found === null) throw pathNotFound(path);
  const [, customerId, resource = '', ask = ''] = found;
  return { workspace: customerId ?? `/${resource}`, ask: ask.toLowerCase() === 'query' ? 'query' : 'metadata' };
}

function pathNotFound(path: string): LogsError {
  return new LogsError(404, 'PathNotFoundError', `The requested path ${path.slice(0, 200)} does not exist`);
}

/** @throws LogsError 400 */
function decodePath(url: string): string {
  try {
    return decodeURIComponent(url.split('?')[0] ?? '')
      .replace(/^\/{2,}/, '/')
      .replace(/\/$/, '');
  } catch {
    throw badArgument('InvalidPath', 'The path of the request is not valid.');
  }
}

/** @throws LogsError 400 */
function bodyOf({ body }: FastifyRequest): Body {
  if (!(body instanceof Uint8Array)) return {};
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Body;
  } catch {
    // The same refusal.
  }
  throw badArgument('InvalidJsonBody', 'The body of the request is not a JSON object.');
}

function objectOf(value: unknown): Body {
  return typeof value === 'object' && value !== null ? (value as Body) : {};
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}

/** Aborts when the connection closes before the response is sent. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new LogsError(499, 'ClientClosedRequest', 'The client has gone.'));
  });
  return gone.signal;
}

function send(reply: FastifyReply, { status, body, code }: LogsResponse): FastifyReply {
  void reply.code(status).type('application/json; charset=utf-8');
  if (code !== undefined) void reply.header('x-ms-error-code', code);
  return reply.send(body);
}
