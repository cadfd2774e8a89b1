import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { FlowError } from '../../src/base/errors.ts';
import { PcapngBuilder, buildPcap, concat, filler } from './build-capture.ts';
import type { SeenCapture } from './decode-all.ts';
import { decodeAll, decodeChunks } from './decode-all.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const micros = 1_542_110_402_123_456n;

const pcap = buildPcap([
  { bytes: filler(1, 60), seconds: 1, nanos: 1000 },
  { bytes: filler(2, 0), seconds: 2 },
  { bytes: filler(3, 17), seconds: 3, originalLength: 5 },
  { bytes: filler(4, 90), seconds: 4, originalLength: 1500 },
  { bytes: filler(5, 1), seconds: 5, nanos: 1_500_000_000 },
  { bytes: filler(6, 40), seconds: 6 },
]);

const pcapng = concat(
  new PcapngBuilder()
    .section()
    .interface({ linkType: 1, resolution: 9, offset: 4n })
    .interface({ linkType: 276, resolution: 0x80 | 20 })
    .enhanced(micros, { bytes: filler(1, 61) })
    .simple(filler(2, 30))
    .block(5, filler(3, 33))
    .enhancedWithComment(micros, { bytes: filler(4, 14), originalLength: 1500 }, 21)
    .enhanced(micros, { bytes: filler(5, 9) }, 1)
    .enhanced(micros, { bytes: filler(6, 9) }, 2)
    .build(),
  new PcapngBuilder(true)
    .section()
    .interface({ linkType: 101 })
    .obsolete(micros, { bytes: filler(7, 22) })
    .enhanced(micros, { bytes: filler(8, 3), capturedLength: 44 })
    .enhanced(micros, { bytes: filler(9, 6) })
    .build(),
);

const samples: readonly (readonly [string, Uint8Array])[] = [
  ['pcap', pcap],
  ['pcap, big-endian', buildPcap([{ bytes: filler(1, 20), seconds: 9 }], { big: true, magic: 0xa1b23c4d })],
  ['pcap, longer record headers', buildPcap([{ bytes: filler(1, 20), seconds: 9 }], { magic: 0xa1b2cd34 })],
  ['pcapng', pcapng],
];

describe.each(samples)('any capture decoder, %s', (_, bytes) => {
  const whole = decodeAll(bytes);

  test('the sample has packets', () => {
    expect(whole.packets.length).toBeGreaterThan(0);
  });

  test('however the capture is cut into chunks, the result is the same', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(bytes.length), { maxLength: 12 }),
        fc.integer({ min: 1, max: 9 }),
        (cuts, capacity) => {
          const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
          const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
          expect(decodeChunks(chunks, capacity)).toEqual(whole);
        },
      ),
      { seed: 20_260_301, numRuns: long ? 5000 : 300 },
    );
  });

  test('byte by byte, the result is the same', () => {
    expect(decodeChunks(Array.from(bytes, (byte) => new Uint8Array([byte])))).toEqual(whole);
  });

  test('every prefix is decoded, or refused as no capture', () => {
    for (let length = 0; length <= bytes.length; length++) decodeHostile(bytes.subarray(0, length));
  });

  test('every change of a single byte is decoded, or refused as no capture', () => {
    const values = long ? Array.from({ length: 256 }, (_, value) => value) : [0, 1, 2, 6, 0x7f, 0x80, 0xff];
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [...values, bytes[at] ^ 1, bytes[at] + 1, bytes[at] - 1]) {
        const changed = bytes.slice();
        changed[at] = value;
        const seen = decodeHostile(changed);
        if (seen === undefined) continue;
        if (value === bytes[at] + 1)
          expect(decodeChunks([changed.subarray(0, at), changed.subarray(at)])).toEqual(seen);
      }
    }
  });
});

function decodeHostile(bytes: Uint8Array): SeenCapture | undefined {
  try {
    const seen = decodeAll(bytes);
    for (const { seconds, nanos, originalLength, hex } of seen.packets) {
      const possible = seconds >= 0 && seconds < 253_402_300_800 && nanos >= 0 && nanos < 1_000_000_000;
      if (!possible || originalLength < hex.length / 2) expect(seen.packets).toBe('possible');
    }
    return seen;
  } catch (error) {
    expect(error).toBeInstanceOf(FlowError);
    expect(error).toMatchObject({ code: 'capture-invalid' });
    return undefined;
  }
}
