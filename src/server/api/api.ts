/**
 * The console's API under `/api/v1`. Each route stands in a table (`route.ts`) and has the same steps here: the request's origin, who asks, whether they may,
 * the form of the body and the query, the answer, and errors.
 */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FlowError } from '../../base/errors.ts';
import type { HttpServer } from '../listen.ts';
import { noteUser } from '../listen.ts';
import { sameText } from '../tokens.ts';
import { ApiError, apiErrorBody, describeApiFailure } from './api-error.ts';
import type { ApiContext } from './context.ts';
import { cookieOf } from './cookie.ts';
import { apiRoutes } from './routes.ts';
import type { Route } from './route.ts';
import { RawAnswer, StreamedAnswer } from './route.ts';
import { checkSameOrigin } from './same-origin.ts';
import { checked } from './schema.ts';
import type { Session, User } from './sessions.ts';
import { hasCsrf } from './sessions.ts';

const prefix = '/api/v1';

export function addApi(app: HttpServer, context: ApiContext): void {
  for (const route of apiRoutes)
    app.route({
      method: route.method,
      url: `${prefix}${route.path}`,
      handler: (request, reply) => answer(context, route, request, reply),
    });
  app.all('/api/*', (request, reply) =>
    sendFailure(
      context,
      reply,
      new ApiError(
        404,
        'not-found',
        `there is no ${request.method} ${request.originalUrl.split('?')[0].slice(0, 200)}`,
        {
          hint: 'openapi/api.json lists the routes of the API.',
        },
      ),
    ),
  );
}

async function answer(
  context: ApiContext,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  void reply.header('cache-control', 'no-store');
  try {
    checkSameOrigin(request.headers);
    const { user, session } = await authorize(context, route, request);
    const { body, query } = route;
    const made = await route.handle(context, {
      body: body === undefined ? undefined : checked(body, jsonOf(request)),
      query: query === undefined ? undefined : checked(query, request.query),
      // Routes name the parts of their paths, and the router gives texts.
      params: request.params as Record<string, string>,
      user,
      session,
      gone: goneSignal(reply),
      request,
      reply,
    });
    if (made instanceof StreamedAnswer) return sendStream(made, reply);
    if (made instanceof RawAnswer) return reply.type(made.type).send(made.text);
    if (made === undefined) return reply.code(204).send();
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(made));
  } catch (error) {
    return sendFailure(context, reply, error, route.textField);
  }
}

function sendFailure(context: ApiContext, reply: FastifyReply, error: unknown, textField?: string): FastifyReply {
  const failure = describeApiFailure(error, textField);
  if (failure.status >= 500 && !(error instanceof ApiError) && !(error instanceof FlowError)) context.onFault(error);
  return reply
    .code(failure.status)
    .headers({ ...failure.headers, 'x-ms-error-code': failure.code })
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(apiErrorBody(failure)));
}

const nobody: User = { name: '', role: 'viewer' };

/** @throws ApiError 401, 403, 404, 503 */
async function authorize(
  context: ApiContext,
  route: Route,
  request: FastifyRequest,
): Promise<{ user: User; session: Session | undefined }> {
  if (route.access === 'anyone') return { user: nobody, session: undefined };
  const found = (await bearer(context, request)) ?? ofCookie(context, request);
  if (found === undefined)
    throw new ApiError(401, 'authentication', 'sign in first', {
      hint: 'Open the address that nsgflow printed at its start, or send a token: Authorization: Bearer TOKEN.',
      headers: { 'www-authenticate': 'Bearer' },
    });
  noteUser(request, found.user.name);
  if (route.method === 'PUT' || route.method === 'DELETE' || route.access === 'operator') checkCsrf(found, request);
  if (route.access === 'operator' && context.readOnly)
    throw new ApiError(403, 'permission', 'this console is read-only', {
      hint: 'It was started so: nsgflow serve and nsgflow console change things without --read-only.',
    });
  if (route.access === 'operator' && found.user.role !== 'operator')
    throw new ApiError(403, 'permission', 'you may look, and not change', { hint: 'Ask an operator of the service.' });
  if (route.needsService === true) checkService(context);
  return found;
}

/** @throws ApiError 401 if there is a token, and it is wrong */
async function bearer(
  context: ApiContext,
  request: FastifyRequest,
): Promise<{ user: User; session: undefined } | undefined> {
  const { authorization } = request.headers;
  if (authorization === undefined) return undefined;
  const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  if (token !== undefined && sameText(token, context.token))
    return { user: { name: 'console', role: 'operator' }, session: undefined };
  if (context.tokens === undefined) {
    const millis = context.wrong.add(request.ip);
    if (millis > 0) await context.wait(millis);
    throw new ApiError(401, 'authentication', 'the bearer token is not the one of this console');
  }
  await context.tokens.check(authorization, 'Bearer', 'management');
  return { user: { name: 'token', role: 'operator' }, session: undefined };
}

function ofCookie(context: ApiContext, request: FastifyRequest): { user: User; session: Session } | undefined {
  const id = cookieOf(request, context);
  const session = id === undefined ? undefined : context.sessions.find(id);
  return session === undefined ? undefined : { user: session.user, session };
}

function checkCsrf({ session }: { session: Session | undefined }, request: FastifyRequest): void {
  const given = request.headers['x-nsgflow-csrf'];
  if (session === undefined || hasCsrf(session, typeof given === 'string' ? given : undefined)) return;
  throw new ApiError(403, 'permission', 'the header X-NSGFlow-CSRF is missing, or of another session', {
    hint: 'GET /api/v1/session gives its value.',
  });
}

/** @throws ApiError */
function checkService({ hasService, service }: ApiContext): void {
  if (!hasService)
    throw new ApiError(
      404,
      'not-found',
      'flow logs and sources belong to nsgflow serve; this console has a lake only',
      {
        hint: 'Start nsgflow serve to record and to manage flow logs.',
      },
    );
  if (service() === undefined)
    throw new ApiError(503, 'unavailable', 'the service is starting', { headers: { 'retry-after': '1' } });
}

/** @throws ApiError 400, 415 */
function jsonOf(request: FastifyRequest): unknown {
  const type = request.headers['content-type'] ?? '';
  // Forms and plain texts are what pages of other origins can send without asking.
  if (!/^application\/json *(?:;|$)/i.test(type))
    throw new ApiError(415, 'usage', 'the body is JSON: Content-Type: application/json');
  try {
    return JSON.parse(Buffer.from(request.body instanceof Uint8Array ? request.body : []).toString('utf8'));
  } catch {
    throw new ApiError(400, 'usage', 'the body of the request is not JSON', { field: '' });
  }
}

function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new FlowError('interrupted', 'the client has gone'));
  });
  return gone.signal;
}

function sendStream({ type, headers, parts }: StreamedAnswer, reply: FastifyReply): FastifyReply {
  return reply.headers(headers).type(type).send(Readable.from(parts));
}
