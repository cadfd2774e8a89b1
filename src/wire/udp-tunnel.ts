/**
 * Tunnels in UDP, found by the destination port. A packet to that port without the tunnel's header is a normal UDP packet.
 *
 *   VXLAN, 4789    | flags, 08 set | 0 (3) | network (3) | 0 | Ethernet …
 *   Geneve, 6081   | version 0 (2 bits), option words (6) | flags | type (2) | network (3) | 0 | options … | Ethernet or IP …
 *
 * Source: RFC 7348 section 5, RFC 8926 section 3.
 */
import type { Decoding } from './decoding.ts';
import { decodeFrame, decodeType } from './gre.ts';
import { refuse } from './reason.ts';

/** IANA port of VXLAN. */
export const portVxlan = 4789;
const portGeneve = 6081;
const udpHeaderLength = 8;
const headerLength = 8;
const flagNetwork = 0x08;

/** @returns whether packets to this UDP port can be tunnels */
export function isTunnelPort(port: number, { vxlanPorts }: Decoding): boolean {
  return vxlanPorts.has(port) || port === portGeneve;
}

/**
 * @param at where the UDP header begins, to a tunnel's port
 * @returns as `decodeGre`, or 0 if it is not a tunnel
 */
export function decodeUdpTunnel(
  bytes: Uint8Array,
  at: number,
  end: number,
  whole: boolean,
  { vxlanPorts }: Decoding,
): number {
  const header = at + udpHeaderLength;
  if (end - header < headerLength) return whole ? 0 : refuse.truncated;
  if (vxlanPorts.has((bytes[at + 2] << 8) | bytes[at + 3]))
    return (bytes[header] & flagNetwork) === 0 ? 0 : decodeFrame(bytes, header + headerLength, end, whole);
  if (bytes[header] >> 6 !== 0) return 0;
  const payload = header + headerLength + ((bytes[header] & 63) << 2);
  if (payload > end) return whole ? refuse['malformed-link'] : refuse.truncated;
  return decodeType(bytes, (bytes[header + 2] << 8) | bytes[header + 3], payload, end, whole);
}
