/** Rules in the format of the diagnostics. */
import type { Json, JsonObject } from '../../arm-template/value.ts';
import type { Prefix } from '../../net/prefix.ts';
import { formatPrefix } from '../../net/prefix.ts';
import { allAddresses, prefixesOfRanges, rangesOfPrefixes, subtractRanges } from '../../nsg/address-ranges.ts';
import type { Network, Nic, Nsg } from '../../nsg/network.ts';
import { groupAddresses } from '../../nsg/application-security-group.ts';
import { formatAddress } from '../../net/address.ts';
import type { AddressMatch, Rule } from '../../nsg/rule.ts';
import { formatAddressMatch, formatPortRange } from '../../nsg/rule.ts';
import {
  globalUnicastPrefix,
  hostPrefix,
  internetTag,
  loadBalancerTag,
  unreachablePrefixes,
  virtualNetworkTag,
} from '../../nsg/service-tag.ts';
import { virtualNetworkPrefixes } from '../../nsg/virtual-network-tag.ts';

/** The rules of an NSG at a NIC, inbound before outbound, with tags and groups expanded to prefixes. */
export function effectiveRuleShapes(network: Network, nic: Nic, nsg: Nsg): Json[] {
  return [...nsg.inboundRules, ...nsg.outboundRules].map((rule) => effectiveShape(network, nic, rule));
}

function effectiveShape(network: Network, nic: Nic, rule: Rule): JsonObject {
  const ports = (list: Rule['source']['ports']): string[] => list.map(({ start, end }) => `${start}-${end - 1}`);
  const names = (list: readonly AddressMatch[]): string[] => list.map(formatAddressMatch);
  const source = names(rule.source.addresses);
  const destination = names(rule.destination.addresses);
  return {
    name: `${rule.kind === 'user' ? 'securityRules' : 'defaultSecurityRules'}/${rule.name}`,
    protocol: rule.protocol === '*' ? 'All' : rule.protocol,
    sourcePortRange: ports(rule.source.ports)[0],
    sourcePortRanges: ports(rule.source.ports),
    destinationPortRange: ports(rule.destination.ports)[0],
    destinationPortRanges: ports(rule.destination.ports),
    sourceAddressPrefix: source[0],
    sourceAddressPrefixes: source,
    destinationAddressPrefix: destination[0],
    destinationAddressPrefixes: destination,
    expandedSourceAddressPrefix: rule.source.addresses.flatMap((match) => expanded(network, nic, match)),
    expandedDestinationAddressPrefix: rule.destination.addresses.flatMap((match) => expanded(network, nic, match)),
    access: rule.access === 'allow' ? 'Allow' : 'Deny',
    priority: rule.priority,
    direction: rule.direction === 'inbound' ? 'Inbound' : 'Outbound',
  };
}

/** The prefixes of a tag or group at the NIC; [] for other values. */
function expanded(network: Network, nic: Nic, match: AddressMatch): string[] {
  if (match.kind === 'application-security-group')
    return groupAddresses(network, nic, match.id).map(
      (address) => `${formatAddress(address)}/${address.family === 4 ? 32 : 128}`,
    );
  if (match.kind !== 'tag') return [];
  if (match.tag === internetTag) return internetPrefixes(nic).map(formatPrefix);
  if (match.tag === virtualNetworkTag) return virtualNetworkPrefixes(nic).map(formatPrefix);
  if (match.tag === loadBalancerTag) return [formatPrefix(hostPrefix)];
  return (network.serviceTags.get(match.tag.toLowerCase())?.prefixes ?? []).map(formatPrefix);
}

/** The prefixes of the Internet tag at the NIC: publicly reachable space outside its VirtualNetwork. */
function internetPrefixes(nic: Nic): Prefix[] {
  const holes = [...unreachablePrefixes, ...virtualNetworkPrefixes(nic)];
  const ipv4 = subtractRanges(allAddresses(4), rangesOfPrefixes(holes, 4));
  const ipv6 = subtractRanges(rangesOfPrefixes([globalUnicastPrefix], 6), rangesOfPrefixes(holes, 6));
  return [...prefixesOfRanges(ipv4, 4), ...prefixesOfRanges(ipv6, 6)];
}

/** A rule in the format of a security rule resource. */
export function ruleShape(rule: Rule, nsgId: string): JsonObject {
  const list = rule.kind === 'user' ? 'securityRules' : 'defaultSecurityRules';
  const one = (items: readonly string[]): string => (items.length === 1 ? items[0] : '');
  const many = (items: readonly string[]): string[] => (items.length === 1 ? [] : [...items]);
  const sourcePorts = rule.source.ports.map(formatPortRange);
  const destinationPorts = rule.destination.ports.map(formatPortRange);
  const sources = rule.source.addresses.map(formatAddressMatch);
  const destinations = rule.destination.addresses.map(formatAddressMatch);
  return {
    name: rule.name,
    id: `${nsgId}/${list}/${rule.name}`,
    properties: {
      provisioningState: 'Succeeded',
      description: rule.description,
      protocol: rule.protocol,
      sourcePortRange: one(sourcePorts),
      sourcePortRanges: many(sourcePorts),
      destinationPortRange: one(destinationPorts),
      destinationPortRanges: many(destinationPorts),
      sourceAddressPrefix: one(sources),
      sourceAddressPrefixes: many(sources),
      destinationAddressPrefix: one(destinations),
      destinationAddressPrefixes: many(destinations),
      access: rule.access === 'allow' ? 'Allow' : 'Deny',
      priority: rule.priority,
      direction: rule.direction === 'inbound' ? 'Inbound' : 'Outbound',
    },
  };
}
