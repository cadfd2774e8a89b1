import { describe, expect, test } from 'vitest';
import { createCaptureBatch } from '../../src/capture/batch.ts';
import { linkTypeIpv4, linkTypeIpv6, linkTypes } from '../../src/capture/link-type.ts';
import { createPacketBatch } from '../../src/net/packet.ts';
import { decodeBatch } from '../../src/wire/decode-packet.ts';
import { Fragments } from '../../src/wire/fragments.ts';
import { createRefusals } from '../../src/wire/refusals.ts';
import { concat, extension, fragmentHeader, hex, ipv4, ipv6, tcp, udp } from './build-packet.ts';
import { decodeOne } from './decode-one.ts';
import { linkSamples } from './link-samples.ts';

/** Headers between link and ports, damaged in every byte; those of links and tunnels are in hostile.test.ts and tunnel.test.ts. */
const authentication = (next: number, payload: Uint8Array): Uint8Array =>
  concat(new Uint8Array([next, 4, 0, 0]), hex('00000001 00000002 000000000000000000000000'), payload);

const samples: readonly (readonly [string, number, Uint8Array, string])[] = [
  ['IPv4 with options', linkTypeIpv4, ipv4(tcp(), { options: hex('94040000 01010100') }), 'tcp 10.1.0.4:50000'],
  ['IPv4 first fragment', linkTypeIpv4, ipv4(udp(), { protocol: 17, moreFragments: true }), 'udp 10.1.0.4:50001'],
  ['IPv4 later fragment', linkTypeIpv4, ipv4(udp(), { protocol: 17, fragmentOffset: 185 }), 'fragment'],
  [
    'IPv4 with an authentication header',
    linkTypeIpv4,
    ipv4(authentication(6, tcp()), { protocol: 51 }),
    'tcp 10.1.0.4:50000',
  ],
  [
    'IPv6 extension headers',
    linkTypeIpv6,
    ipv6(extension(60, 1, extension(6, 2, tcp())), { next: 0 }),
    'tcp fd00:10::4:50000',
  ],
  [
    'IPv6 first fragment',
    linkTypeIpv6,
    ipv6(fragmentHeader(17, 0, true, 7, udp()), { next: 44 }),
    'udp fd00:10::4:50001',
  ],
  ['IPv6 later fragment', linkTypeIpv6, ipv6(fragmentHeader(17, 5, false, 7, udp()), { next: 44 }), 'fragment'],
  [
    'IPv6 with an authentication header',
    linkTypeIpv6,
    ipv6(authentication(6, tcp()), { next: 51 }),
    'tcp fd00:10::4:50000',
  ],
];

/** Decodes packets together with fragments kept; packets given and packets refused must be those handed in. */
function decodeTogether(linkType: number, packets: readonly Uint8Array[]): number {
  const captured = createCaptureBatch(packets.length);
  captured.bytes = concat(...packets);
  let at = 0;
  packets.forEach((packet, row) => {
    captured.start[row] = at;
    captured.capturedLength[row] = packet.length;
    captured.originalLength[row] = packet.length;
    captured.linkType[row] = linkType;
    at += packet.length;
  });
  captured.count = packets.length;
  const batch = createPacketBatch(packets.length);
  const refusals = createRefusals();
  const fragments = new Fragments(refusals);
  decodeBatch(captured, batch, refusals, { fragments, tunnel: 'outer' });
  let given = batch.count;
  while (fragments.take(batch)) given += batch.count;
  fragments.end();
  return given + refusals.counts.reduce((sum, count) => sum + count, 0);
}

describe.each(samples)('%s, damaged', (_, linkType, packet, text) => {
  test('whole, it is what it should be', () => {
    expect(decodeOne(linkType, packet)).toContain(text);
  });

  test('every beginning and every change of a byte gives a packet or a reason, whatever lies around it', () => {
    for (let at = 0; at < packet.length; at++) {
      decodeOne(linkType, packet.subarray(0, at));
      decodeOne(linkType, packet.subarray(0, at), packet.length);
      for (const value of [0, 1, 6, 17, 44, 51, 60, 0x7f, 0xff, packet[at] ^ 1, packet[at] ^ 0x80]) {
        const changed = packet.slice();
        changed[at] = value;
        const seen = decodeOne(linkType, changed, packet.length + (at % 3), 0x00);
        expect(decodeOne(linkType, changed, packet.length + (at % 3), 0xff)).toBe(seen);
      }
    }
  });

  test('among the others, changed in each byte, no packet is lost and none comes twice', () => {
    const family = samples.filter(([, other]) => other === linkType).map(([, , bytes]) => bytes);
    for (let at = 0; at < packet.length; at++) {
      const changed = packet.slice();
      changed[at] ^= 1 << (at & 7);
      const together = [changed, ...family, packet];
      expect(decodeTogether(linkType, together)).toBe(together.length);
    }
  });
});

test('every link type that is decoded has a sample among the damaged ones', () => {
  const sampled = new Set([...linkSamples, ...samples].map(([, linkType]) => linkType));
  const decoded = linkTypes.filter(({ supported }) => supported).map(({ value }) => value);
  expect(decoded.filter((value) => !sampled.has(value))).toEqual([]);
});
