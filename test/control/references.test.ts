import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/arm-template/value.ts';
import { makeNetwork, startResources } from '../../src/server/start-network.ts';
import {
  account,
  buildNetwork,
  flowLogBody,
  group,
  inside,
  location,
  network,
  openPlane,
  rule,
  watcher,
} from './plane.ts';

/** Whatever names another resource: one that is not there, of another type, or of another region is refused, and nothing changes. */
let plane: Awaited<ReturnType<typeof openPlane>>;

const vnet = `${network}/virtualNetworks/vnet`;
const asg = `${network}/applicationSecurityGroups`;
const accountBody = (rules: readonly JsonObject[]): JsonObject => ({
  location,
  kind: 'StorageV2',
  sku: { name: 'Standard_LRS' },
  properties: { networkAcls: { virtualNetworkRules: rules } },
});
const peering = (id: string): JsonObject => ({ properties: { remoteVirtualNetwork: { id } } });

beforeEach(async () => {
  plane = await openPlane();
  await buildNetwork(plane);
  await plane.put(`${asg}/here`, { location });
  await plane.put(`${asg}/far`, { location: 'northeurope' });
  await plane.put(`${network}/virtualNetworks/second`, {
    location: 'northeurope',
    properties: {
      addressSpace: { addressPrefixes: ['10.2.0.0/16'] },
      subnets: [{ name: 'a', properties: { addressPrefix: '10.2.0.0/24' } }],
    },
  });
});

afterEach(async () => {
  expect(plane.faults).toEqual([]);
  await plane.end();
});

const nicBody = (more: JsonObject, subnet = `${vnet}/subnets/default`): JsonObject => ({
  location,
  properties: { ipConfigurations: [{ name: 'a', properties: { subnet: { id: subnet }, ...more } }] },
});
const subnetBody = (id: string): JsonObject => ({
  properties: { addressPrefix: '10.0.9.0/24', networkSecurityGroup: { id } },
});
const ruleBody = (id: string): JsonObject =>
  rule('r', { priority: 900, sourceAddressPrefix: null, sourceApplicationSecurityGroups: [{ id }] });

describe('a reference', () => {
  test.each<[string, string, JsonObject]>([
    [
      'of a peering to a VNet that is not there',
      `${vnet}/virtualNetworkPeerings/p`,
      peering(`${network}/virtualNetworks/no`),
    ],
    ['of a peering to a subnet', `${vnet}/virtualNetworkPeerings/p`, peering(`${vnet}/subnets/default`)],
    ['of a peering to nothing', `${vnet}/virtualNetworkPeerings/p`, peering('')],
    [
      'of a peering inside a VNet',
      `${network}/virtualNetworks/third`,
      {
        location,
        properties: {
          addressSpace: { addressPrefixes: ['10.3.0.0/16'] },
          virtualNetworkPeerings: [{ name: 'p', ...peering(`${network}/virtualNetworks/no`) }],
        },
      },
    ],
    ['of a firewall to a subnet that is not there', account('fresh'), accountBody([{ id: `${vnet}/subnets/no` }])],
    ['of a firewall to a VNet', account('fresh'), accountBody([{ id: vnet }])],
    ['of a firewall to no id', account('logs'), accountBody([{ id: 'default' }])],
    [
      'of a rule to a group that is not there',
      `${network}/networkSecurityGroups/web/securityRules/r`,
      ruleBody(`${asg}/no`),
    ],
    [
      'of a rule to a group of another region',
      `${network}/networkSecurityGroups/web/securityRules/r`,
      ruleBody(`${asg}/far`),
    ],
    ['of a rule to what is no group', `${network}/networkSecurityGroups/web/securityRules/r`, ruleBody(vnet)],
    ['of a subnet to an NSG that is not there', `${vnet}/subnets/s`, subnetBody(`${network}/networkSecurityGroups/no`)],
    ['of a subnet to what is no NSG', `${vnet}/subnets/s`, subnetBody(`${asg}/here`)],
    [
      'of an interface to a subnet that is not there',
      `${network}/networkInterfaces/n`,
      nicBody({}, `${vnet}/subnets/no`),
    ],
    [
      'of an interface to a subnet of another region',
      `${network}/networkInterfaces/n`,
      nicBody({}, `${network}/virtualNetworks/second/subnets/a`),
    ],
    [
      'of an interface to a public address that is not there',
      `${network}/networkInterfaces/n`,
      nicBody({ publicIPAddress: { id: `${network}/publicIPAddresses/no` } }),
    ],
    [
      'of an interface to a group of another region',
      `${network}/networkInterfaces/n`,
      nicBody({ applicationSecurityGroups: [{ id: `${asg}/far` }] }),
    ],
    [
      'of a flow log to a target that is not there',
      `${watcher}/flowLogs/f`,
      flowLogBody({ targetResourceId: `${vnet}/subnets/no` }),
    ],
    [
      'of a flow log to an account that is not there',
      `${watcher}/flowLogs/f`,
      flowLogBody({ storageId: account('no') }),
    ],
    ['of a flow log to what is no account', `${watcher}/flowLogs/f`, flowLogBody({ storageId: vnet })],
  ])('%s', async (_, path, body) => {
    const before = plane.plane.snapshot();
    const answer = await plane.ask('PUT', path, body);
    expect([answer.status, answer.code]).toEqual([400, 'InvalidResourceReference']);
    expect(plane.plane.snapshot()).toEqual(before);
  });

  test('of a PATCH is judged, too', async () => {
    const patch = { properties: { networkAcls: { virtualNetworkRules: [{ id: `${vnet}/subnets/no` }] } } };
    expect((await plane.ask('PATCH', account('logs'), patch)).code).toBe('InvalidResourceReference');
  });
});

describe('a reference whose resource is deleted', () => {
  test('of a firewall stays, and says so', async () => {
    await plane.put(`${vnet}/subnets/gone`, { properties: { addressPrefix: '10.0.7.0/24' } });
    await plane.put(account('logs'), accountBody([{ id: `${vnet}/subnets/gone` }, { id: `${vnet}/subnets/default` }]));
    expect((await plane.ask('DELETE', `${vnet}/subnets/gone`)).status).toBe(200);
    const shown = await plane.get(account('logs'));
    const rules = inside(shown, 'properties', 'networkAcls', 'virtualNetworkRules');
    expect(rules).toMatchObject([{ state: 'NetworkSourceDeleted' }, { state: 'Succeeded' }]);
    await plane.put(account('logs'), shown);
    expect((await plane.ask('PATCH', account('logs'), { tags: { a: 'b' } })).status).toBe(200);
  });

  test('of a peering stays, and is disconnected', async () => {
    await plane.put(`${vnet}/virtualNetworkPeerings/p`, peering(`${network}/virtualNetworks/second`));
    const state = async () => inside(await plane.get(`${vnet}/virtualNetworkPeerings/p`), 'properties', 'peeringState');
    expect(await state()).toBe('Initiated');
    await plane.put(`${network}/virtualNetworks/second/virtualNetworkPeerings/q`, peering(vnet));
    expect(await state()).toBe('Connected');
    expect((await plane.ask('DELETE', `${network}/virtualNetworks/second`)).status).toBe(200);
    expect(await state()).toBe('Disconnected');
    await plane.put(vnet, await plane.get(vnet));
  });
});

test('a network from files keeps the peerings between its VNets, and leaves out those to others', async () => {
  const vnetOf = (name: string, prefix: string, remotes: readonly string[]): JsonObject => ({
    id: `${group}/providers/Microsoft.Network/virtualNetworks/${name}`,
    name,
    type: 'Microsoft.Network/virtualNetworks',
    location,
    properties: {
      addressSpace: { addressPrefixes: [prefix] },
      subnets: [],
      virtualNetworkPeerings: remotes.map((remote) => ({
        name: `to-${remote}`,
        ...peering(`${network}/virtualNetworks/${remote}`),
      })),
    },
  });
  const value = [vnetOf('left', '10.5.0.0/16', ['right', 'outside']), vnetOf('right', '10.6.0.0/16', ['left'])];
  const files = [{ path: 'net.json', text: JSON.stringify({ value }) }];
  const warnings = await makeNetwork(plane.plane, startResources(files, undefined, []));
  expect(warnings).toEqual([expect.stringMatching(/net\.json.*virtualNetworks\/outside is not in the files/)]);
  const left = await plane.get(`${network}/virtualNetworks/left`);
  expect(inside(left, 'properties', 'virtualNetworkPeerings')).toMatchObject([
    { name: 'to-right', properties: { peeringState: 'Connected' } },
  ]);
});
