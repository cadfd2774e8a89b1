import { describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { formatAddress } from '../../src/net/address.ts';
import { formatPrefix } from '../../src/net/prefix.ts';
import { effectiveRules } from '../../src/nsg/effective-rules.ts';
import { importNetwork } from '../../src/nsg/import.ts';
import type { Network } from '../../src/nsg/network.ts';
import { guidOf, macOf, nsgResourceGuid } from '../../src/nsg/network.ts';
import { formatAddressMatch } from '../../src/nsg/rule.ts';
import {
  groupId,
  nicBody,
  nicId,
  nsgBody,
  nsgId,
  ruleBody,
  serviceTagsText,
  subnetId,
  virtualNetworkBody,
  virtualNetworkId,
} from './bodies.ts';
import { refusedRules } from './refused-rules.ts';

function load(...documents: unknown[]): Network {
  return importNetwork({
    files: documents.map((json, index) => ({ path: `${index}.json`, text: JSON.stringify(json) })),
  });
}

function refusal(...documents: unknown[]): string {
  try {
    load(...documents);
  } catch (error) {
    if (error instanceof FlowError && error.code === 'network-invalid') return error.message;
    throw error;
  }
  return 'imported';
}

/** What `az` prints: the properties lifted up to the resource. */
function lifted(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(lifted);
  if (typeof json !== 'object' || json === null) return json;
  const { properties, ...rest } = json as { properties?: unknown };
  const merged = { ...rest, ...(typeof properties === 'object' ? properties : {}) };
  return Object.fromEntries(Object.entries(merged).map(([key, value]) => [key, lifted(value)]));
}

const rules = [ruleBody('ssh', { destinationPortRange: '22', sourceAddressPrefix: '203.0.113.0/24' })];
const nsg = nsgBody('web-nsg', rules, { resourceGuid: 'AAAAAAAA-0000-1111-2222-333333333333' });
const network = virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: 'web-nsg' }]);
const nic = nicBody('web0', ['10.1.1.4'], { subnet: 'web', nsg: 'web-nsg', mac: '00-0D-3A-F8-78-56' });

function expectWhole(one: Network): void {
  expect(one.nsgs.map(({ id, name, location }) => ({ id, name, location }))).toEqual([
    { id: nsgId('web-nsg'), name: 'web-nsg', location: 'westeurope' },
  ]);
  expect(one.nsgs[0].inboundRules.map((rule) => rule.logName)).toEqual([
    'UserRule_ssh',
    'DefaultRule_AllowVnetInBound',
    'DefaultRule_AllowAzureLoadBalancerInBound',
    'DefaultRule_DenyAllInBound',
  ]);
  expect(nsgResourceGuid(one.nsgs[0])).toBe('AAAAAAAA-0000-1111-2222-333333333333');
  expect(one.virtualNetworks.map((virtualNetwork) => virtualNetwork.addressPrefixes.map(formatPrefix))).toEqual([
    ['10.1.0.0/16'],
  ]);
  expect(one.subnets[0].nsg).toBe(one.nsgs[0]);
  expect(one.subnets[0].virtualNetwork).toBe(one.virtualNetworks[0]);
  expect(one.nics[0]).toMatchObject({ id: nicId('web0'), name: 'web0', mac: '000D3AF87856' });
  expect(one.nics[0].addresses.map(formatAddress)).toEqual(['10.1.1.4']);
  expect(one.nics[0].subnet).toBe(one.subnets[0]);
  expect(one.nics[0].nsg).toBe(one.nsgs[0]);
  expect(one.warnings).toEqual([]);
}

describe('shapes', () => {
  test.each([
    ['one resource a file', [nsg, network, nic]],
    ['a list answer', [{ value: [nsg, network, nic] }]],
    ['list answers of one kind each', [{ value: [nsg] }, { value: [network], nextLink: 'x' }, { value: [nic] }]],
    ['arrays', [[nsg], [network, nic]]],
    ['az show, one a file', [lifted(nsg), lifted(network), lifted(nic)]],
    ['az list', [lifted([nsg]), lifted([network]), lifted([nic])]],
    ['az resource list, wrapped', [{ data: { things: [nsg, network, nic] } }]],
    ['in any order', [nic, nsg, network]],
  ])('%s', (_, documents) => {
    expectWhole(load(...documents));
  });

  test('a byte order mark and comments do not hurt', () => {
    const text = `\uFEFF// exported\n${JSON.stringify({ value: [nsg, network, nic] })}/* end */`;
    expectWhole(importNetwork({ files: [{ path: 'a.json', text }] }));
  });

  test('names of fields in the casing of PowerShell, with lists for single values', () => {
    const one = load({
      Name: 'p',
      Id: nsgId('p'),
      Location: 'westeurope',
      SecurityRules: [
        {
          Name: 'web',
          Protocol: 'TCP',
          SourcePortRange: ['*'],
          DestinationPortRange: ['80', '443'],
          SourceAddressPrefix: ['Internet'],
          DestinationAddressPrefix: ['*'],
          Access: 'Allow',
          Priority: 100,
          Direction: 'Inbound',
        },
      ],
    });
    expect(effectiveRules(one.nsgs[0])[0]).toEqual({
      direction: 'inbound',
      priority: 100,
      name: 'web',
      access: 'allow',
      protocol: 'tcp',
      source: 'Internet',
      sourcePorts: '*',
      destination: '*',
      destinationPorts: '80, 443',
      kind: 'user',
    });
  });

  test('rules, subnets and peerings that stand alone join their parents, and replace what stands inside', () => {
    const alone = {
      ...ruleBody('ssh', { destinationPortRange: '2222' }),
      id: `${nsgId('web-nsg')}/securityRules/ssh`,
      type: 'Microsoft.Network/networkSecurityGroups/securityRules',
    };
    const subnet = {
      name: 'db',
      id: subnetId('v', 'db'),
      type: 'Microsoft.Network/virtualNetworks/subnets',
      properties: { addressPrefix: '10.1.2.0/24' },
    };
    const peering = {
      name: 'to-w',
      id: `${virtualNetworkId('v')}/virtualNetworkPeerings/to-w`,
      type: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings',
      properties: {
        remoteVirtualNetwork: { id: '/else/where' },
        remoteVirtualNetworkAddressSpace: { addressPrefixes: ['10.7.0.0/16'] },
      },
    };
    const one = load([nsg, alone, network, subnet, peering]);
    expect(effectiveRules(one.nsgs[0])[0].destinationPorts).toBe('2222');
    expect(one.subnets.map((subnet) => subnet.name)).toEqual(['web', 'db']);
    expect(one.virtualNetworks[0].peeredPrefixes.map(formatPrefix)).toEqual(['10.7.0.0/16']);
  });

  test('an NSG that lists what it serves is found from that side too', () => {
    const serving = nsgBody('web-nsg', rules, {
      subnets: [{ id: subnetId('v', 'web') }],
      networkInterfaces: [{ id: nicId('WEB0') }],
    });
    const bare = virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: undefined }]);
    const one = load(serving, bare, nicBody('web0', ['10.1.1.4'], { subnet: 'web' }));
    expect(one.subnets[0].nsg).toBe(one.nsgs[0]);
    expect(one.nics[0].nsg).toBe(one.nsgs[0]);
  });

  test('NICs of a scale set, which have ids of their own kind', () => {
    const id =
      '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/set/virtualMachines/0/networkInterfaces/eth0';
    const ipConfigurations = [{ privateIpAddress: '10.1.1.7', subnet: { id: subnetId('v', 'web') } }];
    const one = load(nsg, network, [{ id, name: 'eth0', macAddress: '60-45-BD-00-00-01', ipConfigurations }]);
    expect(one.nics.map(({ id, mac }) => [id, mac])).toEqual([[id, '6045BD000001']]);
    expect(one.nics[0].subnet?.name).toBe('web');
  });

  test('NSGs alone are a network', () => {
    const one = load(nsg);
    expect(one.nics).toEqual([]);
    expect(one.nsgs).toHaveLength(1);
  });
});

describe('rules are refused with their name and what is wrong', () => {
  const wrong = (fields: object, name = 'r1'): string => refusal(nsgBody('n', [ruleBody(name, fields)]));

  test.each([
    [{ priority: 99 }, '0.json: NSG n: rule r1: priority 99 lies outside 100 to 4096'],
    [{ priority: 4097 }, '0.json: NSG n: rule r1: priority 4097 lies outside 100 to 4096'],
    [{ priority: 'high' }, '0.json: NSG n: rule r1: priority high is not an integer'],
    [{ priority: undefined }, '0.json: NSG n: rule r1: it has no priority'],
    [{ access: 'Maybe' }, "0.json: NSG n: rule r1: access 'Maybe' is not known"],
    [{ direction: undefined }, '0.json: NSG n: rule r1: it has no direction'],
    [{ protocol: 'Gre' }, "0.json: NSG n: rule r1: protocol 'Gre' is not known"],
    [
      { sourceAddressPrefix: '10.0.0.0/33' },
      "0.json: NSG n: rule r1: its source '10.0.0.0/33' is neither an address prefix nor a service tag",
    ],
    [
      { sourceAddressPrefix: '10.0.0.256' },
      "0.json: NSG n: rule r1: its source '10.0.0.256' is neither an address prefix nor a service tag",
    ],
    [
      { destinationAddressPrefix: 'fe80::1%eth0' },
      "0.json: NSG n: rule r1: its destination 'fe80::1%eth0' is neither an address prefix nor a service tag",
    ],
    [{ sourceAddressPrefix: undefined }, '0.json: NSG n: rule r1: it has no source: sourceAddressPrefix is missing'],
    [
      { destinationPortRange: '65536' },
      "0.json: NSG n: rule r1: its destination port '65536' is neither *, a port from 0 to 65535, nor a range such as 8000-8080",
    ],
    [
      { destinationPortRange: '90-80' },
      "0.json: NSG n: rule r1: its destination port '90-80' is neither *, a port from 0 to 65535, nor a range such as 8000-8080",
    ],
    [{ sourcePortRange: '' }, '0.json: NSG n: rule r1: it has no source port: sourcePortRange is missing'],
    [
      { destinationPortRanges: ['1', '2'] },
      '0.json: NSG n: rule r1: it has both destinationPortRange and destinationPortRanges',
    ],
    [
      { sourceApplicationSecurityGroups: [{ id: groupId('web') }] },
      '0.json: NSG n: rule r1: its source has both application security groups (web) and *',
    ],
    [{ sourceAddressPrefix: {} }, '0.json: NSG n: rule r1: sourceAddressPrefix is a list of texts'],
  ])('%j', (fields, message) => {
    expect(wrong(fields)).toContain(message.replace(/ is a list of texts$/, ' is an object, not a list of texts'));
  });

  test.each(refusedRules)('%s', (_, fields, _code, sentence) => {
    expect(wrong(fields)).toContain(`0.json: NSG n: rule r1: ${sentence}`);
  });

  test('but lists of prefixes of one family, ranges, and lists of one word as PowerShell writes them are taken', () => {
    for (const fields of [
      { sourceAddressPrefix: '', sourceAddressPrefixes: ['10.0.0.0/8', '192.0.2.7'] },
      { sourceAddressPrefix: '2001:db8::/32', destinationAddressPrefix: 'VirtualNetwork' },
      { sourceAddressPrefix: ['Internet'], destinationPortRange: ['*'] },
      { sourceAddressPrefix: 'Internet', sourceAddressPrefixes: ['Internet'] },
      { sourceAddressPrefix: ['10.0.0.0/8', '10.1.0.0/16'] },
      { destinationPortRange: '', destinationPortRanges: ['80', '8000-8080', '0-65535'] },
    ])
      expect(wrong(fields), JSON.stringify(fields)).toBe('imported');
    expect(wrong({ sourceAddressPrefix: ['10.0.0.0/8', 'Internet'] })).toContain("its source 'Internet' is in");
  });

  test('and rules with host bits, which Azure has from before, are read with a warning', () => {
    const network = load(nsgBody('n', [ruleBody('r', { sourceAddressPrefix: '10.0.0.1/24' })]));
    expect(network.warnings).toEqual([
      "0.json: NSG n: rule r: its source '10.0.0.1/24' has host bits: write 10.0.0.0/24; Azure refuses such rules today",
    ]);
    expect(network.nsgs[0].inboundRules[0].source.addresses.map(formatAddressMatch)).toEqual(['10.0.0.0/24']);
  });

  test('and rules in force are read with a warning where they mean something', () => {
    const rules = [
      ruleBody('a', { sourceAddressPrefix: 'any' }),
      ruleBody('b', { priority: 101, sourceAddressPrefix: null, sourceAddressPrefixes: ['Internet', '10.0.0.0/8'] }),
      ruleBody('c', { priority: 102, sourceAddressPrefix: '10.0.0.0/8', destinationAddressPrefix: '2001:db8::/32' }),
    ];
    const files = [{ path: '0.json', text: JSON.stringify(nsgBody('n', rules)) }];
    const { nsgs, warnings } = importNetwork({ files, inForce: true });
    expect(nsgs[0].inboundRules.slice(0, 3).map((rule) => rule.source.addresses.map(formatAddressMatch))).toEqual([
      ['*'],
      ['Internet', '10.0.0.0/8'],
      ['10.0.0.0/8'],
    ]);
    expect(warnings).toHaveLength(3);
    for (const warning of warnings) expect(warning).toMatch(/: rule [abc]: .*; Azure refuses such rules today$/);
    const bad = [{ path: '0.json', text: JSON.stringify(nsgBody('n', [ruleBody('a', { priority: 1 })])) }];
    expect(() => importNetwork({ files: bad, inForce: true })).toThrow(/priority 1 lies outside/);
  });

  test('more addresses and groups than Azure permits in an NSG', () => {
    const prefixes = Array.from({ length: 4001 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    const many = { sourceAddressPrefix: '', sourceAddressPrefixes: prefixes };
    expect(wrong(many)).toBe('0.json: NSG n: its rules have 4001 sourceAddressPrefixes, more than 4000');
    const grouped = Array.from({ length: 101 }, (_, i) =>
      ruleBody(`r${i}`, {
        priority: 100 + i,
        sourceAddressPrefix: '',
        sourceApplicationSecurityGroups: [{ id: groupId(`g${i}`) }],
      }),
    );
    expect(refusal(nsgBody('n', grouped))).toBe(
      '0.json: NSG n: its rules have 101 application security groups, more than 100',
    );
  });

  test.each(['', '-a', 'a-', 'a b', 'a'.repeat(81), 'a/b'])('name %j', (name) => {
    expect(wrong({}, name)).toMatch(/rule .*: (it has no name|its name)/);
  });

  test.each(['a', '_', 'a_', '1.b-c_', 'a'.repeat(80), 'Zugriff-für-Büro'])('name %j is good', (name) => {
    expect(wrong({}, name)).toBe('imported');
  });

  test('two rules of one priority in a direction', () => {
    const two = [ruleBody('a', {}), ruleBody('b', {})];
    expect(refusal(nsgBody('n', two))).toBe('0.json: NSG n: rule b: its priority 100 inbound is that of rule a');
    expect(refusal(nsgBody('n', [two[0], ruleBody('b', { direction: 'outbound' })]))).toBe('imported');
  });

  test('two rules of one name', () => {
    const two = [ruleBody('a', {}), ruleBody('A', { priority: 200 })];
    expect(refusal(nsgBody('n', two))).toBe('0.json: NSG n: rule A: another rule of this NSG has its name');
  });

  test('more rules than Azure permits', () => {
    const many = Array.from({ length: 1001 }, (_, index) => ruleBody(`r${index}`, { priority: 100 + index }));
    expect(refusal(nsgBody('n', many))).toBe('0.json: NSG n: it has 1001 rules, more than 1000');
  });

  test('the first five faults, and how many more there are', () => {
    const bad = Array.from({ length: 7 }, (_, index) => ruleBody(`r${index}`, { priority: 1 }));
    const message = refusal(nsgBody('n', bad));
    expect(message.split('; ')).toHaveLength(6);
    expect(message).toMatch(/; and 2 more$/);
  });
});

describe('gaps', () => {
  test('a NIC whose VNet is in no file stands in private space, with a warning', () => {
    const one = load(nsg, nicBody('web0', ['10.1.1.4'], { subnet: 'web', nsg: 'web-nsg' }));
    expect(one.nics[0].subnet?.virtualNetwork.id).toBe(virtualNetworkId('v'));
    expect(one.virtualNetworks[0].addressPrefixes.map(formatPrefix)).toContain('10.0.0.0/8');
    expect(one.warnings).toEqual([
      'the VNet v is referred to, but in no file: its address space is taken to be 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, fc00::/7',
    ]);
  });

  test('an NSG that is in no file decides nothing, with a warning', () => {
    const one = load(network, nic);
    expect(one.nics[0].nsg).toBeUndefined();
    expect(one.warnings).toEqual([
      '0.json: subnets web: its NSG web-nsg is in no file, so it decides nothing',
      '1.json: NIC web0: its NSG web-nsg is in no file, so it decides nothing',
    ]);
  });

  test('a NIC without address or subnet is kept, with warnings', () => {
    const one = load({
      name: 'x',
      id: nicId('x'),
      type: 'Microsoft.Network/networkInterfaces',
      properties: { ipConfigurations: [] },
    });
    expect(one.nics[0].addresses).toEqual([]);
    expect(one.warnings).toEqual([
      "0.json: NIC x: it names no subnet, so no subnet's NSG judges there",
      '0.json: NIC x: it has no address, so no packet is found to cross it',
    ]);
  });

  test('a resource that comes twice counts once, the last one', () => {
    const one = load(nsgBody('n', []), nsgBody('n', rules));
    expect(one.nsgs).toHaveLength(1);
    expect(one.nsgs[0].inboundRules).toHaveLength(4);
    expect(one.warnings).toEqual(['1.json: n is in 0.json, too; this one is used']);
  });

  test('two NICs with one address or one MAC are named', () => {
    const one = load(
      network,
      nsg,
      nicBody('a', ['10.1.1.4'], { subnet: 'web', mac: '000D3A000001' }),
      nicBody('b', ['10.1.1.4'], { subnet: 'web', mac: '000D3A000001' }),
    );
    expect(one.warnings).toEqual([
      'NIC b has the address 10.1.1.4 of NIC a, to which its packets are counted',
      'NIC b has the MAC 000D3A000001 of NIC a',
    ]);
  });

  test('an address that Azure would refuse is named as the control plane names it', () => {
    const one = load(network, nsg, nicBody('a', ['10.9.1.4', '10.1.1.2'], { subnet: 'web' }));
    const id = one.nics[0].subnet!.id;
    expect(one.warnings).toEqual([
      `2.json: NIC a: Private static IP address 10.9.1.4 does not belong to the range of subnet prefix of subnet ${id}`,
      `2.json: NIC a: Private static IP address 10.1.1.2 falls within reserved IP range of subnet ${id}`,
    ]);
  });

  test('a default rule that is not one of Azure is left out and named', () => {
    const strange = ruleBody('AllowEverything', { priority: 65_000 });
    const one = load(nsgBody('n', [], { defaultSecurityRules: [strange] }));
    expect(one.nsgs[0].inboundRules).toHaveLength(3);
    expect(one.warnings).toEqual([
      "0.json: NSG n: the default rule 'AllowEverything' is not one of Azure's and is left out",
    ]);
  });

  test('a MAC that is not given derives from the id of the NIC, and a GUID from that of the NSG', () => {
    const one = load(network, nsgBody('web-nsg', []), nicBody('web0', ['10.1.1.4'], { subnet: 'web' }));
    expect(one.nics[0].mac).toBe(macOf(nicId('WEB0')));
    expect(nsgResourceGuid(one.nsgs[0])).toBe(guidOf(nsgId('WEB-NSG')));
  });

  test('a peering that is not connected, or lets nothing through, does not count', () => {
    const far = virtualNetworkBody('far', ['10.2.0.0/16'], []);
    const peering = (fields: object): object => ({
      name: 'v',
      id: virtualNetworkId('v'),
      type: 'Microsoft.Network/virtualNetworks',
      properties: {
        addressSpace: { addressPrefixes: ['10.1.0.0/16'] },
        virtualNetworkPeerings: [
          { name: 'p', properties: { remoteVirtualNetwork: { id: virtualNetworkId('FAR') }, ...fields } },
        ],
      },
    });
    const peered = (fields: object): number => load(far, peering(fields)).virtualNetworks[1].peeredPrefixes.length;
    expect(peered({})).toBe(1);
    expect(peered({ peeringState: 'Connected', allowVirtualNetworkAccess: true })).toBe(1);
    expect(peered({ allowVirtualNetworkAccess: false })).toBe(0);
    expect(peered({ peeringState: 'Disconnected' })).toBe(0);
  });
});

describe('what breaks a rule of Azure elsewhere is refused', () => {
  test.each([
    [
      'flow timeout',
      { ...network, properties: { addressSpace: { addressPrefixes: ['10.0.0.0/8'] }, flowTimeoutInMinutes: 3 } },
      'flowTimeoutInMinutes lies outside 4 to 30',
    ],
    ['VNet prefix', virtualNetworkBody('v', ['10.1.0.0'.concat('/x')], []), "'10.1.0.0/x' is not an address prefix"],
    ['NIC address', nicBody('a', ['10.1.1'], { subnet: 'web' }), "NIC a: '10.1.1' is not an IP address"],
    ['MAC', nicBody('a', ['10.1.1.4'], { subnet: 'web', mac: 'zz' }), "NIC a: 'zz' is not a MAC address"],
  ])('%s', (_, body, message) => {
    expect(refusal(body)).toContain(message);
  });

  test('IP configurations of one NIC in two subnets', () => {
    const two = {
      name: 'a',
      id: nicId('a'),
      type: 'Microsoft.Network/networkInterfaces',
      properties: {
        ipConfigurations: ['web', 'db'].map((name) => ({
          properties: { privateIPAddress: '10.1.1.4', subnet: { id: subnetId('v', name) } },
        })),
      },
    };
    expect(refusal(two)).toContain('NIC a: its IP configurations lie in different subnets');
  });

  test('a flow timeout of the VNet is kept', () => {
    const body = {
      ...network,
      properties: { addressSpace: { addressPrefixes: ['10.0.0.0/8'] }, flowTimeoutInMinutes: 30 },
    };
    expect(load(body).virtualNetworks[0].flowTimeoutMinutes).toBe(30);
    expect(load(network).virtualNetworks[0].flowTimeoutMinutes).toBeUndefined();
  });
});

describe('files that are no network', () => {
  test.each([
    ['', 'a.json: the file is empty'],
    ['{"a": 1,}', 'a.json: not JSON: line 1, column 9'],
    ['# read\nme', 'a.json: not JSON: '],
    ['[', 'a.json: not JSON'],
    ['{}', 'a.json: it contains no NSG, VNet, subnet, network interface or application security group'],
    ['null', 'a.json: it contains no NSG'],
    ['[{"type":"Microsoft.Storage/storageAccounts","id":"x","properties":{}}]', 'a.json: it contains no NSG'],
    [
      '{"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#","parameters":{}}',
      'a.json: this is a parameters file',
    ],
    [serviceTagsText, 'no file contains a network'],
    ['['.repeat(300) + ']'.repeat(300), 'a.json: nested deeper than 200 levels'],
  ])('%s', (text, message) => {
    let said = 'imported';
    try {
      importNetwork({ files: [{ path: 'a.json', text }] });
    } catch (error) {
      said = error instanceof FlowError ? error.message : 'not a FlowError';
    }
    expect(said).toContain(message);
    expect(said).not.toContain('\n');
  });
});

describe('service tags', () => {
  const storage = nsgBody('n', [ruleBody('r', { sourceAddressPrefix: 'Storage' })]);
  const tags = (...prefixes: unknown[]): object => ({
    changeNumber: 1,
    cloud: 'Public',
    values: [
      { name: 'Storage', properties: { addressPrefixes: prefixes } },
      { name: 'Sql', properties: { addressPrefixes: ['nonsense'] } },
    ],
  });

  test('of a list among the files are known', () => {
    expect(load(storage, tags('20.0.0.0/24')).warnings).toEqual([]);
  });

  test('of the answer of the API, and of az, are known', () => {
    const answer = {
      ...tags('20.0.0.0/24'),
      name: 'Public',
      id: '/x',
      type: 'Microsoft.Network/serviceTags',
      nextLink: null,
    };
    expect(load(storage, answer).serviceTags.get('storage')?.prefixes.map(formatPrefix)).toEqual(['20.0.0.0/24']);
    expect(load(storage, lifted(answer)).serviceTags.get('storage')?.prefixes.map(formatPrefix)).toEqual([
      '20.0.0.0/24',
    ]);
  });

  test('with what is no prefix are refused where a rule names them', () => {
    expect(refusal(storage, tags('20.0.0.0/240'))).toBe(
      "1.json: service tag Storage: '20.0.0.0/240' is not an address prefix",
    );
  });

  test('without prefixes match nothing, with a warning', () => {
    expect(load(storage, tags()).warnings).toEqual([
      '0.json: NSG n: rule r: the ServiceTags file lists no prefix for Storage, so it matches no address',
    ]);
  });

  test('that nobody knows match nothing, with a warning that names tag and rules, with and without a list', () => {
    const rules = ['CorpNetSaw', 'corpnetsaw', 'CorpNetPublic'].map((tag, i) =>
      ruleBody(`r${i}`, { priority: 100 + i, access: 'Deny', sourceAddressPrefix: tag }),
    );
    const nsg = nsgBody('n', rules);
    for (const [network, why] of [
      [load(nsg, tags()), 'is not in the ServiceTags file, so it matches no address'],
      [load(nsg), 'needs a ServiceTags file; without one it matches no address'],
    ] as const) {
      expect(network.warnings).toEqual([
        `0.json: NSG n: rule r0, 0.json: NSG n: rule r1: the service tag CorpNetSaw ${why}`,
        `0.json: NSG n: rule r2: the service tag CorpNetPublic ${why}`,
      ]);
      expect(network.unknownTags.map(({ tag, rules: named }) => [tag, named.length])).toEqual([
        ['CorpNetSaw', 2],
        ['CorpNetPublic', 1],
      ]);
    }
  });

  test('given apart must be such a list', () => {
    const files = [{ path: '0.json', text: JSON.stringify(storage) }];
    expect(() => importNetwork({ files, serviceTags: { path: 't.json', text: '{}' } })).toThrow(
      /t.json: no list of service tags/,
    );
  });
});
