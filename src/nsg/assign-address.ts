/** Assigns addresses as Azure does: the next free address of the subnet, in file order. */
import type { Address, Family } from '../net/address.ts';
import { formatAddress } from '../net/address.ts';
import { formatPrefix } from '../net/prefix.ts';
import { checkAddress, firstFreeAddress } from './free-address.ts';
import type { Subnet } from './network.ts';
import type { NicDraft } from './read-nic.ts';

/** An address that two NICs have is named where the table of NICs is made (nic-table.ts). */
const none: ReadonlySet<string> = new Set();

/** Assigns the missing addresses in `drafts`. `subnetOf` returns undefined for a NIC without a subnet. */
export function assignAddresses(
  drafts: readonly NicDraft[],
  subnetOf: (draft: NicDraft) => Subnet | undefined,
  problems: string[],
  warnings: string[],
): void {
  const taken = new Map<Subnet, Set<string>>();
  for (const draft of drafts) {
    const subnet = subnetOf(draft);
    if (subnet === undefined) continue;
    const addresses = taken.get(subnet) ?? new Set<string>();
    taken.set(subnet, addresses);
    for (const { address } of draft.configurations) {
      if (address === undefined) continue;
      const { addressPrefixes, id } = subnet;
      const fault = addressPrefixes.length > 0 ? checkAddress(address, addressPrefixes, none, id) : undefined;
      if (fault !== undefined) warnings.push(`${draft.where}: ${fault.sentence}`);
      addresses.add(formatAddress(address));
    }
  }
  for (const draft of drafts) {
    const subnet = subnetOf(draft);
    for (const configuration of draft.configurations) {
      if (configuration.address !== undefined || subnet === undefined) continue;
      const addresses = taken.get(subnet) ?? new Set<string>();
      configuration.address = assignOne(draft, subnet, configuration.family, addresses, problems, warnings);
    }
  }
}

function assignOne(
  draft: NicDraft,
  subnet: Subnet,
  family: Family,
  taken: Set<string>,
  problems: string[],
  warnings: string[],
): Address | undefined {
  const prefixes = subnet.addressPrefixes.filter((prefix) => prefix.family === family);
  if (prefixes.length === 0) {
    warnings.push(
      `${draft.where}: it has a dynamic IPv${family} address, and the files have no IPv${family} prefix of its subnet ${subnet.name} to take one from`,
    );
    return undefined;
  }
  const address = firstFreeAddress(prefixes, taken);
  if (address === undefined) {
    problems.push(
      `${draft.where}: its subnet ${subnet.name} (${prefixes.map(formatPrefix).join(', ')}) has no free address left`,
    );
    return undefined;
  }
  taken.add(formatAddress(address));
  warnings.push(
    `${draft.where}: its address is dynamic; it is taken to be ${formatAddress(address)}, the next free one of subnet ${subnet.name}`,
  );
  return address;
}
