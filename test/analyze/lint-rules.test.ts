import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { lintRules } from '../../src/analyze/lint-rules.ts';
import type { LintedRule } from '../../src/analyze/lint-rules.ts';
import type { Family } from '../../src/net/address.ts';
import type { FiveTuple } from '../../src/net/five-tuple.ts';
import { formatAddress } from '../../src/net/address.ts';
import type { AddressRange } from '../../src/nsg/address-ranges.ts';
import { addressNumber, addressOfNumber, familyEnd } from '../../src/nsg/address-ranges.ts';
import { evaluate } from '../../src/nsg/evaluate.ts';
import { headerProtocols, protocolHasPorts, protocolNumber } from '../../src/nsg/header-space/header.ts';
import { placesOfNsg } from '../../src/nsg/header-space/nsg-place.ts';
import { PlacedRules } from '../../src/nsg/header-space/place-rules.ts';
import type { Network, Nsg } from '../../src/nsg/network.ts';
import { createNsg } from '../../src/nsg/network.ts';
import type { Access, Direction, Rule, RuleProtocol, RuleSide } from '../../src/nsg/rule.ts';
import { anyPort, ruleLogName } from '../../src/nsg/rule.ts';
import { platformTargets } from '../../src/nsg/service-tag.ts';
import { prefix, serviceTags } from '../nsg/generate-network.ts';

const long = process.env['NSGFLOW_LONG'] === '1';

/** Enough kinds of sides that few rules shade each other in every way. */
const anySide: fc.Arbitrary<RuleSide> = fc.record({
  addresses: fc
    .constantFrom(
      '*',
      '10.0.0.0/8',
      '10.0.0.0/9',
      '10.128.0.0/9',
      '168.63.129.16/32',
      '2001:db8::/32',
      'Empty',
      'Internet',
    )
    .map((text): RuleSide['addresses'] => {
      if (text === '*') return [{ kind: 'any' }];
      return /^[A-Z]/.test(text) ? [{ kind: 'tag', tag: text }] : [{ kind: 'prefix', prefix: prefix(text) }];
    }),
  ports: fc.constantFrom(anyPort, [{ start: 80, end: 81 }], [{ start: 100, end: 65_536 }]),
});

const anyRules = fc.array(
  fc.record({
    access: fc.constantFrom<Access>('allow', 'deny'),
    protocol: fc.constantFrom<RuleProtocol>('*', 'Tcp', 'Udp', 'Icmp'),
    source: anySide,
    destination: anySide,
  }),
  { minLength: 3, maxLength: 5 },
);

/** Two rules that decide nothing: the second is shadowed, the third covered. */
const dead = (
  [
    ['allow', '10.0.0.0/8'],
    ['deny', '10.0.0.0/9'],
    ['allow', '10.0.0.0/9'],
  ] as const
).map(([access, text]): RuleBody => {
  const source: RuleSide = { addresses: [{ kind: 'prefix', prefix: prefix(text) }], ports: anyPort };
  return { access, protocol: 'Tcp', source, destination: { addresses: [{ kind: 'any' }], ports: anyPort } };
});

function networkOf(nsg: Nsg): Network {
  const nothing = { nics: [], subnets: [], virtualNetworks: [], applicationSecurityGroups: [], translations: [] };
  return { ...nothing, nsgs: [nsg], serviceTags, unknownTags: [], warnings: [] };
}

type RuleBody = Pick<Rule, 'access' | 'protocol' | 'source' | 'destination'>;

function nsgOf(bodies: readonly RuleBody[], direction: Direction): Nsg {
  const rules = bodies.map((body, i): Rule => {
    const name = `r${i}`;
    return {
      ...body,
      direction,
      name,
      logName: ruleLogName('user', name),
      kind: 'user',
      description: '',
      priority: 100 + i,
    };
  });
  return createNsg({ id: '/nsgs/n', name: 'n', location: 'local' }, rules);
}

test('findings are those that trying every header gives', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(anyRules, fc.constantFrom('inbound' as const, 'outbound' as const), (bodies, direction) => {
      const nsg = nsgOf(bodies, direction);
      const network = networkOf(nsg);
      const found = lintRules(network, nsg, direction);
      const wanted = tryAll(network, nsg, direction);
      expect(found.map(shown)).toEqual(wanted);
      for (const { rule, finding, witness } of found) {
        seen.set(finding ?? 'none', (seen.get(finding ?? 'none') ?? 0) + 1);
        if (witness === undefined) continue;
        const [nic] = placesOfNsg(network, nsg);
        const { rule: decider, trace } = evaluate(network, nic, direction, witness);
        expect(trace.at(-1)?.mismatch).toBeUndefined();
        if (finding === 'redundant') expect(decider).toBe(rule);
        else expect(found.find((one) => one.rule === rule)?.by).toContain(decider);
      }
    }),
    {
      numRuns: long ? 400 : 8,
      seed: 20_261_133,
      examples: [
        [dead, 'inbound'],
        [dead, 'outbound'],
      ],
    },
  );
  for (const finding of ['none', 'empty', 'shadowed', 'covered', 'redundant'])
    expect(seen.get(finding)).toBeGreaterThan(0);
});

function shown({ rule, finding, by, partlyShadowedBy, effective }: LintedRule): unknown {
  const names = (rules: readonly Rule[]): string[] => rules.map(({ name }) => name);
  return {
    rule: rule.name,
    finding,
    by: names(by),
    partlyShadowedBy: names(partlyShadowedBy),
    effective: { ipv4: { ...effective.ipv4 }, ipv6: { ...effective.ipv6 } },
  };
}

/** The same by the plain evaluator, over one header of each cell that the borders of all rules cut. */
function tryAll(network: Network, nsg: Nsg, direction: Direction): unknown[] {
  const rules = direction === 'inbound' ? nsg.inboundRules : nsg.outboundRules;
  const [nic] = placesOfNsg(network, nsg);
  const matchers = rules.map((rule) => alone(nsg, rule, direction));
  const facts = rules.map(() => ({ matches: false, decides: false, isNeeded: false, by: new Set<Rule>() }));
  const counts = rules.map(() => ({ ipv4: noHeaders(), ipv6: noHeaders() }));
  for (const family of [4, 6] as const) {
    const { rules: placed } = new PlacedRules(network, nic, family, new Map()).level('nic', nsg, direction);
    const platform = platformBorders(family);
    const cellsOf = (axis: 'dport' | 'dst' | 'src' | 'sport', end: bigint): AddressRange[] => {
      const borders = placed.flatMap(({ box }) => box[axis].flatMap(({ start, end: last }) => [start, last]));
      const all = [...borders, ...platform[axis].flatMap((value) => [value, value + 1n]), 0n, end];
      const sorted = [...new Set(all)].sort((a, b) => (a < b ? -1 : 1));
      return sorted.slice(0, -1).map((start, i) => ({ start, end: sorted[i + 1] }));
    };
    const cells = {
      dport: cellsOf('dport', 65_536n),
      dst: cellsOf('dst', familyEnd(family)),
      src: cellsOf('src', familyEnd(family)),
      sport: cellsOf('sport', 65_536n),
    };
    for (const protocol of headerProtocols) {
      const ports = protocolHasPorts(protocol) ? cells : { ...cells, dport: onlyZero, sport: onlyZero };
      for (const dport of ports.dport)
        for (const dst of ports.dst)
          for (const src of ports.src)
            for (const sport of ports.sport) {
              const size = [dport, dst, src, sport].reduce((product, { start, end }) => product * (end - start), 1n);
              const header = {
                protocol: protocolNumber(protocol, family),
                source: addressOfNumber(family, src.start),
                sourcePort: Number(sport.start),
                destination: addressOfNumber(family, dst.start),
                destinationPort: Number(dport.start),
              };
              const tried = rules.filter((_, i) => matchers[i](header));
              const [decider, next] = tried;
              for (const rule of tried) facts[rules.indexOf(rule)].matches = true;
              if (decider === undefined) continue;
              const fact = facts[rules.indexOf(decider)];
              fact.decides = true;
              if ((next?.access ?? 'allow') !== decider.access) fact.isNeeded = true;
              for (const rule of tried.slice(1)) facts[rules.indexOf(rule)].by.add(decider);
              counts[rules.indexOf(decider)][family === 4 ? 'ipv4' : 'ipv6'][protocol] += size;
            }
    }
  }
  return rules.flatMap((rule, i) => {
    if (rule.kind !== 'user') return [];
    const { matches: isMet, decides, isNeeded } = facts[i];
    const by = rules.filter((other) => facts[i].by.has(other));
    const others = by.filter(({ access }) => access !== rule.access);
    const finding = !isMet
      ? 'empty'
      : !decides
        ? others.length > 0
          ? 'shadowed'
          : 'covered'
        : isNeeded
          ? undefined
          : 'redundant';
    const names = (of: readonly Rule[]): string[] => of.map(({ name }) => name);
    return [
      {
        rule: rule.name,
        finding,
        by: names(by),
        partlyShadowedBy: finding === undefined ? names(others) : [],
        effective: counts[i],
      },
    ];
  });
}

function platformBorders(family: Family): Record<'dport' | 'dst' | 'src' | 'sport', bigint[]> {
  const targets = family === 4 ? platformTargets() : [];
  const dst = targets.flatMap(({ prefixes }) => prefixes.map(addressNumber));
  return { dst, dport: targets.flatMap(({ port }) => (port === undefined ? [] : [BigInt(port)])), src: [], sport: [] };
}

const onlyZero = [{ start: 0n, end: 1n }];

function noHeaders(): Record<(typeof headerProtocols)[number], bigint> {
  return { tcp: 0n, udp: 0n, icmp: 0n, esp: 0n, ah: 0n, other: 0n };
}

/** Whether a rule alone decides a header: the plain evaluator over an NSG of this rule, without the default rules. */
function alone(nsg: Nsg, rule: Rule, direction: Direction): (header: FiveTuple) => boolean {
  const one: Nsg = { ...nsg, inboundRules: [], outboundRules: [], [`${direction}Rules`]: [rule] };
  const network = networkOf(one);
  const [nic] = placesOfNsg(network, one);
  return (header) => evaluate(network, nic, direction, header).rule === rule;
}

test('the least header of a finding is one that a client could send', () => {
  const source: RuleSide = { addresses: [{ kind: 'prefix', prefix: prefix('203.0.113.0/24') }], ports: anyPort };
  const destination: RuleSide = { addresses: [{ kind: 'any' }], ports: [{ start: 443, end: 444 }] };
  const body = { access: 'allow', protocol: 'Tcp', source, destination } as const;
  const nsg = nsgOf([body, body], 'inbound');
  const [, second] = lintRules(networkOf(nsg), nsg, 'inbound');
  expect(second).toMatchObject({ finding: 'covered', by: [{ name: 'r0' }] });
  const { witness } = second;
  expect([formatAddress(witness!.source), witness?.sourcePort, witness?.destinationPort]).toEqual([
    '203.0.113.0',
    50_000,
    443,
  ]);
});
