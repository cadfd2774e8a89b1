import type { Prefix } from '../net/prefix.ts';
import type { Nic, Subnet, VirtualNetwork } from './network.ts';
import { hostPrefix, privatePrefixes } from './service-tag.ts';

/** The prefixes of the tag VirtualNetwork at a NIC. */
export function virtualNetworkPrefixes(nic: Nic): readonly Prefix[] {
  const virtualNetwork = nic.subnet?.virtualNetwork;
  if (virtualNetwork === undefined) return [...privatePrefixes, hostPrefix];
  const { addressPrefixes, peeredPrefixes, connectedPrefixes } = virtualNetwork;
  const routePrefixes = nic.subnet?.routePrefixes ?? [];
  return [...addressPrefixes, ...peeredPrefixes, ...connectedPrefixes, ...routePrefixes, hostPrefix];
}

/** NICs with the same place have the same meaning of each tag and group. */
export function tagPlace(nic: Nic): Subnet | VirtualNetwork | undefined {
  const { subnet } = nic;
  return subnet !== undefined && subnet.routePrefixes.length > 0 ? subnet : subnet?.virtualNetwork;
}
