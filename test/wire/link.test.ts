import { describe, expect, test } from 'vitest';
import {
  formatLinkType,
  linkTypeCiscoHdlc,
  linkTypeEthernet,
  linkTypeFddi,
  linkTypeFrameRelay,
  linkTypeIeee80211,
  linkTypeLinuxSll,
  linkTypeNflog,
  linkTypeNull,
  linkTypePpi,
  linkTypePpp,
  linkTypeRadiotap,
  linkTypeSlip,
  linkTypes,
} from '../../src/capture/link-type.ts';
import { limits } from '../../src/base/limits.ts';
import { concat, ethernet, hex } from './build-packet.ts';
import { decodeOne } from './decode-one.ts';
import { ip4, ip4Text, ip6, linkSamples } from './link-samples.ts';

const data80211 = (control: string) => concat(hex(`${control} 0000`), new Uint8Array(18), hex('1000 0000'), ip4);

describe('link layers', () => {
  test.each(linkSamples)('%s carries IP', (_, linkType, packet, text) => {
    expect(decodeOne(linkType, packet)).toBe(text);
  });

  test('every link type that is called supported has a sample, and the others are refused', () => {
    const sampled = new Set(linkSamples.map(([, linkType]) => linkType));
    for (const { value, supported } of linkTypes) {
      expect([value, sampled.has(value)]).toEqual([value, supported]);
      if (!supported) expect(decodeOne(value, ip4)).toBe('link-type');
    }
    expect(decodeOne(65_535, ip4)).toBe('link-type');
  });

  test('link types are listed once each, in order, and have names', () => {
    const values = linkTypes.map(({ value }) => value);
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
    expect(formatLinkType(249)).toBe('USBPCAP (249)');
    expect(formatLinkType(147)).toBe('link type 147');
  });

  test.each([
    ['ARP', linkTypeEthernet, ethernet(0x0806, new Uint8Array(28)), 'arp'],
    ['RARP', linkTypeEthernet, ethernet(0x8035, new Uint8Array(28)), 'arp'],
    ['ARP in a VLAN', linkTypeEthernet, ethernet(0x8100, hex('0064 0806 0001')), 'arp'],
    ['ARP in a Linux cooked capture', linkTypeLinuxSll, hex('0000 0001 0006 000d3af878560000 0806 0001'), 'arp'],
    ['802.1X', linkTypeEthernet, ethernet(0x888e, hex('01000000')), 'eapol'],
    ['LLDP', linkTypeEthernet, ethernet(0x88cc, hex('0207')), 'lldp'],
    ['MACsec', linkTypeEthernet, ethernet(0x88e5, hex('2c00')), 'macsec'],
    ['spanning tree', linkTypeEthernet, ethernet(38, concat(hex('424203'), new Uint8Array(43))), 'llc'],
    ['CDP', linkTypeEthernet, ethernet(60, concat(hex('aaaa03 00000c 2000'), new Uint8Array(52))), 'llc'],
    ['PPPoE discovery', linkTypeEthernet, ethernet(0x8863, hex('1109 0000 0000')), 'pppoe-discovery'],
    [
      'a PPPoE session packet with a code',
      linkTypeEthernet,
      ethernet(0x8864, hex('11a7 0001 0000')),
      'pppoe-discovery',
    ],
    [
      'a PPPoE session packet of another version',
      linkTypeEthernet,
      ethernet(0x8864, hex('2100 0001 0000')),
      'malformed-link',
    ],
    ['LCP over PPPoE', linkTypeEthernet, ethernet(0x8864, hex('1100 0001 000a c021 0909')), 'link-control'],
    ['LCP', linkTypePpp, hex('ff03 c021 0109'), 'link-control'],
    ['PPP with a compressed TCP header', linkTypePpp, hex('ff03 002d 0109'), 'other-ethertype'],
    ['MPLS that carries no IP', linkTypeEthernet, ethernet(0x8847, hex('0001f140 00000000')), 'other-ethertype'],
    ['another EtherType', linkTypeEthernet, ethernet(0x88f7, new Uint8Array(40)), 'other-ethertype'],
    ['SLARP', linkTypeCiscoHdlc, hex('8f00 8035 00000002'), 'link-control'],
    ['frame relay signalling', linkTypeFrameRelay, hex('0001 03 08 0075'), 'link-control'],
    ['frame relay with another NLPID', linkTypeFrameRelay, hex('0001 03 82 0075'), 'other-ethertype'],
    [
      'frame relay with SNAP of another organisation',
      linkTypeFrameRelay,
      hex('0001 03 80 0080c2 0007'),
      'other-ethertype',
    ],
    ['frame relay with an endless address', linkTypeFrameRelay, hex('1840 4040 4040'), 'malformed-link'],
    ['FDDI station management', linkTypeFddi, concat(hex('41'), new Uint8Array(20)), 'link-control'],
    ['SLIP with a compressed TCP header', linkTypeSlip, concat(hex('0180'), new Uint8Array(20)), 'other-ethertype'],
    ['loopback of another family', linkTypeNull, hex('07000000 00'), 'other-ethertype'],
    ['loopback of a family that cannot be', linkTypeNull, hex('02000002 00'), 'malformed-link'],
    ['NFLOG of a bridge', linkTypeNflog, hex('07 00 0001'), 'other-ethertype'],
    ['NFLOG without a packet', linkTypeNflog, hex('02 00 0001 0800 0100 08000102'), 'malformed-link'],
    ['NFLOG with an attribute without length', linkTypeNflog, hex('02 00 0001 0000 0000'), 'malformed-link'],
    ['an 802.11 beacon', linkTypeIeee80211, data80211('8000'), 'link-control'],
    ['an 802.11 acknowledgment', linkTypeIeee80211, hex('d400 0000 000000000000'), 'link-control'],
    ['802.11 without data', linkTypeIeee80211, data80211('4801'), 'link-control'],
    ['an encrypted 802.11 frame', linkTypeIeee80211, data80211('0841'), 'encrypted-link'],
    [
      'an aggregated 802.11 frame',
      linkTypeIeee80211,
      concat(hex('8801 0000'), new Uint8Array(18), hex('1000 8000')),
      'aggregated',
    ],
    [
      'a later fragment in 802.11',
      linkTypeIeee80211,
      concat(hex('0801 0000'), new Uint8Array(18), hex('1100')),
      'fragment',
    ],
    ['radiotap of another version', linkTypeRadiotap, hex('0100 0800 00000000'), 'malformed-link'],
    ['PPI in PPI', linkTypePpi, hex('0000 0800 c0000000 0000 0800 c0000000'), 'malformed-link'],
    [
      'PPI with a link type beyond 16 bits',
      linkTypePpi,
      concat(hex('0000 0800 01000100'), ethernet(0x0800, ip4)),
      'link-type',
    ],
  ])('%s', (_, linkType, packet, reason) => {
    expect(decodeOne(linkType, packet)).toBe(reason);
  });

  test('as many tags as the limit are passed over, more are malformed', () => {
    const tagged = (tags: number) =>
      ethernet(0x8100, concat(...Array.from({ length: tags - 1 }, () => hex('0064 8100')), hex('0064 0800'), ip4));
    expect(decodeOne(linkTypeEthernet, tagged(limits.linkHeadersMax))).toBe(ip4Text);
    expect(decodeOne(linkTypeEthernet, tagged(limits.linkHeadersMax + 1))).toBe('malformed-link');
    const labels = (count: number) => ethernet(0x8847, concat(new Uint8Array(4 * (count - 1)), hex('0001f140'), ip6));
    expect(decodeOne(linkTypeEthernet, labels(limits.linkHeadersMax))).toMatch(/^udp/);
    expect(decodeOne(linkTypeEthernet, labels(limits.linkHeadersMax + 1))).toBe('malformed-link');
  });
});
