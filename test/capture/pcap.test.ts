import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { buildPcap, concat, filler, hex } from './build-capture.ts';
import { decodeAll } from './decode-all.ts';

const first = { bytes: filler(1, 5), seconds: 1_542_110_402, nanos: 123_456_000, originalLength: 1500 };
const second = { bytes: filler(0x80, 3), seconds: 0xfffffffe, nanos: 999_999_000 };

describe('pcap', () => {
  test('a hand-written file decodes to its fields', () => {
    const file = hex(`
      d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000
      8201eb5b 40e20100 03000000 3c000000 aabbcc`);
    expect(decodeAll(file)).toEqual({
      packets: [{ seconds: 1_542_128_002, nanos: 123_456_000, originalLength: 60, linkType: 1, hex: 'aabbcc' }],
      refused: {},
      damage: {},
    });
  });

  test.each([
    ['microseconds, little-endian', 0xa1b2c3d4, false],
    ['microseconds, big-endian', 0xa1b2c3d4, true],
    ['nanoseconds, little-endian', 0xa1b23c4d, false],
    ['nanoseconds, big-endian', 0xa1b23c4d, true],
    ['longer record headers, little-endian', 0xa1b2cd34, false],
    ['longer record headers, big-endian', 0xa1b2cd34, true],
  ])('%s: times, lengths, link type and bytes are those written', (_, magic, big) => {
    const nanos = magic === 0xa1b23c4d ? 123_456_789 : 123_456_000;
    const seen = decodeAll(buildPcap([{ ...first, nanos }, second], { magic, big, linkType: 276 }));
    expect(seen).toEqual({
      packets: [
        { seconds: 1_542_110_402, nanos, originalLength: 1500, linkType: 276, hex: '0102030405' },
        { seconds: 0xfffffffe, nanos: 999_999_000, originalLength: 3, linkType: 276, hex: '808182' },
      ],
      refused: {},
      damage: {},
    });
  });

  test('up to version 2.2 the original length stands before the captured one', () => {
    expect(decodeAll(buildPcap([first], { minor: 2 })).packets).toMatchObject([
      { originalLength: 1500, hex: '0102030405' },
    ]);
  });

  test('in version 2.3 the greater of both lengths is the original one', () => {
    const swapped = { ...first, capturedLength: 1500, originalLength: 5 };
    expect(decodeAll(buildPcap([swapped, first], { minor: 3 })).packets).toMatchObject([
      { originalLength: 1500, hex: '0102030405' },
      { originalLength: 1500, hex: '0102030405' },
    ]);
  });

  test('a fraction of a second or more runs over into the seconds', () => {
    const packet = { ...first, seconds: 10, nanos: 2_500_000_000 };
    expect(decodeAll(buildPcap([packet])).packets).toMatchObject([{ seconds: 12, nanos: 500_000_000 }]);
  });

  test('the frame check sequence in the link type field is no part of the link type', () => {
    expect(decodeAll(buildPcap([first], { linkType: 0x14000001 })).packets).toMatchObject([{ linkType: 1 }]);
    expect(decodeAll(buildPcap([first], { linkType: 0x02240001 })).packets).toMatchObject([{ linkType: 0xffff }]);
  });

  test('an empty packet is a packet', () => {
    expect(decodeAll(buildPcap([{ bytes: new Uint8Array(0), originalLength: 60 }])).packets).toMatchObject([
      { hex: '', originalLength: 60 },
    ]);
  });

  test('an oversized packet is refused, and reading goes on behind it', () => {
    const oversized = { bytes: new Uint8Array(limits.packetBytesMax + 1) };
    const largest = { bytes: new Uint8Array(limits.packetBytesMax) };
    const seen = decodeAll(buildPcap([first, oversized, second, largest]));
    expect(seen.packets.map((packet) => packet.hex.length / 2)).toEqual([5, 3, limits.packetBytesMax]);
    expect(seen).toMatchObject({ refused: { oversized: 1 }, damage: {} });
  });

  test('a captured length that reaches beyond the file leaves what stood before', () => {
    const seen = decodeAll(buildPcap([first, { ...second, capturedLength: 0xffffffff }, first]));
    expect(seen.packets).toHaveLength(1);
    expect(seen).toMatchObject({ refused: { oversized: 1 }, damage: { 'cut-tail': 1 } });
  });

  test('an original length below the captured one is raised to it and noted', () => {
    const seen = decodeAll(buildPcap([{ ...first, originalLength: 2 }]));
    expect(seen.packets).toMatchObject([{ originalLength: 5, hex: '0102030405' }]);
    expect(seen).toMatchObject({ refused: {}, damage: { 'original-shorter': 1 } });
  });

  test('every prefix gives the whole packets in it; the one that is cut counts as read', () => {
    const whole = buildPcap([first, second]);
    const secondAt = 24 + 16 + 5;
    for (let length = 24; length < whole.length; length++) {
      const seen = decodeAll(whole.subarray(0, length));
      expect(seen.packets).toHaveLength(length < secondAt ? 0 : 1);
      const rest = length < secondAt ? length - 24 : length - secondAt;
      expect(seen.refused).toEqual(rest >= 16 ? { cut: 1 } : {});
      expect(seen.damage).toEqual(rest > 0 && rest < 16 ? { 'cut-tail': 1 } : {});
    }
  });

  test('what is no capture is refused with what it begins with', () => {
    expect(() => decodeAll(new Uint8Array(0))).toThrow('test.pcap is not a capture: it is empty');
    expect(() => decodeAll(buildPcap([]).subarray(0, 23))).toThrow('it ends after 23 bytes, inside a header');
    expect(() => decodeAll(Buffer.from('{"records":[]}'))).toThrow('it begins with the bytes 7b227265');
    expect(() => decodeAll(concat(hex('28b52ffd'), filler(0, 40)))).toThrow('compressed with zstd');
  });
});
