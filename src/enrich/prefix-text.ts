import type { Prefix } from '../net/prefix.ts';
import { parsePrefix } from '../net/prefix.ts';
import { parseAddress } from '../net/address.ts';
import { addressNumber, prefixesOfRanges } from '../nsg/address-ranges.ts';

/** The prefixes of an address, a prefix or a range (`10.0.0.1-10.0.0.9`); `undefined` for any other text. */
export function prefixesOfText(text: string): Prefix[] | undefined {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return [prefix];
  const [first, last, more] = text.split('-');
  return last === undefined || more !== undefined ? undefined : prefixesBetween(first.trim(), last.trim());
}

/** The prefixes of all addresses from one to another, both included; `undefined` where these are none, or of two families. */
export function prefixesBetween(first: string, last: string): Prefix[] | undefined {
  const [from, to] = [parseAddress(first), parseAddress(last)];
  if (from === undefined || to === undefined || from.family !== to.family) return undefined;
  const [start, end] = [addressNumber(from), addressNumber(to) + 1n];
  return start < end ? prefixesOfRanges([{ start, end }], from.family) : undefined;
}
