/**
 * Linux netfilter log.
 *
 *   0         1         2          4
 *   | family  | 0       | group    | attributes …
 *
 *   attribute   | length (2) | type (2) | value, padded to 4 bytes |        type 9: the packet, from its IP header on
 *
 * Attributes are in the byte order of the capturing machine, which the format does not name. The order in which the first
 * attribute has a possible length is used, little-endian first.
 * Source: www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html.
 */
import { networkIpv4, networkIpv6, networkStart } from './network-start.ts';
import { refuse } from './reason.ts';

const headerLength = 4;
const attributeHeaderLength = 4;
const attributePayload = 9;
const familyIpv4 = 2;
const familyIpv6 = 10;

/** @returns see network-start.ts. */
export function decodeNflog(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  const short = whole ? refuse['malformed-link'] : refuse.truncated;
  if (end - start < headerLength) return short;
  const family = bytes[start];
  if (family !== familyIpv4 && family !== familyIpv6) return refuse['other-ethertype'];
  let at = start + headerLength;
  let big = false;
  while (end - at >= attributeHeaderLength) {
    if (at === start + headerLength) {
      const little = bytes[at] | (bytes[at + 1] << 8);
      big = little < attributeHeaderLength || little > end - at;
    }
    const length = big ? (bytes[at] << 8) | bytes[at + 1] : bytes[at] | (bytes[at + 1] << 8);
    const type = big ? (bytes[at + 2] << 8) | bytes[at + 3] : bytes[at + 2] | (bytes[at + 3] << 8);
    if (length < attributeHeaderLength) return refuse['malformed-link'];
    if (type === attributePayload)
      return networkStart(at + attributeHeaderLength - start, family === familyIpv4 ? networkIpv4 : networkIpv6);
    at += (length + 3) & ~3;
  }
  return short;
}
