/**
 * Rules made fast. Each NSG in a direction becomes a stage of five axes (rule-axis.ts) beside a row of bits per protocol; a decision looks
 * one row up on each, and the lowest bit that all rows share is the first rule that matches. The cost hardly depends on the number of rules.
 * Numbers and what was rejected: docs/decisions/0004-compiled-rules.md.
 */
import type { Address, Family } from '../net/address.ts';
import type { AddressRange } from './address-ranges.ts';
import { addressNumber, allAddresses, mergeRanges, rangesOfPrefixes, subtractRanges } from './address-ranges.ts';
import { groupAddresses } from './application-security-group.ts';
import type { Decision } from './evaluate.ts';
import { nsgLevels } from './evaluate.ts';
import type { Network, Nic, Nsg, VirtualNetwork } from './network.ts';
import { buildNicTable, findNic } from './nic-table.ts';
import type { Ipv4Axis, Ipv6Axis, PortAxis, RuleRanges } from './rule-axis.ts';
import { buildIpv4Axis, buildIpv6Axis, buildPortAxis, findIpv4Row, findIpv6Row, findPortRow } from './rule-axis.ts';
import type { AddressMatch, Direction, Rule, RuleSide } from './rule.ts';
import { protocolMatches, protocolNumbers } from './rule.ts';
import {
  globalUnicastPrefix,
  hostPrefix,
  internetTag,
  loadBalancerTag,
  unreachablePrefixes,
  virtualNetworkPrefixes,
  virtualNetworkTag,
} from './service-tag.ts';

export interface CompiledNetwork {
  /** What `decide` can answer. 0 is allowed without any NSG. */
  readonly decisions: readonly Decision[];
  /** Index into `network.nics` of the NIC that has the address, -1 when none has. Words as in net/address.ts, unsigned. */
  nicOf(family: number, a: number, b: number, c: number, d: number): number;
  /**
   * Index into `decisions` for a flow as its initiator sent it, at NIC `nic`; the same as `evaluate`. `direction` is 0 inbound, 1
   * outbound, as in flowlog/tuple.ts; words are unsigned, and of an IPv4 address only the last counts.
   */
  decide(
    nic: number,
    direction: number,
    family: number,
    protocol: number,
    s0: number,
    s1: number,
    s2: number,
    s3: number,
    sourcePort: number,
    d0: number,
    d1: number,
    d2: number,
    d3: number,
    destinationPort: number,
  ): number;
}

interface Stage {
  /** Words of 32 rules in a row. */
  readonly words: number;
  /** Rows of the protocol classes, one after another. */
  readonly protocols: Uint32Array;
  readonly source4: Ipv4Axis;
  readonly source6: Ipv6Axis;
  readonly destination4: Ipv4Axis;
  readonly destination6: Ipv6Axis;
  readonly sourcePort: PortAxis;
  readonly destinationPort: PortAxis;
  /** Index into `decisions` of the first rule; the others follow. */
  readonly firstDecision: number;
}

/** Where rules are judged, and what the tags of the file came to so far, by family and name. */
interface Place {
  readonly network: Network;
  readonly nic: Nic;
  readonly tagRanges: Map<string, AddressRange[]>;
}

/** Protocols that no rule tells apart are one class: one of each class, the rest first, and the class of each of the 256. */
const protocolSamples = [255, ...Object.values(protocolNumbers).flat()];
const protocolClass = Uint8Array.from({ length: 256 }, (_, protocol) => Math.max(0, protocolSamples.indexOf(protocol)));

const directions: readonly Direction[] = ['inbound', 'outbound'];
const none = -1;

export function compileNetwork(network: Network): CompiledNetwork {
  const decisions: Decision[] = [{ access: 'allow', nsg: undefined, rule: undefined }];
  const firstDecision = new Map<readonly Rule[], number>();
  const stages: Stage[] = [];
  const tagRanges = new Map<string, AddressRange[]>();
  const stageOf = new Map<VirtualNetwork | undefined, Map<readonly Rule[], number>>();
  /** Two stages, or `none`, for each direction of each NIC. */
  const chains = new Int32Array(4 * network.nics.length).fill(none);
  network.nics.forEach((nic, index) => {
    directions.forEach((direction, way) => {
      nsgLevels(nic, direction).forEach(({ nsg }, level) => {
        chains[4 * index + 2 * way + level] = addStage(nic, nsg, direction);
      });
    });
  });

  /** NICs of one VNet share the stages of an NSG: its tags and groups mean the same there. */
  function addStage(nic: Nic, nsg: Nsg, direction: Direction): number {
    const rules = direction === 'inbound' ? nsg.inboundRules : nsg.outboundRules;
    const place = nic.subnet?.virtualNetwork;
    const known = stageOf.get(place) ?? new Map<readonly Rule[], number>();
    stageOf.set(place, known);
    const found = known.get(rules);
    if (found !== undefined) return found;
    const first = firstDecision.get(rules) ?? decisions.length;
    if (first === decisions.length) for (const rule of rules) decisions.push({ access: rule.access, nsg, rule });
    firstDecision.set(rules, first);
    stages.push(compileStage({ network, nic, tagRanges }, rules, first));
    known.set(rules, stages.length - 1);
    return stages.length - 1;
  }

  const nicTable = buildNicTable(network);
  const isAllowed = Uint8Array.from(decisions, (decision) => (decision.access === 'allow' ? 1 : 0));
  return {
    decisions,
    nicOf: (family, a, b, c, d) => findNic(nicTable, family, a, b, c, d),
    decide(nic, direction, family, protocol, s0, s1, s2, s3, sourcePort, d0, d1, d2, d3, destinationPort) {
      const chain = 4 * nic + 2 * direction;
      const first = chains[chain];
      if (first === none) return 0;
      const decision = decideStage(
        stages[first],
        family,
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
      const second = chains[chain + 1];
      if (second === none || isAllowed[decision] === 0) return decision;
      return decideStage(stages[second], family, protocol, s0, s1, s2, s3, sourcePort, d0, d1, d2, d3, destinationPort);
    },
  };
}

function decideStage(
  stage: Stage,
  family: number,
  protocol: number,
  s0: number,
  s1: number,
  s2: number,
  s3: number,
  sourcePort: number,
  d0: number,
  d1: number,
  d2: number,
  d3: number,
  destinationPort: number,
): number {
  const sourceBits = family === 4 ? stage.source4.bits : stage.source6.bits;
  const destinationBits = family === 4 ? stage.destination4.bits : stage.destination6.bits;
  const sourceRow = family === 4 ? findIpv4Row(stage.source4, s3) : findIpv6Row(stage.source6, s0, s1, s2, s3);
  const destinationRow =
    family === 4 ? findIpv4Row(stage.destination4, d3) : findIpv6Row(stage.destination6, d0, d1, d2, d3);
  const sourcePortRow = findPortRow(stage.sourcePort, sourcePort);
  const destinationPortRow = findPortRow(stage.destinationPort, destinationPort);
  const protocolRow = protocolClass[protocol] * stage.words;
  const sourcePortBits = stage.sourcePort.bits;
  const destinationPortBits = stage.destinationPort.bits;
  for (let word = 0; word < stage.words; word++) {
    const bits =
      stage.protocols[protocolRow + word] &
      sourceBits[sourceRow + word] &
      destinationBits[destinationRow + word] &
      sourcePortBits[sourcePortRow + word] &
      destinationPortBits[destinationPortRow + word];
    if (bits !== 0) return stage.firstDecision + 32 * word + 31 - Math.clz32(bits & -bits);
  }
  return 0;
}

function compileStage(place: Place, rules: readonly Rule[], firstDecision: number): Stage {
  const words = Math.ceil(rules.length / 32);
  const protocols = new Uint32Array(protocolSamples.length * words);
  rules.forEach((rule, index) => {
    protocolSamples.forEach((protocol, row) => {
      if (protocolMatches(rule.protocol, protocol)) protocols[row * words + (index >>> 5)] |= 1 << (index & 31);
    });
  });
  const addresses = (side: 'source' | 'destination', family: Family): RuleRanges =>
    rules.map((rule) => addressRanges(place, rule[side], family));
  const ports = (side: 'source' | 'destination'): RuleRanges =>
    rules.map((rule) => rule[side].ports.map(({ start, end }) => ({ start: BigInt(start), end: BigInt(end) })));
  return {
    words,
    protocols,
    source4: buildIpv4Axis(addresses('source', 4), words),
    source6: buildIpv6Axis(addresses('source', 6), words),
    destination4: buildIpv4Axis(addresses('destination', 4), words),
    destination6: buildIpv6Axis(addresses('destination', 6), words),
    sourcePort: buildPortAxis(ports('source'), words),
    destinationPort: buildPortAxis(ports('destination'), words),
    firstDecision,
  };
}

function addressRanges(place: Place, side: RuleSide, family: Family): AddressRange[] {
  const ranges = side.addresses.map((match) => matchRanges(place, match, family));
  return ranges.length === 1 ? ranges[0] : mergeRanges(ranges.flat());
}

function matchRanges(place: Place, match: AddressMatch, family: Family): AddressRange[] {
  switch (match.kind) {
    case 'any':
      return allAddresses(family);
    case 'prefix':
      return rangesOfPrefixes([match.prefix], family);
    case 'application-security-group':
      return groupAddresses(place.network, place.nic, match.id)
        .filter((address) => address.family === family)
        .map(singleAddress);
    default:
      return rangesOfTag(place, match.tag, family);
  }
}

function singleAddress(address: Address): AddressRange {
  const start = addressNumber(address);
  return { start, end: start + 1n };
}

function rangesOfTag({ network, nic, tagRanges }: Place, tag: string, family: Family): AddressRange[] {
  if (tag === virtualNetworkTag) return rangesOfPrefixes(virtualNetworkPrefixes(nic), family);
  if (tag === loadBalancerTag) return rangesOfPrefixes([hostPrefix], family);
  if (tag === internetTag) {
    const reachable =
      family === 4
        ? subtractRanges(allAddresses(4), rangesOfPrefixes(unreachablePrefixes, 4))
        : rangesOfPrefixes([globalUnicastPrefix], 6);
    return subtractRanges(reachable, rangesOfPrefixes(virtualNetworkPrefixes(nic), family));
  }
  const key = `${family} ${tag.toLowerCase()}`;
  const ranges =
    tagRanges.get(key) ?? rangesOfPrefixes(network.serviceTags.get(tag.toLowerCase())?.prefixes ?? [], family);
  tagRanges.set(key, ranges);
  return ranges;
}
