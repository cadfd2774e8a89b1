/**
 * GRE with IP, Ethernet, MPLS, PPP (version 1: PPTP) or mirrored frames (ERSPAN) inside.
 *
 *   GRE          | C R K S … version (16 bits) | type (2) | checksum, 0 (4, if C or R) | key (4, if K) | sequence (4, if S) | …
 *   version 1    | K 1, S, A at bit 8          | 880b     | length (2), call (2) | sequence (4, if S) | acknowledged (4, if A) | PPP …
 *   ERSPAN I     type 88be without sequence: the frame at once        ERSPAN II   88be with one: | 1, VLAN … (8) | frame …
 *   ERSPAN III   type 22eb: | 2, VLAN … (10) | frame type at bits 1 to 5, more (8 bytes) at bit 15 (2) | frame or IP …
 *
 * Source: RFC 2784 section 2, RFC 2890 section 2, RFC 2637 section 4.1, draft-foschiano-erspan-03 section 4.
 */
import { decodeEtherType } from './ether-type.ts';
import { decodeEthernet } from './ethernet.ts';
import { networkByVersion, networkStart } from './network-start.ts';
import { decodePpp } from './ppp.ts';
import { refuse } from './reason.ts';

const headerLengthMin = 4;
const flagChecksum = 0x8000;
const flagRouting = 0x4000;
const flagKey = 0x2000;
const flagSequence = 0x1000;
const flagAcknowledgment = 0x0080;
const version = 0x0007;
const typeMin = 0x0600;
const typePpp = 0x880b;
const typeErspan = 0x88be;
const typeErspan3 = 0x22eb;
const erspan2Length = 8;
const erspan3Length = 12;
const erspan3MoreLength = 8;
const frameEthernet = 0;
const frameIp = 2;

/** EtherType of a complete Ethernet frame. Source: RFC 7637 section 3.2. */
export const typeEthernetFrame = 0x6558;

/** @param at where the GRE header begins. @returns see network-start.ts, counted from the first byte of `bytes`. */
export function decodeGre(bytes: Uint8Array, at: number, end: number, whole: boolean): number {
  const short = whole ? refuse['malformed-link'] : refuse.truncated;
  if (end - at < headerLengthMin) return short;
  const flags = (bytes[at] << 8) | bytes[at + 1];
  const type = (bytes[at + 2] << 8) | bytes[at + 3];
  if ((flags & version) === 1) {
    if (type !== typePpp || (flags & flagSequence) === 0) return refuse.gre;
    return decodePppIn(bytes, at + ((flags & flagAcknowledgment) === 0 ? 12 : 16), end, whole);
  }
  if ((flags & (version | flagRouting)) !== 0 || type < typeMin) return refuse.gre;
  const payload =
    at +
    headerLengthMin +
    ((flags & flagChecksum) === 0 ? 0 : 4) +
    ((flags & flagKey) === 0 ? 0 : 4) +
    ((flags & flagSequence) === 0 ? 0 : 4);
  if (payload > end) return short;
  if (type === typeErspan) {
    const frame = (flags & flagSequence) === 0 ? payload : payload + erspan2Length;
    return frame > end ? short : decodeFrame(bytes, frame, end, whole);
  }
  if (type === typeErspan3) return decodeErspan3(bytes, payload, end, whole);
  if (type === typePpp) return decodePppIn(bytes, payload, end, whole);
  return decodeType(bytes, type, payload, end, whole);
}

/**
 * @param type of the data at `at`
 * @returns as `decodeGre`
 */
export function decodeType(bytes: Uint8Array, type: number, at: number, end: number, whole: boolean): number {
  return type === typeEthernetFrame
    ? decodeFrame(bytes, at, end, whole)
    : decodeEtherType(bytes, 0, type, at, end, whole);
}

/** @returns as `decodeGre`. */
export function decodeFrame(bytes: Uint8Array, at: number, end: number, whole: boolean): number {
  const link = decodeEthernet(bytes, at, end, whole);
  return link < 0 ? link : link + networkStart(at, 0);
}

function decodePppIn(bytes: Uint8Array, at: number, end: number, whole: boolean): number {
  const link = decodePpp(bytes, at, end, whole);
  return link < 0 ? link : link + networkStart(at, 0);
}

function decodeErspan3(bytes: Uint8Array, at: number, end: number, whole: boolean): number {
  const short = whole ? refuse['malformed-link'] : refuse.truncated;
  if (end - at < erspan3Length) return short;
  const frameType = (bytes[at + 10] >> 2) & 31;
  const frame = at + erspan3Length + ((bytes[at + 11] & 1) === 0 ? 0 : erspan3MoreLength);
  if (frame > end) return short;
  if (frameType === frameEthernet) return decodeFrame(bytes, frame, end, whole);
  return frameType === frameIp ? networkStart(frame, networkByVersion) : refuse.gre;
}
