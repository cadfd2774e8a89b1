/**
 * Limits the connections of a server, in total and per client address, so that a client with many incomplete requests
 * cannot block others. At the limit, the connection that has waited longest for a complete request is closed for the
 * new one. If all others are being answered, the new one is closed.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Socket } from 'node:net';

export interface ConnectionBounds {
  readonly all: number;
  readonly perAddress: number;
}

interface Connection {
  readonly address: string;
  readonly socket: Socket;
  /** Requests without a response yet. */
  readonly requests: Set<IncomingMessage>;
}

export function boundConnections(server: Server, bounds: ConnectionBounds): void {
  /** By both ends, those that have waited longest first. */
  const open = new Map<string, Connection>();
  const countByAddress = new Map<string, number>();

  const admit = (of: (connection: Connection) => boolean): boolean => {
    for (const connection of open.values()) {
      if (!of(connection) || isAnswered(connection)) continue;
      connection.socket.destroy();
      forget(connection);
      return true;
    }
    return false;
  };
  const forget = ({ address, socket }: Connection): void => {
    if (!open.delete(keyOf(socket))) return;
    const left = (countByAddress.get(address) ?? 1) - 1;
    if (left === 0) countByAddress.delete(address);
    else countByAddress.set(address, left);
  };

  server.on('connection', (socket: Socket) => {
    const address = clientAddress(socket.remoteAddress);
    const isAdmitted =
      ((countByAddress.get(address) ?? 0) < bounds.perAddress || admit((one) => one.address === address)) &&
      (open.size < bounds.all || admit(() => true));
    if (!isAdmitted) {
      socket.destroy();
      return;
    }
    const connection: Connection = { address, socket, requests: new Set() };
    open.set(keyOf(socket), connection);
    countByAddress.set(address, (countByAddress.get(address) ?? 0) + 1);
    socket.once('close', () => forget(connection));
  });

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const key = keyOf(request.socket);
    const connection = open.get(key);
    if (connection === undefined) return;
    connection.requests.add(request);
    response.once('close', () => {
      connection.requests.delete(request);
      // From now on it waits for the next request.
      if (open.delete(key)) open.set(key, connection);
    });
  });
}

/** Whether a complete request is being answered. */
function isAnswered({ requests }: Connection): boolean {
  for (const { complete } of requests) if (complete) return true;
  return false;
}

/**
 * A TLS connection and its TCP connection have the same ends. Stored while it is open, because a closed socket loses
 * them.
 */
const keys = new WeakMap<Socket, string>();

function keyOf(socket: Socket): string {
  let key = keys.get(socket);
  if (key === undefined) {
    key = `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
    keys.set(socket, key);
  }
  return key;
}

/** The identity of a client: an IPv4 address, or an IPv6 /64, because one machine can have all its addresses. */
export function clientAddress(address: string | undefined): string {
  if (address === undefined) return '';
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [head, tail] = plain.split('%')[0].split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return `${[...first, ...zeros, ...last]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
