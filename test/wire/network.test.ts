import { limits } from '../../src/base/limits.ts';
import { describe, expect, test } from 'vitest';
import { linkTypeEthernet, linkTypeIpv4, linkTypeIpv6, linkTypeRaw } from '../../src/capture/link-type.ts';
import { concat, ethernet, extension, hex, ipv4, ipv6, tcp, udp, uint32 } from './build-packet.ts';
import { decodeOne } from './decode-one.ts';

const tcp4 = 'tcp 10.1.0.4:50000 > 198.51.100.7:443 flags 12, 48 bytes';
const udp4 = 'udp 10.1.0.4:50001 > 198.51.100.7:53 flags 0, 40 bytes';
const tcp6 = (bytes: number) => `tcp fd00:10::4:50000 > 2001:db8::7:443 flags 12, ${bytes} bytes`;

describe('IPv4', () => {
  test('a hand-written packet decodes to its five-tuple, flags and length', () => {
    const packet = hex(`
      45 00 0028 0001 4000 40 06 0000 0a010004 c6336407
      c350 01bb 01020304 05060708 50 12 2000 0000 0000`);
    expect(decodeOne(linkTypeIpv4, packet)).toBe('tcp 10.1.0.4:50000 > 198.51.100.7:443 flags 12, 40 bytes');
  });

  test('TCP and UDP', () => {
    expect(decodeOne(linkTypeIpv4, ipv4(tcp()))).toBe(tcp4);
    expect(decodeOne(linkTypeIpv4, ipv4(udp(), { protocol: 17 }))).toBe(udp4);
  });

  test('options are passed over', () => {
    const packet = ipv4(tcp(), { options: hex('94040000 01010101') });
    expect(decodeOne(linkTypeIpv4, packet)).toBe(tcp4.replace('48', '56'));
  });

  test('the length is that of the header, not of the Ethernet frame with its padding', () => {
    const padded = concat(ipv4(udp({ data: 1 }), { protocol: 17 }), new Uint8Array(17));
    expect(decodeOne(linkTypeEthernet, ethernet(0x0800, padded))).toBe(udp4.replace('40', '29'));
  });

  test('a total length of 0 is the length on the wire less the link header', () => {
    const frame = ethernet(0x0800, ipv4(tcp({ data: 2000 }), { totalLength: 0 }));
    expect(decodeOne(linkTypeEthernet, frame)).toBe(tcp4.replace('48', '2040'));
    expect(decodeOne(linkTypeEthernet, frame.subarray(0, 96), 60_014)).toBe(tcp4.replace('48', '60000'));
  });

  test('a total length beyond the packet is believed', () => {
    expect(decodeOne(linkTypeIpv4, ipv4(tcp(), { totalLength: 1500 }))).toBe(tcp4.replace('48', '1500'));
  });

  test('the first fragment counts with its own length, later ones are refused', () => {
    expect(decodeOne(linkTypeIpv4, ipv4(tcp(), { moreFragments: true }))).toBe(tcp4);
    expect(decodeOne(linkTypeIpv4, ipv4(tcp(), { moreFragments: true, fragmentOffset: 6 }))).toBe('fragment');
    expect(decodeOne(linkTypeIpv4, ipv4(tcp(), { fragmentOffset: 0x1fff }))).toBe('fragment');
  });

  test('a first fragment that does not reach the TCP flags counts without them', () => {
    const packet = ipv4(tcp().subarray(0, 8), { moreFragments: true });
    expect(decodeOne(linkTypeIpv4, packet)).toBe(tcp4.replace('flags 12, 48', 'flags 0, 28'));
  });

  test('an authentication header is passed over', () => {
    const authentication = concat(hex('06 04 0000 00000001 00000002'), new Uint8Array(12));
    const packet = ipv4(concat(authentication, tcp()), { protocol: 51 });
    expect(decodeOne(linkTypeIpv4, packet)).toBe(tcp4.replace('48', '72'));
  });

  test('headers that cannot be are malformed', () => {
    const packet = ipv4(tcp());
    expect(decodeOne(linkTypeIpv4, ipv6(tcp()))).toBe('malformed-ipv4');
    expect(decodeOne(linkTypeIpv4, concat(hex('44'), packet.subarray(1)))).toBe('malformed-ipv4');
    expect(decodeOne(linkTypeIpv4, ipv4(tcp(), { totalLength: 19 }))).toBe('malformed-ipv4');
    expect(decodeOne(linkTypeIpv4, packet.subarray(0, 19))).toBe('malformed-ipv4');
    expect(decodeOne(linkTypeIpv4, concat(hex('4f'), packet.subarray(1)))).toBe('malformed-ipv4');
  });

  test('a packet that ends before its ports is malformed, even if the frame is padded', () => {
    expect(decodeOne(linkTypeIpv4, ipv4(tcp().subarray(0, 3)))).toBe('malformed-tcp');
    expect(decodeOne(linkTypeIpv4, ipv4(udp().subarray(0, 3), { protocol: 17 }))).toBe('malformed-udp');
    expect(decodeOne(linkTypeIpv4, concat(ipv4(new Uint8Array(0)), new Uint8Array(26)))).toBe('malformed-tcp');
  });
});

describe('IPv6', () => {
  test('TCP and UDP', () => {
    expect(decodeOne(linkTypeIpv6, ipv6(tcp()))).toBe(tcp6(68));
    expect(decodeOne(linkTypeIpv6, ipv6(udp(), { next: 17 }))).toBe(
      'udp fd00:10::4:50001 > 2001:db8::7:53 flags 0, 60 bytes',
    );
  });

  test.each([
    ['hop-by-hop', 0],
    ['routing', 43],
    ['destination options', 60],
    ['mobility', 135],
    ['host identity', 139],
    ['shim6', 140],
  ])('%s headers are passed over', (_, next) => {
    expect(decodeOne(linkTypeIpv6, ipv6(extension(6, 1, tcp()), { next }))).toBe(tcp6(76));
    expect(decodeOne(linkTypeIpv6, ipv6(extension(6, 3, tcp()), { next }))).toBe(tcp6(92));
  });

  test('an authentication header is passed over', () => {
    const authentication = concat(hex('06 04 0000 00000001 00000002'), new Uint8Array(12));
    expect(decodeOne(linkTypeIpv6, ipv6(concat(authentication, tcp()), { next: 51 }))).toBe(tcp6(92));
  });

  test('as many extension headers as the limit are passed over, more are refused', () => {
    const chain = (count: number) => {
      let payload = tcp();
      for (let i = 0; i < count; i++) payload = extension(i === 0 ? 6 : 60, 1, payload);
      return ipv6(payload, { next: 60 });
    };
    const max = limits.ipv6ExtensionsMax;
    for (const count of [max - 1, max]) expect(decodeOne(linkTypeIpv6, chain(count))).toBe(tcp6(60 + 8 + count * 8));
    for (const count of [max + 1, max + 9]) expect(decodeOne(linkTypeIpv6, chain(count))).toBe('extensions-too-many');
  });

  test('the first fragment counts with its own length, later ones are refused', () => {
    const fragment = (offset: string) => ipv6(concat(hex(`06 00 ${offset} 00000001`), tcp()), { next: 44 });
    expect(decodeOne(linkTypeIpv6, fragment('0001'))).toBe(tcp6(76));
    expect(decodeOne(linkTypeIpv6, fragment('0000'))).toBe(tcp6(76));
    expect(decodeOne(linkTypeIpv6, fragment('0009'))).toBe('fragment');
    expect(decodeOne(linkTypeIpv6, fragment('fff8'))).toBe('fragment');
  });

  test('of a jumbogram the jumbo payload option counts', () => {
    const jumbo = (length: number) => concat(hex('06 00 c2 04'), uint32(length), tcp());
    const packet = ipv6(jumbo(80_000), { next: 0, payloadLength: 0 });
    expect(decodeOne(linkTypeIpv6, packet, 80_040)).toBe(tcp6(80_040));
    const padded = concat(hex('06 01 01 01 00 01 00 00 c2 04 00 01 86 a0 00 00'), tcp());
    expect(decodeOne(linkTypeIpv6, ipv6(padded, { next: 0, payloadLength: 0 }), 100_050)).toBe(tcp6(100_040));
  });

  test('without a jumbo option that can be, a payload length of 0 is the length on the wire', () => {
    const large = ipv6(tcp({ data: 100 }), { payloadLength: 0 });
    expect(decodeOne(linkTypeIpv6, large, 70_000)).toBe(tcp6(70_000));
    const nonsense = ipv6(concat(hex('06 00 c2 04 ffffffff'), tcp()), { next: 0, payloadLength: 0 });
    expect(decodeOne(linkTypeIpv6, nonsense, 70_000)).toBe(tcp6(70_000));
    const small = ipv6(concat(hex('06 00 c2 04 00000020'), tcp()), { next: 0, payloadLength: 0 });
    expect(decodeOne(linkTypeIpv6, small, 70_000)).toBe(tcp6(70_000));
  });

  test('headers that cannot be are malformed', () => {
    expect(decodeOne(linkTypeIpv6, ipv4(tcp({ data: 40 })))).toBe('malformed-ipv6');
    expect(decodeOne(linkTypeIpv6, ipv6(tcp()).subarray(0, 39))).toBe('malformed-ipv6');
    expect(decodeOne(linkTypeIpv6, ipv6(hex('06ff0000'), { next: 0 }))).toBe('malformed-ipv6');
    expect(decodeOne(linkTypeIpv6, ipv6(extension(6, 9, tcp()), { next: 0, payloadLength: 40 }))).toBe('malformed-tcp');
  });
});

describe('what is neither TCP nor UDP', () => {
  test.each([
    [1, 'icmp'],
    [2, 'igmp'],
    [4, 'ip-in-ip'],
    [41, 'ip-in-ip'],
    [47, 'gre'],
    [50, 'esp'],
    [58, 'icmpv6'],
    [59, 'no-next-header'],
    [89, 'other-protocol'],
    [108, 'other-protocol'],
    [132, 'sctp'],
    [255, 'other-protocol'],
  ])('protocol %d is refused as %s', (protocol, reason) => {
    expect(decodeOne(linkTypeIpv4, ipv4(new Uint8Array(8), { protocol }))).toBe(reason);
    expect(decodeOne(linkTypeIpv6, ipv6(new Uint8Array(8), { next: protocol }))).toBe(reason);
  });
});

describe('raw IP', () => {
  test('tells IPv4 from IPv6 by the version', () => {
    expect(decodeOne(linkTypeRaw, ipv4(tcp()))).toBe(tcp4);
    expect(decodeOne(linkTypeRaw, ipv6(tcp()))).toBe(tcp6(68));
    expect(decodeOne(linkTypeRaw, hex('50000000'))).toBe('malformed-link');
    expect(decodeOne(linkTypeRaw, new Uint8Array(0))).toBe('malformed-link');
    expect(decodeOne(linkTypeRaw, new Uint8Array(0), 60)).toBe('truncated');
  });
});
