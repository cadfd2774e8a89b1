import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pageKernel } from '../../../src/parquet/page-kernel.ts';
import * as layout from '../../../src/lake/tuples/read-kernel-layout.ts';
import type { ReadKernel } from '../../../src/lake/tuples/read-kernel.ts';
import { withReadKernel } from '../../../src/lake/tuples/read-kernel.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const runs = long ? 4000 : 60;

/** Bytes of which some are commoner: `skew` 1 is evenly, more is steeper. */
const bytes = fc
  .record({
    length: fc.oneof(
      fc.integer({ min: 1, max: 400 }),
      fc.integer({ min: 400, max: 30_000 }),
      fc.constantFrom(63, 64, 65, 131_071, 131_072, 131_073, 300_001),
    ),
    symbols: fc.oneof(fc.integer({ min: 1, max: 256 }), fc.constantFrom(1, 2, 3, 128, 129, 130, 255, 256)),
    offset: fc.nat(255),
    skew: fc.constantFrom(1, 1.5, 3, 8, 30, 200),
    seed: fc.nat(),
  })
  .map(({ length, symbols, offset, skew, seed }) => {
    let state = seed | 1;
    const most = Math.min(symbols, 256 - offset);
    return Uint8Array.from({ length }, () => {
      state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
      const random = ((state ^ (state >>> 13)) >>> 0) / 4_294_967_296;
      return offset + Math.floor(random ** skew * most);
    });
  });

function frameOf(plain: Uint8Array): Uint8Array {
  const kernel = pageKernel();
  kernel.dictionary.set(plain);
  return kernel.compressed('dictionary', plain.length);
}

function unpacked(kernel: ReadKernel, frame: Uint8Array, room: number = layout.dictionaryMax): Buffer | number {
  const packed = kernel.packed(frame.length + 8)!;
  packed.fill(0xa5);
  packed.set(frame);
  const length = kernel.run.unpack(packed.byteOffset, frame.length, layout.addresses.dictionary, room);
  return length < 0 ? length : Buffer.from(packed.buffer, layout.addresses.dictionary, length);
}

async function withKernel(step: (kernel: ReadKernel) => void): Promise<void> {
  await withReadKernel(async (kernel) => {
    step(kernel);
    return Promise.resolve(true);
  });
}

test('frames that are written are read back, whatever the bytes and their distribution', async () => {
  await withKernel((kernel) =>
    fc.assert(
      fc.property(bytes, (plain) => {
        const found = unpacked(kernel, frameOf(plain));
        if (typeof found === 'number' || Buffer.compare(found, plain) !== 0) expect(found).toEqual(Buffer.from(plain));
      }),
      { seed: 6, numRuns: runs },
    ),
  );
});

test('codes of eleven bits are read, and tables of weights of every kind', async () => {
  await withKernel((kernel) => {
    for (let symbols = 2; symbols <= 24; symbols++) {
      const parts: number[] = [];
      // Counts of Fibonacci give the longest codes that there are.
      for (let symbol = 0, a = 1, b = 1; symbol < symbols; symbol++, [a, b] = [b, a + b])
        for (let i = 0; i < Math.min(a, 40_000); i++) parts.push(symbol * 10);
      const plain = Uint8Array.from(parts);
      expect(unpacked(kernel, frameOf(plain))).toEqual(Buffer.from(plain));
    }
  });
});

test('frames that are cut, changed, too long for their room or of another kind are refused', async () => {
  let refused = 0;
  await withKernel((kernel) => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (plain, at, change, isCut) => {
        const frame = Uint8Array.from(frameOf(plain));
        const place = at % frame.length;
        frame[place] ^= change;
        const found = unpacked(kernel, isCut ? frame.subarray(0, place) : frame);
        if (typeof found === 'number') refused++;
        if (isCut) expect(found).toBe(-1);
        // A bit that no reader looks at may have changed.
        else if (typeof found !== 'number') expect(Buffer.compare(found, plain)).toBe(0);
      }),
      { seed: 7, numRuns: runs },
    );
    const frame = frameOf(new Uint8Array(5000).fill(3));
    expect(unpacked(kernel, frame, 4999)).toBe(-1);
    expect(unpacked(kernel, frame, 5000)).toHaveLength(5000);
    expect(unpacked(kernel, new Uint8Array(20))).toBe(-1);
  });
  expect(refused).toBeGreaterThan(0.9 * runs);
});

test('frames of earlier versions have no checksum, and are read', async () => {
  await withKernel((kernel) =>
    fc.assert(
      fc.property(bytes, (plain) => {
        const frame = frameOf(plain).slice(0, -4);
        frame[4] = 0xa0;
        expect(unpacked(kernel, frame)).toEqual(Buffer.from(plain));
      }),
      { seed: 8, numRuns: runs / 10 },
    ),
  );
});
