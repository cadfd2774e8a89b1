import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/arm-template/value.ts';
import type { NetworkResources } from '../../src/advise/coverage.ts';
import { coverageOf, isGap } from '../../src/advise/coverage.ts';
import { planMigration } from '../../src/advise/migration.ts';
import { explainFlow } from '../../src/advise/visibility.ts';
import { parseAddress } from '../../src/net/address.ts';
import type { TestPlane } from '../control/plane.ts';
import {
  account,
  buildNetwork,
  flowLogBody,
  inside,
  location,
  network,
  openPlane,
  rule,
  subscription,
  watcher,
} from '../control/plane.ts';

let plane: TestPlane;

beforeEach(async () => {
  plane = await openPlane();
  await buildNetwork(plane);
  await plane.put(`${network}/networkSecurityGroups/own`, {
    location,
    properties: { securityRules: [rule('AllowOwn')] },
  });
  await plane.put(`${network}/networkInterfaces/two`, {
    location,
    properties: {
      networkSecurityGroup: { id: `${network}/networkSecurityGroups/own` },
      ipConfigurations: [
        { name: 'a', properties: { subnet: { id: `${network}/virtualNetworks/vnet/subnets/default` } } },
      ],
    },
  });
});

afterEach(() => plane.end());

async function resources(): Promise<NetworkResources> {
  const list = async (path: string): Promise<JsonObject[]> => inside(await plane.get(path), 'value') as JsonObject[];
  const all = `${subscription}/providers/Microsoft.Network`;
  return {
    nsgs: await list(`${all}/networkSecurityGroups`),
    virtualNetworks: await list(`${all}/virtualNetworks`),
    nics: await list(`${all}/networkInterfaces`),
    flowLogs: await list(`${watcher}/flowLogs`),
  };
}

async function statuses(): Promise<Record<string, string>> {
  return Object.fromEntries(coverageOf(await resources()).map(({ kind, name, status }) => [`${kind} ${name}`, status]));
}

const vnetLog = () => flowLogBody({ targetResourceId: `${network}/virtualNetworks/vnet` });

describe('coverage', () => {
  test('without flow logs nothing is logged', async () => {
    expect(await statuses()).toEqual({
      'NSG own': 'not logged',
      'NSG web': 'not logged',
      'VNet vnet': 'not logged',
      'subnet vnet/default': 'not logged',
      'NIC nic': 'not logged',
      'NIC two': 'not logged',
    });
  });

  test('an interface with one of its two NSGs logged is half logged', async () => {
    await plane.put(`${watcher}/flowLogs/web`, flowLogBody());
    expect(await statuses()).toMatchObject({
      'NSG web': 'logged',
      'NSG own': 'not logged',
      'NIC nic': 'logged',
      'NIC two': 'half',
    });
    await plane.put(
      `${watcher}/flowLogs/own`,
      flowLogBody({ targetResourceId: `${network}/networkSecurityGroups/own` }),
    );
    expect(new Set(Object.values(await statuses()))).toEqual(new Set(['logged']));
  });

  test('a VNet flow log covers all below it, and an NSG’s besides is twice', async () => {
    await plane.put(`${watcher}/flowLogs/vnet`, vnetLog());
    expect(coverageOf(await resources()).filter(isGap)).toEqual([]);
    await plane.put(
      `${watcher}/flowLogs/own`,
      flowLogBody({ targetResourceId: `${network}/networkSecurityGroups/own` }),
    );
    expect(await statuses()).toMatchObject({ 'NIC nic': 'logged', 'NIC two': 'twice' });
    await plane.put(`${watcher}/flowLogs/vnet`, {
      ...vnetLog(),
      properties: { ...(vnetLog()['properties'] as JsonObject), enabled: false },
    });
    expect(await statuses()).toMatchObject({ 'NIC nic': 'not logged', 'NIC two': 'half', 'VNet vnet': 'not logged' });
  });
});

describe('migration', () => {
  const plan = async (aggregate: boolean): Promise<string[]> =>
    planMigration(await resources(), aggregate).map(({ step, name }) => `${step} ${name}`);

  test('makes one flow log a VNet, or one a subnet and interface, and ends the old ones', async () => {
    await plane.put(`${watcher}/flowLogs/web`, flowLogBody());
    await plane.put(
      `${watcher}/flowLogs/own`,
      flowLogBody({ targetResourceId: `${network}/networkSecurityGroups/own` }),
    );
    expect(await plan(true)).toEqual(['create vnet-net-flowlog', 'disable own', 'disable web']);
    expect(await plan(false)).toEqual([
      'create two-net-flowlog',
      'create vnet-default-net-flowlog',
      'disable own',
      'disable web',
    ]);
  });

  test('keeps what it cannot turn: two accounts for one VNet, an NSG that is nowhere, a target that has a flow log', async () => {
    await plane.put(account('other'), { location, sku: { name: 'Standard_LRS' } });
    await plane.put(`${network}/networkSecurityGroups/idle`, { location });
    await plane.put(
      `${watcher}/flowLogs/own`,
      flowLogBody({ targetResourceId: `${network}/networkSecurityGroups/own` }),
    );
    await plane.put(`${watcher}/flowLogs/web`, flowLogBody({ storageId: account('other') }));
    await plane.put(
      `${watcher}/flowLogs/idle`,
      flowLogBody({ targetResourceId: `${network}/networkSecurityGroups/idle` }),
    );
    expect(await plan(true)).toEqual(['create vnet-net-flowlog', 'keep idle', 'disable own', 'keep web']);
    await plane.put(`${watcher}/flowLogs/vnet`, vnetLog());
    expect(await plan(true)).toEqual(['keep vnet', 'keep idle', 'disable own', 'keep web']);
  });
});

describe('the visibility of a flow', () => {
  const explain = async (source: string, destination: string, destinationPort: number, protocol = 6) => {
    const ends = [source, destination].map((text) => parseAddress(text)!);
    return explainFlow(plane.plane.network(), (await resources()).flowLogs, {
      protocol,
      source: ends[0],
      sourcePort: 50_000,
      destination: ends[1],
      destinationPort,
    });
  };

  test('follows the NSG that logs it', async () => {
    await plane.put(`${watcher}/flowLogs/web`, flowLogBody({ enabledFilteringCriteria: 'dstPort=443' }));
    const [out, into] = await explain('10.0.0.4', '10.0.0.5', 443);
    expect(out).toMatchObject({ at: 'nic', direction: 'outbound', flowLog: 'web', isShown: true });
    expect(out.finding).toContain('dstPort=443');
    expect(into).toMatchObject({ at: 'two', decision: 'allow by AllowOwn of own', flowLog: '', isShown: false });
    const [, denied] = await explain('8.8.8.8', '10.0.0.5', 22);
    expect(denied).toMatchObject({ decision: 'deny by DenyAllInBound of web', flowLog: 'web', isShown: true });
  });

  test('says what no log shows: foreign addresses, ICMP, a log that is off', async () => {
    await plane.put(`${watcher}/flowLogs/vnet`, vnetLog());
    expect((await explain('8.8.8.8', '9.9.9.9', 443)).map(({ isShown }) => isShown)).toEqual([false, false]);
    expect((await explain('8.8.8.8', '10.0.0.4', 0, 1))[1]).toMatchObject({
      isShown: false,
      finding: 'flow logs contain only TCP and UDP',
    });
    expect((await explain('8.8.8.8', '10.0.0.4', 443))[1]).toMatchObject({ isShown: true, flowLog: 'vnet' });
    await plane.put(`${watcher}/flowLogs/vnet`, {
      ...vnetLog(),
      properties: { ...(vnetLog()['properties'] as JsonObject), enabled: false },
    });
    expect((await explain('8.8.8.8', '10.0.0.4', 443))[1]).toMatchObject({
      isShown: false,
      finding: 'the flow log is disabled',
    });
  });
});
