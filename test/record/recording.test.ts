import { describe, expect, test } from 'vitest';
import { memoryAccount } from '../../src/blob/memory.ts';
import type { Network } from '../../src/nsg/network.ts';
import { defaultQuirks } from '../../src/record/quirks.ts';
import type { RecordingConfiguration } from '../../src/record/recording-settings.ts';
import { defaultFlowLogs } from '../../src/record/recording-settings.ts';
import {
  nicBody,
  nicId,
  nsgBody,
  nsgId,
  ruleBody,
  subnetId,
  virtualNetworkBody,
  virtualNetworkId,
} from '../nsg/bodies.ts';
import type { Recorded, Sent } from './traffic.ts';
import { connection, lines, networkOf, readWritten, recordPackets, start } from './traffic.ts';

const allowAll = ruleBody('all', { protocol: '*', access: 'Allow' });
const denyAll = ruleBody('none', { protocol: '*', access: 'Deny' });

interface Choice {
  readonly subnet?: object[];
  readonly nic?: object[];
  readonly nsgFields?: object;
  readonly vnetFields?: Record<string, unknown>;
  readonly more?: object[];
}

/** VNet 10.1.0.0/16 with subnets web (a at 10.1.1.4) and app (b at 10.1.2.4); `subnet` and `nic` are NSGs at web and a. */
function network(choice: Choice): Network {
  const vnet = virtualNetworkBody(
    'v',
    ['10.1.0.0/16'],
    [
      { name: 'web', prefix: '10.1.1.0/24', nsg: choice.subnet && 'subnet' },
      { name: 'app', prefix: '10.1.2.0/24', nsg: undefined },
    ],
  ) as { properties: Record<string, unknown> };
  Object.assign(vnet.properties, choice.vnetFields);
  return networkOf(
    vnet,
    nicBody('a', ['10.1.1.4'], { subnet: 'web', nsg: choice.nic && 'nic', mac: '00-0D-3A-00-00-0A' }),
    nicBody('b', ['10.1.2.4'], { subnet: 'app', mac: '00-0D-3A-00-00-0B' }),
    ...(choice.subnet ? [nsgBody('subnet', choice.subnet, choice.nsgFields)] : []),
    ...(choice.nic ? [nsgBody('nic', choice.nic, choice.nsgFields)] : []),
    ...(choice.more ?? []),
  );
}

function packetsIn({ written }: Recorded, container: string): number {
  return written
    .filter(({ blob }) => blob.startsWith(container))
    .map(({ tuple }) => tuple.split(',').slice(-4))
    .reduce((sum, counters) => sum + Number(counters[0] || 0) + Number(counters[2] || 0), 0);
}

/** Observed packets of allowed flows are in the tuples of each format, or counted as left out. */
function expectBooks(recorded: Recorded): void {
  const { observed, uncounted } = recorded.result;
  for (const [format, container] of [
    ['nsg2', 'insights-logs-networksecuritygroupflowevent'],
    ['vnet', 'insights-logs-flowlogflowevent'],
  ] as const) {
    const left = Object.values(uncounted[format] ?? {}).reduce((sum, count) => sum + count, 0);
    expect([format, packetsIn(recorded, container) + left]).toEqual([format, observed.allowed]);
  }
}

const both = ['nsg2', 'vnet'] as const;

describe('who logs a flow', () => {
  test('NSGs at subnet and NIC that both allow: inbound in the NIC NSG only, outbound in the subnet NSG only', async () => {
    const recorded = await recordPackets(
      [...connection(1, '203.0.113.9:50000', '10.1.1.4:80'), ...connection(2, '10.1.1.4:50001', '203.0.113.9:443')],
      { network: network({ subnet: [allowAll], nic: [allowAll] }), formats: ['nsg2'] },
    );
    expect(lines(recorded.written)).toEqual([
      'nic UserRule_all 1 203.0.113.9 10.1.1.4 50000 80 T I A B',
      'nic UserRule_all 1 203.0.113.9 10.1.1.4 50000 80 T I A E 2 80 2 80',
      'subnet DefaultRule_AllowInternetOutBound 2 10.1.1.4 203.0.113.9 50001 443 T O A B',
      'subnet DefaultRule_AllowInternetOutBound 2 10.1.1.4 203.0.113.9 50001 443 T O A E 2 80 2 80',
    ]);
  });

  test('a denied SYN with its SYN-ACK and retries: one denied begin, nothing outbound', async () => {
    const recorded = await recordPackets(
      [
        [1, '203.0.113.9:50000', '10.1.1.4:22', 'S'],
        [1.1, '10.1.1.4:22', '203.0.113.9:50000', 'SA'],
        [2, '203.0.113.9:50000', '10.1.1.4:22', 'S'],
        [4, '203.0.113.9:50000', '10.1.1.4:22', 'S'],
        [4.1, '10.1.1.4:22', '203.0.113.9:50000', 'SA'],
        [400, '203.0.113.9:50000', '10.1.1.4:22', 'S'],
      ],
      { network: network({ nic: [denyAll] }), formats: both },
    );
    expect(lines(recorded.written)).toEqual([
      'nic UserRule_none 1 203.0.113.9 10.1.1.4 50000 22 T I D B',
      'nic UserRule_none 400 203.0.113.9 10.1.1.4 50000 22 T I D B',
      'v-test-rg-flowlog UserRule_none 1 203.0.113.9 10.1.1.4 50000 22 6 I D NX 0 0 0 0',
      'v-test-rg-flowlog UserRule_none 400 203.0.113.9 10.1.1.4 50000 22 6 I D NX 0 0 0 0',
    ]);
    expect(recorded.result.observed).toEqual({ allowed: 0, denied: 6 });
    expectBooks(recorded);
  });

  test('no NSG at either level: in the VNet log as PlatformRule with an ACL of zeros, in no NSG log', async () => {
    const recorded = await recordPackets(connection(1, '203.0.113.9:50000', '10.1.2.4:80'), {
      network: network({ nic: [denyAll] }),
      formats: both,
    });
    expect(lines(recorded.written)).toEqual([
      'v-test-rg-flowlog PlatformRule 1 203.0.113.9 10.1.2.4 50000 80 6 I B NX 0 0 0 0',
      'v-test-rg-flowlog PlatformRule 1 203.0.113.9 10.1.2.4 50000 80 6 I E NX 2 80 2 80',
    ]);
    expect(recorded.written[0].acl).toBe('00000000-0000-0000-0000-000000000000');
    expect(recorded.result.uncounted).toEqual({ nsg2: { 'no-nsg': 4 } });
    expectBooks(recorded);
  });

  test('the platform is reached whatever the rules say, unless they name its tag', async () => {
    const packets: Sent[] = [
      [1, '10.1.1.4:50000', '168.63.129.16:53', 'U'],
      [2, '10.1.1.4:50001', '169.254.169.254:80', 'S'],
      [3, '10.1.1.4:50002', '23.102.135.246:1688', 'S'],
      [4, '10.1.1.4:50003', '23.102.135.246:1687', 'S'],
    ];
    const out = { ...denyAll.properties, direction: 'Outbound' };
    const rules = [{ name: 'none', properties: out }];
    const exempt = await recordPackets(packets, { network: network({ nic: rules }), formats: ['vnet'] });
    expect(lines(exempt.written).filter((line) => / [BD] NX/.test(line))).toEqual([
      'v-test-rg-flowlog PlatformRule 1 10.1.1.4 168.63.129.16 50000 53 17 O B NX 0 0 0 0',
      'v-test-rg-flowlog PlatformRule 2 10.1.1.4 169.254.169.254 50001 80 6 O B NX 0 0 0 0',
      'v-test-rg-flowlog PlatformRule 3 10.1.1.4 23.102.135.246 50002 1688 6 O B NX 0 0 0 0',
      'v-test-rg-flowlog UserRule_none 4 10.1.1.4 23.102.135.246 50003 1687 6 O D NX 0 0 0 0',
    ]);
    const dns = { ...out, priority: 200, destinationAddressPrefix: 'AzurePlatformDNS', destinationPortRange: '53' };
    const named = await recordPackets(packets, {
      network: network({ nic: [{ name: 'dns', properties: dns }] }),
      formats: ['vnet'],
    });
    expect(lines(named.written)[0]).toBe(
      'v-test-rg-flowlog DefaultRule_AllowInternetOutBound 4 10.1.1.4 23.102.135.246 50003 1687 6 O B NX 0 0 0 0',
    );
    expect(lines(named.written).filter((line) => line.includes('UserRule_dns'))).toEqual([
      'v-test-rg-flowlog UserRule_dns 1 10.1.1.4 168.63.129.16 50000 53 17 O D NX 0 0 0 0',
    ]);
  });
});

describe('admin rules', () => {
  const manager = virtualNetworkId('v').replace(/\/virtualNetworks.*/, '/networkManagers/m');
  const collection = `${manager}/securityAdminConfigurations/baseline/ruleCollections/c`;
  const rule = (name: string, port: string, access: string): object => ({
    id: `${collection}/rules/${name}`,
    name,
    properties: {
      access,
      direction: 'Inbound',
      priority: Number(port),
      protocol: 'Tcp',
      destinationPortRanges: [port],
    },
  });
  const more = [
    {
      id: `${manager}/securityAdminConfigurations/baseline`,
      name: 'baseline',
      properties: { resourceGuid: 'aaaaaaaa-0000-0000-0000-000000000001' },
    },
    { id: collection, name: 'c', properties: { appliesToGroups: [{ networkGroupId: `${manager}/networkGroups/g` }] } },
    { id: `${manager}/networkGroups/g/staticMembers/x`, name: 'x', properties: { resourceId: virtualNetworkId('v') } },
    rule('BlockHighRisk', '22', 'Deny'),
    rule('AlwaysMonitor', '443', 'AlwaysAllow'),
    rule('Leave', '80', 'Allow'),
  ];

  test('are in VNet logs under their bare names with their own ACL, and in no NSG log', async () => {
    const recorded = await recordPackets(
      [
        ...connection(1, '203.0.113.9:50000', '10.1.1.4:22'),
        ...connection(2, '203.0.113.9:50001', '10.1.1.4:443'),
        ...connection(3, '203.0.113.9:50002', '10.1.1.4:80'),
        ...connection(4, '203.0.113.9:50003', '10.1.2.4:80'),
      ],
      { network: network({ nic: [denyAll], more }), formats: both },
    );
    expect(lines(recorded.written)).toEqual([
      'nic UserRule_none 3 203.0.113.9 10.1.1.4 50002 80 T I D B',
      'v-test-rg-flowlog AlwaysMonitor 2 203.0.113.9 10.1.1.4 50001 443 6 I B NX 0 0 0 0',
      'v-test-rg-flowlog AlwaysMonitor 2 203.0.113.9 10.1.1.4 50001 443 6 I E NX 2 80 2 80',
      'v-test-rg-flowlog BlockHighRisk 1 203.0.113.9 10.1.1.4 50000 22 6 I D NX 0 0 0 0',
      'v-test-rg-flowlog Leave 4 203.0.113.9 10.1.2.4 50003 80 6 I B NX 0 0 0 0',
      'v-test-rg-flowlog Leave 4 203.0.113.9 10.1.2.4 50003 80 6 I E NX 2 80 2 80',
      'v-test-rg-flowlog UserRule_none 3 203.0.113.9 10.1.1.4 50002 80 6 I D NX 0 0 0 0',
    ]);
    const acls = new Set(recorded.written.filter(({ rule }) => !rule.includes('_')).map(({ acl }) => acl));
    expect([...acls]).toEqual(['aaaaaaaa-0000-0000-0000-000000000001']);
    expectBooks(recorded);
  });
});

describe('several flow logs at once', () => {
  const flowLog = (name: string, targetId: string, more: object = {}) => ({
    id: `/subscriptions/s/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_w/flowLogs/${name}`,
    guid: `guid-${name}`,
    targetId,
    format: 'vnet' as const,
    storage: 'one',
    ...more,
  });
  const packets = [
    ...connection(1, '203.0.113.9:50000', '10.1.1.4:80'),
    ...connection(2, '203.0.113.9:50000', '10.1.2.4:80'),
  ];

  test.each([
    [['vnet'], ['vnet a', 'vnet b']],
    [
      ['vnet', 'web'],
      ['vnet b', 'web a'],
    ],
    [
      ['web', 'a', 'vnet'],
      ['a a', 'vnet b'],
    ],
    [['a'], ['a a']],
    [
      ['b', 'web'],
      ['b b', 'web a'],
    ],
  ])('VNet logs on %j: each NIC is in the narrowest one', async (names, expected) => {
    const targets: Record<string, string> = {
      vnet: virtualNetworkId('v').toUpperCase(),
      web: subnetId('v', 'web'),
      a: nicId('a'),
      b: nicId('b'),
    };
    const recorded = await recordPackets(packets, {
      network: network({ nic: [allowAll] }),
      formats: [],
      flowLogs: names.map((name) => flowLog(name, targets[name])),
    });
    const seen = recorded.written.map(
      ({ blob, mac }) => `${/_W_(\w+)\//.exec(blob)?.[1]?.toLowerCase()} ${mac.at(-1)?.toLowerCase()}`,
    );
    expect([...new Set(seen)].sort()).toEqual(expected);
    const left = names.includes('vnet') || names.length === 2 ? {} : { vnet: { 'no-flow-log': 4 } };
    expect(recorded.result.uncounted).toEqual(left);
  });

  test('an NSG log and a VNet log, each in its own account', async () => {
    const accounts = new Map([
      ['one', memoryAccount()],
      ['two', memoryAccount()],
    ]);
    const recorded = await recordPackets(packets, {
      network: network({ nic: [allowAll] }),
      formats: [],
      flowLogs: [
        { ...flowLog('n', nsgId('nic')), format: 'nsg2', storage: 'two' },
        flowLog('v', virtualNetworkId('v')),
      ],
      accountOf: ({ storage }) => accounts.get(storage)!,
    });
    const kinds = await Promise.all(
      [...accounts].map(async ([name, account]) => [
        name,
        (await readWritten(account)).length,
        (await readWritten(account))[0].blob.slice(14, 22),
      ]),
    );
    expect(kinds).toEqual([
      ['one', 4, 'flowlogf'],
      ['two', 2, 'networks'],
    ]);
    expect(recorded.result.tuples).toBe(6);
  });

  test('filters and record types leave out, and the books say what', async () => {
    const recorded = await recordPackets(packets, {
      network: network({ nic: [allowAll] }),
      formats: ['vnet'],
      flowLogs: [
        flowLog('v', virtualNetworkId('v'), { enabledFilteringCriteria: 'DstIP=10.1.2.0/24', recordTypes: 'B,E' }),
        flowLog('a', nicId('a'), { recordTypes: 'B' }),
      ],
    });
    expect(lines(recorded.written)).toEqual([
      'a UserRule_all 1 203.0.113.9 10.1.1.4 50000 80 6 I B NX 0 0 0 0',
      'v PlatformRule 2 203.0.113.9 10.1.2.4 50000 80 6 I B NX 0 0 0 0',
      'v PlatformRule 2 203.0.113.9 10.1.2.4 50000 80 6 I E NX 2 80 2 80',
    ]);
    expect(recorded.result.uncounted).toEqual({ vnet: { 'record-types': 4 } });
  });
});

describe('rules that change while recording', () => {
  const before = network({ nic: [allowAll] });
  const after = network({ nic: [denyAll] });
  /** One connection open all the time, one begun before and one after the change at minute 3. */
  const packets: Sent[] = [
    [10, '203.0.113.9:50000', '10.1.1.4:80', 'S'],
    [10.1, '10.1.1.4:80', '203.0.113.9:50000', 'SA'],
    ...connection(100, '203.0.113.9:50001', '10.1.1.4:80'),
    [175, '203.0.113.9:50000', '10.1.1.4:80', 'A'],
    [179.9, '203.0.113.9:50002', '10.1.1.4:80', 'S'],
    [180, '203.0.113.9:50003', '10.1.1.4:80', 'S'],
    [185, '203.0.113.9:50000', '10.1.1.4:80', 'A'],
    [200, '203.0.113.9:50000', '10.1.1.4:80', 'FA'],
    [201, '10.1.1.4:80', '203.0.113.9:50000', 'FA'],
  ];
  const changeTo = (network: Network, minute = 3) => {
    let asked = false;
    return (minuteMillis: number): RecordingConfiguration | undefined => {
      if (asked || minuteMillis < (start + 60 * minute) * 1000) return undefined;
      asked = true;
      return { network, flowLogs: defaultFlowLogs(network, ['nsg2'], '') };
    };
  };

  test('open flows keep their rule, new ones take the new', async () => {
    const asked: number[] = [];
    const change = changeTo(after);
    const { written, result } = await recordPackets(packets, {
      network: before,
      configure: (minuteMillis) => {
        asked.push(minuteMillis / 1000 - start);
        return change(minuteMillis);
      },
    });
    expect(asked).toEqual([0, 60, 120, 180]);
    expect(lines(written)).toEqual([
      'nic UserRule_all 10 203.0.113.9 10.1.1.4 50000 80 T I A B',
      'nic UserRule_all 100 203.0.113.9 10.1.1.4 50001 80 T I A B',
      'nic UserRule_all 100 203.0.113.9 10.1.1.4 50001 80 T I A E 2 80 2 80',
      'nic UserRule_all 179 203.0.113.9 10.1.1.4 50002 80 T I A B',
      'nic UserRule_all 179 203.0.113.9 10.1.1.4 50002 80 T I A E 1 40 0 0',
      'nic UserRule_all 201 203.0.113.9 10.1.1.4 50000 80 T I A E 4 160 2 80',
      'nic UserRule_none 180 203.0.113.9 10.1.1.4 50003 80 T I D B',
    ]);
    expect(result.flows).toMatchObject({ allowed: 3, denied: 1 });
  });

  test('flushConnection judges open flows anew when rules change', async () => {
    const flushing = network({ nic: [denyAll], nsgFields: { flushConnection: true } });
    const { written } = await recordPackets(packets, { network: before, configure: changeTo(flushing) });
    const states = lines(written).filter((line) => line.includes(' 50000 80 '));
    expect(states).toEqual([
      'nic UserRule_all 10 203.0.113.9 10.1.1.4 50000 80 T I A B',
      'nic UserRule_all 175 203.0.113.9 10.1.1.4 50000 80 T I A E 2 80 1 40',
      'nic UserRule_none 185 203.0.113.9 10.1.1.4 50000 80 T I D B',
    ]);
  });

  test('flushConnection does nothing where the rules stay', async () => {
    const flushing = network({ nic: [allowAll], nsgFields: { flushConnection: true } });
    const { written } = await recordPackets(packets, { network: before, configure: changeTo(flushing) });
    expect(lines(written)).toContain('nic UserRule_all 201 203.0.113.9 10.1.1.4 50000 80 T I A E 4 160 2 80');
  });

  test('a NIC that is gone ends its flows; one that comes begins', async () => {
    const other = networkOf(
      virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: undefined }]),
      nicBody('c', ['10.1.1.9'], { subnet: 'web', nsg: 'nic' }),
      nsgBody('nic', [allowAll]),
    );
    const { written, result } = await recordPackets(
      [...packets, ...connection(190, '203.0.113.9:50009', '10.1.1.9:80')],
      { network: before, configure: changeTo(other) },
    );
    expect(lines(written).filter((line) => line.includes(' 50000 80 '))).toEqual([
      'nic UserRule_all 10 203.0.113.9 10.1.1.4 50000 80 T I A B',
      'nic UserRule_all 175 203.0.113.9 10.1.1.4 50000 80 T I A E 2 80 1 40',
    ]);
    expect(lines(written)).toContain('nic UserRule_all 190 203.0.113.9 10.1.1.9 50009 80 T I A E 2 80 2 80');
    expect(result.packets.refused).toEqual({ 'no-nic': 4 });
  });

  test('a NIC that moves to a subnet with another NSG keeps its open flows', async () => {
    const moved = networkOf(
      virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'app', prefix: '10.1.0.0/16', nsg: 'shut' }]),
      nicBody('a', ['10.1.1.4'], { subnet: 'app', mac: '00-0D-3A-00-00-0A' }),
      nsgBody('nic', [allowAll]),
      nsgBody('shut', [denyAll]),
    );
    const { written } = await recordPackets(packets, { network: before, configure: changeTo(moved) });
    expect(lines(written)).toContain('nic UserRule_all 201 203.0.113.9 10.1.1.4 50000 80 T I A E 4 160 2 80');
    expect(lines(written)).toContain('shut UserRule_none 180 203.0.113.9 10.1.1.4 50003 80 T I D B');
  });

  test('a change in a quiet time counts before the next packet', async () => {
    const late = packets
      .filter(([at]) => at >= 180)
      .map((packet): Sent => [packet[0] + 7200, packet[1], packet[2], packet[3]]);
    const { written } = await recordPackets([...packets.slice(2, 6), ...late], {
      network: before,
      configure: changeTo(after, 100),
    });
    expect(lines(written).filter((line) => line.includes(' D B'))).toHaveLength(2);
  });

  test('a recording may begin without a NIC', async () => {
    const { written } = await recordPackets(packets, {
      network: networkOf(nsgBody('nic', [allowAll])),
      configure: changeTo(after),
    });
    expect(lines(written)).toEqual([
      'nic UserRule_none 180 203.0.113.9 10.1.1.4 50003 80 T I D B',
      'nic UserRule_none 185 203.0.113.9 10.1.1.4 50000 80 T I D B',
    ]);
  });
});

describe('quirks', () => {
  const packets: Sent[] = [
    ...connection(1, '203.0.113.9:50000', '10.1.1.4:80'),
    [2, '203.0.113.9:50001', '10.1.1.4:53', 'U'],
    [2.1, '10.1.1.4:53', '203.0.113.9:50001', 'U'],
    ...connection(3, '10.1.2.4:50002', '10.1.1.4:80'),
  ];
  const quirky = (quirks: object, choice: Choice = {}) =>
    recordPackets(packets, {
      network: network({ nic: [allowAll], ...choice }),
      formats: both,
      quirks: { ...defaultQuirks, ...quirks },
    });

  test('statelessInboundTcp leaves begins of user-defined inbound TCP rules, while the VNet has no flow timeout', async () => {
    const on = await quirky({ statelessInboundTcp: 'on' });
    expect(lines(on.written).filter((line) => line.startsWith('nic') && line.includes(' T I '))).toEqual([
      'nic UserRule_all 1 203.0.113.9 10.1.1.4 50000 80 T I A B',
      'nic UserRule_all 3 10.1.2.4 10.1.1.4 50002 80 T I A B',
    ]);
    expect(on.result.uncounted.nsg2).toMatchObject({ statelessInboundTcp: 8 });
    expectBooks(on);
    const set = await quirky({ statelessInboundTcp: 'on' }, { vnetFields: { flowTimeoutInMinutes: 10 } });
    expect(set.result.uncounted.nsg2).toEqual({ 'no-nsg': 4 });
    expectBooks(set);
  });

  test('udpCounters zero hides the counters of UDP in NSG logs only', async () => {
    const zero = await quirky({ udpCounters: 'zero' });
    expect(lines(zero.written).filter((line) => / E .*50001|50001 .* E /.test(line))).toEqual([
      'nic UserRule_all 2 203.0.113.9 10.1.1.4 50001 53 U I A E 0 0 0 0',
      'v-test-rg-flowlog UserRule_all 2 203.0.113.9 10.1.1.4 50001 53 17 I E NX 1 40 1 40',
    ]);
    expect(zero.result.uncounted.nsg2).toMatchObject({ udpCounters: 2 });
    expectBooks(zero);
  });

  test('byteLength frame adds the Ethernet header of each packet', async () => {
    const frame = await quirky({ byteLength: 'frame' });
    expect(lines(frame.written).filter((line) => line.includes(' E '))).toContain(
      'nic UserRule_all 1 203.0.113.9 10.1.1.4 50000 80 T I A E 2 108 2 108',
    );
    expectBooks(frame);
  });

  test('vnetPath long has the ARM id of the flow log in the path', async () => {
    const long = await quirky({ vnetPath: 'long' });
    const blob = long.written.find(({ blob }) => blob.includes('flowLogResourceID'))?.blob;
    expect(blob).toContain(
      'flowLogResourceID=/SUBSCRIPTIONS/11111111-2222-3333-4444-555555555555/RESOURCEGROUPS/NETWORKWATCHERRG/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/NETWORKWATCHER_WESTEUROPE/FLOWLOGS/V-TEST-RG-FLOWLOG/y=2026/',
    );
  });

  test('snatInbound left-out: flows from the Internet that nothing leads to are not in the logs', async () => {
    const left = await quirky({ snatInbound: 'left-out' });
    expect(lines(left.written).filter((line) => line.includes('203.0.113.9'))).toEqual([]);
    expect(left.result.uncounted).toMatchObject({ nsg2: { snatInbound: 6 }, vnet: { snatInbound: 6 } });
    expectBooks(left);
  });

  test('nameTruncation cuts the names of rules', async () => {
    const name = 'r'.repeat(70);
    const cut = await quirky({ nameTruncation: 'on' }, { nic: [ruleBody(name, { protocol: '*' })] });
    expect(new Set(cut.written.map(({ rule }) => rule))).toContain(`UserRule_${name.slice(0, 65)}`);
    const whole = await quirky({}, { nic: [ruleBody(name, { protocol: '*' })] });
    expect(new Set(whole.written.map(({ rule }) => rule))).toContain(`UserRule_${name}`);
  });

  test('encryption: X between NICs of an encrypted VNet, NX elsewhere, or one state for all', async () => {
    const vnetFields = { encryption: { enabled: true, enforcement: 'AllowUnencrypted' } };
    const states = ({ written }: Recorded): string[] =>
      [
        ...new Set(
          written
            .filter(({ acl }) => acl !== '')
            .map(({ tuple }) => [tuple.split(',')[1], tuple.split(',')[8]].join(' ')),
        ),
      ].sort();
    expect(states(await quirky({}, { vnetFields }))).toEqual(['10.1.2.4 X', '203.0.113.9 NX']);
    expect(states(await quirky({}))).toEqual(['10.1.2.4 NX', '203.0.113.9 NX']);
    expect(states(await quirky({ encryption: 'NX_LOCAL_DST' }, { vnetFields }))).toEqual([
      '10.1.2.4 NX_LOCAL_DST',
      '203.0.113.9 NX_LOCAL_DST',
    ]);
  });
});
