/**
 * Ethernet II and IEEE 802.3.
 *
 *   0              6              12     14
 *   | destination  | source       | type | payload …
 *
 * A "type" of up to 1500 is the length of an 802.3 frame, and LLC follows. Source: IEEE 802.3 section 3.2.6.
 */
import { decodeEtherType } from './ether-type.ts';
import { refuse } from './reason.ts';

const headerLength = 14;

/**
 * @param whole the capture has the packet up to its end
 * @returns see network-start.ts.
 */
export function decodeEthernet(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  if (end - start < headerLength) return whole ? refuse['malformed-link'] : refuse.truncated;
  const type = (bytes[start + 12] << 8) | bytes[start + 13];
  return decodeEtherType(bytes, start, type, start + headerLength, end, whole);
}
