/**
 * The reference implementation of rule evaluation, with a trace. `compile.ts` gives the same results faster; a property
 * test compares them.
 *
 *   inbound    subnet's NSG, then the NIC's      a deny ends evaluation, and its NSG logs the flow
 *   outbound   NIC's NSG, then the subnet's      an allow continues, and only the last NSG that allows logs the flow
 *
 * A level without an NSG is skipped. Without any NSG the flow is allowed and no rule is logged. The admin rules of the
 * VNet come before the NSGs: the first match passes the flow to the NSGs, allows it without them, or denies it. Requests
 * to the platform's own addresses are exempt from all rules that do not name one of the platform's tags.
 * Source: facts 1.3 and 4.3.
 */
import type { Address } from '../net/address.ts';
import { sameAddress } from '../net/address.ts';
import type { FiveTuple } from '../net/five-tuple.ts';
import { prefixContains } from '../net/prefix.ts';
import { groupAddresses } from './application-security-group.ts';
import type { Network, Nic, Nsg } from './network.ts';
import type { Access, AddressMatch, AdminRule, Direction, Rule, RuleSide } from './rule.ts';
import { protocolMatches } from './rule.ts';
import {
  globalUnicastPrefix,
  hostPrefix,
  internetTag,
  knownTag,
  loadBalancerTag,
  isPlatformRequest,
  namesPlatform,
  unreachablePrefixes,
  virtualNetworkTag,
} from './service-tag.ts';
import { virtualNetworkPrefixes } from './virtual-network-tag.ts';

/**
 * What happens to a flow, and the rule that logs it. `nsg` is undefined for an admin rule; both are undefined if no
 * rule decides.
 */
export interface Decision {
  readonly access: Access;
  readonly nsg: Nsg | undefined;
  readonly rule: Rule | undefined;
}

/** The first condition of a rule that a flow does not meet; conditions are tried in this order. */
export type Mismatch = 'protocol' | 'source' | 'source port' | 'destination' | 'destination port';

/** One evaluated rule. */
export interface EvaluationStep {
  readonly level: 'admin' | 'subnet' | 'nic';
  /** `undefined` for an admin rule. */
  readonly nsg: Nsg | undefined;
  readonly rule: Rule;
  /** `undefined`: the rule matches. */
  readonly mismatch: Mismatch | undefined;
  /** Unknown service tags on the side that does not match: with a ServiceTags file the result can differ. */
  readonly unresolvedTags: readonly string[];
}

export interface Evaluation extends Decision {
  /** A request to an address of the platform: only rules that name the platform's tags were tried. */
  readonly isPlatform: boolean;
  /** All evaluated rules, in order. */
  readonly trace: readonly EvaluationStep[];
}

/** Evaluates a flow, as its initiator sent it, at `nic` of `network`. */
export function evaluate(network: Network, nic: Nic, direction: Direction, fiveTuple: FiveTuple): Evaluation {
  const trace: EvaluationStep[] = [];
  const { destination, protocol, destinationPort } = fiveTuple;
  const isPlatform =
    direction === 'outbound' && isPlatformRequest(destination.family, protocol, destination.words[3], destinationPort);
  const firstMatch = <R extends Rule>(
    rules: readonly R[],
    level: EvaluationStep['level'],
    nsg: Nsg | undefined,
  ): R | undefined => {
    for (const rule of isPlatform ? rules.filter(namesPlatform) : rules) {
      const mismatch = firstMismatch(network, nic, rule, fiveTuple);
      trace.push({ level, nsg, rule, mismatch, unresolvedTags: unresolvedTags(network, rule, mismatch) });
      if (mismatch === undefined) return rule;
    }
    return undefined;
  };
  const decision = decide(nic, direction, firstMatch);
  return { ...decision, isPlatform, trace };
}

/** Returns the first rule of a list that the flow matches. */
type FirstMatch = <R extends Rule>(
  rules: readonly R[],
  level: EvaluationStep['level'],
  nsg: Nsg | undefined,
) => R | undefined;

function decide(nic: Nic, direction: Direction, firstMatch: FirstMatch): Decision {
  const admin = firstMatch(adminRulesAt(nic, direction), 'admin', undefined);
  let decision: Decision = { access: admin?.access ?? 'allow', nsg: undefined, rule: admin };
  if (admin !== undefined && admin.action !== 'allow') return decision;
  for (const { level, nsg } of nsgLevels(nic, direction)) {
    const rule = firstMatch(direction === 'inbound' ? nsg.inboundRules : nsg.outboundRules, level, nsg);
    if (rule === undefined) continue;
    decision = { access: rule.access, nsg, rule };
    if (rule.access === 'deny') break;
  }
  return decision;
}

/** The admin rules of a NIC's VNet in one direction, in order of evaluation. */
export function adminRulesAt(nic: Nic, direction: Direction): AdminRule[] {
  return nic.subnet?.virtualNetwork.adminRules.filter((rule) => rule.direction === direction) ?? [];
}

/** The NSGs that apply to a flow at a NIC, in order: none, one or two. */
export function nsgLevels(nic: Nic, direction: Direction): { level: 'subnet' | 'nic'; nsg: Nsg }[] {
  const levels: { level: 'subnet' | 'nic'; nsg: Nsg }[] = [];
  if (nic.subnet?.nsg !== undefined) levels.push({ level: 'subnet', nsg: nic.subnet.nsg });
  if (nic.nsg !== undefined) levels.push({ level: 'nic', nsg: nic.nsg });
  return direction === 'inbound' ? levels : levels.reverse();
}

function firstMismatch(network: Network, nic: Nic, rule: Rule, fiveTuple: FiveTuple): Mismatch | undefined {
  if (!protocolMatches(rule.protocol, fiveTuple.protocol)) return 'protocol';
  if (!holdsAddress(network, nic, rule.source, fiveTuple.source)) return 'source';
  if (!holdsPort(rule.source, fiveTuple.sourcePort)) return 'source port';
  if (!holdsAddress(network, nic, rule.destination, fiveTuple.destination)) return 'destination';
  if (!holdsPort(rule.destination, fiveTuple.destinationPort)) return 'destination port';
  return undefined;
}

function unresolvedTags(network: Network, rule: Rule, mismatch: Mismatch | undefined): string[] {
  if (mismatch !== 'source' && mismatch !== 'destination') return [];
  return rule[mismatch].addresses.flatMap((match) =>
    match.kind === 'tag' && knownTag(match.tag, network.serviceTags) === undefined ? match.tag : [],
  );
}

function holdsPort(side: RuleSide, port: number): boolean {
  return side.ports.some((range) => range.start <= port && port < range.end);
}

function holdsAddress(network: Network, nic: Nic, side: RuleSide, address: Address): boolean {
  return side.addresses.some((match) => matchHolds(network, nic, match, address));
}

function matchHolds(network: Network, nic: Nic, match: AddressMatch, address: Address): boolean {
  switch (match.kind) {
    case 'any':
      return true;
    case 'prefix':
      return prefixContains(match.prefix, address);
    case 'application-security-group':
      return groupAddresses(network, nic, match.id).some((member) => sameAddress(member, address));
    default:
      return tagHolds(network, nic, match.tag, address);
  }
}

function tagHolds(network: Network, nic: Nic, tag: string, address: Address): boolean {
  if (tag === virtualNetworkTag) return virtualNetworkPrefixes(nic).some((prefix) => prefixContains(prefix, address));
  if (tag === loadBalancerTag) return prefixContains(hostPrefix, address);
  if (tag === internetTag) return isInternet(nic, address);
  const listed = network.serviceTags.get(tag.toLowerCase());
  return listed !== undefined && listed.prefixes.some((prefix) => prefixContains(prefix, address));
}

/** Whether an address is in the tag Internet at a NIC. */
export function isInternet(nic: Nic, address: Address): boolean {
  return isReachable(address) && !virtualNetworkPrefixes(nic).some((prefix) => prefixContains(prefix, address));
}

function isReachable(address: Address): boolean {
  return address.family === 4
    ? !unreachablePrefixes.some((prefix) => prefixContains(prefix, address))
    : prefixContains(globalUnicastPrefix, address);
}
