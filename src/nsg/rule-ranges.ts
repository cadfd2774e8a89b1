/** The address and port ranges of a rule at a NIC. */
import type { Address, Family } from '../net/address.ts';
import type { AddressRange } from './address-ranges.ts';
import { addressNumber, allAddresses, mergeRanges, rangesOfPrefixes, subtractRanges } from './address-ranges.ts';
import { groupAddresses } from './application-security-group.ts';
import type { Network, Nic } from './network.ts';
import type { AddressMatch, RuleSide } from './rule.ts';
import {
  globalUnicastPrefix,
  hostPrefix,
  internetTag,
  loadBalancerTag,
  unreachablePrefixes,
  virtualNetworkTag,
} from './service-tag.ts';
import { virtualNetworkPrefixes } from './virtual-network-tag.ts';

/** The place where rules are evaluated, and the ranges of file tags found so far, by family and name. */
export interface RulePlace {
  readonly network: Network;
  readonly nic: Nic;
  readonly tagRanges: Map<string, AddressRange[]>;
}

/** The addresses of one side of a rule at a NIC: sorted, without overlaps. */
export function addressRangesOf(place: RulePlace, side: RuleSide, family: Family): AddressRange[] {
  const ranges = side.addresses.map((match) => matchRanges(place, match, family));
  return ranges.length === 1 ? ranges[0] : mergeRanges(ranges.flat());
}

/** The ports of one side of a rule. */
export function portRangesOf(side: RuleSide): AddressRange[] {
  return side.ports.map(({ start, end }) => ({ start: BigInt(start), end: BigInt(end) }));
}

function matchRanges(place: RulePlace, match: AddressMatch, family: Family): AddressRange[] {
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

function rangesOfTag({ network, nic, tagRanges }: RulePlace, tag: string, family: Family): AddressRange[] {
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
