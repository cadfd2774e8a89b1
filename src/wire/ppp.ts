/**
 * PPP: a protocol number of two bytes, or of one when its lowest bit is set (protocol field compression), then the packet.
 *
 *   in HDLC framing   | ff | 03 | protocol | …        the two bytes may be left out
 *   over Ethernet     | 11 | code | session (2) | length (2) | protocol | …
 *
 * Source: RFC 1661 sections 2 and 6.5, RFC 1662 section 3.1, RFC 2516 section 4.
 */
import { decodeMpls } from './mpls.ts';
import { networkIpv4, networkIpv6, networkStart } from './network-start.ts';
import { refuse } from './reason.ts';

const pppoeHeaderLength = 6;
const pppoeVersionAndType = 0x11;
const protocolIpv4 = 0x0021;
const protocolIpv6 = 0x0057;
const protocolMpls = 0x0281;
const protocolMplsMulticast = 0x0283;
/** Protocols from this number on configure the link and its protocols. */
const protocolControl = 0x8000;

/** @returns see network-start.ts. */
export function decodePpp(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  if (end - start < 2) return whole ? refuse['malformed-link'] : refuse.truncated;
  const framed = bytes[start] === 0xff && bytes[start + 1] === 3;
  return decodePppProtocol(bytes, start, framed ? start + 2 : start, end, whole);
}

/** @param at where the PPPoE header begins. @returns see network-start.ts. */
export function decodePppoe(bytes: Uint8Array, start: number, at: number, end: number, whole: boolean): number {
  if (end - at < pppoeHeaderLength) return whole ? refuse['malformed-link'] : refuse.truncated;
  if (bytes[at] !== pppoeVersionAndType) return refuse['malformed-link'];
  if (bytes[at + 1] !== 0) return refuse['pppoe-discovery'];
  return decodePppProtocol(bytes, start, at + pppoeHeaderLength, end, whole);
}

function decodePppProtocol(bytes: Uint8Array, start: number, at: number, end: number, whole: boolean): number {
  if (end - at < 2) return whole ? refuse['malformed-link'] : refuse.truncated;
  const compressed = (bytes[at] & 1) === 1;
  const protocol = compressed ? bytes[at] : (bytes[at] << 8) | bytes[at + 1];
  const next = compressed ? at + 1 : at + 2;
  if (protocol === protocolIpv4) return networkStart(next - start, networkIpv4);
  if (protocol === protocolIpv6) return networkStart(next - start, networkIpv6);
  if (protocol === protocolMpls || protocol === protocolMplsMulticast)
    return decodeMpls(bytes, start, next, end, whole);
  return protocol >= protocolControl ? refuse['link-control'] : refuse['other-ethertype'];
}
