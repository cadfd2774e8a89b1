import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { WhatIf } from '../../src/analyze/what-if.ts';
import { whatIf } from '../../src/analyze/what-if.ts';
import { formatAddress } from '../../src/net/address.ts';
import { addressOfNumber } from '../../src/nsg/address-ranges.ts';
import { evaluate } from '../../src/nsg/evaluate.ts';
import { changeKinds } from '../../src/nsg/header-space/compare.ts';
import { protocolNumber } from '../../src/nsg/header-space/header.ts';
import { headersOf } from '../../src/nsg/header-space/volume.ts';
import { importNetwork } from '../../src/nsg/import.ts';
import type { Network } from '../../src/nsg/network.ts';

interface Template {
  resources: { type: string; name: string; properties: Record<string, unknown> }[];
}

const text = readFileSync('examples/network.json', 'utf8');
const read = (of: string): Network => importNetwork({ files: [{ path: 'network.json', text: of }] });
const network = read(text);

/** The example's network with a change. */
function changed(change: (template: Template) => void): Network {
  const template = JSON.parse(text) as Template;
  change(template);
  return read(JSON.stringify(template));
}

type TemplateRule = { name: string; properties: Record<string, unknown> };
const rulesOf = ({ resources }: Template, nsg: string): TemplateRule[] =>
  resources.find(({ type, name }) => /networkSecurityGroups$/i.test(type) && name === nsg)!.properties[
    'securityRules'
  ] as TemplateRule[];

const both = { directions: ['inbound', 'outbound'] as const, boxesMost: 100 };
const sizes = ({ volumes }: WhatIf): bigint[] => changeKinds.map((kind) => headersOf(volumes[kind]));

test('nothing changes without a change, nor by other priorities in the same order', () => {
  expect(sizes(whatIf(network, read(text), both))).toEqual([0n, 0n, 0n]);
  const renumbered = changed((template) => {
    for (const nsg of ['nsg-web', 'nsg-data', 'nsg-db', 'nsg-jump'])
      for (const rule of rulesOf(template, nsg)) rule.properties['priority'] = Number(rule.properties['priority']) + 7;
  });
  expect(sizes(whatIf(network, renumbered, both))).toEqual([0n, 0n, 0n]);
});

test('what is newly allowed one way is newly denied the other way, and each box is decided so', () => {
  const next = changed((template) => {
    for (const rule of rulesOf(template, 'nsg-web')) if (rule.name === 'DenyRdp') rule.properties['access'] = 'Allow';
    const jump = rulesOf(template, 'nsg-jump');
    jump.splice(
      jump.findIndex(({ name }) => name === 'AllowSshFromOffice'),
      1,
    );
  });
  const there = whatIf(network, next, both);
  const back = whatIf(next, network, both);
  expect(there.volumes.newly_allowed).toEqual(back.volumes.newly_denied);
  expect(there.volumes.newly_denied).toEqual(back.volumes.newly_allowed);
  expect(there.volumes.newly_allowed.ipv4.tcp).toBeGreaterThan(0n);
  expect(there.volumes.newly_denied.ipv4.tcp).toBeGreaterThan(0n);
  for (const kind of changeKinds)
    for (const { box, protocol, family, direction, places, change } of there.boxes[kind]) {
      const header = {
        protocol: protocolNumber(protocol, family),
        source: addressOfNumber(family, box.src[0].start),
        sourcePort: Number(box.sport[0].start),
        destination: addressOfNumber(family, box.dst[0].start),
        destinationPort: Number(box.dport[0].start),
      };
      for (const { name } of places)
        for (const [of, wanted] of [
          [network, change.before],
          [next, change.after],
        ] as const) {
          const nic = of.nics.find((known) => known.name === name)!;
          const { access, rule } = evaluate(of, nic, direction, header);
          expect([formatAddress(header.source), access, rule?.name]).toEqual([
            formatAddress(header.source),
            wanted.access,
            wanted.rule?.name,
          ]);
        }
    }
});

test('an address space counts as a change though no rule changed', () => {
  const wider = changed((template) => {
    const virtualNetwork = template.resources.find(({ type }) => /virtualNetworks$/i.test(type))!;
    const space = virtualNetwork.properties['addressSpace'] as { addressPrefixes: string[] };
    space.addressPrefixes.push('10.99.0.0/16');
  });
  const found = whatIf(network, wider, both);
  expect(headersOf(found.volumes.newly_allowed)).toBeGreaterThan(0n);
  expect(found.boxes.newly_allowed.some(({ change }) => change.after.rule?.name === 'AllowVnetInBound')).toBe(true);
});

test('an NSG that goes opens what it denied, at its NICs only', () => {
  const open = changed((template) => {
    for (const { type, properties } of template.resources)
      if (/networkInterfaces$/i.test(type)) delete properties['networkSecurityGroup'];
  });
  const found = whatIf(network, open, both);
  expect(headersOf(found.volumes.newly_allowed)).toBeGreaterThan(0n);
  expect(headersOf(found.volumes.newly_denied)).toBe(0n);
  const only = whatIf(network, open, { ...both, only: { kind: 'nic', name: 'nic-web-1' } });
  expect(only.places).toBe(1);
});

test('boxes are cut, numbers are not', () => {
  const next = changed((template) => void rulesOf(template, 'nsg-web').splice(0, 5));
  const all = whatIf(network, next, both);
  const few = whatIf(network, next, { ...both, boxesMost: 1 });
  expect(sizes(few)).toEqual(sizes(all));
  expect(few.boxes.newly_denied).toHaveLength(1);
  expect(few.isCut.newly_denied).toBe(true);
});
