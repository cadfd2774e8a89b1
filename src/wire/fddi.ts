/**
 * FDDI.
 *
 *   0               1              7             13
 *   | frame control | destination  | source      | LLC …
 *
 * Frame controls 50 to 5f are LLC frames; others are ring management. Source: www.tcpdump.org/linktypes.html (LINKTYPE_FDDI).
 */
import { decodeEtherType } from './ether-type.ts';
import { refuse } from './reason.ts';

const headerLength = 13;

/** @returns see network-start.ts. */
export function decodeFddi(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  if (end - start < headerLength) return whole ? refuse['malformed-link'] : refuse.truncated;
  if ((bytes[start] & 0xf0) !== 0x50) return refuse['link-control'];
  return decodeEtherType(bytes, start, 0, start + headerLength, end, whole);
}
