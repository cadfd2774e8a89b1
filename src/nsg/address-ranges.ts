/**
 * Sets of addresses of one family as sorted ranges that do not touch or overlap. `start` is included, `end` excluded;
 * both are the address as a number (32 bits for IPv4, 128 for IPv6). Used when a network is compiled, not per flow.
 */
import type { Address, Family } from '../net/address.ts';
import { ipv4Address } from '../net/address.ts';
import type { Prefix } from '../net/prefix.ts';
import { maskPrefix } from '../net/prefix.ts';

export interface AddressRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** One past the last address of a family. */
export function familyEnd(family: Family): bigint {
  return family === 4 ? 1n << 32n : 1n << 128n;
}

export function allAddresses(family: Family): AddressRange[] {
  return [{ start: 0n, end: familyEnd(family) }];
}

export function addressNumber(address: Address): bigint {
  const [a, b, c, d] = address.words;
  if (address.family === 4) return BigInt(d);
  return (BigInt(a) << 96n) | (BigInt(b) << 64n) | (BigInt(c) << 32n) | BigInt(d);
}

/** The inverse of `addressNumber`. */
export function addressOfNumber(family: Family, number: bigint): Address {
  if (family === 4) return ipv4Address(Number(number));
  const word = (shift: bigint): number => Number((number >> shift) & 0xffffffffn);
  return { family: 6, words: [word(96n), word(64n), word(32n), word(0n)] };
}

/** Ranges of the prefixes of one family; prefixes of the other family are skipped. */
export function rangesOfPrefixes(prefixes: readonly Prefix[], family: Family): AddressRange[] {
  const bits = family === 4 ? 32 : 128;
  const ranges = prefixes
    .filter((prefix) => prefix.family === family)
    .map((prefix) => {
      const start = addressNumber(prefix);
      return { start, end: start + (1n << BigInt(bits - prefix.length)) };
    });
  return mergeRanges(ranges);
}

/** Sorts ranges and merges those that touch or overlap. */
export function mergeRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const sorted = [...ranges].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const merged: { start: bigint; end: bigint }[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last === undefined || range.start > last.end) merged.push({ ...range });
    else if (range.end > last.end) last.end = range.end;
  }
  return merged;
}

/** The part of `ranges` that is not in `holes`. Both must be sorted and merged. */
export function subtractRanges(ranges: readonly AddressRange[], holes: readonly AddressRange[]): AddressRange[] {
  const left: AddressRange[] = [];
  let hole = 0;
  for (const range of ranges) {
    let start = range.start;
    while (hole < holes.length && holes[hole].end <= start) hole++;
    for (let i = hole; i < holes.length && holes[i].start < range.end; i++) {
      if (holes[i].start > start) left.push({ start, end: holes[i].start });
      if (holes[i].end > start) start = holes[i].end;
    }
    if (start < range.end) left.push({ start, end: range.end });
  }
  return left;
}

/** What is in both. Both must be sorted and merged. */
export function intersectRanges(a: readonly AddressRange[], b: readonly AddressRange[]): AddressRange[] {
  const both: AddressRange[] = [];
  let j = 0;
  for (const { start, end } of a) {
    while (j < b.length && b[j].end <= start) j++;
    for (let i = j; i < b.length && b[i].start < end; i++)
      both.push({ start: b[i].start > start ? b[i].start : start, end: b[i].end < end ? b[i].end : end });
  }
  return both;
}

/** The smallest list of prefixes that covers exactly these ranges, in order. */
export function prefixesOfRanges(ranges: readonly AddressRange[], family: Family): Prefix[] {
  const bits = family === 4 ? 32 : 128;
  const prefixes: Prefix[] = [];
  for (const { start, end } of ranges)
    for (let at = start; at < end;) {
      let size = 1n;
      let length = bits;
      while (length > 0 && at % (size * 2n) === 0n && at + size * 2n <= end) {
        size *= 2n;
        length--;
      }
      prefixes.push(maskPrefix(addressOfNumber(family, at), length));
      at += size;
    }
  return prefixes;
}
