/**
 * IPv4.
 *
 *   0          1         2              4    6                 8     9          10         12       16            20
 *   | 4 | ihl  | service | total length | id | flags, fragment | ttl | protocol | checksum | source | destination | options …
 *
 * A total length of 0 is a segment that the network card will split (TSO): then the length on the wire counts.
 * Source: RFC 791 section 3.1.
 */
import { ipv4MappedWord } from '../net/address.ts';
import type { PacketBatch } from '../net/packet.ts';
import { authenticationHeader, decodeAuthentication } from './authentication.ts';
import type { Decoding } from './decoding.ts';
import { held } from './fragments.ts';
import { refuse } from './reason.ts';
import { decodeTransport, isTransport, refuseProtocol } from './transport.ts';

const headerLengthMin = 20;
const moreFragments = 0x2000;
const fragmentOffset = 0x1fff;

/**
 * Reads the packet whose IPv4 header begins at `at` into a row.
 * @param end end of the captured bytes, excluded
 * @param originalEnd end of the packet on the wire
 * @returns 0, a negative number of reason.ts, `held` of fragments.ts, or the place of an inner packet as in
 * decodeTransport. Unless it is 0, the row's content is invalid.
 */
export function decodeIpv4(
  bytes: Uint8Array,
  at: number,
  end: number,
  originalEnd: number,
  packets: PacketBatch,
  row: number,
  decoding: Decoding,
): number {
  if (end - at < headerLengthMin) return end < originalEnd ? refuse.truncated : refuse['malformed-ipv4'];
  const { fragments } = decoding;
  const first = bytes[at];
  const headerLength = (first & 15) << 2;
  const named = (bytes[at + 2] << 8) | bytes[at + 3];
  const total = named === 0 ? originalEnd - at : named;
  if (first >> 4 !== 4 || headerLength < headerLengthMin || total < headerLength) return refuse['malformed-ipv4'];
  const fragment = (bytes[at + 6] << 8) | bytes[at + 7];
  const later = (fragment & fragmentOffset) !== 0;
  if (later && fragments === undefined) return refuse.fragment;
  const packetEnd = at + total;
  const whole = packetEnd <= end || end === originalEnd;

  packets.family[row] = 4;
  packets.ipBytes[row] = total;
  const words = row << 2;
  const source = packets.source;
  source[words] = 0;
  source[words + 1] = 0;
  source[words + 2] = ipv4MappedWord;
  source[words + 3] = (bytes[at + 12] << 24) | (bytes[at + 13] << 16) | (bytes[at + 14] << 8) | bytes[at + 15];
  const destination = packets.destination;
  destination[words] = 0;
  destination[words + 1] = 0;
  destination[words + 2] = ipv4MappedWord;
  destination[words + 3] = (bytes[at + 16] << 24) | (bytes[at + 17] << 16) | (bytes[at + 18] << 8) | bytes[at + 19];
  const payload = at + headerLength;
  const payloadEnd = packetEnd < end ? packetEnd : end;
  const protocol = bytes[at + 9];
  const id = (bytes[at + 4] << 8) | bytes[at + 5];
  if (later && fragments !== undefined) {
    if (!isTransport(protocol) && protocol !== authenticationHeader) return refuseProtocol(protocol);
    return fragments.later(packets, row, protocol, id);
  }
  const result =
    protocol === authenticationHeader
      ? decodeAuthentication(bytes, payload, payloadEnd, whole, packets, row, decoding)
      : decodeTransport(bytes, protocol, payload, payloadEnd, whole, packets, row, decoding);
  if (result === 0 && (fragment & moreFragments) !== 0) fragments?.first(packets, row, protocol, id);
  if (result > held) {
    decoding.tunnelEnd = payloadEnd;
    decoding.tunnelOriginalEnd = whole ? payloadEnd : packetEnd;
  }
  return result;
}
