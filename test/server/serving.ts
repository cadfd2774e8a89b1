import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArmRequest, ArmResponse } from '../../src/control/api/request.ts';
import type { WorkspaceState } from '../../src/control/types/workspace.ts';
import type { LogsEngine } from '../../src/server/logs/logs-engine.ts';
import { addLogAnalyticsRoutes } from '../../src/server/routes/log-analytics.ts';
import { openHttp, serviceNames } from '../../src/server/http.ts';
import type { Http } from '../../src/server/http.ts';
import { addControlRoutes } from '../../src/server/routes/control.ts';
import type { PartHealth } from '../../src/server/routes/health.ts';
import { addHealthRoutes } from '../../src/server/routes/health.ts';
import { addMetadataRoutes } from '../../src/server/routes/metadata.ts';
import type { ServedAccount } from '../../src/server/routes/storage.ts';
import { addTokenRoutes } from '../../src/server/routes/token.ts';
import { Tokens, tokenKey } from '../../src/server/tokens.ts';

export const tenantId = '11111111-2222-3333-4444-555555555555';

/** The HTTP part of the service in this process, over accounts and a control plane of the test's own. */
export interface Serving extends Http {
  readonly ca: string;
  readonly lines: string[];
  /** What requests failed with that was no refusal. */
  readonly faults: unknown[];
  readonly folder: string;
}

export async function serveParts(options: {
  readonly accounts?: readonly ServedAccount[];
  readonly handle?: (request: ArmRequest) => Promise<ArmResponse>;
  readonly secret?: string;
  readonly now?: () => number;
  readonly hostNames?: readonly string[];
  readonly host?: string;
  /** Holds up answers to wrong secrets. */
  readonly wait?: (millis: number) => Promise<void>;
  /** As long as the control plane reads its state. */
  readonly isStarting?: boolean;
  readonly health?: () => readonly PartHealth[];
  /** What answers the query API, and its workspaces. */
  readonly logs?: { readonly engine: LogsEngine; readonly workspaces?: readonly WorkspaceState[] };
}): Promise<Serving> {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-serving-'));
  const now = options.now ?? Date.now;
  const lines: string[] = [];
  const faults: unknown[] = [];
  const strict = options.secret !== undefined;
  const listen = { host: options.host ?? '127.0.0.1', hostNames: options.hostNames ?? [] };
  const key = await tokenKey(join(folder, 'tls', 'token-key'));
  const tokens = new Tokens(
    { strict, secret: options.secret, tenantId, names: serviceNames(listen) },
    key,
    now,
    options.wait,
  );
  const http = await openHttp(
    {
      ...listen,
      port: 0,
      tls: { folder: join(folder, 'tls'), own: undefined },
      log: (line) => lines.push(line),
      onFault: (error) => faults.push(error),
      now,
    },
    (app, origin) => {
      const challenge = (): string => `Bearer authorization_uri="${origin()}/adfs"`;
      addMetadataRoutes(app, { origin, tenantId });
      addTokenRoutes(app, { tokens, origin, tenantId });
      addHealthRoutes(app, {
        tokens,
        challenge,
        isReady: () => true,
        health: options.health ?? (() => []),
        metrics: () => [],
      });
      if (options.logs !== undefined) {
        const { engine, workspaces = [] } = options.logs;
        addLogAnalyticsRoutes(app, {
          tokens,
          challenge,
          now,
          onFault: (error) => faults.push(error),
          workspaces: () => workspaces,
          engine: () => (options.isStarting === true ? undefined : engine),
        });
      }
      addControlRoutes(app, {
        tokens,
        origin,
        challenge,
        now,
        onFault: (error) => faults.push(error),
        accountOf: (name) => options.accounts?.find((account) => account.name === name),
        handle: () =>
          options.isStarting === true
            ? undefined
            : (options.handle ??
              (() => Promise.resolve({ status: 404, headers: {}, body: { error: { code: 'NotFound' } } }))),
      });
    },
  );
  return {
    ...http,
    ca: await readFile(join(folder, 'tls', 'ca.pem'), 'utf8'),
    lines,
    faults,
    folder,
    async close() {
      await http.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** One request, checked against the CA, with whatever headers: also those that a browser or SDK would not send. Where the server has a token, it is sent. */
export async function ask(
  server: { readonly origin: string; readonly ca: string; readonly token?: string },
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Uint8Array;
  } = {},
): Promise<Answer> {
  const { request } = await import('node:https');
  const { hostname: bracketed, port } = new URL(server.origin);
  const hostname = bracketed.replace(/^\[(.*)\]$/, '$1');
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        hostname,
        port,
        path,
        ca: server.ca,
        servername: isIP(hostname) === 0 ? hostname : '',
        agent: false,
        method: options.method ?? 'GET',
        headers: {
          ...(server.token === undefined ? {} : { authorization: `Bearer ${server.token}` }),
          ...options.headers,
        },
      },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({ status: answer.statusCode!, headers: answer.headers, text: Buffer.concat(parts).toString() }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(options.body);
  });
}
