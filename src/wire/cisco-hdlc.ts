/**
 * Cisco HDLC, and serial lines where the first byte shows whether they use it or PPP.
 *
 *   0             1    2           4
 *   | 0f or 8f    | 00 | EtherType | …        8035 is Cisco's SLARP, 2000 its CDP
 *
 * Source: www.tcpdump.org/linktypes.html (LINKTYPE_C_HDLC, LINKTYPE_PPP_HDLC), RFC 1547 section 4.3.1.
 */
import { decodeEtherType } from './ether-type.ts';
import { decodePpp } from './ppp.ts';
import { refuse } from './reason.ts';

const headerLength = 4;
const typeSlarp = 0x8035;
const typeCdp = 0x2000;

/** @returns see network-start.ts. */
export function decodeSerial(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  if (end > start && (bytes[start] === 0x0f || bytes[start] === 0x8f)) return decodeCiscoHdlc(bytes, start, end, whole);
  return decodePpp(bytes, start, end, whole);
}

/** @returns see network-start.ts. */
export function decodeCiscoHdlc(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  if (end - start < headerLength) return whole ? refuse['malformed-link'] : refuse.truncated;
  const type = (bytes[start + 2] << 8) | bytes[start + 3];
  if (type === typeSlarp || type === typeCdp) return refuse['link-control'];
  return decodeEtherType(bytes, start, type, start + headerLength, end, whole);
}
