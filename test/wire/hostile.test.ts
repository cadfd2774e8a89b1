import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linkTypeEthernet, linkTypePpi } from '../../src/capture/link-type.ts';
import { concat, ethernet, extension, hex, ipv4, ipv6, tcp } from './build-packet.ts';
import { decodeOne } from './decode-one.ts';
import { linkSamples } from './link-samples.ts';

const long = process.env['NSGFLOW_LONG'] === '1';

describe.each(linkSamples)('%s, damaged', (_, linkType, packet, text) => {
  const withoutFlags = text.replace(/flags [0-9a-f]+/, 'flags 0');

  test('a packet that the capture cut is the same packet, or truncated', () => {
    for (let length = 0; length < packet.length; length++)
      expect([text, withoutFlags, 'truncated']).toContain(
        decodeOne(linkType, packet.subarray(0, length), packet.length),
      );
  });

  test('a packet that ends too early is the same packet, or malformed', () => {
    for (let length = 0; length < packet.length; length++)
      expect(decodeOne(linkType, packet.subarray(0, length))).toMatch(/^malformed-|^tcp 10\.1\.0\.4:|^udp fd00:10::4:/);
  });

  test('every change of a byte gives a packet or a reason, whatever bytes lie around it', () => {
    const values = long ? Array.from({ length: 256 }, (_, value) => value) : [0, 1, 6, 0x45, 0x81, 0xff];
    for (let at = 0; at < packet.length; at++) {
      for (const value of [...values, packet[at] ^ 1, packet[at] ^ 0x80, packet[at] + 1]) {
        const changed = packet.slice();
        changed[at] = value;
        const seen = decodeOne(linkType, changed, packet.length + (at % 3), 0x00);
        expect(decodeOne(linkType, changed, packet.length + (at % 3), 0xff)).toBe(seen);
      }
    }
  });
});

describe('the fast way for plain packets', () => {
  const transport = fc.record({
    protocol: fc.constantFrom(6, 6, 17, 17, 1, 47),
    bytes: fc.nat(30).map((length) => tcp({ data: 20, flags: length }).subarray(0, length)),
  });
  const named = fc.option(fc.nat(70), { nil: undefined });
  const frame = fc.tuple(transport, named, fc.nat(3)).map(([{ protocol, bytes }, length, kind]) => {
    switch (kind) {
      case 0:
        return ethernet(0x0800, ipv4(bytes, { protocol, totalLength: length ?? 20 + bytes.length }));
      case 1:
        return ethernet(0x86dd, ipv6(bytes, { next: protocol, payloadLength: length ?? bytes.length }));
      case 2:
        return ethernet(0x86dd, ipv6(extension(protocol, 1, bytes), { next: 60 }));
      default:
        return ethernet(0x0800, ipv4(bytes, { protocol, options: length === undefined ? hex('') : hex('01010101') }));
    }
  });
  const padded = fc.tuple(frame, fc.nat(12)).map(([bytes, padding]) => concat(bytes, new Uint8Array(padding)));
  const change = fc.record({
    at: fc.constantFrom(12, 13, 14, 15, 16, 17, 18, 19, 20, 20, 20, 21, 23),
    value: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 6, 0x10, 0x20)),
  });
  const kept = fc.oneof(fc.nat(120), fc.integer({ min: 44, max: 48 }), fc.integer({ min: 60, max: 68 }));

  test('gives what the general way gives', () => {
    const around = 0x5a;
    const wrap = (bytes: Uint8Array) => concat(hex('0000 0800 01000000'), bytes);
    fc.assert(
      fc.property(padded, fc.array(change, { maxLength: 1 }), kept, fc.nat(3), (bytes, changes, kept, missing) => {
        for (const { at, value } of changes) if (at < bytes.length) bytes[at] = value;
        const captured = bytes.subarray(0, Math.max(kept, 20));
        const original = captured.length + missing;
        expect(decodeOne(linkTypeEthernet, captured, original, around)).toBe(
          decodeOne(linkTypePpi, wrap(captured), original + 8, around),
        );
      }),
      { seed: 20_260_303, numRuns: long ? 200_000 : 10_000 },
    );
  });
});
