/** Flow logs in the console of a service that records the example: through the control plane, with its checks and errors at their fields. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultQuirks } from '../../../src/record/quirks.ts';
import type { Service } from '../../../src/server/service.ts';
import { openService } from '../../../src/server/service.ts';
import { wholeCaptureLine } from '../../../src/server/start-lines.ts';
import { ask } from '../serving.ts';
import { askConsole, errorOf } from './console.ts';
import type { ConsoleAnswer } from './console.ts';

const examples = join(import.meta.dirname, '..', '..', '..', 'examples');
const subscription = '00000000-0000-0000-0000-000000000000';
const folder = mkdtempSync(join(tmpdir(), 'nsgflow-console-'));
const requests: string[] = [];
let service: Service;
let console: { readonly origin: string };
let headers: Readonly<Record<string, string>>;

interface FlowLog {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly enabled: boolean;
  readonly version: number;
  readonly retentionDays: number;
  readonly location: string;
  readonly lastBlock?: string;
  readonly error?: string;
  readonly target: { readonly id: string; readonly kind: string; readonly name: string };
  readonly account: { readonly id: string; readonly name: string; readonly location: string };
}

beforeAll(async () => {
  const network = join(examples, 'network.json');
  let address = '';
  let isWhole: () => void = () => undefined;
  const whole = new Promise<void>((resolve) => (isWhole = resolve));
  service = await openService({
    dataFolder: folder,
    host: '127.0.0.1',
    port: 0,
    hostNames: [],
    console: { host: '127.0.0.1', port: 0, isDefault: false, flag: '--console', readOnly: false },
    ownCertificate: undefined,
    strict: false,
    secret: undefined,
    tenantId: '00000000-0000-0000-0000-0000000000aa',
    subscriptionId: subscription,
    asynchronous: false,
    keyRotationStops: true,
    serviceTags: undefined,
    start: {
      files: [{ path: network, text: readFileSync(network, 'utf8') }],
      parameters: undefined,
      formats: ['nsg2'],
    },
    input: { kind: 'capture', paths: [join(examples, 'traffic.pcap')], pace: Infinity, shiftNow: false, loop: false },
    quirks: defaultQuirks,
    bindings: [],
    names: {},
    lake: join(folder, 'lake'),
    log: (line) => {
      address = /^console at (\S+)$/.exec(line)?.[1] ?? address;
      if (line === wholeCaptureLine) isWhole();
    },
    logRequest: (line) => requests.push(line),
    now: Date.now,
  });
  const { origin, hash } = new URL(address);
  console = { origin };
  headers = { authorization: `Bearer ${hash.replace('#token=', '')}` };
  await whole;
});

afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const get = (path: string): Promise<ConsoleAnswer> => askConsole(console, `/api/v1/${path}`, { headers });
const change = (method: string, path: string, body?: unknown): Promise<ConsoleAnswer> =>
  askConsole(console, `/api/v1/${path}`, { method, headers, body });
const flowLogs = async (): Promise<FlowLog[]> => (await get('flow-logs')).json as FlowLog[];

function bodyOf({ name, target, account, enabled, version, retentionDays }: FlowLog): object {
  return { name, target: { id: target.id }, account: { id: account.id }, enabled, version, retentionDays };
}

/** A request to the control plane, as the SDK sends it. */
const arm = async (method: string, path: string, body: object): Promise<number> =>
  (
    await ask({ origin: service.origin, ca: readFileSync(join(folder, 'tls', 'ca.pem'), 'utf8'), token: 'any' }, path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  ).status;

describe('flow logs', () => {
  test('are listed with their state, and when the newest blob grew', async () => {
    const logs = await flowLogs();
    expect(logs.length).toBeGreaterThan(0);
    for (const log of logs)
      expect(log).toMatchObject({ state: 'delivering', enabled: true, version: 2, target: { kind: 'NSG' } });
    expect(logs.some(({ lastBlock }) => lastBlock !== undefined)).toBe(true);
  });

  test('have choices of this network', async () => {
    const { json } = await get('flow-logs/choices');
    const { targets, accounts } = json as {
      targets: { kind: string; location: string }[];
      accounts: { name: string }[];
    };
    expect(new Set(targets.map(({ kind }) => kind))).toEqual(new Set(['NSG', 'VNet', 'subnet', 'NIC']));
    expect(accounts.length).toBeGreaterThan(0);
  });

  test('are switched off, on, changed and deleted, and the log says who did it', async () => {
    const [log] = await flowLogs();
    expect((await change('PUT', 'flow-logs', { ...bodyOf(log), enabled: false, retentionDays: 7 })).status).toBe(200);
    const named = async (): Promise<FlowLog | undefined> => (await flowLogs()).find(({ id }) => id === log.id);
    expect(await named()).toMatchObject({ enabled: false, state: 'off', retentionDays: 7, version: 2 });
    await change('PUT', 'flow-logs', { ...bodyOf(log), version: 1 });
    expect(await named()).toMatchObject({ enabled: true, state: 'delivering', retentionDays: 0, version: 1 });
    await change('PUT', 'flow-logs', bodyOf(log));
    expect(requests.join('\n')).toMatch(/ PUT \/api\/v1\/flow-logs 200 \d+ ms by console$/m);

    const network = (await get('flow-logs/choices')).json as { targets: { id: string; kind: string }[] };
    const { id } = network.targets.find(({ kind }) => kind === 'VNet')!;
    const made = await change('PUT', 'flow-logs', { name: 'of-vnet', target: { id }, account: { id: log.account.id } });
    expect(made.status).toBe(200);
    const { id: madeId } = made.json as { id: string };
    expect((await flowLogs()).find((one) => one.id === madeId)).toMatchObject({ version: 4, target: { kind: 'VNet' } });
    expect((await change('DELETE', `flow-logs?id=${encodeURIComponent(madeId)}`)).status).toBe(204);
    expect((await flowLogs()).some((one) => one.id === madeId)).toBe(false);
    expect((await change('DELETE', `flow-logs?id=${encodeURIComponent(madeId)}`)).status).toBe(404);
    const group = log.account.id.split('/').slice(0, 5).join('/');
    expect((await change('DELETE', `flow-logs?id=${encodeURIComponent(group)}`)).status).toBe(404);
  });

  test('with an account of another region are refused, and the error stands at the account', async () => {
    const [log] = await flowLogs();
    const path = `${log.account.id.slice(0, log.account.id.lastIndexOf('/'))}/elsewhere1?api-version=2023-05-01`;
    const account = { location: 'northeurope', kind: 'StorageV2', sku: { name: 'Standard_LRS' } };
    expect(await arm('PUT', path, account)).toBeLessThan(300);
    const elsewhere = { ...bodyOf(log), account: { id: path.split('?')[0] } };
    expect(errorOf(await change('PUT', 'flow-logs', elsewhere))).toMatchObject({
      code: 'FlowLogStorageLocationMismatch',
      field: '/account/id',
      message: expect.stringContaining('northeurope'),
    });
    expect(
      errorOf(await change('PUT', 'flow-logs', { ...bodyOf(log), target: { id: `${log.target.id}x` } })).field,
    ).toBe('/target/id');
    expect(errorOf(await change('PUT', 'flow-logs', { ...bodyOf(log), retentionDays: 366 })).field).toBe(
      '/retentionDays',
    );
  });

  test('show spooling when the key was regenerated', async () => {
    const [log] = await flowLogs();
    const path = `${log.account.id}/regenerateKey?api-version=2023-05-01`;
    expect(await arm('POST', path, { keyName: 'key1' })).toBe(200);
    const after = (await flowLogs()).find(({ id }) => id === log.id)!;
    expect(after).toMatchObject({ state: 'spooling', error: expect.stringContaining(log.account.name) });
  });
});

test('blobs are listed by hour and downloaded whole; nothing else of an account is', async () => {
  const log = (await flowLogs()).find(({ lastBlock }) => lastBlock !== undefined)!;
  const { json } = await get(`blobs?flowLog=${encodeURIComponent(log.id)}`);
  const [blob] = json as { account: string; container: string; name: string; hour: string; bytes: number }[];
  expect(blob.hour).toMatch(/:00:00\.000Z$/);
  const place = (more: object): string =>
    `blobs/content?${new URLSearchParams({ account: blob.account, container: blob.container, name: blob.name, ...more }).toString()}`;
  const content = await get(place({}));
  expect([content.bytes.length, content.headers['content-disposition']]).toEqual([
    blob.bytes,
    'attachment; filename="PT1H.json"',
  ]);
  expect((content.json as { records: unknown[] }).records.length).toBeGreaterThan(0);
  for (const other of [{ name: '../../secret' }, { container: '..' }, { account: '..' }, { name: `${blob.name}x` }])
    expect((await get(place(other))).status).toBe(404);
});

test('coverage, migration and the checks of doctor are those of the commands', async () => {
  expect((await get('coverage')).json).toContainEqual(expect.objectContaining({ kind: 'NSG', status: 'logged' }));
  expect((await get('migration')).json).toContainEqual(expect.objectContaining({ step: 'create' }));
  expect((await get('doctor')).json).toContainEqual(expect.objectContaining({ check: 'key', state: 'wrong' }));
  const applied = await change('POST', 'migration/apply', {});
  expect(applied.status).toBe(200);
  const logs = await flowLogs();
  expect(logs.filter(({ target }) => target.kind === 'NSG').every(({ enabled }) => !enabled)).toBe(true);
  expect(logs.some(({ target, enabled }) => target.kind === 'VNet' && enabled)).toBe(true);
  expect((await get('migration')).json).toEqual([]);
});

test('sources have their accounts, counters and hours; NSGs their rules', async () => {
  const { json } = await get('sources');
  const sources = json as {
    sources: { name: string; blobs: number; lastBlock?: string }[];
    counters: { reason: string; count: number }[];
  };
  expect(sources.sources).toContainEqual(
    expect.objectContaining({ kind: 'account', lastBlock: expect.stringMatching(/Z$/) }),
  );
  expect(sources.counters.find(({ reason }) => reason === 'packets')!.count).toBeGreaterThan(100);
  const lake = (await get('lake')).json as { first: string; last: string };
  const range = new URLSearchParams({ from: lake.first, to: lake.last }).toString();
  const calendar = (await get(`sources/calendar?${range}`)).json as {
    hours: number[];
    logs: { cells: ({ state: string } | null)[] }[];
  };
  expect(calendar.logs.every(({ cells }) => cells.length === calendar.hours.length)).toBe(true);
  expect(calendar.logs.flatMap(({ cells }) => cells).some((cell) => cell?.state === 'present')).toBe(true);
  expect((await get('sources/calendar?from=2020-01-01&to=2026-01-01')).status).toBe(400);

  const [nsg] = (await get('nsgs')).json as { name: string; rules: number }[];
  const rules = (await get(`nsgs/${nsg.name}/rules`)).json as { access: string; isDefault: boolean }[];
  expect([rules.length, rules.filter(({ isDefault }) => isDefault).length]).toEqual([nsg.rules, 6]);
  expect((await get('nsgs/none/rules')).status).toBe(404);
});

test('views are saved for all, privately, and a name is data only', async () => {
  for (const name of ['Morning', '../../x', '<script>']) {
    expect((await change('PUT', `views/${encodeURIComponent(name)}`, { q: 'access = deny' })).status).toBe(204);
    expect((await get(`views/${encodeURIComponent(name)}`)).json).toEqual({ q: 'access = deny' });
  }
  expect(statSync(join(folder, 'console.json')).mode & 0o777).toBe(0o600);
  expect((await change('DELETE', 'views/Morning')).status).toBe(204);
  expect([(await change('DELETE', 'views/Morning')).status, (await get('views/Morning')).status]).toEqual([404, 404]);
  expect(((await get('views')).json as unknown[]).length).toBe(2);
});
