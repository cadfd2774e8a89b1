/** Which addresses the Internet reaches: those outside of private, local, shared and multicast space. Documentation prefixes count as public: logs of tests use them. */
import type { Address } from '../net/address.ts';
import { prefixContains } from '../net/prefix.ts';
import { globalUnicastPrefix, unreachablePrefixes } from '../nsg/service-tag.ts';

export function isPublic(address: Address): boolean {
  return address.family === 6
    ? prefixContains(globalUnicastPrefix, address)
    : !unreachablePrefixes.some((prefix) => prefixContains(prefix, address));
}
