/**
 * Headers that a capturing program writes in front of each packet, and that name the packet's link type.
 *
 *   PPI     | 0 | flags | header length (2) | link type (4) | fields … |
 *   PKTAP   | header length (4) | record type (4): 0 no packet, 1 packet | link type (4) | interface, process … |
 *
 * Numbers are little-endian. Source: www.tcpdump.org/linktypes.html (LINKTYPE_PPI, LINKTYPE_PKTAP); the program tcpdump.
 */
import { linkTypePktap, linkTypePpi } from '../capture/link-type.ts';
import { refuse } from './reason.ts';

const ppiHeaderLengthMin = 8;
const pktapHeaderLengthMin = 12;
const pktapPacket = 1;

/** Whether packets of this link type begin with a header that names another link type. */
export function hasCaptureHeader(linkType: number): boolean {
  return linkType === linkTypePpi || linkType === linkTypePktap;
}

/** @returns bytes of the header at `start`, or a refusal (reason.ts). */
export function captureHeaderLength(
  linkType: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  whole: boolean,
): number {
  const short = whole ? refuse['malformed-link'] : refuse.truncated;
  const isPpi = linkType === linkTypePpi;
  const lengthMin = isPpi ? ppiHeaderLengthMin : pktapHeaderLengthMin;
  if (end - start < lengthMin) return short;
  const length = isPpi ? bytes[start + 2] | (bytes[start + 3] << 8) : readUint32(bytes, start);
  if (length < lengthMin) return refuse['malformed-link'];
  if (!isPpi && readUint32(bytes, start + 4) !== pktapPacket) return refuse['link-control'];
  return end - start < length ? short : length;
}

/** Link type that the header at `start` names. The header is whole. */
export function namedLinkType(linkType: number, bytes: Uint8Array, start: number): number {
  return readUint32(bytes, start + (linkType === linkTypePpi ? 4 : 8));
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}
