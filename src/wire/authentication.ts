/**
 * IPsec authentication header in IPv4; the packet it protects is readable.
 *
 *   0             1                       2     4     8          12
 *   | next header | length in words less 2 | 0 | SPI | sequence | check value …
 *
 * Source: RFC 4302 section 2.
 */
import type { PacketBatch } from '../net/packet.ts';
import type { Decoding } from './decoding.ts';
import { refuse } from './reason.ts';
import { decodeTransport } from './transport.ts';

/** IP protocol number. */
export const authenticationHeader = 51;

export function decodeAuthentication(
  bytes: Uint8Array,
  at: number,
  end: number,
  whole: boolean,
  packets: PacketBatch,
  row: number,
  decoding: Decoding,
): number {
  if (end - at < 2) return whole ? refuse['malformed-ipv4'] : refuse.truncated;
  const next = at + ((bytes[at + 1] + 2) << 2);
  return decodeTransport(bytes, bytes[at], next, end, whole, packets, row, decoding);
}
