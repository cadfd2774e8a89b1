import type { Address, Family } from './address.ts';
import { formatAddress, parseAddress } from './address.ts';

/**
 * An address prefix. `length` counts bits of the family: 0 to 32 for IPv4, 0 to 128 for IPv6. Host bits are zero:
 * `10.1.2.3/16` becomes `10.1.0.0/16`, as in Azure (facts 3.5 shows `2001:db8::1/64`).
 */
export interface Prefix {
  readonly family: Family;
  readonly words: readonly [number, number, number, number];
  readonly length: number;
}

/** Parses `10.0.0.0/8`, `2001:db8::/32`, or a single address (all its bits). `undefined` if it is not a prefix. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const bits = address.family === 4 ? 32 : 128;
  if (slash < 0) return { ...address, length: bits };
  const lengthText = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(lengthText)) return undefined;
  const length = Number(lengthText);
  if (length > bits) return undefined;
  return maskPrefix(address, length);
}

/** Whether a valid prefix has bits set after its length, as `10.1.2.3/16` has. */
export function hasHostBits(text: string): boolean {
  const prefix = parsePrefix(text);
  const address = parseAddress(text.split('/', 1)[0]);
  return prefix !== undefined && address?.words.some((word, i) => word !== prefix.words[i]) === true;
}

export function maskPrefix(address: Address, length: number): Prefix {
  const bits = address.family === 4 ? length + 96 : length;
  const words = address.words.map((word, i) => (word & wordMask(bits - 32 * i)) >>> 0);
  return { family: address.family, words: [words[0], words[1], words[2], words[3]], length };
}

/** Mask of the first `bits` bits of a word. Values below 0 count as 0, above 32 as 32. */
export function wordMask(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0;
}

/** Length in bits of the 128-bit form: 104 for an IPv4 `/8`. */
export function mappedLength(prefix: Prefix): number {
  return prefix.family === 4 ? prefix.length + 96 : prefix.length;
}

export function prefixContains(prefix: Prefix, address: Address): boolean {
  return (
    prefix.family === address.family &&
    wordsMatch(
      prefix.words,
      mappedLength(prefix),
      address.words[0],
      address.words[1],
      address.words[2],
      address.words[3],
    )
  );
}

/** Whether the first `bits` of a, b, c, d (128-bit form) equal those of `words`. */
function wordsMatch(words: Prefix['words'], bits: number, a: number, b: number, c: number, d: number): boolean {
  return (
    ((words[0] ^ a) & wordMask(bits)) === 0 &&
    ((words[1] ^ b) & wordMask(bits - 32)) === 0 &&
    ((words[2] ^ c) & wordMask(bits - 64)) === 0 &&
    ((words[3] ^ d) & wordMask(bits - 96)) === 0
  );
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix)}/${prefix.length}`;
}

/** First and last address of a prefix, both included. */
export function prefixRange(prefix: Prefix): { first: Address; last: Address } {
  const bits = mappedLength(prefix);
  const last = prefix.words.map((word, i) => (word | ~wordMask(bits - 32 * i)) >>> 0);
  return {
    first: { family: prefix.family, words: prefix.words },
    last: { family: prefix.family, words: [last[0], last[1], last[2], last[3]] },
  };
}
