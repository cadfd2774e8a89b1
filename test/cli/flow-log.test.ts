import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { floorToHour } from '../../src/base/time.ts';
import { run as runProgram } from '../../src/cli/program.ts';
import { containerOf, formatBlobPath } from '../../src/flowlog/blob-path.ts';
import type { PartHealth } from '../../src/server/routes/health.ts';
import {
  account,
  buildNetwork,
  flowLogBody,
  location,
  network,
  openPlane,
  rule,
  subscription,
  watcher,
} from '../control/plane.ts';
import type { Serving } from '../server/serving.ts';
import { serveParts } from '../server/serving.ts';

let plane: Awaited<ReturnType<typeof openPlane>>;
let serving: Serving;
/** Health of the service's parts. */
const parts: PartHealth[] = [];

beforeAll(async () => {
  plane = await openPlane({ now: Date.now });
  await buildNetwork(plane);
  serving = await serveParts({ handle: (request) => plane.plane.handle(request), health: () => parts });
});

afterAll(async () => {
  await serving.close();
  await plane.end();
});

/** Runs a command in this process: loading the Azure client for each command would take seconds. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const keep = (name: 'out' | 'err') => (chunk: unknown) => {
    said[name] += String(chunk);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(keep('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(keep('err')),
  ];
  try {
    const code = await runProgram([...args, '--server', serving.origin, '--data', serving.folder]);
    return { code, ...said };
  } finally {
    process.exitCode = undefined;
    for (const spy of spies) spy.mockRestore();
  }
}

const region = ['-l', location] as const;

describe('nsgflow flow-log', () => {
  test('creates, shows, changes, lists and deletes a flow log', async () => {
    const made = await run(
      'flow-log',
      'create',
      ...region,
      '-n',
      'fl',
      '--nsg',
      'web',
      '-g',
      'net',
      '--storage-account',
      'logs',
      '-o',
      'json',
    );
    expect([made.code, made.err]).toEqual([0, '']);
    expect(JSON.parse(made.out)).toMatchObject({
      name: 'fl',
      enabled: true,
      format: { type: 'JSON', version: 1 },
      retentionPolicy: { days: 0 },
    });
    const again = await run(
      'flow-log',
      'create',
      ...region,
      '-n',
      'other',
      '--nsg',
      'web',
      '-g',
      'net',
      '--storage-account',
      account('logs'),
    );
    expect([again.code, again.err.split(':')[1]]).toEqual([2, ' FlowLogTargetInUse']);
    const changed = await run(
      'flow-log',
      'update',
      ...region,
      '-n',
      'fl',
      '--log-version',
      '2',
      '--retention',
      '30',
      '--record-types',
      'B,E',
      '-o',
      'json',
    );
    expect(JSON.parse(changed.out)).toMatchObject({
      format: { version: 2 },
      retentionPolicy: { days: 30, enabled: true },
      recordTypes: 'B,E',
    });
    const listed = await run('flow-log', 'list', '-o', 'csv');
    expect(listed.out).toBe(
      'name,location,target,storage,enabled,version,retention\nfl,westeurope,NSG web,logs,true,2,30 days\n',
    );
    const doctor = await run('doctor', '-o', 'json');
    expect([
      doctor.code,
      (JSON.parse(doctor.out) as { state: string }[]).filter(({ state }) => state === 'wrong'),
    ]).toEqual([0, []]);
    const nsg = `${network}/networkSecurityGroups/web`;
    for (const [name, tag, priority] of [
      ['deny', 'Internt', 400],
      ['mi', 'AzurePlatformDNS', 401],
    ] as const)
      await plane.put(
        `${nsg}/securityRules/${name}`,
        rule(name, { access: 'Deny', sourceAddressPrefix: tag, priority }),
      );
    const tags = await run('doctor', '-o', 'json');
    const findings = (JSON.parse(tags.out) as { check: string; finding: string }[]).filter(
      ({ check }) => check === 'tags',
    );
    expect([tags.code, findings.map(({ finding }) => finding)]).toEqual([
      0,
      ['service tags that are not known here match no address: Internt (NSG web: rule deny)'],
    ]);
    await plane.ask('DELETE', `${nsg}/securityRules/deny`);
    const prefixes = { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } };
    const subnets = [{ name: 's', properties: { addressPrefix: '10.0.0.0/24' } }];
    await plane.put(`${network}/virtualNetworks/zzz`, { location, properties: { ...prefixes, subnets } });
    const subnet = { id: `${network}/virtualNetworks/zzz/subnets/s` };
    const ipConfigurations = [{ name: 'c', properties: { subnet } }];
    await plane.put(`${network}/networkInterfaces/zzz`, { location, properties: { ipConfigurations } });
    const doubles = JSON.parse((await run('doctor', '-o', 'json')).out) as { check: string; finding: string }[];
    expect(doubles.find(({ check }) => check === 'address')).toMatchObject({
      check: 'address',
      finding: expect.stringMatching(/^NIC zzz has the address 10\.0\.0\.4 of NIC \w+, to which/) as string,
    });
    await plane.ask('DELETE', `${network}/networkInterfaces/zzz`);
    await plane.ask('DELETE', `${network}/virtualNetworks/zzz`);
    const deleted = await run('flow-log', 'delete', ...region, '-n', 'fl');
    expect(deleted.code).toBe(0);
    expect((await run('flow-log', 'show', ...region, '-n', 'fl')).code).toBe(3);
  });

  test('says which account is missing, and makes it where it is asked to', async () => {
    const flags = ['-n', 'fl', '--nsg', 'web', '-g', 'net', '--storage-account'];
    const create = (name: string, ...more: string[]) => run('flow-log', 'create', ...region, ...flags, name, ...more);
    const refused = await create('new');
    expect(refused.code).toBe(3);
    expect(refused.err).toMatch(/no storage account new[^]*--make-account/);
    expect(plane.plane.snapshot().storageAccounts.map(({ name }) => name)).toEqual(['logs']);
    const made = await create('new', '--make-account', '-o', 'json');
    expect([made.code, made.err]).toEqual([0, '']);
    const found = plane.plane.snapshot().storageAccounts.find(({ name }) => name === 'new');
    expect(found).toMatchObject({ id: account('new'), kind: 'StorageV2', sku: 'Standard_LRS', location });
    await plane.ask('DELETE', `${watcher}/flowLogs/fl`);
    await plane.ask('DELETE', account('new'));
    expect((await create('new', '--make-account', '--azure')).code).toBe(2);
    expect((await create('Not-A-Name', '--make-account')).code).toBe(2);
    expect(plane.plane.snapshot().flowLogs).toEqual([]);
  });

  test('has a doctor that tells old blobs of a capture that has ended from blobs that do not come', async () => {
    await plane.put(`${watcher}/flowLogs/fl`, flowLogBody());
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    try {
      const blobs = async (): Promise<string> => {
        const { out } = await run('doctor', '-o', 'json');
        const checks = JSON.parse(out) as { check: string; state: string; finding: string }[];
        return checks.map(({ check, state, finding }) => `${check} ${state}: ${finding}`).at(-1)!;
      };
      expect(await blobs()).toBe('blobs wrong: there is no blob: no traffic, or delivery is stopped');
      parts.push({ name: 'recorder', state: 'ok', detail: 'the capture has ended' });
      expect(await blobs()).toBe('blobs wrong: there is no blob: the capture has ended');
      const id = `${network}/networkSecurityGroups/web`;
      for (const time of [Date.now(), Date.UTC(2025, 0, 2, 3)]) {
        const path = formatBlobPath('nsg', id, floorToHour(time), '000D3A000001');
        const place = join(serving.folder, 'accounts', 'logs', containerOf('nsg'), path);
        await mkdir(dirname(place), { recursive: true });
        await writeFile(place, '{"records":[]}');
        parts[0] = { name: 'recorder', state: 'ok', detail: 'the capture has ended' };
        expect(await blobs()).toMatch(/^blobs ok: .*: the capture has ended$/);
        parts[0] = { name: 'recorder', state: 'degraded', detail: 'the account is away' };
        expect(await blobs()).toMatch(/^blobs wrong: .*: no traffic since, or delivery is stopped$/);
        await rm(place);
      }
    } finally {
      parts.length = 0;
      vi.useRealTimers();
      await plane.ask('DELETE', `${watcher}/flowLogs/fl`);
    }
  });

  test('migrates, after which nothing is wrong but what the doctor finds', async () => {
    await run('flow-log', 'create', ...region, '-n', 'old', '--nsg', 'web', '-g', 'net', '--storage-account', 'logs');
    const planned = await run('flow-log', 'migrate', '--dry-run', '-o', 'csv');
    expect(planned.out).toContain('create,vnet-net-flowlog');
    expect(plane.plane.snapshot().flowLogs).toHaveLength(1);
    expect((await run('flow-log', 'migrate')).code).toBe(0);
    expect(plane.plane.snapshot().flowLogs.map(({ targetKind, enabled }) => [targetKind, enabled])).toEqual(
      expect.arrayContaining([
        ['nsg', false],
        ['virtualNetwork', true],
      ]),
    );
    expect((await run('flow-log', 'coverage')).code).toBe(0);
    await plane.ask('POST', `${account('logs')}/regenerateKey`, { keyName: 'key1' });
    await plane.ask('PATCH', account('logs'), {
      properties: { networkAcls: { defaultAction: 'Deny', bypass: 'None' } },
    });
    await plane.ask('POST', `${subscription}/providers/Microsoft.Insights/unregister`);
    const doctor = await run('doctor', '-n', 'vnet-net-flowlog', '-o', 'json');
    const wrong = (JSON.parse(doctor.out) as { check: string; state: string }[]).filter(
      ({ state }) => state === 'wrong',
    );
    expect([doctor.code, wrong.map(({ check }) => check)]).toEqual([1, ['provider', 'firewall', 'key']]);
    const flow = await run('doctor', '--flow', '8.8.8.8', '10.0.0.4', '22', '-o', 'json');
    expect([flow.code, (JSON.parse(flow.out) as { shown: boolean }[]).map(({ shown }) => shown)]).toEqual([
      0,
      [false, true, false],
    ]);
  });

  test.each([
    [['flow-log', 'create', ...region, '-n', 'x', '--storage-account', 'logs', '-g', 'net'], 2, 'no target'],
    [
      ['flow-log', 'create', ...region, '-n', 'x', '--nsg', 'web', '--storage-account', account('logs')],
      2,
      '--nsg by name wants --resource-group',
    ],
    [
      [
        'flow-log',
        'create',
        ...region,
        '-n',
        'x',
        '--nsg',
        'web',
        '--nic',
        'nic',
        '-g',
        'net',
        '--storage-account',
        'logs',
      ],
      2,
      'more than one target',
    ],
    [
      [
        'flow-log',
        'create',
        '-l',
        'eastus',
        '-n',
        'x',
        '--nsg',
        `${network}/networkSecurityGroups/web`,
        '--storage-account',
        account('logs'),
      ],
      3,
      "not enabled for region 'eastus'",
    ],
    [['flow-log', 'list', '--subscription', '11111111-1111-1111-1111-111111111111'], 3, 'SubscriptionNotFound'],
    [['doctor', '--flow', '10.0.0.4', '22'], 2, '--flow takes'],
  ] as const)('refuses %j', async (args, code, said) => {
    const ran = await run(...args);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(said);
  });
});
