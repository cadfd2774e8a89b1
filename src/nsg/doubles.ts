import { formatAddress } from '../net/address.ts';
import type { Nic } from './network.ts';

/** One sentence for each NIC with the address or MAC of an earlier NIC: a capture does not distinguish them. */
export function describeDoubles(nics: readonly Nic[]): string[] {
  const sentences: string[] = [];
  const byAddress = new Map<string, Nic>();
  const byMac = new Map<string, Nic>();
  for (const nic of nics) {
    for (const text of nic.addresses.map(formatAddress)) {
      const other = byAddress.get(text);
      if (other !== undefined)
        sentences.push(
          `NIC ${nic.name} has the address ${text} of NIC ${other.name}, to which its packets are counted`,
        );
      else byAddress.set(text, nic);
    }
    const other = byMac.get(nic.mac);
    if (other !== undefined) sentences.push(`NIC ${nic.name} has the MAC ${nic.mac} of NIC ${other.name}`);
    byMac.set(nic.mac, nic);
  }
  return sentences;
}
