/** Resources of an inventory as rows of both tables of the topology, worked by hand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { topologyPeriods } from '../../../src/query/names/topology-periods.ts';
import { openEngineWithoutLake } from '../../../src/query/engine/no-lake.ts';
import { keepResources } from '../../../src/query/names/resource-snapshots.ts';
import { project } from '../../../src/query/relation/build.ts';
import { interpret } from '../../../src/query/relation/interpret.ts';
import { defaultTrafficAnalytics } from '../../../src/query/traffic-analytics/settings.ts';
import { trafficAnalyticsTables } from '../../../src/query/traffic-analytics/tables.ts';
import { topologyRelation } from '../../../src/query/traffic-analytics/topology-rows.ts';
import { tablesOfRows } from '../tables-of-rows.ts';
import { askDuckdb, cellsOf, writeTables } from '../sql/made-tables.ts';

const at = '/subscriptions/S1/resourceGroups/Shop/providers/Microsoft.Network';
const compute = '/subscriptions/S1/resourceGroups/Shop/providers/Microsoft.Compute';
const vnet = `${at}/virtualNetworks/VNet-1`;
const gateway = `${at}/virtualNetworkGateways/gw`;

const nics = [
  {
    id: `${at}/networkInterfaces/nic-1`,
    location: 'West Europe',
    macAddress: '00-0d-3a-01-02-03',
    enableIPForwarding: true,
    networkSecurityGroup: { id: `${at}/networkSecurityGroups/nsg-1` },
    virtualMachine: { id: `${compute}/virtualMachines/Web1` },
    ipConfigurations: [
      {
        privateIPAddress: '10.0.0.4',
        subnet: { id: `${vnet}/subnets/web` },
        publicIPAddress: { id: `${at}/publicIPAddresses/pip` },
      },
      { privateIPAddress: '10.0.0.5', subnet: { id: `${vnet}/subnets/web` } },
    ],
  },
];
const others = [
  { id: `${at}/publicIPAddresses/pip`, location: 'westeurope', ipAddress: '203.0.113.9' },
  {
    id: vnet,
    location: 'westeurope',
    tags: { owner: `O'Neil "x"` },
    properties: {
      addressSpace: { addressPrefixes: ['10.0.0.0/16', 'fd00::/48'] },
      subnets: [
        { name: 'web', properties: { addressPrefix: '10.0.0.0/24' } },
        { name: 'GatewaySubnet', properties: { addressPrefixes: ['10.0.1.0/24'] } },
      ],
      virtualNetworkPeerings: [
        {
          name: 'to-hub',
          properties: {
            remoteVirtualNetwork: {
              id: '/subscriptions/s2/resourceGroups/hub/providers/Microsoft.Network/virtualNetworks/hub',
            },
            allowForwardedTraffic: false,
            useRemoteGateways: true,
            peeringState: 'Connected',
          },
        },
      ],
    },
  },
  {
    id: `${at}/networkSecurityGroups/nsg-1`,
    location: 'westeurope',
    properties: {
      securityRules: [
        {
          name: 'Allow-Web',
          properties: {
            access: 'Allow',
            direction: 'Inbound',
            priority: 100,
            protocol: 'Tcp',
            sourceAddressPrefix: '*',
            sourcePortRange: '*',
            destinationAddressPrefix: '10.0.0.4',
            destinationPortRanges: ['80', '443'],
          },
        },
      ],
    },
  },
  {
    id: `${at}/networkWatchers/nw/flowLogs/log`,
    location: 'westeurope',
    properties: {
      enabled: true,
      targetResourceId: `${at}/networkSecurityGroups/NSG-1`,
      storageId: '/subscriptions/s1/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/logs',
    },
  },
  {
    id: gateway,
    location: 'westeurope',
    properties: {
      gatewayType: 'Vpn',
      enableBgp: true,
      bgpSettings: { asn: 65010 },
      ipConfigurations: [{ properties: { subnet: { id: `${vnet}/subnets/GatewaySubnet` } } }],
    },
  },
  {
    id: `${at}/connections/to-site`,
    location: 'westeurope',
    properties: {
      connectionType: 'IPsec',
      virtualNetworkGateway1: { id: gateway },
      localNetworkGateway2: { id: `${at}/localNetworkGateways/site` },
      routingWeight: 10,
      egressBytesTransferred: 5_000_000_000,
    },
  },
  {
    id: `${compute}/virtualMachineScaleSets/Pool/virtualMachines/7`,
    location: 'westeurope',
    properties: { vmId: 'x' },
  },
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nsgflow-topology-'));
  writeFileSync(join(folder, 'nics.json'), JSON.stringify(nics));
  writeFileSync(join(folder, 'others.json'), JSON.stringify(others));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const nowMillis = Date.UTC(2026, 10, 20, 12);

/** Texts of the rows that have a value, by both: each of some columns. */
async function rows(name: string, columns: string[], where: (row: readonly unknown[]) => boolean = () => true) {
  const inventory = ['nics.json', 'others.json'].map((one) => join(folder, one));
  const topology = { periods: await topologyPeriods(undefined, { inventory }), firstMillis: nowMillis, nowMillis };
  const table = trafficAnalyticsTables(defaultTrafficAnalytics, topology).find((one) => one.name === name)!;
  const relation = project(
    table.relation({}),
    columns.map((one) => table.columns.find((column) => column.name === one)!.column),
  );
  const tables = tablesOfRows([]);
  const lake = await writeTables(tables);
  try {
    const sorted = (all: readonly (readonly unknown[])[]) =>
      all
        .map((row) => [...row])
        .filter(where)
        .map((row) => JSON.stringify(row))
        .sort();
    const asked = sorted(await askDuckdb(lake, relation));
    expect(asked).toEqual(sorted(cellsOf(relation, interpret(relation, tables))));
    return asked.map((row) => JSON.parse(row) as unknown[]);
  } finally {
    await lake.close();
  }
}

test('each resource has a row with its names', async () => {
  const found = await rows('NTATopologyDetails', [
    'AzureResourceType',
    'Name',
    'Subscription',
    'DiscoveryRegion',
    'SubType',
    'Status',
  ]);
  expect(found).toEqual(
    [
      ['NetworkInterface', 'shop/nic-1'],
      ['NetworkSecurityGroup', 'shop/nsg-1'],
      ['NetworkSecurityGroupRule', 'shop/nsg-1/allow-web'],
      ['PublicIpAddress', 'shop/pip'],
      ['VirtualMachine', 'shop/pool_7'],
      ['VirtualNetwork', 'shop/vnet-1'],
      ['VirtualNetworkGateway', 'shop/gw'],
      ['VirtualNetworkGatewayConnection', 'shop/to-site'],
      ['VirtualNetworkPeering', 'shop/vnet-1/to-hub'],
      ['VirtualSubnetwork', 'shop/vnet-1/gatewaysubnet'],
      ['VirtualSubnetwork', 'shop/vnet-1/web'],
    ]
      .map((one): unknown[] => [...one, 's1', 'westeurope', 'Topology', null])
      .concat([[null, null, 's1', 'westeurope', 'StatusMessage', 'Completed']])
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  );
});

test.each([
  [
    'NetworkInterface',
    {
      MacAddress: '00-0D-3A-01-02-03',
      PrivateIpAddresses: '10.0.0.4 10.0.0.5',
      PublicIpAddresses: '203.0.113.9',
      VirtualMachine: 'shop/web1',
      Subnetwork: 'shop/vnet-1/web',
      Nsg: 's1/shop/nsg-1',
      EnableIpForwarding: true,
    },
  ],
  ['VirtualNetwork', { AddressPrefixes: '10.0.0.0/16 fd00::/48', Tags: JSON.stringify({ owner: `O'Neil "x"` }) }],
  [
    'VirtualNetworkPeering',
    {
      VirtualNetwork1: 's1/shop/vnet-1',
      VirtualNetwork2: 's2/hub/hub',
      AllowForwardedTraffic: false,
      UseRemoteGateways: true,
      AllowGatewayTransit: null,
      State: 'Connected',
    },
  ],
  ['NetworkSecurityGroup', { IsFlowEnabled: true, FlowLogStorageAccount: 's1/shop/logs' }],
  [
    'NetworkSecurityGroupRule',
    {
      Access: 'Allow',
      Direction: 'Inbound',
      Priority: 100,
      Protocol: 'Tcp',
      SourceAddressPrefix: '*',
      DestinationPortRange: '80 443',
      RuleType: 'User Defined',
      Nsg: 's1/shop/nsg-1',
    },
  ],
  [
    'VirtualNetworkGateway',
    { GatewayType: 'Vpn', VirtualSubnetwork: 'shop/vnet-1/gatewaysubnet', BgpEnabled: true, AzureAsn: 65010 },
  ],
  [
    'VirtualNetworkGatewayConnection',
    {
      ConnectionType: 'IPsec',
      VirtualNetworkGateway1: 's1/shop/gw',
      VirtualNetwork1: 's1/shop/vnet-1',
      LocalNetworkGateway: 's1/shop/site',
      RoutingWeight: 10,
      EgressBytesTransferred: 5_000_000_000,
    },
  ],
  [
    'VirtualMachine',
    {
      VmssName: 'shop/pool',
      Type: 'NTATopologyDetails',
      ComponentType: 'Topology',
      TimeGenerated: '2026-11-20T00:00:00.000Z',
    },
  ],
] as const)('%s', async (type, expected) => {
  const names = Object.keys(expected);
  const found = await rows('NTATopologyDetails', ['AzureResourceType', ...names], ([of]) => of === type);
  expect(found).toEqual([[type, ...Object.values(expected)]]);
});

test('the older table has the same rows beside those of flows', async () => {
  const columns = [
    'ResourceType',
    'Name_s',
    'Subscription_g',
    'SubType_s',
    'Priority_d',
    'Region_s',
    'IsFlowEnabled_b',
    'TimeProcessed_t',
  ];
  const found = await rows('AzureNetworkAnalytics_CL', columns, ([type]) => String(type).startsWith('NetworkSecurity'));
  expect(found).toEqual([
    ['NetworkSecurityGroup', 'shop/nsg-1', 's1', 'Topology', null, 'westeurope', true, '2026-11-20T00:00:00.000Z'],
    [
      'NetworkSecurityGroupRule',
      'shop/nsg-1/allow-web',
      's1',
      'Topology',
      100,
      'westeurope',
      null,
      '2026-11-20T00:00:00.000Z',
    ],
  ]);
});

test('rows have the time of each day, and a dated inventory holds until the next one', async () => {
  const lake = join(folder, 'lake');
  const nicNamed = (name: string) =>
    JSON.stringify([{ id: `${at}/networkInterfaces/${name}`, location: 'x', ipConfigurations: [] }]);
  await keepResources(lake, Date.UTC(2026, 10, 18, 6), nicNamed('old'));
  await keepResources(lake, Date.UTC(2026, 10, 19, 15), nicNamed('new'));
  const periods = await topologyPeriods(lake, {});
  const topology = { periods, firstMillis: Date.UTC(2026, 10, 18, 9), nowMillis };
  const timesIn = (range: object) =>
    cellsOf(topologyRelation(topology, range), interpret(topologyRelation(topology, range), tablesOfRows([])))
      .map(([row, time]) => [JSON.parse(row as string).Name, time])
      .filter(([name]) => name !== undefined);
  const expected = [
    ['g/old', '2026-11-18T00:00:00.000Z'],
    ['g/old', '2026-11-19T00:00:00.000Z'],
    ['g/new', '2026-11-19T15:00:00.000Z'],
    ['g/new', '2026-11-20T00:00:00.000Z'],
  ].map(([name, time]) => [name.replace('g/', 'shop/'), time]);
  expect(timesIn({})).toEqual(expected);
  expect(timesIn({ start: Date.UTC(2026, 10, 19), end: Date.UTC(2026, 10, 20) })).toEqual(expected.slice(1, 3));
});

test('an inventory that is no resource gives no rows, and a damaged one is named', async () => {
  const path = join(folder, 'damaged.json');
  writeFileSync(path, '{');
  const [period] = await topologyPeriods(undefined, { inventory: [path] });
  expect(() => period.rows()).toThrow(/damaged\.json is no JSON/);
  writeFileSync(
    path,
    '[null, 1, {"id": "/subscriptions"}, {"id": 5, "type": "Microsoft.Network/virtualNetworks", "subnets": [null, 1, "x"]}]',
  );
  const [again] = await topologyPeriods(undefined, { inventory: [path] });
  expect(
    again.rows().filter((row) => row['SubType'] === 'Topology' && row['AzureResourceType'] !== 'VirtualNetwork'),
  ).toEqual([]);
  writeFileSync(join(folder, 'vms.csv'), 'address,vm\n10.0.0.4,a\n');
  expect(await topologyPeriods(undefined, { inventory: [join(folder, 'vms.csv')] })).toEqual([]);
});

test('without a lake there are no times of rows', () => {
  expect(openEngineWithoutLake().timesOf?.({})).toBeUndefined();
});
