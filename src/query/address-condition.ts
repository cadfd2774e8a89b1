import { formatAddress, sameAddress } from '../net/address.ts';
import { findField } from './fields.ts';
import type { Condition } from './tree.ts';

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
        texts.push(formatAddress(match.first));
      }
      return texts;
    }
    default:
      return undefined;
  }
}
