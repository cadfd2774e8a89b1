/**
 * The fields of TCP and UDP that flow logs need.
 *
 *   TCP  0             2                  4          8                12       13      14
 *        | source port | destination port | sequence | acknowledgment | offset | flags | …
 *   UDP  | source port | destination port | length | checksum | …
 *
 * Only the ports are required. Flags that the capture or a first fragment does not contain read as 0: the
 * packet counts, as one in the middle of a flow. Source: RFC 9293 section 3.1, RFC 768.
 */
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import type { PacketBatch } from '../net/packet.ts';
import type { Decoding } from './decoding.ts';
import { decodeGre } from './gre.ts';
import { networkIpv4, networkIpv6, networkStart } from './network-start.ts';
import { refuse } from './reason.ts';
import { decodeUdpTunnel, isTunnelPort } from './udp-tunnel.ts';

const portsLength = 4;
const flagsOffset = 13;
const protocolIpv4 = 4;
const protocolIpv6 = 41;
const protocolGre = 47;

/**
 * Reads the data after the IP header into a row.
 * @param end end of the captured bytes of the IP packet, excluded
 * @param whole whether this is the end of the IP packet itself
 * @param decoding whether tunnels are decoded
 * @returns 0, a negative number of reason.ts, or above `held` the place of an inner packet: see network-start.ts,
 * counted from the first byte of `bytes`. Unless it is 0, the row's content is invalid.
 */
export function decodeTransport(
  bytes: Uint8Array,
  protocol: number,
  at: number,
  end: number,
  whole: boolean,
  packets: PacketBatch,
  row: number,
  decoding: Decoding,
): number {
  const { inner } = decoding;
  if (!isTransport(protocol)) return inner ? decodeTunnel(bytes, protocol, at, end, whole) : refuseProtocol(protocol);
  if (end - at < portsLength) {
    if (!whole) return refuse.truncated;
    return protocol === protocolTcp ? refuse['malformed-tcp'] : refuse['malformed-udp'];
  }
  packets.protocol[row] = protocol;
  packets.sourcePort[row] = (bytes[at] << 8) | bytes[at + 1];
  packets.destinationPort[row] = (bytes[at + 2] << 8) | bytes[at + 3];
  packets.tcpFlags[row] = protocol === protocolTcp && end - at > flagsOffset ? bytes[at + flagsOffset] : 0;
  if (inner && protocol === protocolUdp && isTunnelPort(packets.destinationPort[row], decoding))
    return decodeUdpTunnel(bytes, at, end, whole, decoding);
  return 0;
}

function decodeTunnel(bytes: Uint8Array, protocol: number, at: number, end: number, whole: boolean): number {
  switch (protocol) {
    case protocolIpv4:
      return networkStart(at, networkIpv4);
    case protocolIpv6:
      return networkStart(at, networkIpv6);
    case protocolGre:
      return decodeGre(bytes, at, end, whole);
    default:
      return refuseProtocol(protocol);
  }
}

/** @returns whether flow logs have the protocol */
export function isTransport(protocol: number): boolean {
  return protocol === protocolTcp || protocol === protocolUdp;
}

/** @returns the negative number of reason.ts for any other protocol */
export function refuseProtocol(protocol: number): number {
  switch (protocol) {
    case 1:
      return refuse.icmp;
    case 2:
      return refuse.igmp;
    case protocolIpv4:
    case protocolIpv6:
      return refuse['ip-in-ip'];
    case protocolGre:
      return refuse.gre;
    case 50:
      return refuse.esp;
    case 58:
      return refuse.icmpv6;
    case 59:
      return refuse['no-next-header'];
    case 132:
      return refuse.sctp;
    default:
      return refuse['other-protocol'];
  }
}
