/**
 * BSD loopback: four bytes that name the address family, in the byte order of the machine that captured (NULL) or big-endian
 * (LOOP); both are read in either order, since captures mix them up.
 *
 *   0         4
 *   | family  | IP header …
 *
 * Source: www.tcpdump.org/linktypes.html (LINKTYPE_NULL: AF_INET is 2, AF_INET6 is 10, 23, 24, 28 or 30).
 */
import { networkIpv4, networkIpv6, networkStart } from './network-start.ts';
import { refuse } from './reason.ts';

const headerLength = 4;

/** @returns see network-start.ts. */
export function decodeNullLoopback(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  if (end - start < headerLength) return whole ? refuse['malformed-link'] : refuse.truncated;
  const low = bytes[start] | (bytes[start + 1] << 8);
  const high = (bytes[start + 2] << 8) | bytes[start + 3];
  if (low !== 0 && high !== 0) return refuse['malformed-link'];
  switch (low | high) {
    case 2:
      return networkStart(headerLength, networkIpv4);
    case 10:
    case 23:
    case 24:
    case 28:
    case 30:
      return networkStart(headerLength, networkIpv6);
    default:
      return refuse['other-ethertype'];
  }
}
