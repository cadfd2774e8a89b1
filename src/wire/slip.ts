/**
 * SLIP as captured by BSD systems.
 *
 *   0            1                                  16
 *   | direction  | compression, header bytes (15)   | IP header …
 *
 * A first compression byte of 4x is an uncompressed packet. 7x, and 80 and above, have a compressed TCP header (RFC 1144),
 * so the addresses cannot be read. Source: www.tcpdump.org/linktypes.html (LINKTYPE_SLIP).
 */
import { networkByVersion, networkStart } from './network-start.ts';
import { refuse } from './reason.ts';

const headerLength = 16;
const typeUncompressedTcp = 0x70;

/** @returns see network-start.ts. */
export function decodeSlip(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  if (end - start < headerLength) return whole ? refuse['malformed-link'] : refuse.truncated;
  if ((bytes[start + 1] & 0xf0) >= typeUncompressedTcp) return refuse['other-ethertype'];
  return networkStart(headerLength, networkByVersion);
}
