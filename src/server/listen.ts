import { randomUUID } from 'node:crypto';
import { STATUS_CODES, createServer as createPlainServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerFactoryHandler } from 'fastify';
import Fastify from 'fastify';
import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import { RequestError, describeFailure, errorBody } from './arm-error.ts';
import type { ServerCertificate } from './certificate.ts';
import { boundConnections } from './connections.ts';
import { checkHost } from './host-check.ts';

/** A server without routes; other modules in this folder add them. */
export type HttpServer = FastifyInstance<Server>;

export interface ListenSettings {
  /** `undefined` for plain HTTP. */
  readonly certificate: ServerCertificate | undefined;
  /** See `checkHost`. */
  readonly names: ReadonlySet<string>;
  /** Called with one line per response, without query, headers and body, which can contain secrets. */
  readonly log: (line: string) => void;
  /** Called for unexpected failures of a request: a bug, or a disk error. */
  readonly onFault: (error: unknown) => void;
  readonly now: () => number;
}

const keepAliveMillis = 65_000;

/** Interval to check for connections that take too long. */
const lookMillis = 2000;

export interface HttpServers {
  readonly app: HttpServer;
  /** Creates another server with the same routes, for another address. */
  readonly another: () => Server;
}

/**
 * The server with the behavior of all requests: checks of names, size and form of bodies, the format of errors, and the
 * log.
 */
export function createHttpServer(settings: ListenSettings): HttpServers {
  const { certificate, names, log, onFault, now } = settings;
  const onMalformed = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    const answer = describeMalformed(error.code);
    if (answer === undefined || !socket.writable) {
      socket.destroy();
      return;
    }
    const body = JSON.stringify(errorBody(answer));
    socket.end(
      `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\nContent-Type: application/json; charset=utf-8\r\n` +
        `x-ms-error-code: ${answer.code}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    log(`${new Date(now()).toISOString()} - - ${answer.status} 0 ms ${answer.code}`);
  };
  let handler: FastifyServerFactoryHandler | undefined;
  const app: HttpServer = Fastify({
    serverFactory: (given) => createServerOf((handler = given), certificate),
    bodyLimit: limits.httpBodyBytesMax,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    logger: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    routerOptions: { maxParamLength: limits.httpPathCharsMax },
    rewriteUrl: (request) => (request.url ?? '/').replace(/^\/{2,}/, '/'),
    clientErrorHandler: onMalformed,
    frameworkErrors: (error, request, reply) => {
      answerFailure(error, reply, onFault);
      log(logLine(request, reply, now()));
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers({
      'x-ms-request-id': request.id,
      'x-ms-correlation-request-id': request.id,
      'x-content-type-options': 'nosniff',
    });
    checkHost(names, request.headers);
    if (request.originalUrl.length > limits.httpPathCharsMax)
      throw new RequestError(
        414,
        'UriTooLong',
        `The path and query have more than ${limits.httpPathCharsMax} characters.`,
      );
  });
  app.addHook('onResponse', async (request, reply) => log(logLine(request, reply, now())));
  // One route accepts all paths, but not all methods.
  app.setNotFoundHandler((_request, reply) =>
    answerFailure(
      new RequestError(405, 'MethodNotAllowed', 'This service does not support the method.'),
      reply,
      onFault,
    ),
  );
  app.setErrorHandler((error, _request, reply) => answerFailure(error, reply, onFault));
  return {
    app,
    another: () => {
      assert(handler !== undefined, 'fastify creates its server synchronously');
      const server = createServerOf(handler, certificate);
      server.on('clientError', onMalformed);
      return server;
    },
  };
}

function createServerOf(handler: FastifyServerFactoryHandler, certificate: ServerCertificate | undefined): Server {
  const settings = {
    headersTimeout: limits.httpHeadersMillisMax,
    requestTimeout: limits.httpRequestMillisMax,
    keepAliveTimeout: keepAliveMillis,
    connectionsCheckingInterval: lookMillis,
  };
  const server =
    certificate === undefined
      ? createPlainServer(settings, handler)
      : createServer(
          {
            ...settings,
            cert: certificate.certificate,
            key: certificate.key,
            minVersion: 'TLSv1.2',
            handshakeTimeout: limits.httpHandshakeMillisMax,
          },
          handler,
        );
  boundConnections(server, { all: limits.httpConnectionsMax, perAddress: limits.httpConnectionsPerAddressMax });
  return server;
}

/** Malformed HTTP never becomes a request. `undefined` if no client waits for a response. */
function describeMalformed(code: string | undefined): RequestError | undefined {
  if (code === 'ECONNRESET' || code === 'EPIPE') return undefined;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new RequestError(408, 'RequestTimeout', 'The request took too long.');
  if (code === 'HPE_HEADER_OVERFLOW') return new RequestError(431, 'HeadersTooLarge', 'The headers are too large.');
  return new RequestError(400, 'BadRequest', 'The request is not well-formed HTTP.');
}

function answerFailure(error: unknown, reply: FastifyReply, onFault: (error: unknown) => void): FastifyReply {
  const failure = describeFailure(error);
  if (failure.status >= 500 && !(error instanceof RequestError)) onFault(error);
  return reply
    .code(failure.status)
    .headers({ ...failure.headers, 'x-ms-error-code': failure.code })
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(failure)));
}

/** Users of requests, for the log. */
const users = new WeakMap<FastifyRequest, string>();

/** Names the user of a request in the log. */
export function noteUser(request: FastifyRequest, name: string): void {
  users.set(request, name.replace(/[^\x21-\x7e]/g, '?').slice(0, logUserCharsMax));
}

/** `2026-11-22T21:00:00.000Z PUT /subscriptions/… 201 12 ms`, for failures the code, and `by NAME` where a user is known. */
function logLine(request: FastifyRequest, reply: FastifyReply, nowMillis: number): string {
  const path = (request.originalUrl.split('?')[0] ?? '').slice(0, logPathCharsMax);
  const code = reply.getHeader('x-ms-error-code');
  const user = users.get(request);
  return [
    new Date(nowMillis).toISOString(),
    request.method,
    path.replace(/[^\x21-\x7e]/g, '?'),
    String(reply.statusCode),
    `${Math.round(reply.elapsedTime)} ms`,
    ...(typeof code === 'string' ? [code] : []),
    ...(user === undefined ? [] : [`by ${user}`]),
  ].join(' ');
}

const logPathCharsMax = 512;
const logUserCharsMax = 64;
