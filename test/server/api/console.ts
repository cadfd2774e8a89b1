import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { ConsoleServer, ConsoleSettings } from '../../../src/server/api/console-server.ts';
import { openConsole } from '../../../src/server/api/console-server.ts';
import { ServiceLake } from '../../../src/server/service-lake.ts';

export interface OpenConsole extends ConsoleServer {
  readonly lines: string[];
  /** What requests failed with that was no refusal. */
  readonly faults: unknown[];
}

/** The console in this process, on a free port; without a lake unless the settings name one. */
export async function consoleOver(settings: Partial<ConsoleSettings> = {}): Promise<OpenConsole> {
  const lines: string[] = [];
  const faults: unknown[] = [];
  const lake = settings.lake ?? new ServiceLake({ folder: undefined, create: false });
  const server = await openConsole({
    host: '127.0.0.1',
    port: 0,
    isDefault: false,
    flag: '--listen',
    readOnly: false,
    hostNames: [],
    tls: undefined,
    views: undefined,
    tokens: undefined,
    service: () => undefined,
    hasService: false,
    log: (line) => lines.push(line),
    onFault: (error) => faults.push(error),
    now: Date.now,
    wait: () => Promise.resolve(),
    ...settings,
    lake,
  });
  return {
    ...server,
    lines,
    faults,
    async close() {
      await server.close();
      await lake.close();
    },
  };
}

export interface ConsoleAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The body, which is JSON. */
  readonly json: unknown;
}

export interface ConsoleRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** One request with whatever headers, also those that no browser would send. */
export async function askConsole(
  { origin }: { readonly origin: string },
  path: string,
  { method = 'GET', headers = {}, body }: ConsoleRequest = {},
): Promise<ConsoleAnswer> {
  const { hostname, port } = new URL(origin);
  return await new Promise((resolve, reject) => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request(
      { hostname, port, path, method, agent: false, headers: { ...type, ...headers } },
      (answer) => {
        buffer(answer).then((bytes) => {
          const text = bytes.toString();
          const isJson = /json/.test(answer.headers['content-type'] ?? '') && text !== '';
          const json: unknown =
            isJson && !/ndjson/.test(answer.headers['content-type'] ?? '') ? JSON.parse(text) : null;
          resolve({ status: answer.statusCode!, headers: answer.headers, bytes, text, json });
        }, reject);
      },
    );
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** The headers of a signed-in browser: its cookie, and what changes need. */
export interface Browser {
  readonly cookie: string;
  readonly 'x-nsgflow-csrf': string;
}

export async function signIn(server: ConsoleServer): Promise<Browser> {
  const signed = await askConsole(server, '/api/v1/session', { method: 'POST', body: { token: server.token } });
  const [cookie = ''] = (signed.headers['set-cookie']?.[0] ?? '').split(';');
  const { json } = await askConsole(server, '/api/v1/session', { headers: { cookie } });
  return { cookie, 'x-nsgflow-csrf': (json as { csrf: string }).csrf };
}

export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly field?: string;
    readonly position?: { readonly offset: number; readonly length: number };
    readonly fix?: string;
  };
}

export function errorOf({ json }: ConsoleAnswer): ErrorBody['error'] {
  return (json as ErrorBody).error;
}
