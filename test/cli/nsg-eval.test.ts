import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nicBody, nsgBody, ruleBody, virtualNetworkBody, virtualNetworkId } from '../nsg/bodies.ts';
import type { Ran } from './nsgflow.ts';
import { nsgflow } from './nsgflow.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-eval-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const group = virtualNetworkId('v').replace(/\/virtualNetworks.*/, '');
const manager = `${group}/networkManagers/m`;
const collection = `${manager}/securityAdminConfigurations/baseline/ruleCollections/c`;
const nic = nicBody('web', ['10.1.1.4'], { subnet: 'web', nsg: 'n' }) as {
  properties: { ipConfigurations: { properties: object }[] };
};
Object.assign(nic.properties.ipConfigurations[0].properties, {
  publicIPAddress: { id: `${group}/publicIPAddresses/p` },
});
const network = join(folder, 'net.json');
writeFileSync(
  network,
  JSON.stringify({
    value: [
      virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: undefined }]),
      nic,
      nsgBody('n', [ruleBody('http', { destinationPortRange: '80' })]),
      { id: `${group}/publicIPAddresses/p`, name: 'p', properties: { ipAddress: '20.1.2.3' } },
      {
        id: collection,
        name: 'c',
        properties: { appliesToGroups: [{ networkGroupId: `${manager}/networkGroups/g` }] },
      },
      {
        id: `${collection}/rules/BlockHighRisk`,
        name: 'BlockHighRisk',
        properties: {
          access: 'Deny',
          direction: 'Inbound',
          priority: 10,
          protocol: 'Tcp',
          destinationPortRanges: ['20-23'],
        },
      },
      {
        id: `${manager}/networkGroups/g/staticMembers/x`,
        name: 'x',
        properties: { resourceId: virtualNetworkId('v') },
      },
    ],
  }),
);

function evaluate(direction: string, src: string, dst: string): Promise<Ran> {
  const flow = ['--nic', 'web', '--direction', direction, '--src', src, '--dst', dst, '--protocol', 'tcp'];
  return nsgflow(['nsg', 'eval', '--network', network, ...flow, '-o', 'table']);
}

test('an admin rule comes before the NSG, and a public address stands for the private one', async () => {
  const { out, err } = await evaluate('inbound', '203.0.113.9', '20.1.2.3:22');
  expect(out).toMatch(/^admin +baseline +10 +BlockHighRisk +deny +matches$/m);
  expect(err).toContain('20.1.2.3 port 22 leads to 10.1.1.4 port 22');
  expect(err).toContain('denied by admin rule BlockHighRisk of baseline\nVNet flow logs show it as BlockHighRisk');
});

test('a request to the platform is exempt', async () => {
  const { err } = await evaluate('outbound', '10.1.1.4', '168.63.129.16:53');
  expect(err).toBe(
    'allowed: a platform service, exempt from rules that do not name its tag\nVNet flow logs show it as PlatformRule\n',
  );
});

test('an NSG alone says by name where it stands, and that addresses are not known', async () => {
  const group = virtualNetworkId('x').replace(/\/virtualNetworks.*/, '');
  const places = {
    networkInterfaces: [{ id: `${group}/networkInterfaces/web` }, { id: `${group}/networkInterfaces/nic9` }],
    subnets: [{ id: `${virtualNetworkId('x')}/subnets/back` }],
  };
  const alone = join(folder, 'nsgs.json');
  const one = nsgBody('one', [], { networkInterfaces: places.networkInterfaces.slice(1) });
  writeFileSync(alone, JSON.stringify([nsgBody('m', [], places), one, nsgBody('none', [])]));
  const show = async (...files: string[]): Promise<string> =>
    (await nsgflow(['nsg', 'show', ...files.flatMap((file) => ['--network', file]), '-o', 'csv'])).err;
  expect(await show(alone)).toBe(
    'm (westeurope): on subnet x/back, NIC web, NIC nic9; they are in no file, so their addresses are not known\n' +
      'one (westeurope): on NIC nic9; it is in no file, so its addresses are not known\n' +
      'none (westeurope): on no subnet or NIC\n',
  );
  const some = join(folder, 'some.json');
  const serving = {
    networkInterfaces: [{ id: `${group}/networkInterfaces/db` }, ...places.networkInterfaces.slice(1)],
  };
  writeFileSync(some, JSON.stringify([nsgBody('k', [], serving), nicBody('db', ['10.1.1.9'], { subnet: 'web' })]));
  expect(await show(some, network)).toContain(
    'k (westeurope): on NIC db, NIC nic9; NIC nic9 is in no file, so its addresses are not known\n',
  );
});

test('any protocol is judged by name or number, without ports where it has none', async () => {
  const rules = ['Icmp', 'Esp', 'Ah'].map((protocol, i) => ruleBody(protocol, { protocol, priority: 100 + i }));
  const file = join(folder, 'protocols.json');
  writeFileSync(
    file,
    JSON.stringify([nsgBody('p', rules), nicBody('x', ['10.1.1.5', 'fd00::5'], { subnet: 's', nsg: 'p' })]),
  );
  const judge = async (protocol: string, src = '203.0.113.9', dst = '10.1.1.5'): Promise<[number | null, string]> => {
    const flow = ['--nic', 'x', '--direction', 'inbound', '--src', src, '--dst', dst, '--protocol', protocol];
    const { code, err } = await nsgflow(['nsg', 'eval', '--network', file, ...flow, '-o', 'table']);
    return [
      code,
      err
        .trim()
        .split('\n')
        .filter((line) => !line.startsWith('warning'))
        .join('\n'),
    ];
  };
  for (const [protocol, rule] of [
    ['icmp', 'Icmp'],
    ['ESP', 'Esp'],
    ['51', 'Ah'],
    ['1', 'Icmp'],
  ])
    expect(await judge(protocol)).toEqual([0, `allowed by ${rule} of p\nlogged as UserRule_${rule}`]);
  expect((await judge('icmp', '2001:db8::9', 'fd00::5'))[1]).toContain('allowed by Icmp');
  for (const gre of ['47', 'gre']) expect((await judge(gre))[1]).toContain('denied by DenyAllInBound');
  expect((await judge('any'))[1]).toContain('--protocol any: a packet has one protocol');
  expect(await judge('icmp', '203.0.113.9', '10.1.1.5:80')).toEqual([
    2,
    'nsgflow: --dst names a port, and packets of icmp have none\n  See nsgflow nsg eval --help.',
  ]);
  for (const wrong of ['any', 'grre', '256', '-1', '']) expect((await judge(wrong))[0]).toBe(2);
});

test('in, out and port names are understood, and an expectation that fails ends with 1', async () => {
  const judge = async (
    direction: string,
    src: string,
    dst: string,
    ...more: string[]
  ): Promise<[number | null, string]> => {
    const flow = ['--nic', 'web', '--direction', direction, '--src', src, '--dst', dst];
    const { code, err } = await nsgflow(['nsg', 'eval', '--network', network, ...flow, ...more, '-o', 'table']);
    return [code, err];
  };
  const allowed = 'allowed by http of n\nlogged as UserRule_http\n';
  const inbound = ['203.0.113.9', '10.1.1.4:http'] as const;
  expect(await judge('in', ...inbound)).toEqual([0, allowed]);
  expect(await judge('in', ...inbound, '--expect', 'allow')).toEqual([0, allowed]);
  expect(await judge('in', ...inbound, '--expect', 'deny')).toEqual([
    1,
    `${allowed}expected deny, but the answer is allow\n`,
  ]);
  expect((await judge('out', '10.1.1.4', '203.0.113.9:https'))[1]).toContain('allowed by AllowInternetOutBound of n\n');
  const [code, err] = await judge('in', '203.0.113.9', '10.1.1.4:htpp');
  expect([code, err.split('\n')[0]]).toEqual([
    2,
    'nsgflow: --dst "10.1.1.4:htpp" is neither an address nor an address with a port',
  ]);
});
