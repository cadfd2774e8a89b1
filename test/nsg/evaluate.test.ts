import { describe, expect, test } from 'vitest';
import type { FiveTuple } from '../../src/net/five-tuple.ts';
import { compileNetwork } from '../../src/nsg/compile.ts';
import type { Evaluation } from '../../src/nsg/evaluate.ts';
import { evaluate } from '../../src/nsg/evaluate.ts';
import { importNetwork } from '../../src/nsg/import.ts';
import type { Network } from '../../src/nsg/network.ts';
import type { Direction } from '../../src/nsg/rule.ts';
import { address } from './generate-network.ts';
import { groupId, nicBody, nsgBody, nsgId, ruleBody, serviceTagsText, subnetId, virtualNetworkBody } from './bodies.ts';

/** VNet 10.1.0.0/16 with subnet web; NIC web0 at 10.1.1.4. NSGs by name: `subnet` and `nic`. */
function network(rules: { subnet?: object[]; nic?: object[] }, more: object[] = [], tags = false): Network {
  const values = [
    virtualNetworkBody(
      'v',
      ['10.1.0.0/16', 'fd00:10::/32'],
      [{ name: 'web', prefix: '10.1.1.0/24 fd00:10::/64', nsg: rules.subnet && 'subnet' }],
    ),
    nicBody('web0', ['10.1.1.4', 'fd00:10::4'], { subnet: 'web', nsg: rules.nic && 'nic' }),
    ...(rules.subnet ? [nsgBody('subnet', rules.subnet)] : []),
    ...(rules.nic ? [nsgBody('nic', rules.nic)] : []),
    ...more,
  ];
  const serviceTags = tags ? { path: 'tags.json', text: serviceTagsText } : undefined;
  return importNetwork({ files: [{ path: 'net.json', text: JSON.stringify({ value: values }) }], serviceTags });
}

function flow(source: string, destination: string, port: number, protocol = 6, sourcePort = 50_000): FiveTuple {
  return { protocol, source: address(source), sourcePort, destination: address(destination), destinationPort: port };
}

/** The plain evaluation, after the compiled one was held against it. */
function decide(network: Network, direction: Direction, tuple: FiveTuple, nic = 0): Evaluation {
  const plain = evaluate(network, network.nics[nic], direction, tuple);
  const compiled = compileNetwork(network);
  const [s0, s1, s2, s3] = tuple.source.words;
  const [d0, d1, d2, d3] = tuple.destination.words;
  const { sourcePort, destinationPort, protocol } = tuple;
  const way = direction === 'inbound' ? 0 : 1;
  const index = compiled.decide(
    nic,
    way,
    tuple.source.family,
    protocol,
    s0,
    s1,
    s2,
    s3,
    sourcePort,
    d0,
    d1,
    d2,
    d3,
    destinationPort,
  );
  const { access, nsg, rule } = compiled.decisions[index];
  expect({ access, nsg, rule }).toEqual({ access: plain.access, nsg: plain.nsg, rule: plain.rule });
  return plain;
}

function outcome(evaluation: Evaluation): string {
  const by = evaluation.nsg === undefined ? 'no NSG' : `${evaluation.nsg.name} ${evaluation.rule?.logName}`;
  return `${evaluation.access} by ${by}`;
}

const allow80 = ruleBody('allow-80', { priority: 100, destinationPortRange: '80' });
const deny80 = ruleBody('deny-80', { priority: 100, destinationPortRange: '80', access: 'Deny' });

describe('default rules', () => {
  const plain = network({ nic: [] });

  test.each([
    ['inbound', '10.1.2.9', '10.1.1.4', 'allow by nic DefaultRule_AllowVnetInBound'],
    ['inbound', '168.63.129.16', '10.1.1.4', 'allow by nic DefaultRule_AllowVnetInBound'],
    ['inbound', '8.8.8.8', '10.1.1.4', 'deny by nic DefaultRule_DenyAllInBound'],
    ['inbound', '10.2.0.1', '10.1.1.4', 'deny by nic DefaultRule_DenyAllInBound'],
    ['inbound', 'fd00:10::9', 'fd00:10::4', 'allow by nic DefaultRule_AllowVnetInBound'],
    ['inbound', '2001:db8::1', 'fd00:10::4', 'deny by nic DefaultRule_DenyAllInBound'],
    ['outbound', '10.1.1.4', '10.1.2.9', 'allow by nic DefaultRule_AllowVnetOutBound'],
    ['outbound', '10.1.1.4', '8.8.8.8', 'allow by nic DefaultRule_AllowInternetOutBound'],
    ['outbound', '10.1.1.4', '10.2.0.1', 'deny by nic DefaultRule_DenyAllOutBound'],
    ['outbound', '10.1.1.4', '100.64.0.1', 'deny by nic DefaultRule_DenyAllOutBound'],
    ['outbound', '10.1.1.4', '169.254.1.1', 'deny by nic DefaultRule_DenyAllOutBound'],
    ['outbound', '10.1.1.4', '224.0.0.251', 'deny by nic DefaultRule_DenyAllOutBound'],
    ['outbound', '10.1.1.4', '255.255.255.255', 'deny by nic DefaultRule_DenyAllOutBound'],
    ['outbound', 'fd00:10::4', '2600::1', 'allow by nic DefaultRule_AllowInternetOutBound'],
    ['outbound', 'fd00:10::4', 'fd00:11::1', 'deny by nic DefaultRule_DenyAllOutBound'],
    ['outbound', 'fd00:10::4', 'ff02::1', 'deny by nic DefaultRule_DenyAllOutBound'],
  ] as const)('%s from %s to %s: %s', (direction, source, destination, wanted) => {
    expect(outcome(decide(plain, direction, flow(source, destination, 443)))).toBe(wanted);
  });

  test('let the load balancer in where a user rule denies the VNet', () => {
    const denyVnet = ruleBody('deny-vnet', { sourceAddressPrefix: '10.0.0.0/8', access: 'Deny' });
    const evaluation = decide(network({ nic: [denyVnet] }), 'inbound', flow('168.63.129.16', '8.8.8.8', 80));
    expect(outcome(evaluation)).toBe('allow by nic DefaultRule_AllowAzureLoadBalancerInBound');
  });
});

/** Direction, rules of the subnet's and of the NIC's NSG, what is decided, and why. */
type LevelRow = [Direction, object[] | undefined, object[] | undefined, string, string];

describe('levels', () => {
  test('without any NSG a flow is allowed, and no rule is named', () => {
    const evaluation = decide(network({}), 'inbound', flow('8.8.8.8', '10.1.1.4', 80));
    expect(outcome(evaluation)).toBe('allow by no NSG');
    expect(evaluation.trace).toEqual([]);
  });

  test.each<LevelRow>([
    ['inbound', [allow80], [allow80], 'allow by nic UserRule_allow-80', 'the last that allows logs: the NIC'],
    ['inbound', [deny80], [allow80], 'deny by subnet UserRule_deny-80', 'the subnet is asked first'],
    ['inbound', [allow80], [deny80], 'deny by nic UserRule_deny-80', 'both must allow'],
    ['inbound', [allow80], undefined, 'allow by subnet UserRule_allow-80', 'a level without NSG lets pass'],
    ['inbound', undefined, [deny80], 'deny by nic UserRule_deny-80', 'a level without NSG lets pass'],
    ['inbound', [], [allow80], 'deny by subnet DefaultRule_DenyAllInBound', 'default rules count at each level'],
  ])('%s, subnet %j, NIC %j: %s (%s)', (direction, subnet, nic, wanted) => {
    const one = network({ ...(subnet && { subnet }), ...(nic && { nic }) });
    expect(outcome(decide(one, direction, flow('8.8.8.8', '10.1.1.4', 80)))).toBe(wanted);
  });

  test('outbound, the NIC is asked first, and the subnet logs what both allow', () => {
    const out = (body: { name: string; properties: object }): object => ({
      ...body,
      properties: { ...body.properties, direction: 'Outbound' },
    });
    const tuple = flow('10.1.1.4', '8.8.8.8', 80);
    expect(outcome(decide(network({ subnet: [out(allow80)], nic: [out(allow80)] }), 'outbound', tuple))).toBe(
      'allow by subnet UserRule_allow-80',
    );
    expect(outcome(decide(network({ subnet: [out(allow80)], nic: [out(deny80)] }), 'outbound', tuple))).toBe(
      'deny by nic UserRule_deny-80',
    );
    expect(outcome(decide(network({ subnet: [out(deny80)], nic: [out(allow80)] }), 'outbound', tuple))).toBe(
      'deny by subnet UserRule_deny-80',
    );
    expect(outcome(decide(network({ subnet: [], nic: [out(allow80)] }), 'outbound', tuple))).toBe(
      'allow by subnet DefaultRule_AllowInternetOutBound',
    );
  });
});

describe('rules', () => {
  test('the lowest priority number that matches decides, whatever the order in the file', () => {
    const rules = [
      ruleBody('last', { priority: 4096, destinationPortRange: '80' }),
      ruleBody('second', { priority: 200, destinationPortRange: '80', access: 'Deny' }),
      ruleBody('first', { priority: 100, destinationPortRange: '81' }),
    ];
    expect(outcome(decide(network({ nic: rules }), 'inbound', flow('8.8.8.8', '10.1.1.4', 80)))).toBe(
      'deny by nic UserRule_second',
    );
  });

  test.each([
    ['Tcp', 6, true],
    ['Tcp', 17, false],
    ['udp', 17, true],
    ['UDP', 6, false],
    ['*', 132, true],
    ['Icmp', 1, true],
    ['Icmp', 58, true],
    ['Icmp', 6, false],
    ['Esp', 50, true],
    ['Ah', 51, true],
    ['Ah', 50, false],
  ] as const)('protocol %s and number %i: %s', (protocol, number, matches) => {
    const evaluation = decide(
      network({ nic: [ruleBody('r', { protocol })] }),
      'inbound',
      flow('8.8.8.8', '10.1.1.4', 0, number, 0),
    );
    expect(evaluation.access).toBe(matches ? 'allow' : 'deny');
  });

  test('an augmented rule matches any of its prefixes and any of its ports', () => {
    const augmented = ruleBody('augmented', {
      sourceAddressPrefix: undefined,
      sourceAddressPrefixes: ['8.8.8.0/24', '9.9.9.9'],
      destinationPortRange: undefined,
      destinationPortRanges: ['22-23', '80', '8080'],
    });
    const six = ruleBody('six', {
      priority: 101,
      sourceAddressPrefix: undefined,
      sourceAddressPrefixes: ['2001:db8:1::/48', '2001:db8::/48'],
      destinationPortRange: '80',
    });
    const one = network({ nic: [augmented, six] });
    const allowed = (source: string, port: number, destination = '10.1.1.4'): string =>
      decide(one, 'inbound', flow(source, destination, port)).access;
    expect(['8.8.8.8', '9.9.9.9', '8.8.9.8', '9.9.9.8'].map((source) => allowed(source, 22))).toEqual([
      'allow',
      'allow',
      'deny',
      'deny',
    ]);
    expect([21, 22, 23, 24, 79, 80, 81, 8080].map((port) => allowed('8.8.8.8', port))).toEqual([
      'deny',
      'allow',
      'allow',
      'deny',
      'deny',
      'allow',
      'deny',
      'allow',
    ]);
    expect(allowed('2001:db8::9', 80, 'fd00:10::4')).toBe('allow');
  });

  test('source ports count', () => {
    const one = network({ nic: [ruleBody('r', { sourcePortRange: '1000-1999' })] });
    expect(decide(one, 'inbound', flow('8.8.8.8', '10.1.1.4', 80, 6, 1999)).access).toBe('allow');
    expect(decide(one, 'inbound', flow('8.8.8.8', '10.1.1.4', 80, 6, 2000)).access).toBe('deny');
  });

  test('0.0.0.0/0 means IPv4 alone, * both families', () => {
    const four = network({ nic: [ruleBody('r', { sourceAddressPrefix: '0.0.0.0/0' })] });
    expect(decide(four, 'inbound', flow('8.8.8.8', '10.1.1.4', 80)).access).toBe('allow');
    expect(decide(four, 'inbound', flow('2001:db8::1', 'fd00:10::4', 80)).access).toBe('deny');
    const both = network({ nic: [ruleBody('r', {})] });
    expect(decide(both, 'inbound', flow('2001:db8::1', 'fd00:10::4', 80)).access).toBe('allow');
  });
});

describe('application security groups', () => {
  const groups = [
    nicBody('app0', ['10.1.1.9'], { subnet: 'web', groups: ['app'] }),
    virtualNetworkBody('w', ['10.9.0.0/16'], [{ name: 'far', prefix: '10.9.0.0/24', nsg: undefined }]),
    nicBody('far0', ['10.9.0.4'], { subnet: 'far', network: 'w', groups: ['app'] }),
  ];
  const fromApp = ruleBody('from-app', {
    sourceAddressPrefix: undefined,
    sourceApplicationSecurityGroups: [{ id: groupId('APP') }],
  });
  const denyRest = ruleBody('deny-rest', { priority: 200, access: 'Deny' });
  const one = network({ nic: [fromApp, denyRest] }, groups);

  test('a group means the addresses of its members, whatever the casing of its id', () => {
    expect(outcome(decide(one, 'inbound', flow('10.1.1.9', '10.1.1.4', 80)))).toBe('allow by nic UserRule_from-app');
    expect(outcome(decide(one, 'inbound', flow('10.1.1.8', '10.1.1.4', 80)))).toBe('deny by nic UserRule_deny-rest');
  });

  test('members in another VNet do not count', () => {
    expect(outcome(decide(one, 'inbound', flow('10.9.0.4', '10.1.1.4', 80)))).toBe('deny by nic UserRule_deny-rest');
  });
});

describe('service tags', () => {
  test('VirtualNetwork takes in peered VNets, one way at a time', () => {
    const far = virtualNetworkBody('far', ['10.2.0.0/16'], []);
    const peered = virtualNetworkBody(
      'v',
      ['10.1.0.0/16'],
      [{ name: 'web', prefix: '10.1.1.0/24', nsg: undefined }],
      ['far'],
    );
    const one = network({ nic: [] }, [far, peered]);
    expect(outcome(decide(one, 'inbound', flow('10.2.0.1', '10.1.1.4', 80)))).toBe(
      'allow by nic DefaultRule_AllowVnetInBound',
    );
    expect(outcome(decide(one, 'inbound', flow('10.3.0.1', '10.1.1.4', 80)))).toBe(
      'deny by nic DefaultRule_DenyAllInBound',
    );
    expect(one.virtualNetworks.find((virtualNetwork) => virtualNetwork.name === 'far')?.peeredPrefixes).toEqual([]);
  });

  test.each([
    ['VIRTUAL_NETWORK', '10.1.2.3', 'allow'],
    ['internet', '8.8.8.8', 'allow'],
    ['INTERNET', '10.1.2.3', 'deny'],
    ['AZURE_LOADBALANCER', '168.63.129.16', 'allow'],
    ['AzurePlatformIMDS', '169.254.169.254', 'allow'],
  ])('%s in any spelling: %s %s', (tag, source, access) => {
    const rules = [ruleBody('tag', { sourceAddressPrefix: tag }), ruleBody('rest', { priority: 200, access: 'Deny' })];
    expect(decide(network({ nic: rules }), 'inbound', flow(source, '10.1.1.4', 80)).access).toBe(access);
  });

  test('a tag of the ServiceTags file means its prefixes, regional or not, in any casing', () => {
    const rules = [
      ruleBody('storage', { sourceAddressPrefix: 'storage' }),
      ruleBody('sql', { priority: 101, sourceAddressPrefix: 'SQL.westeurope' }),
    ];
    const one = network({ nic: rules }, [], true);
    const by = (source: string, destination = '10.1.1.4'): string =>
      outcome(decide(one, 'inbound', flow(source, destination, 1433)));
    expect(by('20.38.98.7')).toBe('allow by nic UserRule_storage');
    expect(by('13.69.105.255')).toBe('allow by nic UserRule_sql');
    expect(by('13.69.106.0')).toBe('deny by nic DefaultRule_DenyAllInBound');
    expect(by('2603:1020:206:1::1', 'fd00:10::4')).toBe('allow by nic UserRule_storage');
    expect(one.nsgs[0].inboundRules[1].source.addresses).toEqual([{ kind: 'tag', tag: 'Sql.WestEurope' }]);
  });

  test('without a ServiceTags file an unknown tag matches nothing, and a warning names it', () => {
    const rules = [
      ruleBody('cloud', { sourceAddressPrefix: 'AzureCloud' }),
      ruleBody('cloud2', { priority: 101, sourceAddressPrefix: 'AzureCloud' }),
    ];
    const one = network({ nic: rules });
    expect(decide(one, 'inbound', flow('20.38.98.7', '10.1.1.4', 80)).access).toBe('deny');
    expect(one.warnings).toEqual([
      'net.json: value[2]: NSG nic: rule cloud, net.json: value[2]: NSG nic: rule cloud2: the service tag AzureCloud needs a ServiceTags file; without one it matches no address',
    ]);
    const [first] = evaluate(one, one.nics[0], 'inbound', flow('20.38.98.7', '10.1.1.4', 80)).trace;
    expect(first.unresolvedTags).toEqual(['AzureCloud']);
  });
});

describe('the trace', () => {
  test('lists every rule tried at each level, and the first condition that it fails', () => {
    const rules = [
      ruleBody('udp', { priority: 100, protocol: 'Udp' }),
      ruleBody('source', { priority: 110, sourceAddressPrefix: '9.9.9.9' }),
      ruleBody('source-port', { priority: 120, sourcePortRange: '1' }),
      ruleBody('destination', { priority: 130, destinationAddressPrefix: '10.1.1.5' }),
      ruleBody('destination-port', { priority: 140, destinationPortRange: '443' }),
      ruleBody('hit', { priority: 150, destinationPortRange: '80' }),
      ruleBody('never', { priority: 160 }),
    ];
    const evaluation = decide(network({ subnet: [allow80], nic: rules }), 'inbound', flow('8.8.8.8', '10.1.1.4', 80));
    expect(evaluation.trace.map(({ level, rule, mismatch }) => [level, rule.name, mismatch])).toEqual([
      ['subnet', 'allow-80', undefined],
      ['nic', 'udp', 'protocol'],
      ['nic', 'source', 'source'],
      ['nic', 'source-port', 'source port'],
      ['nic', 'destination', 'destination'],
      ['nic', 'destination-port', 'destination port'],
      ['nic', 'hit', undefined],
    ]);
  });
});

test('ids of the bodies agree with each other', () => {
  expect(subnetId('v', 'web')).toContain('/virtualNetworks/v/subnets/web');
  expect(nsgId('nic')).toContain('/networkSecurityGroups/nic');
});
