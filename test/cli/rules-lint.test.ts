import { expect, test } from 'vitest';
import { nsgflow } from './nsgflow.ts';

const network = ['--network', 'examples/network.json'];

test('rules that decide nothing are listed, with those that decide in their place', async () => {
  const { code, out } = await nsgflow(['rules', 'lint', 'nsg-web', ...network, '-o', 'json']);
  expect(code).toBe(0);
  const rows = JSON.parse(out) as Record<string, unknown>[];
  expect(rows.find(({ rule }) => rule === 'AllowSshFromJump')).toMatchObject({
    nsg: 'nsg-web',
    direction: 'inbound',
    finding: 'redundant',
    by: [],
    instead: ['AllowVnetInBound'],
    effective: { ipv4: { tcp: expect.stringMatching(/^\d+$/) as string, udp: '0' } },
    witness: { protocol: 'tcp', src: '10.20.1.10', sport: 50_000, dport: 22 },
  });
  expect(rows.find(({ rule }) => rule === 'AllowHttp')).toMatchObject({ finding: null });
});

test('--fail-on ends with exit code 1 where there is such a finding, and refuses what is none', async () => {
  const ends = async (failOn: string): Promise<number | null> =>
    (await nsgflow(['rules', 'lint', ...network, '--fail-on', failOn])).code;
  expect([await ends('redundant'), await ends('empty,shadowed'), await ends('any')]).toEqual([1, 0, 1]);
  const { code, err } = await nsgflow(['rules', 'lint', ...network, '--fail-on', 'shaded']);
  expect(code).toBe(2);
  expect(err).toContain('--fail-on "shaded" is no finding');
});
