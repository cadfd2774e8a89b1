/**
 * Linux cooked captures ("any" interface).
 *
 *   version 1   | packet type (2) | ARPHRD (2) | address length (2) | address (8) | protocol (2) | …            16 bytes
 *   version 2   | protocol (2) | 0 (2) | interface (4) | ARPHRD (2) | packet type | address length | address (8) | …  20 bytes
 *
 * Source: www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html and LINKTYPE_LINUX_SLL2.html.
 */
import { decodeEtherType } from './ether-type.ts';
import { refuse } from './reason.ts';

const headerLengthSll = 16;
const headerLengthSll2 = 20;

/** @returns see network-start.ts. */
export function decodeSll(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  if (end - start < headerLengthSll) return whole ? refuse['malformed-link'] : refuse.truncated;
  const protocol = (bytes[start + 14] << 8) | bytes[start + 15];
  return decodeEtherType(bytes, start, protocol, start + headerLengthSll, end, whole);
}

/** @returns see network-start.ts. */
export function decodeSll2(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  if (end - start < headerLengthSll2) return whole ? refuse['malformed-link'] : refuse.truncated;
  const protocol = (bytes[start] << 8) | bytes[start + 1];
  return decodeEtherType(bytes, start, protocol, start + headerLengthSll2, end, whole);
}
