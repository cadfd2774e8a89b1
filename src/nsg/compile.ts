/**
 * Compiled rules. Each NSG and direction becomes a stage of five axes (rule-axis.ts) and a row of bits per protocol. A
 * decision looks up one row on each axis; the lowest bit that all rows share is the first rule that matches. The cost
 * hardly depends on the number of rules. For numbers and rejected designs see docs/how-it-works/decisions/0004-compiled-rules.md.
 */
import { resourceKey } from '../arm-template/resource-id.ts';
import type { Family } from '../net/address.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import type { AddressRange } from './address-ranges.ts';
import type { Decision } from './evaluate.ts';
import { adminRulesAt, nsgLevels } from './evaluate.ts';
import type { Network, Nic, Nsg } from './network.ts';
import type { NicTable } from './nic-table.ts';
import { buildNicTable, findNic } from './nic-table.ts';
import type { Stage } from './pack-rules.ts';
import { packRules, verdictDenies, verdictEnds } from './pack-rules.ts';
import type { RuleRanges } from './rule-axis.ts';
import { buildIpv4Axis, buildIpv6Axis, buildPortAxis, findIpv4Row, findIpv6Row, findPortRow } from './rule-axis.ts';
import type { Direction, Rule } from './rule.ts';
import { isAdminRule, protocolMatches, protocolNumbers } from './rule.ts';
import type { RulePlace } from './rule-ranges.ts';
import { addressRangesOf, portRangesOf } from './rule-ranges.ts';
import { isPlatformRequest, namesPlatform } from './service-tag.ts';
import { tagPlace } from './virtual-network-tag.ts';

export interface CompiledNetwork {
  /** All possible results of `decide`. 0 is "allowed without a rule". */
  readonly decisions: readonly Decision[];
  /**
   * Index into `network.nics` of the NIC with this address; -1 if there is none. Words as in net/address.ts, unsigned.
   */
  nicOf(family: number, a: number, b: number, c: number, d: number): number;
  /** The table behind `nicOf`. */
  readonly nicTable: NicTable;
  /**
   * Index into `decisions` for a flow at NIC `nic`, as its initiator sent it; the same result as `evaluate`.
   * `direction` is 0 inbound, 1 outbound, as in flowlog/tuple.ts. Words are unsigned; for IPv4 only the last one
   * counts.
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
  /** The rules for the kernel, see pack-rules.ts; `undefined` if they take more than `wordsMax` words. */
  pack(wordsMax: number): Uint32Array | undefined;
}

/**
 * Protocols that no rule distinguishes are one class: a sample of each class, with all others first, and the class of
 * each of the 256.
 */
const protocolSamples = [255, ...Object.values(protocolNumbers).flat()];
const protocolClass = Uint8Array.from({ length: 256 }, (_, protocol) => Math.max(0, protocolSamples.indexOf(protocol)));

const directions: readonly Direction[] = ['inbound', 'outbound'];
const none = -1;

/** Stages of a NIC, in order: inbound, outbound, requests to the platform. */
const chainLevels = 3;
const chainLength = 3 * chainLevels;
const platformChain = 2 * chainLevels;

/**
 * Compiles a network.
 * @param previous the network before its rules changed. Decisions that are the same (NSG, direction, log name of the
 * rule, access) keep their index; new decisions follow.
 * @param inUse by decision of `previous`: 1 if flows still use it. Other decisions that the network no longer has give
 * their index to new ones, so that the list does not grow over weeks. If absent, all are in use.
 */
export function compileNetwork(network: Network, previous?: CompiledNetwork, inUse?: Uint8Array): CompiledNetwork {
  const pending: { decisionOf: Int32Array; made: readonly Decision[] }[] = [];
  const stages: Stage[] = [];
  const tagRanges = new Map<string, AddressRange[]>();
  const stageOf = new Map<ReturnType<typeof tagPlace>, Map<readonly Rule[], number>>();
  const rulesOf = new RuleLists();
  const chains = new Int32Array(chainLength * network.nics.length).fill(none);
  network.nics.forEach((nic, index) => {
    const start = chainLength * index;
    directions.forEach((direction, way) => {
      nsgLevels(nic, direction).forEach(({ nsg }, level) => {
        chains[start + chainLevels * way + 1 + level] = addStage(nic, nsg, rulesOf.nsg(nsg, direction));
      });
    });
    directions.forEach((direction, way) => {
      chains[start + chainLevels * way] = addStage(nic, undefined, rulesOf.admin(nic, direction));
    });
    const platform = [undefined, ...nsgLevels(nic, 'outbound').map(({ nsg }) => nsg)];
    platform.forEach((nsg, level) => {
      const rules = nsg === undefined ? rulesOf.admin(nic, 'outbound') : rulesOf.nsg(nsg, 'outbound');
      chains[start + platformChain + level] = addStage(nic, nsg, rulesOf.platform(rules));
    });
  });

  /** NICs of one place share the stages of a list of rules: tags and groups have the same meaning there. */
  function addStage(nic: Nic, nsg: Nsg | undefined, rules: readonly Rule[]): number {
    if (rules.length === 0) return none;
    const place = tagPlace(nic);
    const known = stageOf.get(place) ?? new Map<readonly Rule[], number>();
    stageOf.set(place, known);
    const found = known.get(rules);
    if (found !== undefined) return found;
    const decisionOf = new Int32Array(rules.length);
    pending.push({ decisionOf, made: rules.map((rule) => ({ access: rule.access, nsg, rule })) });
    stages.push(compileStage({ network, nic, tagRanges }, rules, decisionOf));
    known.set(rules, stages.length - 1);
    return stages.length - 1;
  }

  const decisions = assignDecisions(pending, previous?.decisions ?? [noRule], inUse);
  const nicTable = buildNicTable(network);
  const verdicts = Uint8Array.from(decisions, ({ access, rule }) => {
    if (access === 'deny') return verdictDenies | verdictEnds;
    return rule !== undefined && isAdminRule(rule) && rule.action === 'always-allow' ? verdictEnds : 0;
  });
  return {
    decisions,
    nicOf: (family, a, b, c, d) => findNic(nicTable, family, a, b, c, d),
    nicTable,
    decide(nic, direction, family, protocol, s0, s1, s2, s3, sourcePort, d0, d1, d2, d3, destinationPort) {
      const isPlatform = direction === 1 && isPlatformRequest(family, protocol, d3, destinationPort);
      const chain = chainLength * nic + (isPlatform ? platformChain : chainLevels * direction);
      let decision = 0;
      for (let level = chain; level < chain + chainLevels; level++) {
        if (chains[level] === none) continue;
        const stage = stages[chains[level]];
        const found = decideStage(stage, family, protocol, s0, s1, s2, s3, sourcePort, d0, d1, d2, d3, destinationPort);
        if (found === none) continue;
        decision = found;
        if ((verdicts[found] & verdictEnds) !== 0) break;
      }
      return decision;
    },
    pack: (wordsMax) =>
      packRules(chains, stages, verdicts, [protocolClass[protocolTcp], protocolClass[protocolUdp]], wordsMax),
  };
}

const noRule: Decision = { access: 'allow', nsg: undefined, rule: undefined };

/**
 * Fills `decisionOf` of each new stage.
 * @returns all decisions by index, beginning with those of `previous`
 */
function assignDecisions(
  pending: readonly { decisionOf: Int32Array; made: readonly Decision[] }[],
  previous: readonly Decision[],
  inUse: Uint8Array | undefined,
): Decision[] {
  const decisions = [...previous];
  const indexOf = new Map(previous.map((decision, index) => [decisionKey(decision), index]));
  const wanted = new Set(pending.flatMap(({ made }) => made.map(decisionKey)));
  const free = previous.flatMap((decision, index) =>
    index > 0 && inUse?.[index] === 0 && !wanted.has(decisionKey(decision)) ? index : [],
  );
  for (const index of free) indexOf.delete(decisionKey(previous[index]));
  free.reverse();
  for (const { decisionOf, made } of pending) {
    made.forEach((decision, at) => {
      const key = decisionKey(decision);
      const index = indexOf.get(key) ?? free.pop() ?? decisions.length;
      indexOf.set(key, index);
      decisions[index] = decision;
      decisionOf[at] = index;
    });
  }
  return decisions;
}

/** Decisions with the same key are the same in logs and for open flows. */
function decisionKey({ access, nsg, rule }: Decision): string {
  const acl = nsg === undefined ? (rule !== undefined && isAdminRule(rule) ? rule.aclId : '') : resourceKey(nsg.id);
  return [acl, rule?.direction, rule?.logName, access, rule?.kind].join('\n');
}

/** Lists of rules, one object each, so that stages can be found by them. */
class RuleLists {
  readonly #admin = new Map<unknown, readonly Rule[]>();
  readonly #platform = new Map<readonly Rule[], readonly Rule[]>();

  nsg(nsg: Nsg, direction: Direction): readonly Rule[] {
    return direction === 'inbound' ? nsg.inboundRules : nsg.outboundRules;
  }

  admin(nic: Nic, direction: Direction): readonly Rule[] {
    const virtualNetwork = nic.subnet?.virtualNetwork;
    if (virtualNetwork === undefined || virtualNetwork.adminRules.length === 0) return [];
    const key = direction === 'inbound' ? virtualNetwork : virtualNetwork.adminRules;
    const rules = this.#admin.get(key) ?? adminRulesAt(nic, direction);
    this.#admin.set(key, rules);
    return rules;
  }

  platform(rules: readonly Rule[]): readonly Rule[] {
    const named = this.#platform.get(rules) ?? rules.filter(namesPlatform);
    this.#platform.set(rules, named);
    return named;
  }
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
    if (bits !== 0) return stage.decisionOf[32 * word + 31 - Math.clz32(bits & -bits)];
  }
  return none;
}

function compileStage(place: RulePlace, rules: readonly Rule[], decisionOf: Int32Array): Stage {
  const words = Math.ceil(rules.length / 32);
  const protocols = new Uint32Array(protocolSamples.length * words);
  rules.forEach((rule, index) => {
    protocolSamples.forEach((protocol, row) => {
      if (protocolMatches(rule.protocol, protocol)) protocols[row * words + (index >>> 5)] |= 1 << (index & 31);
    });
  });
  const addresses = (side: 'source' | 'destination', family: Family): RuleRanges =>
    rules.map((rule) => addressRangesOf(place, rule[side], family));
  const ports = (side: 'source' | 'destination'): RuleRanges => rules.map((rule) => portRangesOf(rule[side]));
  return {
    words,
    protocols,
    source4: buildIpv4Axis(addresses('source', 4), words),
    source6: buildIpv6Axis(addresses('source', 6), words),
    destination4: buildIpv4Axis(addresses('destination', 4), words),
    destination6: buildIpv6Axis(addresses('destination', 6), words),
    sourcePort: buildPortAxis(ports('source'), words),
    destinationPort: buildPortAxis(ports('destination'), words),
    decisionOf,
  };
}
