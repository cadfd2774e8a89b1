import { expect, test } from 'vitest';
import { formatAddress, parseAddress } from '../../src/net/address.ts';
import { evaluate } from '../../src/nsg/evaluate.ts';
import { importNetwork } from '../../src/nsg/import.ts';
import type { Network } from '../../src/nsg/network.ts';
import { nicBody, nicId, nsgBody, nsgId, ruleBody, subnetId, virtualNetworkId } from './bodies.ts';

/** Rules as Azure takes them apart for one NIC. */
const effective = {
  value: [
    {
      networkSecurityGroup: { id: nsgId('front') },
      association: { subnet: { id: subnetId('v', 'web') } },
      effectiveSecurityRules: [
        {
          name: 'securityRules/rdp',
          protocol: 'Tcp',
          sourcePortRange: '0-65535',
          sourcePortRanges: ['0-65535'],
          destinationPortRange: '3389-3389',
          destinationPortRanges: ['3389-3389', '5985-5986'],
          sourceAddressPrefix: '1.1.1.1/32',
          sourceAddressPrefixes: ['1.1.1.1/32', 'Internet'],
          destinationAddressPrefix: '0.0.0.0/0',
          destinationAddressPrefixes: ['0.0.0.0/0', '0.0.0.0/0'],
          access: 'Allow',
          priority: 1000,
          direction: 'Inbound',
        },
        {
          name: 'UserRule_storage',
          protocol: 'All',
          sourcePortRange: '0-65535',
          destinationPortRange: '443-443',
          sourceAddressPrefix: 'Storage',
          expandedSourceAddressPrefix: ['20.38.98.0/24', '2603:1000::/32'],
          destinationAddressPrefix: 'VirtualNetwork',
          expandedDestinationAddressPrefix: ['10.1.0.0/16', '10.9.0.0/16', '168.63.129.16/32'],
          access: 'Allow',
          priority: 1010,
          direction: 'Inbound',
        },
        {
          name: 'defaultSecurityRules/AllowVnetInBound',
          protocol: 'All',
          sourcePortRange: '0-65535',
          destinationPortRange: '0-65535',
          sourceAddressPrefix: 'VirtualNetwork',
          expandedSourceAddressPrefix: ['10.1.0.0/16', '10.9.0.0/16', '168.63.129.16/32'],
          destinationAddressPrefix: 'VirtualNetwork',
          access: 'Allow',
          priority: 65000,
          direction: 'Inbound',
        },
      ],
    },
    {
      networkSecurityGroup: { id: nsgId('own') },
      association: { networkInterface: { id: nicId('web0') } },
      effectiveSecurityRules: [],
    },
    { networkSecurityGroup: null, association: { networkManager: { id: '/m' } }, effectiveSecurityRules: [] },
  ],
};

function load(...documents: unknown[]): Network {
  return importNetwork({ files: documents.map((json, i) => ({ path: `${i}.json`, text: JSON.stringify(json) })) });
}

function decide(network: Network, source: string, destination: string, destinationPort: number): string {
  const { access, rule, nsg } = evaluate(network, network.nics[0], 'inbound', {
    protocol: 6,
    source: parseAddress(source)!,
    sourcePort: 50_000,
    destination: parseAddress(destination)!,
    destinationPort,
  });
  return `${access} ${nsg?.name}/${rule?.name}`;
}

test('effective rules are the rules of one NIC, and say what tags mean there', () => {
  const network = load(effective);
  expect(network.nics.map(({ name, nsg, subnet }) => [name, nsg?.name, subnet?.name, subnet?.nsg?.name])).toEqual([
    ['web0', 'own', 'web', 'front'],
  ]);
  expect(network.warnings.filter((warning) => !warning.includes('it has no address'))).toEqual([
    '0.json: [2]: effective rules that name no NSG are left out; give the admin rules of the Network Manager',
  ]);
  const own = 'deny own/DenyAllInBound';
  expect(decide(network, '8.8.8.8', '10.1.1.4', 5986)).toBe(own);
  expect(network.nsgs.map(({ name, inboundRules }) => [name, inboundRules.map((rule) => rule.name)])).toEqual([
    ['front', ['rdp', 'storage', 'AllowVnetInBound', 'AllowAzureLoadBalancerInBound', 'DenyAllInBound']],
    ['own', ['AllowVnetInBound', 'AllowAzureLoadBalancerInBound', 'DenyAllInBound']],
  ]);
  const { value } = structuredClone(effective);
  const one = load({ value: value.slice(0, 1) });
  expect(decide(one, '8.8.8.8', '10.1.1.4', 5986)).toBe('allow front/rdp');
  expect(decide(one, '2001:4860::8', 'fd00::4', 3389)).toBe('allow front/rdp');
  expect(decide(one, '20.38.98.7', '10.1.1.4', 443)).toBe('allow front/storage');
  expect(decide(one, '20.38.99.7', '10.1.1.4', 443)).toBe('deny front/DenyAllInBound');
  expect(decide(one, '10.9.1.1', '10.1.1.4', 80)).toBe('allow front/AllowVnetInBound');
  expect(decide(one, '10.8.1.1', '10.1.1.4', 80)).toBe('deny front/DenyAllInBound');
  expect(one.nics[0].name).toBe('effective');
});

test('what other files say of the same resources counts', () => {
  const nsg = nsgBody('own', [ruleBody('all', { access: 'Allow' })]);
  const network = load(effective, nsg, nicBody('web0', ['10.1.1.4'], { subnet: 'web', nsg: 'own' }));
  expect(network.nics.map(({ addresses }) => addresses.map(formatAddress))).toEqual([['10.1.1.4']]);
  expect(decide(network, '8.8.8.8', '10.1.1.4', 5986)).toBe('allow own/all');
  expect(network.virtualNetworks.map(({ id }) => id)).toEqual([virtualNetworkId('v')]);
});

test('as az and PowerShell write them', () => {
  const [first] = effective.value;
  expect(decide(load({ networkSecurityGroups: [first] }), '8.8.8.8', '10.1.1.4', 5986)).toBe('allow front/rdp');
  const shell = {
    NetworkSecurityGroup: { Id: nsgId('front') },
    Association: { NetworkInterface: { Id: nicId('web0') } },
    EffectiveSecurityRules: [
      {
        Name: 'securityRules/ssh',
        Protocol: 'Tcp',
        SourcePortRange: ['0-65535'],
        DestinationPortRange: ['22-22'],
        SourceAddressPrefix: ['0.0.0.0/0'],
        DestinationAddressPrefix: ['10.1.1.4/32'],
        Access: 'Allow',
        Priority: 300,
        Direction: 'Inbound',
      },
    ],
  };
  expect(decide(load([shell]), '8.8.8.8', '10.1.1.4', 22)).toBe('allow front/ssh');
});
