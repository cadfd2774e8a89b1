import { describe, expect, test } from 'vitest';
import type { Evaluation } from '../../src/nsg/evaluate.ts';
import { evaluate } from '../../src/nsg/evaluate.ts';
import { importNetwork } from '../../src/nsg/import.ts';
import type { Network } from '../../src/nsg/network.ts';
import { address } from './generate-network.ts';
import { nicBody, nsgBody, ruleBody, subnetId, virtualNetworkBody, virtualNetworkId } from './bodies.ts';

/** What stands beside a network: network managers, gateways, routes, load balancers. */
const group = virtualNetworkId('v').replace(/\/virtualNetworks.*/, '');
const manager = `${group}/networkManagers/m`;
const configuration = `${manager}/securityAdminConfigurations/baseline`;

function ruleOf(name: string, fields: object, collection = 'c'): object {
  return {
    id: `${configuration}/ruleCollections/${collection}/rules/${name}`,
    name,
    type: 'Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections/rules',
    kind: 'Custom',
    properties: {
      protocol: 'Tcp',
      direction: 'Inbound',
      access: 'Deny',
      priority: 10,
      sources: [{ addressPrefix: '*', addressPrefixType: 'IPPrefix' }],
      destinations: [{ addressPrefix: '*', addressPrefixType: 'IPPrefix' }],
      sourcePortRanges: ['0-65535'],
      destinationPortRanges: ['22'],
      ...fields,
    },
  };
}

function collectionOf(groups: string[]): object {
  return {
    id: `${configuration}/ruleCollections/c`,
    name: 'c',
    type: 'Microsoft.Network/networkManagers/securityAdminConfigurations/ruleCollections',
    properties: { appliesToGroups: groups.map((name) => ({ networkGroupId: `${manager}/networkGroups/${name}` })) },
  };
}

function memberOf(networkGroup: string, virtualNetwork: string): object {
  return {
    id: `${manager}/networkGroups/${networkGroup}/staticMembers/x`,
    name: 'x',
    type: 'Microsoft.Network/networkManagers/networkGroups/staticMembers',
    properties: { resourceId: virtualNetworkId(virtualNetwork) },
  };
}

const adminConfiguration = {
  id: configuration,
  name: 'baseline',
  type: 'Microsoft.Network/networkManagers/securityAdminConfigurations',
  properties: { resourceGuid: '11111111-0000-0000-0000-000000000001' },
};

function network(
  values: object[],
  rules: object[] | null = [ruleBody('all', { protocol: '*' })],
  more: object = {},
): Network {
  const vnet = virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: undefined }]) as {
    properties: { subnets: { properties: object }[] };
  };
  Object.assign(vnet.properties.subnets[0].properties, more);
  return importNetwork({
    files: [
      {
        path: 'net.json',
        text: JSON.stringify({
          value: [
            vnet,
            nicBody('a', ['10.1.1.4'], { subnet: 'web', nsg: rules === null ? undefined : 'n' }),
            ...(rules !== null ? [nsgBody('n', rules)] : []),
            ...values,
          ],
        }),
      },
    ],
  });
}

function inbound(network: Network, source = '203.0.113.9', port = 22): Evaluation {
  return evaluate(network, network.nics[0], 'inbound', {
    protocol: 6,
    source: address(source),
    sourcePort: 50_000,
    destination: address('10.1.1.4'),
    destinationPort: port,
  });
}

function decided({ access, nsg, rule }: Evaluation): string {
  return [access, nsg?.name ?? '-', rule?.logName ?? '-'].join(' ');
}

const applied = [adminConfiguration, collectionOf(['g']), memberOf('g', 'v')];

describe('admin rules', () => {
  test('Deny stops, Allow lets the NSG decide, AlwaysAllow delivers', () => {
    const deny = [ruleBody('none', { protocol: '*', access: 'Deny' })];
    expect(decided(inbound(network([...applied, ruleOf('ssh', {})])))).toBe('deny - ssh');
    expect(decided(inbound(network([...applied, ruleOf('ssh', {})]), '203.0.113.9', 80))).toBe('allow n UserRule_all');
    expect(decided(inbound(network([...applied, ruleOf('ssh', { access: 'Allow' })], deny)))).toBe(
      'deny n UserRule_none',
    );
    expect(decided(inbound(network([...applied, ruleOf('ssh', { access: 'AlwaysAllow' })], deny)))).toBe('allow - ssh');
    expect(decided(inbound(network([...applied, ruleOf('ssh', { access: 'Allow' })], null)))).toBe('allow - ssh');
  });

  test('the trace begins with them, and says what they do', () => {
    const { trace } = inbound(network([...applied, ruleOf('ssh', { access: 'Allow' })]));
    expect(trace.map(({ level, rule, mismatch }) => [level, rule.name, mismatch])).toEqual([
      ['admin', 'ssh', undefined],
      ['nic', 'all', undefined],
    ]);
  });

  test('have the GUID of their configuration as ACL, or one that its id decides', () => {
    const aclOf = (values: object[]): unknown => network(values).virtualNetworks[0].adminRules[0];
    expect(aclOf([...applied, ruleOf('ssh', {})])).toMatchObject({ aclId: '11111111-0000-0000-0000-000000000001' });
    expect(aclOf([...applied.slice(1), ruleOf('ssh', {})])).toMatchObject({
      aclId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8/),
    });
  });

  test('are tried by priority, across collections and tags', () => {
    const rules = [
      ruleOf('later', { priority: 20, access: 'AlwaysAllow' }),
      ruleOf('first', { priority: 5, sources: [{ addressPrefix: 'Internet', addressPrefixType: 'ServiceTag' }] }),
    ];
    expect(decided(inbound(network([...applied, ...rules])))).toBe('deny - first');
    expect(decided(inbound(network([...applied, ...rules]), '10.1.1.9'))).toBe('allow - later');
  });

  test('a network group as source is the address space of its members', () => {
    const sources = [{ addressPrefix: `${manager}/networkGroups/g`, addressPrefixType: 'NetworkGroup' }];
    const grouped = network([...applied, ruleOf('ssh', { sources })]);
    expect(decided(inbound(grouped, '10.1.9.9'))).toBe('deny - ssh');
    expect(decided(inbound(grouped))).toBe('allow n UserRule_all');
  });

  test('of a group whose members are not known decide nothing, with a warning', () => {
    const read = network([adminConfiguration, collectionOf(['g']), ruleOf('ssh', {})]);
    expect(decided(inbound(read))).toBe('allow n UserRule_all');
    expect(read.warnings.join()).toContain('the members of network group g are in no file');
  });

  test('that cannot be read are left out, with a warning', () => {
    const read = network([...applied, ruleOf('ssh', { priority: 5000, destinationPortRanges: ['x'] })]);
    expect(read.virtualNetworks[0].adminRules).toEqual([]);
    expect(read.warnings.join()).toContain(
      "admin rule ssh is left out: its priority is outside 1 to 4096; 'x' is not a port",
    );
  });
});

describe('encryption of a VNet', () => {
  const encrypted = (encryption: object): Network => {
    const vnet = virtualNetworkBody('v', ['10.1.0.0/16'], []) as { properties: object };
    Object.assign(vnet.properties, { encryption });
    return importNetwork({ files: [{ path: 'net.json', text: JSON.stringify(vnet) }] });
  };

  test.each([
    [{ enabled: true }, 'AllowUnencrypted'],
    [{ enabled: true, enforcement: 'AllowUnencrypted' }, 'AllowUnencrypted'],
    [{ enabled: true, enforcement: 'DropUnencrypted' }, 'DropUnencrypted'],
    [{ enabled: false, enforcement: 'AllowUnencrypted' }, undefined],
  ])('%j', (encryption, expected) => {
    const read = encrypted(encryption);
    expect(read.virtualNetworks[0].encryption).toBe(expected);
    expect(read.warnings).toHaveLength(expected === 'DropUnencrypted' ? 1 : 0);
  });
});

describe('what belongs to VirtualNetwork', () => {
  const gateway = (name: string, vnet: string, more: object = {}): object => ({
    id: `${group}/virtualNetworkGateways/${name}`,
    name,
    type: 'Microsoft.Network/virtualNetworkGateways',
    properties: { ipConfigurations: [{ properties: { subnet: { id: subnetId(vnet, 'GatewaySubnet') } } }], ...more },
  });
  const local = {
    id: `${group}/localNetworkGateways/office`,
    name: 'office',
    type: 'Microsoft.Network/localNetworkGateways',
    properties: { localNetworkAddressSpace: { addressPrefixes: ['192.168.0.0/16'] } },
  };
  const connection = (fields: object): object => ({
    id: `${group}/connections/c`,
    name: 'c',
    type: 'Microsoft.Network/connections',
    properties: fields,
  });
  const end = (name: string): object => ({ id: `${group}/virtualNetworkGateways/${name}` });
  const byDefault = (network: Network, source: string): string => decided(inbound(network, source));

  test('on-premises networks behind a gateway of the VNet, and its VPN clients', () => {
    const read = network(
      [
        gateway('vpn', 'v', {
          vpnClientConfiguration: { vpnClientAddressPool: { addressPrefixes: ['172.20.0.0/24'] } },
        }),
        local,
        connection({
          virtualNetworkGateway1: end('vpn'),
          localNetworkGateway2: { id: `${group}/localNetworkGateways/office` },
        }),
      ],
      [],
    );
    expect(byDefault(read, '192.168.7.7')).toBe('allow n DefaultRule_AllowVnetInBound');
    expect(byDefault(read, '172.20.0.9')).toBe('allow n DefaultRule_AllowVnetInBound');
    expect(byDefault(read, '172.21.0.9')).toBe('deny n DefaultRule_DenyAllInBound');
  });

  test('a VNet behind another gateway, in both directions', () => {
    const read = network(
      [
        virtualNetworkBody('w', ['10.9.0.0/16'], []),
        gateway('one', 'v'),
        gateway('two', 'w'),
        connection({ virtualNetworkGateway1: end('one'), virtualNetworkGateway2: end('two') }),
      ],
      [],
    );
    expect(byDefault(read, '10.9.1.1')).toBe('allow n DefaultRule_AllowVnetInBound');
    expect(read.virtualNetworks[1].connectedPrefixes).toEqual(read.virtualNetworks[0].addressPrefixes);
  });

  test('destinations of user-defined routes of the subnet, a default route included, but not those into the Internet', () => {
    const routeTable = (nextHopType: string): object => ({
      id: `${group}/routeTables/r`,
      name: 'r',
      type: 'Microsoft.Network/routeTables',
      properties: { routes: [{ name: 'd', properties: { addressPrefix: '0.0.0.0/0', nextHopType } }] },
    });
    const place = { routeTable: { id: `${group}/routeTables/r` } };
    expect(byDefault(network([routeTable('VirtualAppliance')], [], place), '203.0.113.9')).toBe(
      'allow n DefaultRule_AllowVnetInBound',
    );
    expect(byDefault(network([routeTable('Internet')], [], place), '203.0.113.9')).toBe(
      'deny n DefaultRule_DenyAllInBound',
    );
  });

  test('what cannot be read beside the network is a warning', () => {
    const broken = { ...local, properties: { localNetworkAddressSpace: { addressPrefixes: [{}] } } };
    const read = network([broken, connection({ localNetworkGateway2: { id: 'x' } })]);
    expect(read.warnings.join()).toContain('office is left out');
  });
});
