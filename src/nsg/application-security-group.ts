/**
 * Application security groups: a rule that names one means the addresses of the NICs that belong to it. All of them lie in one VNet,
 * so members elsewhere do not count. Source: facts 4.3.
 */
import { resourceKey } from '../arm-template/resource-id.ts';
import type { Address } from '../net/address.ts';
import type { Network, Nic } from './network.ts';

/** Addresses that the group `id` means in a rule judged at `nic`. Costs a walk over all NICs. */
export function groupAddresses(network: Network, nic: Nic, id: string): Address[] {
  const key = resourceKey(id);
  return network.nics
    .filter((member) => member.subnet?.virtualNetwork === nic.subnet?.virtualNetwork)
    .filter((member) => member.applicationSecurityGroups.some((group) => resourceKey(group) === key))
    .flatMap((member) => member.addresses);
}
