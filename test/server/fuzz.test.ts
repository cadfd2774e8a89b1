/**
 * Requests of a seeded generator over HTTPS to a control plane and an account: whatever is wrong with one, it is answered below 500 with a code, logged
 * once, and what is refused changes nothing.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Json, JsonObject } from '../../src/arm-template/value.ts';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import { folderAccount } from '../../src/blob/folder.ts';
import { nsgContainer } from '../../src/flowlog/blob-path.ts';
import { countNodes, replaceAt } from '../control/junk.ts';
import {
  account,
  buildNetwork,
  flowLogBody,
  group,
  location,
  network,
  openPlane,
  rule,
  subscription,
  watcher,
} from '../control/plane.ts';
import { serveParts } from './serving.ts';
import type { Serving } from './serving.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const requests = long ? 5000 : 400;
const seed = Number(process.env['NSGFLOW_SEED'] ?? 20_261_123);

let plane: Awaited<ReturnType<typeof openPlane>>;
let serving: Serving;
let blobs: string;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

beforeAll(async () => {
  plane = await openPlane();
  await buildNetwork(plane);
  await plane.put(`${watcher}/flowLogs/web`, flowLogBody());
  blobs = await mkdtemp(join(tmpdir(), 'nsgflow-fuzz-'));
  const stored = folderAccount(blobs, { sync: false });
  await new BlockAppender(stored.container(nsgContainer)).append('a/b.json', [
    { id: '1'.repeat(32), bytes: Buffer.from('{"records":[]}') },
  ]);
  serving = await serveParts({
    accounts: [{ name: 'logs', keys: [randomBytes(64).toString('base64')], account: stored, createdMillis: 0 }],
    handle: (asked) => plane.plane.handle(asked),
  });
});

afterAll(async () => {
  agent.destroy();
  await serving.close();
  await plane.end();
  await rm(blobs, { recursive: true, force: true });
});

/** Numbers of a seed. Source: mulberry32. */
function createRandom(from: number): (below: number) => number {
  let state = from >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Random = (below: number) => number;
const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)];

const bodies: readonly (readonly [path: string, body: JsonObject])[] = [
  [group, { location }],
  [`${network}/networkSecurityGroups/web`, { location, properties: { securityRules: [rule('AllowWeb')] } }],
  [
    `${network}/networkSecurityGroups/web/securityRules/one`,
    { properties: rule('one', { priority: 300 })['properties']! },
  ],
  [
    `${network}/virtualNetworks/vnet`,
    {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [{ name: 'default', properties: { addressPrefix: '10.0.0.0/24' } }],
      },
    },
  ],
  [
    `${network}/networkInterfaces/nic`,
    {
      location,
      properties: {
        ipConfigurations: [
          { name: 'one', properties: { subnet: { id: `${network}/virtualNetworks/vnet/subnets/default` } } },
        ],
      },
    },
  ],
  [
    account('logs'),
    {
      location,
      kind: 'StorageV2',
      sku: { name: 'Standard_LRS' },
      properties: { networkAcls: { defaultAction: 'Allow' } },
    },
  ],
  [
    `${watcher}/flowLogs/web`,
    flowLogBody({ format: { type: 'JSON', version: 2 }, retentionPolicy: { days: 7, enabled: true } }),
  ],
  [
    `${group}/providers/Microsoft.Resources/deployments/d`,
    { properties: { mode: 'Incremental', template: { resources: [] } } },
  ],
  [
    `${watcher}/configureFlowLog`,
    {
      targetResourceId: `${network}/networkSecurityGroups/web`,
      properties: { storageId: account('logs'), enabled: true },
    },
  ],
  [
    `${watcher}/ipFlowVerify`,
    {
      targetResourceId: `${network}/networkInterfaces/nic`,
      direction: 'Inbound',
      protocol: 'TCP',
      localPort: '80',
      remotePort: '1',
      localIPAddress: '10.0.0.4',
      remoteIPAddress: '1.2.3.4',
    },
  ],
];

const paths: readonly string[] = [
  ...bodies.map(([path]) => path),
  subscription,
  `${subscription}/providers/Microsoft.Insights/register`,
  `${subscription}/resources`,
  '/tenants',
  '/metadata/endpoints',
  '/adfs/oauth2/token',
  '/msi/token',
  '/healthz',
  '/metrics',
  '/logs',
  `/logs/${nsgContainer}`,
  `/logs/${nsgContainer}/a/b.json`,
  '/',
];

const tricks: readonly string[] = [
  '..',
  '%2e%2e',
  '%2E%2E%2F',
  '.',
  '%00',
  '%0d%0aX:1',
  '//',
  '\\',
  '%5c',
  '%2f',
  '%c0%af',
  '%ff',
  '%u0041',
  '%',
  ';a=b',
  'con',
  '__proto__',
  'constructor',
  '%F0%9F%92%A9',
  'x'.repeat(300),
  '{}',
  "'",
  '%22',
  '~',
  '*',
  '$batch',
  '?',
  '#',
  '%3f',
];

const junk: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1e308,
  1.5,
  '',
  'x',
  '\u0000',
  '../../x',
  '10.0.0.0/8',
  '*',
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  'x'.repeat(5000),
  { id: '/subscriptions/x' },
  { id: 7 },
  ['a', 'a'],
  { ['__proto__']: { a: 1 } },
  4_294_967_296,
  '[parameters(1)]',
  '\ud800',
];

const methods = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'MERGE', 'PROPFIND'] as const;

interface Made {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | undefined;
}

function makeRequest(random: Random): Made {
  const [known, sound] = pick(random, bodies);
  const isKnown = random(3) > 0;
  let path = isKnown ? known : pick(random, paths);
  for (let n = random(3); n > 0 && random(2) === 0; n--) path = twist(random, path);
  const version = pick(random, [
    'api-version=2024-05-01',
    'api-version=2024-05-01',
    'api-version=',
    'api-version=x',
    'API-Version=2015-01-01-preview',
    '',
  ]);
  const more = pick(random, [
    '',
    '',
    '&$filter=a eq b',
    '&$top=-1',
    '&$skipToken=zzz',
    '&comp=list&restype=container',
    '&comp=list&sig=x&sv=2021-12-02&se=9',
    '&%zz',
    '&a[]=1&a[]=2',
  ]);
  const query = `${version}${more}`.replaceAll(' ', '%20');
  const headers: Record<string, string> = { authorization: 'Bearer any' };
  if (random(12) === 0) delete headers['authorization'];
  const odd = pick(random, [
    {},
    {},
    {},
    { 'if-match': '*' },
    { 'if-match': 'W/"x"' },
    { 'if-none-match': '*' },
    { 'content-type': 'text/plain' },
    { 'content-type': '@' },
    { host: 'evil.example' },
    { origin: 'https://evil.example' },
    { range: 'bytes=9-1' },
    { 'x-ms-date': 'never', authorization: 'SharedKey logs:AAAA' },
    { 'content-encoding': 'gzip' },
    { expect: '100-continue' },
    { 'x-http-method-override': 'DELETE' },
    { authorization: 'Basic eDp4' },
  ]);
  const method = isKnown && random(2) === 0 ? 'PUT' : pick(random, methods);
  const body = method === 'HEAD' ? undefined : makeBody(random, sound);
  return {
    method,
    path: query === '' ? path : `${path}?${query}`,
    headers: { 'content-type': 'application/json', 'content-length': String(body?.length ?? 0), ...headers, ...odd },
    body,
  };
}

function twist(random: Random, path: string): string {
  const parts = path.split('/');
  const at = 1 + random(parts.length - 1);
  const how = random(4);
  if (how === 0) parts[at] = pick(random, tricks);
  else if (how === 1) parts.splice(at, 0, pick(random, tricks));
  else if (how === 2) parts.splice(at, 1);
  else parts[at] = parts[at].toUpperCase();
  return parts
    .join('/')
    .replaceAll(/[ \\"{}]/g, (one) => encodeURIComponent(one))
    .replace(/^$/, '/');
}

function makeBody(random: Random, sound: JsonObject): Uint8Array | undefined {
  const text = (): string => JSON.stringify(sound);
  switch (random(9)) {
    case 0:
      return undefined;
    case 1:
      return Buffer.from(text().slice(0, random(text().length)));
    case 2:
      return Buffer.from(JSON.stringify(pick(random, junk)));
    case 3: {
      const bytes = Buffer.from(text());
      bytes[random(bytes.length)] = random(256);
      return bytes;
    }
    case 4:
      return Buffer.from('['.repeat(1 + random(20_000)));
    case 5:
      return Buffer.from(`{"properties":${'{"properties":'.repeat(random(300))}1`);
    case 6:
      return random(40) === 0 ? Buffer.alloc(5 << 20, 0x20) : Buffer.from(`\ufeff${text()}`);
    default: {
      let json: Json = sound;
      for (let n = 1 + random(2); n > 0; n--)
        json = replaceAt(json, { at: random(countNodes(json)) }, pick(random, junk));
      return Buffer.from(JSON.stringify(json));
    }
  }
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function ask({ method, path, headers, body }: Made): Promise<Answer> {
  const { port } = new URL(serving.origin);
  return new Promise((resolve, reject) => {
    const asked = request(
      { agent, hostname: '127.0.0.1', servername: 'localhost', port, ca: serving.ca, method, path, headers },
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
    asked.end(body);
  });
}

/** All that is kept, as its files stand. */
const state = (): string =>
  JSON.stringify([plane.plane.snapshot().revision, plane.plane.snapshot().resources, plane.plane.snapshot().flowLogs]);

test('any request is answered below 500 with a code, logged once, and changes nothing where it is refused', async () => {
  const random = createRandom(seed);
  const statuses = new Map<number, number>();
  let before = state();
  let count = 0;
  for (; count < requests; count++) {
    const made = makeRequest(random);
    const told = `request ${count} of seed ${seed}: ${made.method} ${made.path} ${JSON.stringify(made.headers)} ${Buffer.from(
      made.body ?? [],
    )
      .toString()
      .slice(0, 400)}`;
    const lines = serving.lines.length;
    const answer = await ask(made).catch((error: unknown) => {
      throw new Error(told, { cause: error });
    });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    expect(answer.status, told).toBeLessThan(500);
    await vi.waitFor(() => expect(serving.lines.length, told).toBe(lines + 1));
    const after = state();
    if (answer.status >= 400) {
      expect(after === before, `changed something: ${told}`).toBe(true);
      if (made.method !== 'HEAD') {
        expect(answer.text, told).toMatch(/"(?:code|error)":\s*"\w+"|<Code>\w+<\/Code>/);
        expect(String(answer.headers['x-ms-error-code']), told).toMatch(/^\w+$/);
        expect(serving.lines.at(-1), told).toMatch(/ \w+$/);
      }
    }
    before = after;
  }
  expect(plane.faults).toEqual([]);
  expect(statuses.get(400)).toBeGreaterThan(10);
  expect((statuses.get(200) ?? 0) + (statuses.get(201) ?? 0)).toBeGreaterThan(0);
  if (long) process.stderr.write(`${count} requests: ${JSON.stringify([...statuses].sort(([a], [b]) => a - b))}\n`);
});

/** Sends bytes as they are. @returns all that comes back until the connection ends */
function send(bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      servername: 'localhost',
      port: Number(new URL(serving.origin).port),
      ca: serving.ca,
    });
    let text = '';
    socket.on('data', (part: Buffer) => (text += part.toString()));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });
}

test.each([
  ['no HTTP', 'hello\r\n\r\n', '400 Bad Request'],
  ['a method that is none', 'BREW / HTTP/1.1\r\nhost: localhost\r\n\r\n', '400 Bad Request'],
  ['another protocol', 'GET / RTSP/1.0\r\n\r\n', '421 Misdirected Request'],
  [
    'two lengths',
    'POST /tenants HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na',
    '400 Bad Request',
  ],
  [
    'a length and chunks',
    'POST /tenants HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    '400 Bad Request',
  ],
  ['a header without a name', 'GET / HTTP/1.1\r\nhost: localhost\r\n: x\r\n\r\n', '400 Bad Request'],
  [
    'headers of a megabyte',
    `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(1 << 20)}\r\n\r\n`,
    '431 Request Header Fields Too Large',
  ],
  ['noise', Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 7919) % 256)), '400 Bad Request'],
])('%s is refused, with a code, and logged once', async (_, bytes, status) => {
  const lines = serving.lines.length;
  const text = await send(bytes);
  expect(text.split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
  expect(text).toMatch(/\r\n\r\n\{"error":\{"code":"\w+","message":".+"\}\}$/);
  await vi.waitFor(() => expect(serving.lines.slice(lines)).toHaveLength(1));
});
