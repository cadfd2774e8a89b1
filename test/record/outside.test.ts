import { describe, expect, test } from 'vitest';
import type { Network } from '../../src/nsg/network.ts';
import { defaultQuirks } from '../../src/record/quirks.ts';
import { defaultFlowLogs } from '../../src/record/recording-settings.ts';
import { nicBody, nsgBody, ruleBody, virtualNetworkBody, virtualNetworkId } from '../nsg/bodies.ts';
import type { Sent } from './traffic.ts';
import { connection, lines, networkOf, recordPackets, start } from './traffic.ts';

const allowAll = ruleBody('all', { protocol: '*', access: 'Allow' });

describe('addresses outside', () => {
  const group = virtualNetworkId('v').replace(/\/virtualNetworks.*/, '');
  const publicId = `${group}/publicIPAddresses/ip`;
  const publicAddress = {
    id: publicId,
    name: 'ip',
    type: 'Microsoft.Network/publicIPAddresses',
    properties: { ipAddress: '20.50.60.70' },
  };

  test('a NIC behind a public address: judged and logged with the private one, both ways', async () => {
    const nic = nicBody('a', ['10.1.1.4'], { subnet: 'web', nsg: 'nic', mac: '00-0D-3A-00-00-0A' }) as {
      properties: { ipConfigurations: { properties: object }[] };
    };
    Object.assign(nic.properties.ipConfigurations[0].properties, { publicIPAddress: { id: publicId } });
    const recorded = await recordPackets(
      [
        ...connection(1, '203.0.113.9:50000', '20.50.60.70:80'),
        ...connection(2, '20.50.60.70:50001', '203.0.113.9:443'),
      ],
      {
        network: networkOf(
          virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: undefined }]),
          nic,
          nsgBody('nic', [ruleBody('web', { destinationAddressPrefix: '10.1.1.4', destinationPortRange: '80' })]),
          publicAddress,
        ),
      },
    );
    expect(lines(recorded.written)).toEqual([
      'nic DefaultRule_AllowInternetOutBound 2 10.1.1.4 203.0.113.9 50001 443 T O A B',
      'nic DefaultRule_AllowInternetOutBound 2 10.1.1.4 203.0.113.9 50001 443 T O A E 2 80 2 80',
      'nic UserRule_web 1 203.0.113.9 10.1.1.4 50000 80 T I A B',
      'nic UserRule_web 1 203.0.113.9 10.1.1.4 50000 80 T I A E 2 80 2 80',
    ]);
  });

  test('a public address that moves in the middle leads to its new NIC from then on', async () => {
    const at = (owner: 'a' | 'b' | 'none'): Network => {
      const nics = (['a', 'b'] as const).map((name, index) => {
        const nic = nicBody(name, [`10.1.1.${4 + index}`], { subnet: 'web', nsg: 'nic' }) as {
          properties: { ipConfigurations: { properties: object }[] };
        };
        if (name === owner)
          Object.assign(nic.properties.ipConfigurations[0].properties, { publicIPAddress: { id: publicId } });
        return nic;
      });
      return networkOf(
        virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: undefined }]),
        ...nics,
        nsgBody('nic', [allowAll]),
        publicAddress,
      );
    };
    const owners = ['none', 'a', 'b', 'none'] as const;
    const { written, result } = await recordPackets(
      owners.flatMap((_, minute) => connection(60 * minute + 1, `203.0.113.9:5000${minute}`, '20.50.60.70:80')),
      {
        network: at(owners[0]),
        configure: (minuteMillis) => {
          const network = at(owners[Math.round(minuteMillis / 60_000 - start / 60)]);
          return { network, flowLogs: defaultFlowLogs(network, ['nsg2'], '') };
        },
      },
    );
    expect(lines(written).filter((line) => line.includes(' A B'))).toEqual([
      'nic UserRule_all 121 203.0.113.9 10.1.1.5 50002 80 T I A B',
      'nic UserRule_all 61 203.0.113.9 10.1.1.4 50001 80 T I A B',
    ]);
    expect(result.packets.refused).toEqual({ 'no-nic': 8 });
  });

  test('a load balancer port that leads to one NIC', async () => {
    const balancer = `${group}/loadBalancers/lb`;
    const nic = nicBody('a', ['10.1.1.4'], { subnet: 'web', nsg: 'nic' }) as {
      properties: { ipConfigurations: { properties: object }[] };
    };
    Object.assign(nic.properties.ipConfigurations[0].properties, {
      loadBalancerInboundNatRules: [{ id: `${balancer}/inboundNatRules/ssh` }],
    });
    const recorded = await recordPackets(connection(1, '203.0.113.9:50000', '20.50.60.70:2222'), {
      network: networkOf(
        virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: undefined }]),
        nic,
        nsgBody('nic', [ruleBody('ssh', { destinationPortRange: '22' })]),
        publicAddress,
        {
          id: balancer,
          name: 'lb',
          type: 'Microsoft.Network/loadBalancers',
          properties: {
            frontendIPConfigurations: [{ name: 'front', properties: { publicIPAddress: { id: publicId } } }],
            inboundNatRules: [
              {
                name: 'ssh',
                properties: {
                  frontendIPConfiguration: { id: `${balancer}/frontendIPConfigurations/front` },
                  protocol: 'Tcp',
                  frontendPort: 2222,
                  backendPort: 22,
                },
              },
            ],
          },
        },
      ),
    });
    expect(lines(recorded.written)).toEqual([
      'nic UserRule_ssh 1 203.0.113.9 10.1.1.4 50000 22 T I A B',
      'nic UserRule_ssh 1 203.0.113.9 10.1.1.4 50000 22 T I A E 2 80 2 80',
    ]);
  });
});

const group = virtualNetworkId('v').replace(/\/virtualNetworks.*/, '');
const balancerId = `${group}/loadBalancers/lb`;
const poolId = `${balancerId}/backendAddressPools/pool`;

function publicAddressBody(name: string, ipAddress: string): object {
  return {
    id: `${group}/publicIPAddresses/${name}`,
    name,
    type: 'Microsoft.Network/publicIPAddresses',
    properties: { ipAddress },
  };
}

/** A load balancer with one rule, port 80 to port 8080 of its pool, at a public address or one of the network. */
function balancerBody(frontend: object, rule: object = {}): object {
  return {
    id: balancerId,
    name: 'lb',
    type: 'Microsoft.Network/loadBalancers',
    properties: {
      frontendIPConfigurations: [{ name: 'front', properties: frontend }],
      backendAddressPools: [{ name: 'pool', id: poolId }],
      loadBalancingRules: [
        {
          name: 'web',
          properties: {
            frontendIPConfiguration: { id: `${balancerId}/frontendIPConfigurations/front` },
            backendAddressPool: { id: poolId },
            protocol: 'Tcp',
            frontendPort: 80,
            backendPort: 8080,
            ...rule,
          },
        },
      ],
    },
  };
}

/** NICs a, b, … at 10.1.1.4, 10.1.1.5, …, all behind one NSG; `fields` go into the IP configuration of each. */
function networkBehind(
  names: readonly string[],
  fields: (name: string) => object,
  rules: readonly object[],
  ...others: object[]
): Network {
  const nics = names.map((name, index) => {
    const nic = nicBody(name, [`10.1.1.${4 + index}`], { subnet: 'web', nsg: 'nic' }) as {
      properties: { ipConfigurations: { properties: object }[] };
    };
    Object.assign(nic.properties.ipConfigurations[0].properties, fields(name));
    return nic;
  });
  return networkOf(
    virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: undefined }]),
    ...nics,
    nsgBody('nic', rules),
    ...others,
  );
}

describe('two NICs that know each other by public addresses', () => {
  const between = (rules: readonly object[]): Network =>
    networkBehind(
      ['a', 'b'],
      (name) => ({ publicIPAddress: { id: `${group}/publicIPAddresses/${name}` } }),
      rules,
      publicAddressBody('a', '20.1.1.1'),
      publicAddressBody('b', '20.2.2.2'),
    );
  const allowed = [ruleBody('web', { sourceAddressPrefix: 'Internet', destinationPortRange: '80' })];
  const seen = [
    'nic DefaultRule_AllowInternetOutBound 1 10.1.1.4 20.2.2.2 50000 80 T O A B',
    'nic DefaultRule_AllowInternetOutBound 1 10.1.1.4 20.2.2.2 50000 80 T O A E 2 80 2 80',
    'nic UserRule_web 1 20.1.1.1 10.1.1.5 50000 80 T I A B',
    'nic UserRule_web 1 20.1.1.1 10.1.1.5 50000 80 T I A E 2 80 2 80',
  ];

  test.each([
    ['outside', '20.1.1.1:50000', '20.2.2.2:80', '20.2.2.2:80', '20.1.1.1:50000'],
    ['at the source', '10.1.1.4:50000', '20.2.2.2:80', '20.2.2.2:80', '10.1.1.4:50000'],
    ['at the destination', '20.1.1.1:50000', '10.1.1.5:80', '10.1.1.5:80', '20.1.1.1:50000'],
  ])('each has its own end private, captured %s', async (_, from, to, answerFrom, answerTo) => {
    const sent: Sent[] = [
      [1, from, to, 'S'],
      [1.1, answerFrom, answerTo, 'SA'],
      [1.2, from, to, 'FA'],
      [1.3, answerFrom, answerTo, 'FA'],
    ];
    const { written, result } = await recordPackets(sent, { network: between(allowed) });
    expect(lines(written)).toEqual(seen);
    expect(result.packets).toMatchObject({ read: 4, counted: 4, refused: {} });
    expect(result.bytes).toBe(160);
    expect(result.observed).toEqual({ allowed: 8, denied: 0 });
  });

  test('are no traffic of the VNet: what comes is denied, and the answer goes nowhere', async () => {
    const { written, result } = await recordPackets(connection(1, '20.1.1.1:50000', '20.2.2.2:80'), {
      network: between([]),
    });
    expect(lines(written)).toEqual([
      'nic DefaultRule_AllowInternetOutBound 1 10.1.1.4 20.2.2.2 50000 80 T O A B',
      'nic DefaultRule_AllowInternetOutBound 1 10.1.1.4 20.2.2.2 50000 80 T O A E 2 80 0 0',
      'nic DefaultRule_DenyAllInBound 1 20.1.1.1 10.1.1.5 50000 80 T I D B',
    ]);
    expect(result.observed).toEqual({ allowed: 2, denied: 4 });
  });

  test('what is denied at the source does not come to the destination', async () => {
    const denied = ruleBody('none', { protocol: '*', access: 'Deny', direction: 'Outbound' });
    const { written } = await recordPackets(connection(1, '20.1.1.1:50000', '20.2.2.2:80'), {
      network: between([...allowed, denied]),
    });
    expect(lines(written)).toEqual(['nic UserRule_none 1 10.1.1.4 20.2.2.2 50000 80 T O D B']);
  });

  test('among many packets, over minutes and batches, nothing is lost', async () => {
    const sent: Sent[] = Array.from({ length: 3000 }, (_, index) => [
      index / 10,
      ...(index % 3 === 0 ? (['20.1.1.1:50000', '20.2.2.2:80'] as const) : (['10.1.1.4:6000', '9.9.9.9:53'] as const)),
      index % 3 === 0 ? 'A' : 'U',
    ]);
    const { written, result } = await recordPackets(sent, { network: between(allowed) });
    const sums = new Map<string, number>();
    for (const line of lines(written)) {
      const [, , , source, destination] = line.split(' ');
      const key = `${source} ${destination}`;
      const packets = / [CE] (\d+)/.exec(line)?.[1] ?? 0;
      sums.set(key, (sums.get(key) ?? 0) + Number(packets));
    }
    expect(Object.fromEntries(sums)).toEqual({
      '10.1.1.4 20.2.2.2': 1000,
      '20.1.1.1 10.1.1.5': 1000,
      '10.1.1.4 9.9.9.9': 2000,
    });
    expect(result.packets.counted).toBe(3000);
  });
});

describe('a load balancer port that several backends share', () => {
  const backends = ['a', 'b', 'c', 'd'];
  const pooled = (): object => ({ loadBalancerBackendAddressPools: [{ id: poolId }] });
  const behind = (rule: object = {}, names = backends): Network =>
    networkBehind(
      names,
      pooled,
      [allowAll],
      publicAddressBody('front', '20.3.3.3'),
      balancerBody({ publicIPAddress: { id: `${group}/publicIPAddresses/front` } }, rule),
    );
  const visits = (count: number, client: (index: number) => string): Sent[] =>
    Array.from({ length: count }, (_, index) => connection(index / 100, client(index), '20.3.3.3:80')).flat();
  const backendsOf = (written: Awaited<ReturnType<typeof recordPackets>>['written']): Map<string, string> =>
    new Map(
      lines(written)
        .filter((line) => line.endsWith(' B'))
        .map((line) => line.split(' '))
        .map(([, , , source, destination, port]) => [`${source}:${port}`, destination]),
    );

  test('counts a flow whole at one of them, with its private address and port, and all get some', async () => {
    const client = (index: number): string => `203.0.113.9:${50_000 + index}`;
    const { written, result } = await recordPackets(visits(400, client), { network: behind() });
    expect(result.packets).toMatchObject({ read: 1600, counted: 1600, refused: {} });
    expect(result.balanced).toBe(1600);
    const ends = lines(written).filter((line) => line.includes(' E '));
    expect(ends.length).toBe(400);
    expect(ends.filter((line) => !/ 10\.1\.1\.[4-7] \d+ 8080 T I A E 2 80 2 80$/.test(line))).toEqual([]);
    const counts = new Map<string, number>();
    for (const backend of backendsOf(written).values()) counts.set(backend, (counts.get(backend) ?? 0) + 1);
    expect([...counts.keys()].sort()).toEqual(['10.1.1.4', '10.1.1.5', '10.1.1.6', '10.1.1.7']);
    expect(Math.min(...counts.values())).toBeGreaterThan(60);
  });

  test('whose members are named by address, for all ports', async () => {
    const everyPort = { protocol: 'All', frontendPort: 0, backendPort: 0 };
    const balancer = balancerBody({ privateIPAddress: '10.1.1.100' }, everyPort) as {
      properties: { backendAddressPools: object[] };
    };
    const members = ['10.1.1.4', '10.1.1.5'].map((ipAddress) => ({ properties: { ipAddress } }));
    Object.assign(balancer.properties.backendAddressPools[0], {
      properties: { loadBalancerBackendAddresses: members },
    });
    const network = networkBehind(['a', 'b'], () => ({}), [allowAll], balancer);
    const sent = Array.from({ length: 50 }, (_, index): Sent => [
      index,
      `10.9.9.9:${4000 + index}`,
      '10.1.1.100:53',
      'U',
    ]);
    const { written } = await recordPackets(sent, { network });
    const seen = lines(written).filter((line) => line.endsWith(' B'));
    expect(new Set(seen.map((line) => line.split(' ')[4]))).toEqual(new Set(['10.1.1.4', '10.1.1.5']));
    expect(seen.every((line) => line.split(' ')[6] === '53')).toBe(true);
  });

  test('with loadDistribution SourceIP, all flows of a client have one backend', async () => {
    const client = (index: number): string => `203.0.113.${index % 20}:${50_000 + index}`;
    const { written } = await recordPackets(visits(200, client), { network: behind({ loadDistribution: 'SourceIP' }) });
    const byClient = new Map<string, Set<string>>();
    for (const [key, backend] of backendsOf(written)) {
      const address = key.split(':')[0];
      byClient.set(address, (byClient.get(address) ?? new Set()).add(backend));
    }
    expect([...byClient.values()].map((some) => some.size)).toEqual(Array.from({ length: 20 }, () => 1));
  });

  test('when a backend goes, flows of the others stay where they are', async () => {
    const client = (index: number): string => `203.0.113.9:${50_000 + index}`;
    const before = backendsOf((await recordPackets(visits(200, client), { network: behind() })).written);
    const fewer = behind({}, ['a', 'b', 'c']);
    const after = backendsOf((await recordPackets(visits(200, client), { network: fewer })).written);
    for (const [key, backend] of before)
      if (backend !== '10.1.1.7') expect([key, after.get(key)]).toEqual([key, backend]);
  });

  test('with the quirk loadBalancing off, its packets are at no NIC', async () => {
    const { result } = await recordPackets(
      visits(3, (index) => `203.0.113.9:${50_000 + index}`),
      { network: behind(), quirks: { ...defaultQuirks, loadBalancing: 'off' } },
    );
    expect(result.packets.refused).toEqual({ 'no-nic': 12 });
    expect(result.balanced).toBe(0);
  });

  test('of an internal one, the client sees the frontend, and the backend sees the client', async () => {
    const network = networkBehind(
      ['a', 'b', 'client'],
      (name) => (name === 'client' ? {} : pooled()),
      [],
      balancerBody({ privateIPAddress: '10.1.1.100' }),
    );
    const { written, result } = await recordPackets(connection(1, '10.1.1.6:50000', '10.1.1.100:80'), { network });
    const [backend] = backendsOf(written.filter(({ tuple }) => tuple.includes(',I,'))).values();
    expect(['10.1.1.4', '10.1.1.5']).toContain(backend);
    expect(lines(written)).toEqual([
      `nic DefaultRule_AllowVnetInBound 1 10.1.1.6 ${backend} 50000 8080 T I A B`,
      `nic DefaultRule_AllowVnetInBound 1 10.1.1.6 ${backend} 50000 8080 T I A E 2 80 2 80`,
      'nic DefaultRule_AllowVnetOutBound 1 10.1.1.6 10.1.1.100 50000 80 T O A B',
      'nic DefaultRule_AllowVnetOutBound 1 10.1.1.6 10.1.1.100 50000 80 T O A E 2 80 2 80',
    ]);
    expect(result.balanced).toBe(4);
  });
});
