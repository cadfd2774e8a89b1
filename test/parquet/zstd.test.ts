import { decompress, init } from '@bokuweb/zstd-wasm';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { pageKernel } from '../../src/parquet/page-kernel.ts';

const long = process.env['NSGFLOW_LONG'] === '1';

beforeAll(async () => {
  await init();
});

function frameOf(bytes: Uint8Array): Uint8Array {
  const kernel = pageKernel();
  kernel.dictionary.set(bytes);
  return kernel.compressed('dictionary', bytes.length);
}

/** Bytes of which some are commoner: `skew` 1 is evenly, more is steeper. */
function skewedBytes(length: number, symbols: number, offset: number, skew: number, seed: number): Uint8Array {
  let state = seed | 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    const random = ((state ^ (state >>> 13)) >>> 0) / 4_294_967_296;
    return offset + Math.floor(random ** skew * symbols);
  });
}

function check(bytes: Uint8Array): void {
  const frame = frameOf(bytes);
  expect(frame.length).toBeLessThanOrEqual(bytes.length + 13 + 3 * Math.max(1, Math.ceil(bytes.length / 131_072)));
  const back = decompress(Buffer.from(frame));
  if (Buffer.compare(back, bytes) !== 0) expect(back).toEqual(bytes);
}

describe('frames of zstd', () => {
  test('are read back by the reference decoder, whatever the bytes and their distribution', () => {
    const length = fc.oneof(
      fc.integer({ min: 1, max: 300 }),
      fc.constantFrom(63, 64, 65, 1000, 131_071, 131_072, 131_073, 262_144 + 70),
      fc.integer({ min: 300, max: 20_000 }),
    );
    const bytes = fc
      .record({
        length,
        symbols: fc.oneof(fc.integer({ min: 1, max: 256 }), fc.constantFrom(1, 2, 3, 128, 129, 130, 255, 256)),
        offset: fc.nat(255),
        skew: fc.constantFrom(1, 1.5, 3, 8, 30, 200),
        seed: fc.nat(),
      })
      .map(({ length: its, symbols, offset, skew, seed }) =>
        skewedBytes(its, Math.min(symbols, 256 - offset), offset, skew, seed),
      );
    fc.assert(fc.property(bytes, check), { seed: 5, numRuns: long ? 6000 : 100 });
  });

  test('are refused by the reference decoder where a bit has changed', () => {
    const plain = skewedBytes(5000, 40, 30, 3, 9);
    const frame = frameOf(plain);
    let refused = 0;
    for (let bit = 0; bit < 8 * frame.length; bit++) {
      const changed = Buffer.from(frame);
      changed[bit >> 3] ^= 1 << (bit & 7);
      try {
        // A bit that no reader looks at may have changed.
        expect(Buffer.compare(decompress(changed), plain)).toBe(0);
      } catch (error) {
        if ((error as Error).message.includes('expected')) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(7.9 * frame.length);
  });

  test('code lengths beyond eleven bits are cut, and the code stays whole', () => {
    // Counts of Fibonacci give the longest codes that there are.
    for (let symbols = 2; symbols <= 24; symbols++) {
      const parts: number[] = [];
      for (let symbol = 0, a = 1, b = 1; symbol < symbols; symbol++, [a, b] = [b, a + b])
        for (let i = 0; i < Math.min(a, 40_000); i++) parts.push(symbol * 10);
      check(Uint8Array.from(parts));
    }
  });

  test('are shorter where some bytes are commoner, and one byte for all is four bytes', () => {
    expect(frameOf(skewedBytes(100_000, 256, 0, 8, 1)).length).toBeLessThan(75_000);
    expect(frameOf(new Uint8Array(1000).fill(7)).length).toBe(17);
    expect(frameOf(skewedBytes(100_000, 256, 0, 1, 1)).length).toBe(100_000 + 13 + 3);
  });
});
