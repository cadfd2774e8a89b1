/**
 * EtherTypes, and the tags between an EtherType and the IP header.
 *
 *   VLAN   8100, 88a8, 9100   | tag (2)  | type (2) | …
 *   MPLS   8847, 8848         see mpls.ts
 *   PPPoE  8864               see ppp.ts
 *   LLC    up to 1500         | dsap | ssap | control |; SNAP: | aa | aa | 03 | organisation (3) | type (2) | …
 *
 * Source: IEEE 802.1Q section 9, RFC 1042.
 */
import { limits } from '../base/limits.ts';
import { decodeMpls } from './mpls.ts';
import { networkIpv4, networkIpv6, networkStart } from './network-start.ts';
import { decodePppoe } from './ppp.ts';
import { refuse } from './reason.ts';

const typeIpv4 = 0x0800;
const typeIpv6 = 0x86dd;
const lengthMax = 1500;

/**
 * @param type the EtherType or 802.3 length, of which the payload begins at `at`.
 * @returns see network-start.ts.
 */
export function decodeEtherType(
  bytes: Uint8Array,
  start: number,
  type: number,
  at: number,
  end: number,
  whole: boolean,
): number {
  if (type === typeIpv4) return networkStart(at - start, networkIpv4);
  if (type === typeIpv6) return networkStart(at - start, networkIpv6);
  return decodeTags(bytes, start, type, at, end, whole);
}

function decodeTags(
  bytes: Uint8Array,
  start: number,
  firstType: number,
  firstAt: number,
  end: number,
  whole: boolean,
): number {
  let type = firstType;
  let at = firstAt;
  const short = whole ? refuse['malformed-link'] : refuse.truncated;
  for (let headers = 0; ; headers++) {
    if (type === typeIpv4) return networkStart(at - start, networkIpv4);
    if (type === typeIpv6) return networkStart(at - start, networkIpv6);
    if (headers === limits.linkHeadersMax) return refuse['malformed-link'];
    if (type === 0x8100 || type === 0x88a8 || type === 0x9100) {
      if (end - at < 4) return short;
      type = (bytes[at + 2] << 8) | bytes[at + 3];
      at += 4;
    } else if (type <= lengthMax) {
      if (end - at < 3) return short;
      const saps = (bytes[at] << 8) | bytes[at + 1];
      if (saps === 0x0606 && bytes[at + 2] === 3) return networkStart(at + 3 - start, networkIpv4);
      if (saps !== 0xaaaa || bytes[at + 2] !== 3) return refuse.llc;
      if (end - at < 8) return short;
      if (((bytes[at + 3] << 16) | (bytes[at + 4] << 8) | bytes[at + 5]) !== 0) return refuse.llc;
      type = (bytes[at + 6] << 8) | bytes[at + 7];
      at += 8;
      if (type <= lengthMax) return refuse.llc;
    } else if (type === 0x8847 || type === 0x8848) {
      return decodeMpls(bytes, start, at, end, whole);
    } else if (type === 0x8864) {
      return decodePppoe(bytes, start, at, end, whole);
    } else {
      return refuseType(type);
    }
  }
}

function refuseType(type: number): number {
  switch (type) {
    case 0x0806:
    case 0x8035:
      return refuse.arp;
    case 0x888e:
      return refuse.eapol;
    case 0x88cc:
      return refuse.lldp;
    case 0x88e5:
      return refuse.macsec;
    case 0x8863:
      return refuse['pppoe-discovery'];
    default:
      return refuse['other-ethertype'];
  }
}
