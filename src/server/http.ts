import { once } from 'node:events';
import { lookup } from 'node:dns/promises';
import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:https';
import { isIP } from 'node:net';
import type { AddressInfo } from 'node:net';
import { FlowError } from '../base/errors.ts';
import { dayMillis } from '../base/time.ts';
import { ownCertificate, serverCertificate } from './certificate.ts';
import type { ServerCertificate } from './certificate.ts';
import type { HttpServer } from './listen.ts';
import { isLoopback } from './host-check.ts';
import { createHttpServer } from './listen.ts';

export interface HttpSettings {
  /** Host name or address to listen on, IPv6 without brackets. */
  readonly host: string;
  /** 0 uses a free port. */
  readonly port: number;
  /** Additional names of the service. */
  readonly hostNames: readonly string[];
  /** `undefined` for plain HTTP, which is for loopback only. */
  readonly tls: TlsFiles | undefined;
  /** The option that names host and port, for errors. */
  readonly flag?: string;
  readonly log: (line: string) => void;
  /** See `ListenSettings`. */
  readonly onFault: (error: unknown) => void;
  readonly now: () => number;
}

export interface TlsFiles {
  /** Folder of the service's own certificates. */
  readonly folder: string;
  /** The user's own certificate, used instead. */
  readonly own: { readonly certificate: string; readonly key: string } | undefined;
}

/** A listening server. */
export interface Http {
  /** `https://localhost:8443`: the URL for clients. With plain HTTP, it has the host as it was given. */
  readonly origin: string;
  /** `undefined` for plain HTTP. */
  readonly certificate: ServerCertificate | undefined;
  /** One per address: `localhost` is IPv4 and IPv6. */
  readonly servers: readonly Server[];
  close(): Promise<void>;
}

const loopbackNames = ['localhost', '127.0.0.1', '::1'];
const anyAddresses = new Set(['0.0.0.0', '::']);
/** Interval of certificate checks; certificates are renewed weeks before their end. */
const renewMillis = dayMillis / 2;

/** True for a host that means all addresses of this machine. */
export function isAnyAddress(host: string): boolean {
  return anyAddresses.has(host);
}

/** Names and addresses of the service, in lower case. */
export function serviceNames({ host, hostNames }: Pick<HttpSettings, 'host' | 'hostNames'>): string[] {
  const all = [...loopbackNames, ...(isAnyAddress(host) ? [] : [host]), ...hostNames];
  return [...new Set(all.map((name) => name.toLowerCase()))];
}

/**
 * Listens with the routes of `addRoutes`, which receives a function for the origin: it is known only after listening.
 * @throws usage, permission, unavailable
 */
export async function openHttp(
  settings: HttpSettings,
  addRoutes: (app: HttpServer, origin: () => string) => void,
): Promise<Http> {
  const { host, tls, now } = settings;
  const names = serviceNames(settings);
  const readCertificate = ({ folder, own }: TlsFiles): Promise<ServerCertificate> =>
    own === undefined ? serverCertificate(folder, names, now()) : ownCertificate(own.certificate, own.key);
  const certificate = tls === undefined ? undefined : await readCertificate(tls);
  const { app, another } = createHttpServer({
    certificate,
    names: new Set(names),
    log: settings.log,
    onFault: settings.onFault,
    now,
  });
  let origin = '';
  addRoutes(app, () => origin);
  try {
    await app.listen({ host, port: settings.port });
  } catch (cause) {
    throw listenError(cause, `${host}:${settings.port}`, settings.flag ?? '--listen');
  }
  const { port } = app.server.address() as AddressInfo;
  const servers = [app.server, ...(await listenBeside(host, app.server, another))];
  const name = tls === undefined ? host : clientName(settings);
  origin = `${tls === undefined ? 'http' : 'https'}://${isIP(name) === 6 ? `[${name}]` : name}:${port}`;
  const timer = setInterval(() => {
    if (tls === undefined) return;
    readCertificate(tls)
      .then(({ certificate: cert, key }) => {
        for (const server of servers) if (server instanceof TlsServer) server.setSecureContext({ cert, key });
      })
      .catch((cause: unknown) =>
        settings.onFault(new FlowError('io', `the certificate could not be renewed: ${String(cause)}`, { cause })),
      );
  }, renewMillis);
  timer.unref();
  return {
    origin,
    certificate,
    servers,
    async close() {
      clearInterval(timer);
      for (const server of servers.slice(1)) {
        server.close();
        server.closeAllConnections();
      }
      await app.close();
    },
  };
}

/** The name by which clients know the service: one that its certificate has. */
function clientName({ host, hostNames }: HttpSettings): string {
  return isLoopback(host) ? 'localhost' : (hostNames[0] ?? (isAnyAddress(host) ? 'localhost' : host));
}

/** `localhost` has an IPv6 and an IPv4 address: starts servers for the addresses that the first server does not use. */
async function listenBeside(host: string, first: Server, another: () => Server): Promise<Server[]> {
  if (host !== 'localhost') return [];
  // A server that listens on a host has an address.
  const { address: taken, port } = first.address() as AddressInfo;
  const servers: Server[] = [];
  for (const { address } of await lookup(host, { all: true })) {
    if (address === taken) continue;
    const server = another();
    try {
      await once(server.listen({ host: address, port }), 'listening');
      servers.push(server);
    } catch {
      // The machine does not have this address, or its port is in use.
      server.close();
    }
  }
  return servers;
}

function listenError(cause: unknown, where: string, flag: string): FlowError {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return new FlowError('unavailable', `cannot listen at ${where}: the address is already in use`, {
      cause,
      hint: `Use another address or port with ${flag}, or stop the other program.`,
    });
  if (code === 'EACCES')
    return new FlowError('permission', `cannot listen at ${where}: permission denied`, {
      cause,
      hint: `Ports below 1024 need privileges: use another one with ${flag}.`,
    });
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new FlowError('usage', `cannot listen at ${where}: this machine does not have this address`, { cause });
  return new FlowError('io', `cannot listen at ${where}: ${String(code)}`, { cause });
}
