import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { clientAddress } from '../../src/server/connections.ts';
import { serveParts } from './serving.ts';
import type { Serving } from './serving.ts';

const perAddress = limits.httpConnectionsPerAddressMax;

let serving: Serving;
let sockets: Socket[];
let release: () => void;
/** When the control plane has as many requests as one address may have connections; it answers none before `release`. */
let allHeld: Promise<void>;

beforeEach(async () => {
  sockets = [];
  let held = 0;
  let onAllHeld: () => void;
  allHeld = new Promise((resolve) => (onAllHeld = resolve));
  const gate = new Promise<void>((resolve) => (release = resolve));
  serving = await serveParts({
    handle: async () => {
      if (++held === perAddress) onAllHeld();
      await gate;
      return { status: 200, headers: {}, body: {} };
    },
  });
});
afterEach(async () => {
  release();
  for (const socket of sockets) socket.destroy();
  await serving.close();
});

/** A connection that has been made, from this address of the machine. */
async function dial(localAddress: string): Promise<Socket> {
  const { port } = new URL(serving.origin);
  const socket = connect({ host: '127.0.0.1', port: Number(port), localAddress });
  socket.on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** The same with TLS, and what is sent on it; resolves when the server has read as much as a TLS hand-shake. */
async function send(localAddress: string, text: string): Promise<Socket> {
  const socket = await dial(localAddress);
  const secure = connectTls({ socket, ca: serving.ca, servername: 'localhost' });
  secure.on('error', () => undefined);
  await once(secure, 'secureConnect');
  secure.write(text);
  return secure;
}

/** Status of `/healthz` for a client of this address, over a connection of its own; undefined where it is closed without an answer. */
async function health(localAddress: string): Promise<string | undefined> {
  const secure = await send(localAddress, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  const parts: Buffer[] = [];
  secure.on('data', (part: Buffer) => parts.push(part));
  await once(secure, 'close');
  return /^HTTP\/1.1 (\d+)/.exec(Buffer.concat(parts).toString())?.[1];
}

const countClosed = (): number => sockets.filter((socket) => socket.closed || socket.destroyed).length;

describe.runIf(process.platform === 'linux')('half-open connections', () => {
  test('of one client shut out nobody: neither others nor the client itself', async () => {
    const more = 40;
    const first = [];
    for (let i = 0; i < perAddress + more; i++) first.push(await dial('127.0.0.1'));
    const begun = await send('127.0.0.1', 'GET /healthz HTTP/1.1\r\nHost: loc');
    expect(await health('127.0.0.2')).toBe('200');
    expect(await health('127.0.0.1')).toBe('200');
    // Those that had waited longest made room: for the connections too many, for the half request, for the whole one.
    for (const socket of first.slice(0, more + 2)) if (!socket.closed) await once(socket, 'close');
    for (const socket of [...first.slice(more + 2), begun]) expect(socket.destroyed).toBe(false);
  });

  test('of many clients make room for a newcomer', async () => {
    for (let address = 0; address < limits.httpConnectionsMax / perAddress; address++)
      for (let i = 0; i < perAddress; i++) await dial(`127.0.0.${10 + address}`);
    expect(countClosed()).toBe(0);
    expect(await health('127.0.0.2')).toBe('200');
  });

  test('with a request that is being answered stay; the newcomer goes where all are such', async () => {
    const whole = 'GET /tenants?api-version=2022-12-01 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n\r\n';
    const answers: Promise<unknown>[] = [];
    for (let i = 0; i < perAddress; i++) answers.push(once(await send('127.0.0.1', whole), 'data'));
    await allHeld;
    const late = await dial('127.0.0.1');
    await once(late, 'close');
    expect(await health('127.0.0.2')).toBe('200');
    release();
    expect(await Promise.all(answers)).toHaveLength(perAddress);
  });
});

test('hand-shake and headers have little time', () => {
  for (const server of serving.servers) {
    expect(server.headersTimeout).toBe(limits.httpHeadersMillisMax);
    expect(server.requestTimeout).toBe(limits.httpRequestMillisMax);
  }
  expect(limits.httpHeadersMillisMax).toBeLessThan(limits.httpRequestMillisMax);
});

test('a client is an IPv4 address, or an IPv6 network of 64 bits', () => {
  expect(clientAddress('::ffff:192.0.2.1')).toBe('192.0.2.1');
  expect(clientAddress('192.0.2.1')).toBe('192.0.2.1');
  expect(clientAddress('2001:db8:0:1:2:3:4:5')).toBe('2001:db8:0:1::/64');
  expect(clientAddress('2001:db8::1:2:3:4:5')).toBe('2001:db8:0:1::/64');
  expect(clientAddress('2001:db8::9')).toBe('2001:db8:0:0::/64');
  expect(clientAddress('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  expect(clientAddress('::1')).toBe('0:0:0:0::/64');
  expect(clientAddress('1:2:3:4:5:6:7::')).toBe('1:2:3:4::/64');
});
