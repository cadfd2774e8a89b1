/** IPv4 and IPv6 addresses with an optional prefix length, as the language's functions read them. */

export interface AddressRange {
  readonly address: bigint;
  /** Bits of the prefix, of 32 or 128. */
  readonly bits: number;
}

/** The whole text of an IPv4 address without a prefix, blanks or leading zeros. */
export const plainIpv4 = String.raw`(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])(\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}`;

/** 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16. */
export const privateNetworks: readonly AddressRange[] = [
  { address: 0x0a00_0000n, bits: 8 },
  { address: 0xac10_0000n, bits: 12 },
  { address: 0xc0a8_0000n, bits: 16 },
];

/** `10.1.2.3` or `10.1.2.0/24`; `undefined` of any other text. */
export function parseIpv4(text: string): AddressRange | undefined {
  const found = /^\s*(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?\s*$/.exec(text);
  if (found === null) return undefined;
  const octets = found.slice(1, 5).map(Number);
  const bits = Number(found[5] ?? 32);
  if (octets.some((one) => one > 255) || bits > 32) return undefined;
  return { address: octets.reduce((all, one) => all * 256n + BigInt(one), 0n), bits };
}

/** An IPv6 address; one of IPv4 is mapped into `::ffff:0:0/96`. */
export function parseIpv6(text: string): AddressRange | undefined {
  const v4 = parseIpv4(text);
  if (v4 !== undefined) return { address: mapped | v4.address, bits: v4.bits + 96 };
  // An address of IPv4 behind `::`, with the length of its prefix as one of IPv4.
  const [, compatible] = /^\s*::(\d+\.[\d.]+(?:\/\d{1,2})?)\s*$/.exec(text) ?? [];
  const inside = compatible === undefined ? undefined : parseIpv4(compatible);
  if (inside !== undefined) return { address: mapped | inside.address, bits: inside.bits + 96 };
  const found = /^\s*([\da-fA-F:.]{2,45})(?:\/(\d{1,3}))?\s*$/.exec(text);
  if (found === null || Number(found[2] ?? 128) > 128) return undefined;
  const last = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(found[1]);
  const end = last === null ? undefined : parseIpv4(last[2])?.address;
  if (last !== null && end === undefined) return undefined;
  const plain =
    last === null || end === undefined
      ? found[1]
      : `${last[1]}${(end >> 16n).toString(16)}:${(end & 0xffffn).toString(16)}`;
  const halves = plain.split('::');
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - left.length - (right?.length ?? 0);
  if (right === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = right === undefined ? left : [...left, ...Array.from({ length: missing }, () => '0'), ...right];
  if (!groups.every((one) => /^[\da-fA-F]{1,4}$/.test(one))) return undefined;
  return { address: groups.reduce((all, one) => (all << 16n) | BigInt(`0x${one}`), 0n), bits: Number(found[2] ?? 128) };
}

const mapped = 0xffff_0000_0000n;

export function ipv4Text(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join('.');
}

/** All eight groups with four digits each. */
export function ipv6Text(address: bigint): string {
  return Array.from({ length: 8 }, (_, i) =>
    ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16).padStart(4, '0'),
  ).join(':');
}

/** An address without the bits behind a prefix. */
export function masked(address: bigint, bits: number, width: number): bigint {
  const rest = BigInt(width - bits);
  return (address >> rest) << rest;
}

/** -1, 0 or 1 by the bits that both prefixes and `bits` have. */
export function compareRanges(a: AddressRange, b: AddressRange, bits: number, width: number): number {
  const common = Math.min(a.bits, b.bits, bits);
  const [left, right] = [masked(a.address, common, width), masked(b.address, common, width)];
  return left < right ? -1 : left > right ? 1 : 0;
}

export function isInRange(address: AddressRange, range: AddressRange, width: number): boolean {
  return masked(address.address, range.bits, width) === masked(range.address, range.bits, width);
}

/** The fewest prefixes that hold the addresses from the first to the last, both included. */
export function prefixesOf(first: bigint, last: bigint): string[] {
  const prefixes: string[] = [];
  for (let at = first; at <= last;) {
    let size = 1n;
    let bits = 32;
    while (bits > 0 && at % (size * 2n) === 0n && at + size * 2n - 1n <= last) [size, bits] = [size * 2n, bits - 1];
    prefixes.push(`${ipv4Text(at)}/${bits}`);
    at += size;
  }
  return prefixes;
}
