/**
 * Addresses that Azure gives to interfaces. The first four and, in IPv4, the last address of a subnet are Azure's own.
 * Source: learn.microsoft.com/azure/virtual-network/virtual-networks-faq
 */
import type { Address } from '../net/address.ts';
import { formatAddress } from '../net/address.ts';
import type { Prefix } from '../net/prefix.ts';
import { prefixContains, prefixRange } from '../net/prefix.ts';
import { addressNumber, addressOfNumber } from './address-ranges.ts';

const reservedFirst = 4n;

/** Why Azure refuses an address for an interface. */
export interface AddressFault {
  readonly code: 'PrivateIPAddressNotInSubnet' | 'PrivateIPAddressInReservedRange' | 'PrivateIPAddressInUse';
  /** For a person, without a full stop. */
  readonly sentence: string;
}

/** The first address of the prefixes, in their order, that is neither Azure's nor in `taken` (as texts); `undefined` where there is none. */
export function firstFreeAddress(prefixes: readonly Prefix[], taken: ReadonlySet<string>): Address | undefined {
  for (const prefix of prefixes) {
    const last = lastUsable(prefix);
    for (let number = addressNumber(prefix) + reservedFirst; number <= last; number++) {
      const address = addressOfNumber(prefix.family, number);
      if (!taken.has(formatAddress(address))) return address;
    }
  }
  return undefined;
}

/** What Azure refuses about an address in the subnet `id` of these prefixes, where others have `taken` theirs; `undefined` for nothing. */
export function checkAddress(
  address: Address,
  prefixes: readonly Prefix[],
  taken: ReadonlySet<string>,
  id: string,
): AddressFault | undefined {
  const text = formatAddress(address);
  const prefix = prefixes.find((candidate) => prefixContains(candidate, address));
  if (prefix === undefined)
    return {
      code: 'PrivateIPAddressNotInSubnet',
      sentence: `Private static IP address ${text} does not belong to the range of subnet prefix of subnet ${id}`,
    };
  const number = addressNumber(address);
  if (number < addressNumber(prefix) + reservedFirst || number > lastUsable(prefix))
    return {
      code: 'PrivateIPAddressInReservedRange',
      sentence: `Private static IP address ${text} falls within reserved IP range of subnet ${id}`,
    };
  return taken.has(text)
    ? { code: 'PrivateIPAddressInUse', sentence: `IP address ${text} is already allocated in subnet ${id}` }
    : undefined;
}

function lastUsable(prefix: Prefix): bigint {
  return addressNumber(prefixRange(prefix).last) - (prefix.family === 4 ? 1n : 0n);
}
