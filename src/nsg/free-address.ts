/**
 * Addresses that Azure assigns to interfaces. Azure reserves the first four addresses of a subnet and, for IPv4, the
 * last one. Source: learn.microsoft.com/azure/virtual-network/virtual-networks-faq
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
  /** For users, without a period. */
  readonly sentence: string;
}

/**
 * The first address of the prefixes, in order, that Azure does not reserve and that is not in `taken` (as texts);
 * `undefined` if there is none.
 */
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

/**
 * The fault of an address in the subnet `id` with these prefixes and the addresses `taken` by others; `undefined` if it
 * is valid.
 */
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
