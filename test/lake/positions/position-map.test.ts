import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PositionMap } from '../../../src/lake/positions/position-map.ts';
import type { BlobPosition } from '../../../src/lake/positions/position.ts';

const folder = 'https://a.blob.core.windows.net/c/resourceId=/SUBSCRIPTIONS/S/NETWORKSECURITYGROUPS/WEB/';
const two = (value: number): string => String(value).padStart(2, '0');

/** Few of each kind, so that they meet; forms that are packed and forms beside them. */
const key = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(folder, 'x/', '/', ''),
      fc.integer({ min: 0, max: 14 }),
      fc.integer({ min: 0, max: 33 }),
      fc.integer({ min: 0, max: 25 }),
      fc.constantFrom('000D3A000001', '000d3a000001', 'FFFFFFFFFFFF', '0D3A'),
    )
    .map(
      ([at, month, day, hour, mac]) =>
        `${at}y=2026/m=${two(month)}/d=${two(day)}/h=${two(hour)}/m=00/macAddress=${mac}/PT1H.json`,
    ),
  fc.constantFrom(
    '',
    'a',
    folder,
    `${folder}y=0050/m=01/d=01/h=00/m=00/macAddress=000000000000/PT1H.json`,
    `${folder}\ny=2026/m=01/d=01/h=00/m=00/macAddress=000000000000/PT1H.json`,
    `${folder}y=1969/m=12/d=31/h=23/m=00/macAddress=000000000000/PT1H.json`,
  ),
);
const digest = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  fc.constantFrom('', 'AAAAAAAAAAAAAAAAAAAAAB', 'short', 'x'.repeat(64)),
);
const number = fc.oneof(fc.nat(), fc.constantFrom(0, -1, 1.5, 2 ** 32, 2 ** 53 - 1));
const position: fc.Arbitrary<BlobPosition> = fc.record(
  {
    etag: fc.oneof(fc.constantFrom('"0x8DC"', '', 'é', '"\ud800"', 'x'.repeat(256)), fc.string()),
    lengthBytes: number,
    readBytes: number,
    blocks: fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 32 - 2, 2 ** 32 - 1, -1)),
    fingerprint: digest,
    content: digest,
    torn: fc.constant(true as const),
    modifiedMillis: number,
    createdMillis: number,
    rejections: fc.constant([{ startByte: 1, endByte: 2, reason: 'no' }]),
  },
  { requiredKeys: ['etag', 'lengthBytes', 'readBytes'] },
);
const runs = { seed: 11, numRuns: process.env['NSGFLOW_LONG'] === '1' ? 2000 : 150 };

describe('positions', () => {
  test('are the same as they were given, whatever their form, in their order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, position), { selector: ([one]) => one, maxLength: 150 }), (entries) => {
        const positions = new PositionMap();
        for (const [one, value] of entries) positions.set(one, value);
        expect([...positions]).toEqual(entries);
        expect([...positions.values()]).toEqual(entries.map(([, value]) => value));
        for (const [one, value] of entries) expect(positions.get(one)).toEqual(value);
        expect([positions.size, positions.get('not there'), positions.get(`${folder}y=2030`)]).toEqual([
          entries.length,
          undefined,
          undefined,
        ]);
      }),
      runs,
    );
  });

  test('with changes are those of a map, and those before stay as they were', () => {
    const changes = fc.array(fc.array(fc.tuple(key, fc.option(position, { nil: undefined })), { maxLength: 20 }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(changes, (steps) => {
        let positions = new PositionMap();
        const map = new Map<string, BlobPosition>();
        for (const step of steps) {
          const [before, entries] = [positions, [...positions]];
          positions = positions.with(step);
          for (const [one, value] of step)
            if (value === undefined) map.delete(one);
            else map.set(one, value);
          expect(new Map(positions)).toEqual(map);
          expect(positions.size).toBe(map.size);
          for (const [one] of step) expect(positions.get(one)).toEqual(map.get(one));
          expect([...before]).toEqual(entries);
        }
      }),
      runs,
    );
  });

  test('lose nothing when there are many changes, and those before stay as they were', () => {
    const of = (n: number): BlobPosition => ({ etag: `"${n}"`, lengthBytes: n, readBytes: n, blocks: n });
    const map = new Map<string, BlobPosition>();
    let positions = new PositionMap();
    for (let step = 0; step < 12; step++) {
      const last = step === 11 ? { positions, map: new Map(map) } : undefined;
      const changed = Array.from({ length: 3000 }, (_, i): [string, BlobPosition | undefined] => {
        const n = (step * 2000 + i * 3) % 20_000;
        const at = `${folder}y=2026/m=03/d=01/h=${two(n % 24)}/m=00/macAddress=${n.toString(16).toUpperCase().padStart(12, '0')}/PT1H.json`;
        return [at, i % 7 === 0 ? undefined : of(step * 10_000 + i)];
      });
      positions = positions.with(changed);
      for (const [at, value] of changed)
        if (value === undefined) map.delete(at);
        else map.set(at, value);
      if (last !== undefined) expect(new Map(last.positions)).toEqual(last.map);
    }
    expect(positions.size).toBe(map.size);
    expect(new Map(positions)).toEqual(map);
  });

  test('that change again and again take no more and more room', () => {
    let positions = new PositionMap();
    for (let step = 0; step < 60; step++)
      positions = positions.with(
        Array.from({ length: 500 }, (_, n) => [`k${n}`, { etag: `"${step}"`, lengthBytes: n, readBytes: step }]),
      );
    expect([positions.size, positions.get('k7')]).toEqual([500, { etag: '"59"', lengthBytes: 7, readBytes: 59 }]);
    expect(positions.bytes).toBeLessThan(500_000);
  });

  test('of many blobs of usual names take fewer than 200 bytes each', () => {
    const digest = Buffer.alloc(16, 7).toString('base64url');
    const blobs = 20_000;
    const entries = Array.from({ length: blobs }, (_, n): [string, BlobPosition] => [
      `${folder}y=2026/m=03/d=${two(1 + (n % 30))}/h=${two(n % 24)}/m=00/macAddress=${n.toString(16).toUpperCase().padStart(12, '0')}/PT1H.json`,
      {
        etag: `"0x8DC${n.toString(16).toUpperCase().padStart(12, '0')}"`,
        lengthBytes: 4_000_000 + n,
        readBytes: 4_000_000 + n,
        blocks: 61,
        fingerprint: digest,
        content: digest,
        modifiedMillis: 1_772_366_460_000 + n,
        createdMillis: 1_772_362_800_000,
      },
    ]);
    expect(new PositionMap().with(entries).bytes / blobs).toBeLessThan(200);
  });
});
