/**
 * Application security groups: a rule that names a group means the addresses of its member NICs. All members are in one
 * VNet, so NICs of other VNets do not count. Source: facts 4.3.
 */
import { resourceKey } from '../arm-template/resource-id.ts';
import type { Address } from '../net/address.ts';
import type { Network, Nic } from './network.ts';

/** Addresses of the group `id` in a rule at `nic`. Cost: one pass over all NICs. */
export function groupAddresses(network: Network, nic: Nic, id: string): Address[] {
  const key = resourceKey(id);
  return network.nics
    .filter((member) => member.subnet?.virtualNetwork === nic.subnet?.virtualNetwork)
    .filter((member) => member.applicationSecurityGroups.some((group) => resourceKey(group) === key))
    .flatMap((member) => member.addresses);
}
