/**
 * The plain reading of the rules, and the trace of why. `compile.ts` answers the same, fast; a property test holds them equal.
 *
 *   inbound    subnet's NSG, then the NIC's      a deny ends, and its NSG logs
 *   outbound   NIC's NSG, then the subnet's      an allow passes on, and only the last NSG that allows logs
 *
 * No NSG at a level lets the flow pass; none at either allows it, and no rule is named. Source: facts 1.3 and 4.3.
 */
import type { Address } from '../net/address.ts';
import { sameAddress } from '../net/address.ts';
import type { FiveTuple } from '../net/five-tuple.ts';
import { prefixContains } from '../net/prefix.ts';
import { groupAddresses } from './application-security-group.ts';
import type { Network, Nic, Nsg } from './network.ts';
import type { Access, AddressMatch, Direction, Rule, RuleSide } from './rule.ts';
import { protocolMatches } from './rule.ts';
import {
  globalUnicastPrefix,
  hostPrefix,
  internetTag,
  knownTag,
  loadBalancerTag,
  unreachablePrefixes,
  virtualNetworkPrefixes,
  virtualNetworkTag,
} from './service-tag.ts';

/** What happens to a flow, and the rule of the NSG that logs it. `nsg` and `rule` are undefined where no NSG applies. */
export interface Decision {
  readonly access: Access;
  readonly nsg: Nsg | undefined;
  readonly rule: Rule | undefined;
}

/** Which condition of a rule a flow does not meet; conditions are tried in this order. */
export type Mismatch = 'protocol' | 'source' | 'source port' | 'destination' | 'destination port';

/** One rule tried. */
export interface EvaluationStep {
  readonly level: 'subnet' | 'nic';
  readonly nsg: Nsg;
  readonly rule: Rule;
  /** `undefined`: the rule matches. */
  readonly mismatch: Mismatch | undefined;
  /** Service tags of the side that does not match which are not known, so that the answer may be another with a ServiceTags file. */
  readonly unresolvedTags: readonly string[];
}

export interface Evaluation extends Decision {
  /** Every rule tried, in order. */
  readonly trace: readonly EvaluationStep[];
}

/** Decides about a flow as its initiator sent it, at `nic`, which belongs to `network`. */
export function evaluate(network: Network, nic: Nic, direction: Direction, fiveTuple: FiveTuple): Evaluation {
  const trace: EvaluationStep[] = [];
  let decision: Decision = { access: 'allow', nsg: undefined, rule: undefined };
  for (const { level, nsg } of nsgLevels(nic, direction)) {
    for (const rule of direction === 'inbound' ? nsg.inboundRules : nsg.outboundRules) {
      const mismatch = firstMismatch(network, nic, rule, fiveTuple);
      trace.push({ level, nsg, rule, mismatch, unresolvedTags: unresolvedTags(network, rule, mismatch) });
      if (mismatch !== undefined) continue;
      decision = { access: rule.access, nsg, rule };
      break;
    }
    if (decision.access === 'deny') break;
  }
  return { ...decision, trace };
}

/** The NSGs that judge a flow at a NIC, in order; none, one or two. */
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
  if (tag === internetTag)
    return isReachable(address) && !virtualNetworkPrefixes(nic).some((prefix) => prefixContains(prefix, address));
  const listed = network.serviceTags.get(tag.toLowerCase());
  return listed !== undefined && listed.prefixes.some((prefix) => prefixContains(prefix, address));
}

function isReachable(address: Address): boolean {
  return address.family === 4
    ? !unreachablePrefixes.some((prefix) => prefixContains(prefix, address))
    : prefixContains(globalUnicastPrefix, address);
}
