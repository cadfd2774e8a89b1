/**
 * IEEE 802.11 (wireless) data frames, without or with a header of the capture driver.
 *
 *   0               2          4         10        16        22             24
 *   | frame control | duration | address | address | address | sequence     | address 4 (6) | QoS (2) | HT (4) | LLC …
 *
 *   frame control, first byte    subtype (4) | type (2): 0 management, 1 control, 2 data | version (2)
 *                  second byte   order | protected | more data | power | retry | more fragments | from DS | to DS
 *
 *   radiotap   | 0 | 0 | header length (2, little-endian) | fields present (4, more where bit 31 is set) | fields … |
 *   Prism      | 144 bytes |
 *   AVS        | 80 21 10 and version (4) | header length (4, big-endian) | fields … |
 *
 * A driver that writes AVS headers may name the link type Prism. Source: IEEE 802.11-2020 section 9.2; radiotap.org;
 * www.tcpdump.org/linktypes.html (LINKTYPE_IEEE802_11_PRISM, LINKTYPE_IEEE802_11_AVS).
 */
import { decodeEtherType } from './ether-type.ts';
import { refuse } from './reason.ts';

const headerLengthMin = 24;
const typeData = 2;
const subtypeNoData = 4;
const subtypeQos = 8;
const flagToAndFromDs = 0x03;
const flagProtected = 0x40;
const flagOrder = 0x80;
const qosAggregated = 0x80;
const radiotapHeaderLengthMin = 8;
const radiotapTime = 1 << 0;
const radiotapFlags = 1 << 1;
const radiotapFlagPadded = 0x20;
const prismHeaderLength = 144;
const avsHeaderLengthMin = 8;

/**
 * @param at where the 802.11 header begins
 * @param padded whether it is padded to a multiple of four bytes
 * @returns see network-start.ts.
 */
export function decodeIeee80211(
  bytes: Uint8Array,
  start: number,
  at: number,
  end: number,
  whole: boolean,
  padded: boolean,
): number {
  const short = whole ? refuse['malformed-link'] : refuse.truncated;
  if (end - at < 2) return short;
  const subtype = bytes[at] >> 4;
  const flags = bytes[at + 1];
  if (((bytes[at] >> 2) & 3) !== typeData || (subtype & subtypeNoData) !== 0) return refuse['link-control'];
  if ((flags & flagProtected) !== 0) return refuse['encrypted-link'];
  let headerLength = headerLengthMin;
  if ((flags & flagToAndFromDs) === flagToAndFromDs) headerLength += 6;
  const qosOffset = headerLength;
  if ((subtype & subtypeQos) !== 0) headerLength += (flags & flagOrder) === 0 ? 2 : 6;
  if (padded) headerLength = (headerLength + 3) & ~3;
  if (end - at < headerLength) return short;
  if ((bytes[at + 22] & 15) !== 0) return refuse.fragment;
  if ((subtype & subtypeQos) !== 0 && (bytes[at + qosOffset] & qosAggregated) !== 0) return refuse.aggregated;
  return decodeEtherType(bytes, start, 0, at + headerLength, end, whole);
}

/** @returns see network-start.ts. */
export function decodeRadiotap(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  const short = whole ? refuse['malformed-link'] : refuse.truncated;
  if (end - start < radiotapHeaderLengthMin) return short;
  const headerLength = bytes[start + 2] | (bytes[start + 3] << 8);
  if (bytes[start] !== 0 || headerLength < radiotapHeaderLengthMin) return refuse['malformed-link'];
  if (end - start < headerLength) return short;
  const present = bytes[start + 4];
  let field = start + 8;
  while ((bytes[field - 1] & 0x80) !== 0 && field - start + 4 <= headerLength) field += 4;
  if ((present & radiotapTime) !== 0) field = start + ((field - start + 7) & ~7) + 8;
  const padded =
    (present & radiotapFlags) !== 0 && field - start < headerLength && (bytes[field] & radiotapFlagPadded) !== 0;
  return decodeIeee80211(bytes, start, start + headerLength, end, whole, padded);
}

/** @returns see network-start.ts. */
export function decodePrism(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  const short = whole ? refuse['malformed-link'] : refuse.truncated;
  if (end - start < 4) return short;
  if (bytes[start] === 0x80 && bytes[start + 1] === 0x21 && bytes[start + 2] === 0x10)
    return decodeAvs(bytes, start, end, whole);
  if (end - start < prismHeaderLength) return short;
  return decodeIeee80211(bytes, start, start + prismHeaderLength, end, whole, false);
}

/** @returns see network-start.ts. */
export function decodeAvs(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
  const short = whole ? refuse['malformed-link'] : refuse.truncated;
  if (end - start < avsHeaderLengthMin) return short;
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(start + 4);
  if (headerLength < avsHeaderLengthMin) return refuse['malformed-link'];
  if (end - start < headerLength) return short;
  return decodeIeee80211(bytes, start, start + headerLength, end, whole, false);
}
