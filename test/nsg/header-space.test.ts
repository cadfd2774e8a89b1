import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FiveTuple } from '../../src/net/five-tuple.ts';
import { addressNumber } from '../../src/nsg/address-ranges.ts';
import type { Decision } from '../../src/nsg/evaluate.ts';
import { evaluate } from '../../src/nsg/evaluate.ts';
import { compareRules } from '../../src/nsg/header-space/compare.ts';
import type { Node } from '../../src/nsg/header-space/decision-diagram.ts';
import { isLeaf, leafValue } from '../../src/nsg/header-space/decision-diagram.ts';
import type { HeaderProtocol } from '../../src/nsg/header-space/header.ts';
import { HeaderSpace, headerProtocols, protocolHasPorts } from '../../src/nsg/header-space/header.ts';
import { largestBoxes } from '../../src/nsg/header-space/largest-boxes.ts';
import { PlacedRules } from '../../src/nsg/header-space/place-rules.ts';
import { Outcomes, decide } from '../../src/nsg/header-space/verdicts.ts';
import type { Network, Nic } from '../../src/nsg/network.ts';
import { createNsg } from '../../src/nsg/network.ts';
import type { Direction, Rule } from '../../src/nsg/rule.ts';
import { anyFiveTuple, anyNetwork } from './generate-network.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const networks = long ? 400 : 15;
const flows = fc.array(fc.tuple(fc.nat(4), fc.boolean(), anyFiveTuple()), { minLength: 60, maxLength: 60 });

test('the outcome of each header is that of the plain evaluator', () => {
  fc.assert(
    fc.property(anyNetwork, flows, (network, tried) => {
      const looked = new Looked();
      for (const [nic, isInbound, any] of tried) {
        const flow = asRulesSeeIt(any);
        const direction = isInbound ? 'inbound' : 'outbound';
        const { outcomes, space, node } = looked.at(network, network.nics[nic], direction, flow);
        const found = outcomes.of(valueAt(space, node, flow));
        expect(wordsOf(found)).toEqual(wordsOf(evaluate(network, network.nics[nic], direction, flow)));
      }
    }),
    { numRuns: networks, seed: 20_261_130 },
  );
});

test('a change is found for exactly the headers that the plain evaluator decides differently', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(anyNetwork, anyNetwork, fc.nat(), flows, (network, other, seed, tried) => {
      const changed = edited(network, other, seed);
      const spaces = { 4: new HeaderSpace(4), 6: new HeaderSpace(6) };
      const tags = new Map<string, never[]>();
      for (const [nic, isInbound, any] of tried) {
        const flow = asRulesSeeIt(any);
        const direction = isInbound ? 'inbound' : 'outbound';
        const { family } = flow.source;
        const places = [network, changed].map((of) => new PlacedRules(of, of.nics[nic], family, tags).chain(direction));
        const { node, changeOf } = compareRules(spaces[family], protocolOf(flow), places[0], places[1]);
        const value = valueAt(spaces[family], node, flow);
        const [before, after] = [network, changed].map((of) => wordsOf(evaluate(of, of.nics[nic], direction, flow)));
        const found = value === 0 ? 'same' : changeOf(value).kind;
        seen.set(found, (seen.get(found) ?? 0) + 1);
        if (before.join() === after.join()) expect(found).toBe('same');
        else {
          expect(found).toBe(
            before[0] === after[0] ? 'rule_changed' : after[0] === 'allow' ? 'newly_allowed' : 'newly_denied',
          );
          expect([wordsOf(changeOf(value).before), wordsOf(changeOf(value).after)]).toEqual([before, after]);
        }
      }
    }),
    { numRuns: networks, seed: 20_261_131 },
  );
  for (const kind of ['same', 'newly_allowed', 'newly_denied', 'rule_changed'])
    expect(seen.get(kind)).toBeGreaterThan(2);
});

test('boxes are disjoint, the largest come first, and together they have all headers', () => {
  fc.assert(
    fc.property(anyNetwork, anyNetwork, fc.nat(), fc.nat(4), (network, other, seed, nic) => {
      const changed = edited(network, other, seed);
      for (const family of [4, 6] as const) {
        const space = new HeaderSpace(family);
        for (const protocol of headerProtocols) {
          const places = [network, changed].map((of) =>
            new PlacedRules(of, of.nics[nic], family, new Map()).chain('inbound'),
          );
          const { node } = compareRules(space, protocol, places[0], places[1]);
          const boxes = largestBoxes(space, protocol, node, 10_000);
          if (boxes.length === 10_000) continue;
          const sizes = boxes.map(({ headers }) => headers);
          expect(sizes).toEqual(sizes.toSorted((a, b) => (a > b ? -1 : a < b ? 1 : 0)));
          expect(sizes.reduce((sum, size) => sum + size, 0n)).toBe(space.count(protocol, node));
          for (const { box, value } of boxes.slice(0, 20)) {
            const at = (part: keyof typeof box): bigint => box[part][0].start;
            const words = [at('dport'), at('dst'), at('src'), at('sport')] as const;
            expect(walk(space, node, words)).toBe(value);
          }
        }
      }
    }),
    { numRuns: long ? 60 : 5, seed: 20_261_132 },
  );
});

/** The same network with some rules of another one, and some of its own gone. */
function edited(network: Network, other: Network, seed: number): Network {
  const nics = network.nics.map((nic, i): Nic => {
    if (nic.nsg === undefined || (seed >> i) % 2 === 0) return nic;
    const own = [...nic.nsg.inboundRules, ...nic.nsg.outboundRules].filter(({ kind }) => kind === 'user');
    const more = [...(other.nics[i].nsg?.inboundRules ?? []), ...(other.nics[i].nsg?.outboundRules ?? [])];
    const kept = own.filter((_, at) => (seed + at * 7) % 5 !== 0);
    const taken = more.filter(({ kind }) => kind === 'user').slice(0, 3);
    const flipped = kept.map((rule, at): Rule => ((seed + at) % 11 === 0 ? { ...rule, access: 'allow' } : rule));
    return { ...nic, nsg: createNsg({ ...nic.nsg }, [...flipped, ...taken]) };
  });
  return { ...network, nics };
}

/** Functions of the places looked at, each made once. */
class Looked {
  readonly #spaces = { 4: new HeaderSpace(4), 6: new HeaderSpace(6) };
  readonly #found = new Map<string, { outcomes: Outcomes; space: HeaderSpace; node: Node }>();

  at(
    network: Network,
    nic: Nic,
    direction: Direction,
    flow: FiveTuple,
  ): { outcomes: Outcomes; space: HeaderSpace; node: Node } {
    const protocol = protocolOf(flow);
    const { family } = flow.source;
    const key = `${nic.id} ${direction} ${family} ${protocol}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const space = this.#spaces[family];
    const outcomes = new Outcomes();
    const place = new PlacedRules(network, nic, family, new Map()).chain(direction);
    const found = { outcomes, space, node: decide(space, protocol, place, outcomes) };
    this.#found.set(key, found);
    return found;
  }
}

function protocolOf({ protocol }: FiveTuple): HeaderProtocol {
  return ({ 6: 'tcp', 17: 'udp', 1: 'icmp', 58: 'icmp', 50: 'esp', 51: 'ah' } as const)[protocol] ?? 'other';
}

/** Packets of other protocols have no ports. */
function asRulesSeeIt(flow: FiveTuple): FiveTuple {
  return protocolHasPorts(protocolOf(flow)) ? flow : { ...flow, sourcePort: 0, destinationPort: 0 };
}

function wordsOf({ access, nsg, rule }: Decision): string[] {
  return [access, nsg?.name ?? '', rule?.logName ?? ''];
}

function valueAt(space: HeaderSpace, node: Node, flow: FiveTuple): number {
  const words = [
    BigInt(flow.destinationPort),
    addressNumber(flow.destination),
    addressNumber(flow.source),
    BigInt(flow.sourcePort),
  ] as const;
  return walk(space, node, words);
}

function walk(space: HeaderSpace, node: Node, values: readonly [bigint, bigint, bigint, bigint]): number {
  const axes = space.axesOf('tcp');
  const bits = axes.flatMap((axis, i) =>
    Array.from({ length: axis.bits }, (_, bit) => (values[i] >> BigInt(axis.bits - 1 - bit)) & 1n),
  );
  let at = node;
  while (!isLeaf(at)) at = bits[space.diagram.bitOf(at)] === 1n ? space.diagram.highOf(at) : space.diagram.lowOf(at);
  return leafValue(at);
}
