/**
 * Made-up networks and flows for property tests: small pools of addresses, ports and priorities, so that rules are hit, missed and
 * shadowed often.
 */
import * as fc from 'fast-check';
import type { Address } from '../../src/net/address.ts';
import { parseAddress } from '../../src/net/address.ts';
import type { FiveTuple } from '../../src/net/five-tuple.ts';
import type { Prefix } from '../../src/net/prefix.ts';
import { parsePrefix } from '../../src/net/prefix.ts';
import type { Network, Nic, Nsg, Subnet, VirtualNetwork } from '../../src/nsg/network.ts';
import { createNsg, macOf } from '../../src/nsg/network.ts';
import type { AddressMatch, AdminRule, PortRange, Rule } from '../../src/nsg/rule.ts';
import { ruleLogName } from '../../src/nsg/rule.ts';
import type { ServiceTags } from '../../src/nsg/service-tag.ts';
import { platformServiceTags } from '../../src/nsg/service-tag.ts';

export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`no address: ${text}`);
  return parsed;
}

export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(`no prefix: ${text}`);
  return parsed;
}

const prefixes = [
  '10.0.0.0/8',
  '10.1.0.0/16',
  '10.1.1.0/24',
  '10.1.2.0/24',
  '10.1.1.4/32',
  '10.1.1.5/32',
  '10.2.0.0/16',
  '192.168.0.0/16',
  '8.8.8.8/32',
  '8.0.0.0/6',
  '0.0.0.0/0',
  '0.0.0.0/1',
  '128.0.0.0/1',
  '255.255.255.255/32',
  '168.63.129.16/32',
  '52.239.0.0/16',
  '::/0',
  'fd00:10::/32',
  'fd00:10:0:1::/64',
  'fd00:10:0:1::4/128',
  '2001:db8::/32',
  '2000::/3',
  '8000::/1',
  'ffff::/16',
  '2001:db8::7/128',
].map(prefix);

const addresses = [
  '10.1.1.4',
  '10.1.1.5',
  '10.1.2.4',
  '10.1.255.255',
  '10.2.0.4',
  '10.2.0.0',
  '10.3.0.1',
  '9.255.255.255',
  '11.0.0.0',
  '192.168.1.1',
  '8.8.8.8',
  '8.8.4.4',
  '168.63.129.16',
  '168.63.129.17',
  '169.254.169.254',
  '23.102.135.246',
  '169.254.169.254',
  '52.239.1.1',
  '52.240.0.0',
  '0.0.0.0',
  '255.255.255.255',
  '224.0.0.251',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.255',
  '128.0.0.0',
  '::',
  '::1',
  'fd00:10:0:1::4',
  'fd00:10:0:1::5',
  'fd00:10:0:2::4',
  'fd00:11::1',
  '2001:db8::7',
  '2001:db8::8',
  '2603:1000::1',
  'fe80::1',
  'ff02::1',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  '::ffff:10.1.1.4',
  '4000::',
].map(address);

export const serviceTags: ServiceTags = new Map(
  [
    { name: 'Storage', prefixes: ['52.239.0.0/16', '20.0.0.0/24', '20.0.1.0/24', '2603:1000::/24'].map(prefix) },
    { name: 'Sql.WestEurope', prefixes: ['52.239.1.0/24', '8.8.4.0/24'].map(prefix) },
    { name: 'Empty', prefixes: [] },
    ...platformServiceTags().values(),
  ].map((tag) => [tag.name.toLowerCase(), tag]),
);

const groupIds = ['web', 'app', 'nobody'].map(
  (name) => `/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationSecurityGroups/${name}`,
);

const anyMatch: fc.Arbitrary<AddressMatch> = fc.oneof(
  { arbitrary: fc.constant<AddressMatch>({ kind: 'any' }), weight: 3 },
  { arbitrary: fc.constantFrom(...prefixes).map((prefix): AddressMatch => ({ kind: 'prefix', prefix })), weight: 6 },
  {
    arbitrary: fc
      .constantFrom(
        'VirtualNetwork',
        'Internet',
        'AzureLoadBalancer',
        'Storage',
        'Sql.WestEurope',
        'Empty',
        'NotListed',
        'AzurePlatformDNS',
        'AzurePlatformIMDS',
        'AzurePlatformLKM',
      )
      .map((tag): AddressMatch => ({ kind: 'tag', tag })),
    weight: 3,
  },
  {
    arbitrary: fc.constantFrom(...groupIds).map((id): AddressMatch => ({ kind: 'application-security-group', id })),
    weight: 2,
  },
);

const ports = [0, 1, 21, 22, 23, 53, 79, 80, 81, 443, 1024, 1688, 8080, 49_152, 65_534, 65_535];

const portRange: fc.Arbitrary<PortRange> = fc.oneof(
  fc.constant({ start: 0, end: 65_536 }),
  fc.constantFrom(...ports).map((port) => ({ start: port, end: port + 1 })),
  fc
    .tuple(fc.constantFrom(...ports), fc.constantFrom(...ports))
    .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) + 1 })),
);

const side = fc.record({
  addresses: fc.array(anyMatch, { minLength: 1, maxLength: 3 }),
  ports: fc.oneof(fc.constant([{ start: 0, end: 65_536 }]), fc.array(portRange, { minLength: 1, maxLength: 3 })),
});

const rule: fc.Arbitrary<Rule> = fc
  .record({
    priority: fc.integer({ min: 100, max: 4096 }),
    direction: fc.constantFrom('inbound' as const, 'outbound' as const),
    access: fc.constantFrom('allow' as const, 'deny' as const),
    protocol: fc.constantFrom(
      '*' as const,
      'Tcp' as const,
      'Udp' as const,
      'Icmp' as const,
      'Esp' as const,
      'Ah' as const,
    ),
    source: side,
    destination: side,
  })
  .map((body) => {
    const name = `r${body.direction[0]}${body.priority}`;
    return { ...body, name, logName: ruleLogName('user', name), kind: 'user', description: '' };
  });

/** Few, so that most flows come to the NSGs. */
const adminRules: fc.Arbitrary<AdminRule[]> = fc
  .array(fc.tuple(rule, fc.constantFrom('allow' as const, 'always-allow' as const, 'deny' as const)), { maxLength: 3 })
  .map((pairs) =>
    pairs.map(([body, action], index) => ({
      ...body,
      name: `a${index}`,
      logName: `a${index}`,
      kind: 'admin',
      action,
      access: action === 'deny' ? 'deny' : 'allow',
      configuration: 'c',
      aclId: 'acl',
    })),
  );

const nsg = (name: string): fc.Arbitrary<Nsg> =>
  fc
    .uniqueArray(rule, { maxLength: 40, selector: (rule) => `${rule.direction} ${rule.priority}` })
    .map((rules) => createNsg({ id: `/nsgs/${name}`, name, location: 'local' }, rules));

const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 3 });

/** Two VNets that overlap nowhere, peered one way, three subnets, five NICs, one of them nowhere. */
export const anyNetwork: fc.Arbitrary<Network> = fc
  .record({
    subnetNsgs: fc.tuple(maybe(nsg('s0')), maybe(nsg('s1')), maybe(nsg('s2'))),
    nicNsgs: fc.tuple(maybe(nsg('n0')), maybe(nsg('n1')), maybe(nsg('n2')), maybe(nsg('n3')), maybe(nsg('n4'))),
    groups: fc.array(fc.subarray(groupIds), { minLength: 5, maxLength: 5 }),
    shared: fc.boolean(),
    admin: adminRules,
    connected: fc.subarray(['192.168.0.0/16', '8.8.8.8/32']),
    routes: fc.array(fc.subarray(['0.0.0.0/0', '10.3.0.0/16', '2001:db8::/32']), { minLength: 3, maxLength: 3 }),
  })
  .map(({ subnetNsgs, nicNsgs, groups, shared, admin, connected, routes }) => {
    const first: VirtualNetwork = {
      ...virtualNetwork('first', ['10.1.0.0/16', 'fd00:10::/32'], ['10.2.0.0/16']),
      adminRules: admin,
      connectedPrefixes: connected.map(prefix),
    };
    const second = virtualNetwork('second', ['10.2.0.0/16'], []);
    const subnets: Subnet[] = [first, first, second].map((virtualNetwork, index) => ({
      id: `/subnets/${index}`,
      name: `s${index}`,
      addressPrefixes: [],
      virtualNetwork,
      nsg: subnetNsgs[index],
      routePrefixes: routes[index].map(prefix),
    }));
    const places = [
      { subnet: subnets[0], texts: ['10.1.1.4', 'fd00:10:0:1::4'] },
      { subnet: subnets[0], texts: ['10.1.1.5'] },
      { subnet: subnets[1], texts: ['10.1.2.4'] },
      { subnet: subnets[2], texts: ['10.2.0.4'] },
      { subnet: undefined, texts: ['192.168.1.1', '2001:db8::7'] },
    ];
    const nics = places.map(({ subnet, texts }, index): Nic => ({
      id: `/nics/${index}`,
      name: `nic${index}`,
      mac: macOf(`/nics/${index}`),
      addresses: texts.map(address),
      subnet,
      nsg: shared ? nicNsgs[0] : nicNsgs[index],
      applicationSecurityGroups: groups[index],
      isPublished: false,
    }));
    const nsgs = [...new Set([...subnetNsgs, ...nics.map((nic) => nic.nsg)])].filter((nsg) => nsg !== undefined);
    return {
      nics,
      subnets,
      virtualNetworks: [first, second],
      nsgs,
      applicationSecurityGroups: groupIds.map((id) => ({ id, name: id, location: 'local' })),
      translations: [],
      serviceTags,
      unknownTags: [],
      warnings: [],
    };
  });

function virtualNetwork(name: string, own: string[], peered: string[]): VirtualNetwork {
  return {
    id: `/virtualNetworks/${name}`,
    name,
    location: 'local',
    addressPrefixes: own.map(prefix),
    peeredPrefixes: peered.map(prefix),
    connectedPrefixes: [],
    adminRules: [],
    encryption: undefined,
    flowTimeoutMinutes: undefined,
    resourceGuid: undefined,
  };
}

const anyPort = fc.oneof(
  { arbitrary: fc.constantFrom(...ports), weight: 4 },
  { arbitrary: fc.integer({ min: 0, max: 65_535 }), weight: 1 },
);

/** Both addresses of one family, as packets have them. */
export function anyFiveTuple(pool: readonly Address[] = addresses): fc.Arbitrary<FiveTuple> {
  const pools = ([4, 6] as const)
    .map((family) => pool.filter((address) => address.family === family))
    .filter((one) => one.length > 0);
  return fc.constantFrom(...pools).chain((pool) =>
    fc.record({
      protocol: fc.oneof(
        { arbitrary: fc.constantFrom(6, 17), weight: 8 },
        { arbitrary: fc.constantFrom(0, 1, 50, 51, 58, 255), weight: 1 },
      ),
      source: fc.constantFrom(...pool),
      sourcePort: anyPort,
      destination: fc.constantFrom(...pool),
      destinationPort: anyPort,
    }),
  );
}
