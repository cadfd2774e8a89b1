import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the way to a service, or the service, may do to a request. */
export const faults = [
  'none',
  /** The connection is reset, the request is not carried out. */
  'reset',
  /** The request is carried out, the connection is reset in place of the answer. */
  'lost-answer',
  /** The answer breaks off in the middle of its body. */
  'truncated',
  'slow',
  'answer-500',
  /** 503 with `Retry-After`. */
  'answer-503',
  'answer-429',
  /** Of a commit: as if another writer had come first. */
  'answer-412',
] as const;
/** Refusals that another try does not help. */
export const refusalsOfBlob = ['answer-403', 'answer-404', 'answer-409'] as const;
export type Fault = (typeof faults)[number] | (typeof refusalsOfBlob)[number];

export interface FaultProxy {
  /** The account's URL, through the proxy. */
  readonly url: string;
  /** Requests by what was done to them. */
  readonly done: Readonly<Record<Fault, number>>;
  stop(): Promise<void>;
}

/** A proxy on HTTP before the account at `url`; `next` decides each request's fate. Whoever starts it stops it. */
export async function startFaultProxy(url: string, next: (request: IncomingMessage) => Fault): Promise<FaultProxy> {
  const upstream = new URL(url);
  const done = Object.fromEntries([...faults, ...refusalsOfBlob].map((fault) => [fault, 0])) as Record<Fault, number>;
  const server = createServer((incoming, outgoing) => {
    const fault = next(incoming);
    done[fault]++;
    void serve(incoming, outgoing, fault).catch(() => outgoing.destroy());
  });

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault): Promise<void> {
    if (fault === 'reset') {
      incoming.socket.resetAndDestroy();
      return;
    }
    const body = await readAll(incoming);
    const refusal = refusals[fault];
    if (refusal !== undefined) {
      const text = `<?xml version="1.0"?><Error><Code>${refusal.code}</Code><Message>made up</Message></Error>`;
      outgoing.writeHead(refusal.status, {
        'content-type': 'application/xml',
        'content-length': Buffer.byteLength(text),
        'x-ms-error-code': refusal.code,
        'x-ms-request-id': '0',
        ...refusal.headers,
      });
      outgoing.end(incoming.method === 'HEAD' ? undefined : text);
      return;
    }
    if (fault === 'slow') await sleep(30);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const forwarded = request(
        {
          host: upstream.hostname,
          port: upstream.port,
          method: incoming.method,
          path: incoming.url,
          headers: { ...incoming.headers, host: upstream.host },
        },
        resolve,
      );
      forwarded.on('error', reject);
      forwarded.end(body);
    });
    const bytes = await readAll(answer);
    if (fault === 'lost-answer') {
      incoming.socket.resetAndDestroy();
      return;
    }
    const { 'transfer-encoding': _, ...headers } = answer.headers;
    if (incoming.method !== 'HEAD') headers['content-length'] = String(bytes.length);
    outgoing.writeHead(answer.statusCode ?? 500, headers);
    if (fault === 'truncated' && bytes.length > 1) {
      outgoing.write(bytes.subarray(0, bytes.length >> 1), () => incoming.socket.destroy());
      return;
    }
    outgoing.end(bytes);
  }

  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${upstream.pathname}`,
    done,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const refusals: Partial<
  Record<Fault, { readonly status: number; readonly code: string; readonly headers?: Record<string, string> }>
> = {
  'answer-500': { status: 500, code: 'InternalError' },
  'answer-503': { status: 503, code: 'ServerBusy', headers: { 'retry-after': '0' } },
  'answer-429': { status: 429, code: 'TooManyRequests', headers: { 'retry-after': '0' } },
  'answer-412': { status: 412, code: 'ConditionNotMet' },
  'answer-403': { status: 403, code: 'AuthorizationPermissionMismatch' },
  'answer-404': { status: 404, code: 'BlobNotFound' },
  'answer-409': { status: 409, code: 'BlobUsesCustomerSpecifiedEncryption' },
};

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
