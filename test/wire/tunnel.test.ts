import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { linkTypeEthernet, linkTypeRaw } from '../../src/capture/link-type.ts';
import { concat, ethernet, extension, fragmentHeader, hex, ipv4, ipv6, tcp, udp, uint16 } from './build-packet.ts';
import { decodeOne } from './decode-one.ts';
import { ip4, ip4Text, ip6, ip6Text } from './link-samples.ts';

const outer = { source: '192.0.2.1', destination: '192.0.2.2' };
const frame4 = ethernet(0x0800, ip4);
const frame6 = ethernet(0x86dd, ip6);
const gre = (header: string, payload: Uint8Array) => ipv4(concat(hex(header), payload), { ...outer, protocol: 47 });
const inUdp = (port: number, payload: Uint8Array) =>
  ipv4(concat(uint16(50_000), uint16(port), uint16(8 + payload.length), uint16(0), payload), {
    ...outer,
    protocol: 17,
  });
const vxlan = (payload: Uint8Array) => inUdp(4789, concat(hex('08000000 00002a00'), payload));
const outerUdp = (port: number, bytes: number) => `udp 192.0.2.1:50000 > 192.0.2.2:${port} flags 0, ${bytes} bytes`;

/** Name, packet, what the outer addresses give, what the inner ones give. */
const samples: readonly (readonly [string, Uint8Array, string, string])[] = [
  ['IPv4 in IPv4', ipv4(ip4, { ...outer, protocol: 4 }), 'ip-in-ip', ip4Text],
  ['IPv6 in IPv4', ipv4(ip6, { ...outer, protocol: 41 }), 'ip-in-ip', ip6Text],
  ['IPv4 in IPv6', ipv6(ip4, { next: 4 }), 'ip-in-ip', ip4Text],
  ['IPv6 in IPv6', ipv6(ip6, { next: 41 }), 'ip-in-ip', ip6Text],
  ['IPv4 in IPv6 with options', ipv6(extension(4, 1, ip4), { next: 60 }), 'ip-in-ip', ip4Text],
  ['GRE', gre('0000 0800', ip4), 'gre', ip4Text],
  ['GRE over IPv6', ipv6(concat(hex('0000 0800'), ip4), { next: 47 }), 'gre', ip4Text],
  ['GRE with a checksum', gre('8000 86dd 12340000', ip6), 'gre', ip6Text],
  ['GRE with a key', gre('2000 0800 0000002a', ip4), 'gre', ip4Text],
  ['GRE with all three', gre('b000 0800 12340000 0000002a 00000001', ip4), 'gre', ip4Text],
  ['Ethernet in GRE', gre('2000 6558 00002a00', frame6), 'gre', ip6Text],
  ['MPLS in GRE', gre('0000 8847 0001f140', ip4), 'gre', ip4Text],
  ['ERSPAN I', gre('0000 88be', frame4), 'gre', ip4Text],
  ['ERSPAN II', gre('1000 88be 00000001 1001000a 00000000', frame4), 'gre', ip4Text],
  ['ERSPAN III', gre('1000 22eb 00000001 2001000a 00000000 0000 0000', frame4), 'gre', ip4Text],
  [
    'ERSPAN III with more',
    gre('1000 22eb 00000001 2001000a 00000000 0000 0001 0000000000000000', frame6),
    'gre',
    ip6Text,
  ],
  ['ERSPAN III, IP', gre('1000 22eb 00000001 2001000a 00000000 0000 0800', ip4), 'gre', ip4Text],
  ['PPP in GRE', gre('0000 880b ff03 0021', ip4), 'gre', ip4Text],
  ['PPTP', gre('3001 880b 00340001 00000001 ff03 0021', ip4), 'gre', ip4Text],
  ['PPTP with an acknowledgment', gre('3081 880b 00340001 00000001 00000002 21', ip4), 'gre', ip4Text],
  ['VXLAN', vxlan(frame4), outerUdp(4789, 98), ip4Text],
  ['VXLAN with a VLAN tag', vxlan(ethernet(0x8100, concat(hex('0064 86dd'), ip6))), outerUdp(4789, 114), ip6Text],
  ['Geneve', inUdp(6081, concat(hex('0000 6558 00002a00'), frame4)), outerUdp(6081, 98), ip4Text],
  [
    'Geneve with options',
    inUdp(6081, concat(hex('0200 86dd 00002a00 0102800100000001'), ip6)),
    outerUdp(6081, 104),
    ip6Text,
  ],
  ['GRE in VXLAN', vxlan(ethernet(0x0800, gre('0000 86dd', ip6))), outerUdp(4789, 134), ip6Text],
];

const decodeInner = (packet: Uint8Array, originalLength = packet.length, around = 0) =>
  decodeOne(linkTypeRaw, packet, originalLength, around, 'inner');

describe.each(samples)('%s', (_, packet, outerText, innerText) => {
  test('gives the outer addresses by default', () => {
    expect(decodeOne(linkTypeRaw, packet)).toBe(outerText);
  });

  test('gives the inner addresses and bytes when they are asked for, behind any link', () => {
    expect(decodeInner(packet)).toBe(innerText);
    const framed = ethernet(packet[0] >> 4 === 4 ? 0x0800 : 0x86dd, packet);
    expect(decodeOne(linkTypeEthernet, framed, framed.length, 0, 'inner')).toBe(innerText);
    expect(decodeOne(linkTypeEthernet, concat(framed, new Uint8Array(9)), framed.length + 9, 0, 'inner')).toBe(
      innerText,
    );
  });

  const withoutFlags = innerText.replace(/flags [0-9a-f]+/, 'flags 0');

  test('cut by the capture, it is the same packet or truncated', () => {
    for (let length = 0; length < packet.length; length++)
      expect([innerText, withoutFlags, 'truncated']).toContain(
        decodeInner(packet.subarray(0, length), packet.length, 0xff),
      );
  });

  test('ended too early, it is the same packet, malformed, or a UDP packet without a tunnel', () => {
    for (let length = 0; length < packet.length; length++) {
      const text = decodeInner(packet.subarray(0, length), length, 0xff);
      expect([innerText, withoutFlags, outerText]).toContain(text.startsWith('malformed-') ? innerText : text);
    }
  });

  test('every change of a byte gives a packet or a reason, whatever bytes lie around it', () => {
    const long = process.env['NSGFLOW_LONG'] === '1';
    const values = long ? Array.from({ length: 256 }, (_, value) => value) : [0, 4, 0x2f, 0x45, 0xff];
    for (let at = 0; at < packet.length; at++) {
      for (const value of [...values, packet[at] ^ 1, packet[at] ^ 0x80]) {
        const changed = packet.slice();
        changed[at] = value;
        const seen = decodeInner(changed, packet.length + (at % 3), 0x00);
        expect(decodeInner(changed, packet.length + (at % 3), 0xff)).toBe(seen);
      }
    }
  });
});

describe('an inner packet', () => {
  test.each([
    ['ARP in VXLAN', vxlan(ethernet(0x0806, new Uint8Array(28))), 'arp'],
    ['ICMP in VXLAN', vxlan(ethernet(0x0800, ipv4(new Uint8Array(8), { protocol: 1 }))), 'icmp'],
    ['a later fragment in GRE', gre('0000 0800', ipv4(tcp(), { fragmentOffset: 3 })), 'fragment'],
    ['a wrong version in IP', ipv4(ip6, { ...outer, protocol: 4 }), 'malformed-ipv4'],
    ['nothing in IP', ipv4(hex(''), { ...outer, protocol: 41 }), 'malformed-ipv6'],
    ['ESP', ipv4(new Uint8Array(40), { ...outer, protocol: 50 }), 'esp'],
    ['PPP control in PPTP', gre('3001 880b 00040001 00000001 ff03 c021 01010004', hex('')), 'link-control'],
    ['another EtherType in GRE', gre('0000 9999', ip4), 'other-ethertype'],
  ])('that is refused counts by its reason: %s', (_, packet, reason) => {
    expect(decodeInner(packet)).toBe(reason);
  });

  test.each([
    ['a keepalive', '0000 0000'],
    ['an acknowledgment of PPTP', '2081 880b 00000001 00000002'],
    ['source routing', '4000 0800 00000000'],
    ['another version', '0002 0800'],
    ['ERSPAN III of another frame', '1000 22eb 00000001 2001000a 00000000 0000 0400'],
  ])('is missing in GRE: %s', (_, header) => {
    expect(decodeInner(gre(header, new Uint8Array(40)))).toBe('gre');
  });

  test('of VXLAN at another port is found where the port is named, and 4789 stays one', () => {
    const at = (port: number): Uint8Array => inUdp(port, concat(hex('08000000 00002a00'), frame4));
    const named = (port: number, ports: readonly number[]): string =>
      decodeOne(linkTypeRaw, at(port), at(port).length, 0, 'inner', ports);
    const bytes = at(8472).length;
    expect(named(8472, [])).toBe(outerUdp(8472, bytes));
    expect(named(8472, [8472])).toBe(ip4Text);
    expect([10800, 10801, 4789].map((port) => named(port, [10800, 10801]))).toEqual([ip4Text, ip4Text, ip4Text]);
    expect(named(10802, [10800, 10801])).toBe(outerUdp(10802, bytes));
    expect(decodeOne(linkTypeRaw, at(8472), bytes, 0, 'outer', [8472])).toBe(outerUdp(8472, bytes));
  });

  test('is missing in UDP without the header of a tunnel, which counts as it is', () => {
    const text = outerUdp(4789, 98);
    expect(decodeInner(inUdp(4789, concat(hex('00000000 00002a00'), frame4)))).toBe(text);
    expect(decodeInner(inUdp(4789, hex('08000000')))).toBe(outerUdp(4789, 32));
    expect(decodeInner(inUdp(6081, concat(hex('4000 6558 00002a00'), frame4)))).toBe(outerUdp(6081, 98));
    expect(decodeInner(inUdp(53, concat(hex('08000000 00002a00'), frame4)))).toBe(outerUdp(53, 98));
    const fromTunnelPort = ipv4(udp({ source: 4789, destination: 53, data: 60 }), { protocol: 17 });
    expect(decodeInner(fromTunnelPort)).toBe(decodeOne(linkTypeRaw, fromTunnelPort));
    expect(decodeInner(ip4)).toBe(ip4Text);
  });

  test('has the length that its own header tells, or without one the rest of the outer packet', () => {
    const segment = ipv4(tcp({ data: 100 }), { totalLength: 0 });
    const packet = ethernet(0x0800, concat(gre('0000 0800', segment), new Uint8Array(11)));
    expect(decodeOne(linkTypeEthernet, packet, packet.length, 0, 'inner')).toBe(ip4Text.replace('48', '140'));
  });

  test('ends with the outer one: what lies behind is padding and no ports', () => {
    const cut = ipv4(concat(hex('0000 0800'), ip4.subarray(0, 22)), { ...outer, protocol: 47 });
    const padded = ethernet(0x0800, concat(cut, hex('01bb 1234 5678')));
    expect(decodeOne(linkTypeEthernet, padded, padded.length, 0, 'inner')).toBe('malformed-tcp');
  });

  test('of a first fragment counts once, with its own length', () => {
    const packet = ipv4(concat(hex('0000 0800'), ipv4(tcp(), { totalLength: 1400 })), {
      ...outer,
      protocol: 47,
      moreFragments: true,
    });
    expect(decodeInner(packet)).toBe(ip4Text.replace('48', '1400'));
    const inSix = ipv6(fragmentHeader(41, 0, true, 1, ip6), { next: 44 });
    expect(decodeInner(inSix)).toBe(ip6Text);
  });

  test('is found through as many tunnels as the limit, and no more', () => {
    const nested = (tunnels: number) => {
      let packet = ip4;
      for (let i = 0; i < tunnels; i++) packet = ipv4(packet, { ...outer, protocol: 4 });
      return packet;
    };
    expect(decodeInner(nested(limits.tunnelsMax))).toBe(ip4Text);
    expect(decodeInner(nested(limits.tunnelsMax + 1))).toBe('tunnels-too-deep');
  });
});
