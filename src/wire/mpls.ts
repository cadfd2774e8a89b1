/**
 * MPLS: a stack of labels, then the packet. Labels do not name the protocol of the packet; the version nibble of the IP header does.
 *
 *   | label (20 bits) | class (3) | bottom (1) | time to live (8) | … | IP header …
 *
 * Source: RFC 3032 section 2.1.
 */
import { limits } from '../base/limits.ts';
import { networkByVersion, networkStart } from './network-start.ts';
import { refuse } from './reason.ts';

const labelLength = 4;

/** @param at where the first label begins. @returns see network-start.ts. */
export function decodeMpls(bytes: Uint8Array, start: number, at: number, end: number, whole: boolean): number {
  let label = at;
  for (let labels = 0; labels < limits.linkHeadersMax; labels++) {
    if (end - label <= labelLength) return whole ? refuse['malformed-link'] : refuse.truncated;
    const bottom = (bytes[label + 2] & 1) === 1;
    label += labelLength;
    if (!bottom) continue;
    const version = bytes[label] >> 4;
    return version === 4 || version === 6 ? networkStart(label - start, networkByVersion) : refuse['other-ethertype'];
  }
  return refuse['malformed-link'];
}
