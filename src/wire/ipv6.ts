/**
 * IPv6 and its extension headers.
 *
 *   0                       4                6             7     8            24                40
 *   | 6, class, flow label  | payload length | next header | ttl | source (16) | destination (16) | extensions, payload …
 *
 *   extension   | next header | length in 8 bytes less 1 | …          hop-by-hop 0, routing 43, destination 60, mobility 135,
 *                                                                    HIP 139, shim6 140
 *   fragment 44 | next header | 0 | offset (13 bits) 0 more (1) | id (4)
 *   authentication 51 | next header | length in 4 bytes less 2 | …
 *
 * A payload length of 0 is a jumbogram, with its length in a hop-by-hop option, or a segment that the network card
 * will split (TSO): then the length on the wire counts. Source: RFC 8200 section 4, RFC 2675 section 2.
 */
import { limits } from '../base/limits.ts';
import type { PacketBatch } from '../net/packet.ts';
import { authenticationHeader } from './authentication.ts';
import type { Decoding } from './decoding.ts';
import { held } from './fragments.ts';
import { refuse } from './reason.ts';
import { decodeTransport, isTransport, refuseProtocol } from './transport.ts';

const headerLength = 40;
const hopByHop = 0;
const routing = 43;
const fragment = 44;
const destinationOptions = 60;
const mobility = 135;
const hostIdentity = 139;
const shim6 = 140;
const fragmentOffset = 0xfff8;
const moreFragments = 1;
const jumboOption = 0xc2;
const plainLengthMax = 65_535;

/**
 * Reads the packet whose IPv6 header begins at `at` into a row.
 * @param end end of the captured bytes, excluded
 * @param originalEnd end of the packet on the wire
 * @returns 0, a negative number of reason.ts, `held` of fragments.ts, or the place of an inner packet as in
 * decodeTransport. Unless it is 0, the row's content is invalid.
 */
export function decodeIpv6(
  bytes: Uint8Array,
  at: number,
  end: number,
  originalEnd: number,
  packets: PacketBatch,
  row: number,
  decoding: Decoding,
): number {
  if (end - at < headerLength) return end < originalEnd ? refuse.truncated : refuse['malformed-ipv6'];
  const { fragments } = decoding;
  if (bytes[at] >> 4 !== 6) return refuse['malformed-ipv6'];
  const payloadLength = (bytes[at + 4] << 8) | bytes[at + 5];
  const total = payloadLength === 0 ? findJumboLength(bytes, at, end, originalEnd) : headerLength + payloadLength;
  const packetEnd = at + total;
  const whole = packetEnd <= end || end === originalEnd;
  const payloadEnd = packetEnd < end ? packetEnd : end;

  packets.family[row] = 6;
  packets.ipBytes[row] = total;
  const words = row << 2;
  for (let word = 0; word < 4; word++) {
    const from = at + 8 + (word << 2);
    packets.source[words + word] =
      (bytes[from] << 24) | (bytes[from + 1] << 16) | (bytes[from + 2] << 8) | bytes[from + 3];
    packets.destination[words + word] =
      (bytes[from + 16] << 24) | (bytes[from + 17] << 16) | (bytes[from + 18] << 8) | bytes[from + 19];
  }

  let next = bytes[at + 6];
  let header = at + headerLength;
  let firstOf = -1;
  for (let extensions = 0; ; extensions++) {
    if (!isExtension(next)) {
      const result = decodeTransport(bytes, next, header, payloadEnd, whole, packets, row, decoding);
      if (result === 0 && firstOf >= 0) fragments?.first(packets, row, 0, firstOf);
      if (result > held) {
        decoding.tunnelEnd = payloadEnd;
        decoding.tunnelOriginalEnd = whole ? payloadEnd : packetEnd;
      }
      return result;
    }
    if (extensions === limits.ipv6ExtensionsMax) return refuse['extensions-too-many'];
    if (payloadEnd - header < 8) return whole ? refuse['malformed-ipv6'] : refuse.truncated;
    if (next === fragment) {
      const place = (bytes[header + 2] << 8) | bytes[header + 3];
      const id =
        ((bytes[header + 4] << 24) | (bytes[header + 5] << 16) | (bytes[header + 6] << 8) | bytes[header + 7]) >>> 0;
      if ((place & fragmentOffset) !== 0) {
        if (fragments === undefined) return refuse.fragment;
        const upper = bytes[header];
        if (!isTransport(upper) && !isExtension(upper)) return refuseProtocol(upper);
        return fragments.later(packets, row, 0, id);
      }
      if ((place & moreFragments) !== 0) firstOf = id;
    }
    const length =
      next === fragment
        ? 8
        : next === authenticationHeader
          ? (bytes[header + 1] + 2) << 2
          : (bytes[header + 1] + 1) << 3;
    next = bytes[header];
    header += length;
  }
}

function isExtension(header: number): boolean {
  switch (header) {
    case hopByHop:
    case routing:
    case destinationOptions:
    case mobility:
    case hostIdentity:
    case shim6:
    case fragment:
    case authenticationHeader:
      return true;
    default:
      return false;
  }
}

/**
 * Bytes of a packet with payload length 0: the jumbo payload option if it is possible, otherwise the length on the
 * wire.
 */
function findJumboLength(bytes: Uint8Array, at: number, end: number, originalEnd: number): number {
  const header = at + headerLength;
  const wireLength = originalEnd - at;
  if (bytes[at + 6] === hopByHop && end - header >= 8) {
    const optionsEnd = Math.min(header + ((bytes[header + 1] + 1) << 3), end);
    let option = header + 2;
    while (option + 2 <= optionsEnd) {
      if (bytes[option] === 0) {
        option++;
        continue;
      }
      if (bytes[option] === jumboOption && bytes[option + 1] === 4 && option + 6 <= optionsEnd) {
        const value = option + 2;
        const length = (bytes[value] << 24) | (bytes[value + 1] << 16) | (bytes[value + 2] << 8) | bytes[value + 3];
        if (length >>> 0 > plainLengthMax && length >>> 0 <= wireLength - headerLength) return headerLength + length;
        break;
      }
      option += 2 + bytes[option + 1];
    }
  }
  return wireLength;
}
