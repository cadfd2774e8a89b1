/**
 * Frame relay: a Q.922 address of 2 to 4 bytes, the lowest bit is set in the last one.
 *
 *   RFC 2427   | address | 03 | 00 (may be left out) | NLPID | …    NLPID cc IPv4, 8e IPv6, 80 SNAP, 08 and 09 signalling
 *   Cisco      | address | EtherType (2) | …
 *
 * Source: RFC 2427 sections 3 and 4; Cisco's framing as in tcpdump's print-fr.c.
 */
import { decodeEtherType } from './ether-type.ts';
import { networkIpv4, networkIpv6, networkStart } from './network-start.ts';
import { refuse } from './reason.ts';

const addressLengthMax = 4;
const controlUnnumbered = 3;

/** @returns see network-start.ts. */
export function decodeFrameRelay(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  const short = whole ? refuse['malformed-link'] : refuse.truncated;
  let at = start;
  do {
    if (at - start === addressLengthMax) return refuse['malformed-link'];
    if (at >= end) return short;
    at++;
  } while ((bytes[at - 1] & 1) === 0);
  if (end - at < 2) return short;
  if (bytes[at] !== controlUnnumbered) {
    const type = (bytes[at] << 8) | bytes[at + 1];
    return decodeEtherType(bytes, start, type, at + 2, end, whole);
  }
  at++;
  if (bytes[at] === 0) at++;
  if (at >= end) return short;
  switch (bytes[at]) {
    case 0xcc:
      return networkStart(at + 1 - start, networkIpv4);
    case 0x8e:
      return networkStart(at + 1 - start, networkIpv6);
    case 0x08:
    case 0x09:
      return refuse['link-control'];
    case 0x80:
      break;
    default:
      return refuse['other-ethertype'];
  }
  if (end - at < 6) return short;
  if (((bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) !== 0) return refuse['other-ethertype'];
  return decodeEtherType(bytes, start, (bytes[at + 4] << 8) | bytes[at + 5], at + 6, end, whole);
}
