/**
 * IP addresses as four 32-bit words, most significant first. An IPv4 address is 0, 0, 0xffff, a (RFC 4291 section
 * 2.5.5.2). The family is kept as well, so that an IPv4-mapped IPv6 address on the wire stays IPv6.
 *
 *   10.1.0.4     family 4, words 0, 0, 0xffff, 0x0a010004
 *   2001:db8::1  family 6, words 0x20010db8, 0, 0, 1
 */
export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  readonly words: readonly [number, number, number, number];
}

export const ipv4MappedWord = 0xffff;

export function ipv4Address(bits: number): Address {
  return { family: 4, words: [0, 0, ipv4MappedWord, bits >>> 0] };
}

/** Parses `10.1.0.4` or `2001:db8::1` (RFC 4291 section 2.2, without zone or prefix). `undefined` if it is neither. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) {
    const bits = parseIpv4Bits(text);
    return bits === undefined ? undefined : ipv4Address(bits);
  }
  const words: [number, number, number, number] = [0, 0, 0, 0];
  return parseIpv6Words(text, words) ? { family: 6, words } : undefined;
}

/** The 32 bits of a dotted quad without leading zeros; `undefined` if the text is not one. */
function parseIpv4Bits(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  let bits = 0;
  for (let i = 1; i <= 4; i++) {
    const part = match[i];
    if (part.length > 1 && part[0] === '0') return undefined;
    const value = Number(part);
    if (value > 255) return undefined;
    bits = bits * 256 + value;
  }
  return bits;
}

/** The same for `length` bytes of text that begin at `at`; -1 if they are not a dotted quad. */
export function readIpv4Bits(bytes: Uint8Array, at: number, length: number): number {
  let bits = 0;
  let parts = 0;
  let value = 0;
  let digits = 0;
  for (let i = at; i <= at + length; i++) {
    const code = i < at + length ? bytes[i] : dot;
    if (code === dot) {
      if (digits === 0 || value > 255) return -1;
      bits = bits * 256 + value;
      parts++;
      value = 0;
      digits = 0;
      continue;
    }
    const digit = code - zero;
    if (digit < 0 || digit > 9 || digits === 3 || (digits === 1 && value === 0)) return -1;
    value = value * 10 + digit;
    digits++;
  }
  return parts === 4 ? bits : -1;
}

const dot = 0x2e;
const zero = 0x30;

function parseIpv6Words(text: string, words: [number, number, number, number]): boolean {
  let head = text;
  const tail: number[] = [];
  const dot = text.lastIndexOf('.');
  if (dot >= 0) {
    const colon = text.lastIndexOf(':');
    const bits = parseIpv4Bits(text.slice(colon + 1));
    if (bits === undefined) return false;
    tail.push(bits >>> 16, bits & 0xffff);
    head = text.slice(0, colon);
    if (head.endsWith(':')) head += ':';
  }
  const gap = head.indexOf('::');
  if (gap !== head.lastIndexOf('::')) return false;
  const before = gap < 0 ? head : head.slice(0, gap);
  const after = gap < 0 ? '' : head.slice(gap + 2);
  const left = parseGroups(before);
  const right = parseGroups(after);
  if (left === undefined || right === undefined) return false;
  right.push(...tail);
  const missing = 8 - left.length - right.length;
  if (gap < 0 ? missing !== 0 : missing < 1) return false;
  const groups = [...left, ...Array<number>(missing).fill(0), ...right];
  for (let i = 0; i < 4; i++) words[i] = ((groups[2 * i] << 16) | groups[2 * i + 1]) >>> 0;
  return true;
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  for (const part of text.split(':')) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
    groups.push(Number.parseInt(part, 16));
  }
  return groups;
}

export function formatAddress(address: Address): string {
  return formatWords(address.family, ...address.words);
}

/**
 * The text of four words: a dotted quad, or RFC 5952 (lower case, the longest run of two or more zero groups as `::`).
 * Only the IPv4-mapped prefix ::ffff:0:0/96 uses the mixed notation of section 5: `::ffff:10.1.0.4`.
 */
export function formatWords(family: number, a: number, b: number, c: number, d: number): string {
  if (family === 4) return formatIpv4Bits(d);
  if (a === 0 && b === 0 && c === ipv4MappedWord) return `::ffff:${formatIpv4Bits(d)}`;
  const groups = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff, c >>> 16, c & 0xffff, d >>> 16, d & 0xffff];
  let runStart = -1;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > runLength) {
      runStart = i;
      runLength = end - i;
    }
    if (end > i) i = end;
  }
  const hex = groups.map((group) => group.toString(16));
  if (runStart < 0) return hex.join(':');
  return `${hex.slice(0, runStart).join(':')}::${hex.slice(runStart + runLength).join(':')}`;
}

function formatIpv4Bits(bits: number): string {
  return `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;
}

export function sameAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.words.every((word, i) => word === b.words[i]);
}
