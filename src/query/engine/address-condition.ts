import type { Address } from '../../net/address.ts';
import { formatAddress, ipv4MappedWord, sameAddress } from '../../net/address.ts';
import { findField } from '../filter/fields.ts';
import type { Condition } from '../tree.ts';

/** More addresses than these are not looked up one by one. */
const addressesMax = 1000;

/**
 * Texts of addresses of which everything that a condition selects has one, as source or destination; `undefined` where it selects others, too.
 * Files that hold none of them need not be read: all tuples of a conversation have its two addresses.
 */
export function addressesOf(condition: Condition | undefined): string[] | undefined {
  if (condition === undefined) return undefined;
  switch (condition.kind) {
    case 'and':
      return condition.items
        .map(addressesOf)
        .filter((texts) => texts !== undefined)
        .sort((a, b) => a.length - b.length)[0];
    case 'or': {
      const all: string[] = [];
      for (const item of condition.items) {
        const texts = addressesOf(item);
        if (texts === undefined) return undefined;
        all.push(...texts);
      }
      return all.length > addressesMax ? undefined : all;
    }
    case 'test': {
      if (findField(condition.field)?.kind !== 'address' || condition.any.length > addressesMax) return undefined;
      const texts: string[] = [];
      for (const match of condition.any) {
        if (match.kind !== 'addresses' || !sameAddress(match.first, match.last)) return undefined;
        texts.push(...textsOf(match.first));
      }
      return texts;
    }
    default:
      return undefined;
  }
}

/** The texts under which files may hold an address: nsgflow 0.1 wrote IPv4-mapped ones in hexadecimal digits alone. */
function textsOf(address: Address): string[] {
  const { family, words } = address;
  const [a, b, c, d] = words;
  const isMapped = family === 6 && a === 0 && b === 0 && c === ipv4MappedWord;
  const older = `::ffff:${(d >>> 16).toString(16)}:${(d & 0xffff).toString(16)}`;
  return isMapped ? [formatAddress(address), older] : [formatAddress(address)];
}
