/** All other routes: Azure Resource Manager's API, and the storage accounts' own. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ArmRequest, ArmResponse } from '../../control/api/request.ts';
import { RequestError } from '../arm-error.ts';
import type { HttpServer } from '../listen.ts';
import type { Tokens } from '../tokens.ts';
import { accountOfPath, answerStorage } from './storage.ts';
import type { StorageRouteSettings } from './storage.ts';

export interface ControlRouteSettings extends StorageRouteSettings {
  readonly tokens: Tokens;
  /** The control plane; `undefined` until its state is loaded. */
  readonly handle: () => ((request: ArmRequest) => Promise<ArmResponse>) | undefined;
}

/** First parts of the API's paths; storage accounts cannot have these names. */
const armRoots = /^\/(?:subscriptions|providers|tenants)(?:[/?]|$)/i;

export function addControlRoutes(app: HttpServer, settings: ControlRouteSettings): void {
  app.all('*', async (request, reply) => {
    const handle = settings.handle();
    if (handle === undefined)
      throw new RequestError(503, 'ServiceUnavailable', 'The service is starting.', { 'retry-after': '1' });
    const url = request.originalUrl.replace(/^\/{2,}/, '/');
    const account = armRoots.test(url) ? undefined : accountOfPath(url, settings);
    if (account !== undefined) return answerStorage(request, reply, account, settings);
    await settings.tokens.check(request.headers.authorization, settings.challenge(), 'management');
    return answerArm(await handle(armRequest(request, url)), reply);
  });
}

function armRequest(request: FastifyRequest, url: string): ArmRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (name !== 'authorization') headers[name] = Array.isArray(value) ? value.join(',') : value;
  return { method: request.method, url, headers, body: request.body instanceof Uint8Array ? request.body : undefined };
}

function answerArm({ status, headers, body }: ArmResponse, reply: FastifyReply): FastifyReply {
  void reply.code(status).headers(headers);
  if (body === undefined) return reply.send();
  if (status >= 400) void reply.header('x-ms-error-code', errorCodeOf(body));
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
}

function errorCodeOf(body: unknown): string {
  const { code } = (body as { error?: { code?: unknown } } | null)?.error ?? {};
  return typeof code === 'string' ? code : 'Error';
}
