/**
 * Service tags: names for sets of addresses. Three have a meaning of their own, which depends on the NIC:
 *
 *   VirtualNetwork     address space of the NIC's VNet and of those peered with it, and 168.63.129.16
 *   AzureLoadBalancer  168.63.129.16, from where the probes come
 *   Internet           what is publicly reachable and outside VirtualNetwork; Azure's own public addresses included
 *
 * All others are lists of prefixes in a ServiceTags file. Source: facts 4.4.
 */
import type { Prefix } from '../net/prefix.ts';
import { parsePrefix } from '../net/prefix.ts';
import type { Nic } from './network.ts';

export interface ServiceTag {
  /** In the file's spelling: `Storage.WestEurope`. */
  readonly name: string;
  readonly prefixes: readonly Prefix[];
}

/** By name in lower case. */
export type ServiceTags = ReadonlyMap<string, ServiceTag>;

export const virtualNetworkTag = 'VirtualNetwork';
export const loadBalancerTag = 'AzureLoadBalancer';
export const internetTag = 'Internet';

/** The address by which a host speaks to its virtual machines: DHCP, DNS, health probes. */
export const hostPrefix: Prefix = prefixOf('168.63.129.16/32');

/** IPv4 space that the Internet does not reach. Source: RFC 6890; Azure's own expansion of the tag begins at 1.0.0.0/8 too. */
export const unreachablePrefixes: readonly Prefix[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '224.0.0.0/3',
].map(prefixOf);

/** IPv6 space that the Internet does reach: global unicast. Source: RFC 4291 section 2.4. */
export const globalUnicastPrefix: Prefix = prefixOf('2000::/3');

/** Taken for the address space of a VNet that the files do not hold: private space of both families. */
export const privatePrefixes: readonly Prefix[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '172.16.0.0/12',
  '192.168.0.0/16',
  'fc00::/7',
].map(prefixOf);

/** What the tag VirtualNetwork means at a NIC. */
export function virtualNetworkPrefixes(nic: Nic): readonly Prefix[] {
  const virtualNetwork = nic.subnet?.virtualNetwork;
  if (virtualNetwork === undefined) return [...privatePrefixes, hostPrefix];
  return [...virtualNetwork.addressPrefixes, ...virtualNetwork.peeredPrefixes, hostPrefix];
}

function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(`no prefix: ${text}`);
  return prefix;
}
