import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nsgflow } from './nsgflow.ts';

const base = ['--base', 'examples/network.json'];
let folder: string;
let next: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nsgflow-whatif-'));
  const text = readFileSync('examples/network.json', 'utf8');
  const template = JSON.parse(text) as {
    resources: { name: string; properties: { securityRules?: { name: string; properties: { access: string } }[] } }[];
  };
  for (const { properties } of template.resources)
    for (const rule of properties.securityRules ?? []) if (rule.name === 'DenyRdp') rule.properties.access = 'Allow';
  const path = join(folder, 'next.json');
  writeFileSync(path, JSON.stringify(template));
  next = ['--network', path];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('boxes and exact numbers of what a rule opens, a box for each NIC', async () => {
  const { code, out } = await nsgflow(['whatif', ...next, ...base, '--direction', 'inbound', '-o', 'json']);
  expect(code).toBe(0);
  const found = JSON.parse(out) as Record<
    string,
    { volume: { ipv4: Record<string, string> }; boxes: Record<string, unknown>[] }
  >;
  const box = {
    direction: 'inbound',
    protocol: 'tcp',
    src: ['0.0.0.0/0'],
    sport: ['0-65535'],
    dst: ['0.0.0.0/0'],
    dport: ['3389'],
  };
  for (const nic of ['nic-web-1', 'nic-web-2', 'nic-web-3'])
    expect(found['newly_allowed']?.boxes).toContainEqual(expect.objectContaining({ nic, ...box }));
  const one = await nsgflow(['whatif', ...next, ...base, '--nic', 'nic-web-1', '-o', 'json']);
  const { newly_allowed: allowed } = JSON.parse(one.out) as typeof found;
  expect(allowed?.volume.ipv4['tcp']).toBe(String(1n << 80n));
  expect(found['newly_denied']?.volume.ipv4['tcp']).toBe('0');
});

test('--fail-on ends with exit code 1 where there is such a change', async () => {
  const ends = async (failOn: string): Promise<number | null> =>
    (await nsgflow(['whatif', ...next, ...base, '--fail-on', failOn])).code;
  expect([await ends('new-allow'), await ends('new-deny'), await ends('any')]).toEqual([1, 0, 1]);
});

test.each([
  [['--nic', 'nic-none'], 3, 'no NIC or NSG "nic-none" is in both networks'],
  [['--nic', 'a', '--nsg', 'b'], 2, 'give one of --nic and --nsg'],
  [['--fail-on', 'all'], 2, '--fail-on "all" is no change'],
])('%j is refused', async (args, exit, message) => {
  const { code, err } = await nsgflow(['whatif', ...next, ...base, ...args]);
  expect([code, err]).toEqual([exit, expect.stringContaining(message)]);
});

test('without --base, the option is named', async () => {
  const { code, err } = await nsgflow(['whatif', ...next]);
  expect([code, err]).toEqual([2, expect.stringContaining('--base FILE')]);
});
