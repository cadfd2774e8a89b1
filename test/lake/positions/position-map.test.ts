import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PackedPositions } from '../../../src/lake/positions/packed-positions.ts';
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
  test('are the same packed as they were given, whatever their form, in their order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(key, position), { selector: ([one]) => one, maxLength: 150 }), (entries) => {
        const packed = new PackedPositions();
        for (const [one, value] of entries) packed.add(one, value);
        expect([...packed.entries()]).toEqual(entries);
        for (const [one, value] of entries) expect(packed.get(one)).toEqual(value);
        expect([packed.size, packed.get('not there'), packed.has(`${folder}y=2030`)]).toEqual([
          entries.length,
          undefined,
          false,
        ]);
      }),
      runs,
    );
  });

  test('packed and changed are those of a map, and those before stay as they were', () => {
    const step = fc.uniqueArray(fc.tuple(key, fc.option(position, { nil: undefined })), {
      selector: ([one]) => one,
      maxLength: 40,
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        let packed = new PackedPositions();
        const map = new Map<string, BlobPosition>();
        for (const changes of steps) {
          const [before, entries] = [packed, [...packed.entries()]];
          packed = packed.with(changes);
          for (const [one, value] of changes)
            if (value === undefined) map.delete(one);
            else map.set(one, value);
          expect(new Map(packed.entries())).toEqual(map);
          expect(packed.size).toBe(map.size);
          for (const [one] of changes) expect([packed.get(one), packed.has(one)]).toEqual([map.get(one), map.has(one)]);
          expect([...before.entries()]).toEqual(entries);
        }
      }),
      runs,
    );
  });

  test('with changes over them are those of a map, and those before stay as they were', () => {
    const changes = fc.array(
      fc.array(fc.record({ key, position: fc.option(position, { nil: undefined }) }), { maxLength: 20 }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(changes, (steps) => {
        let positions = PositionMap.empty;
        const map = new Map<string, BlobPosition>();
        for (const step of steps) {
          const [before, entries] = [positions, [...positions]];
          positions = positions.with(step);
          for (const { key: one, position: value } of step)
            if (value === undefined) map.delete(one);
            else map.set(one, value);
          expect(new Map(positions)).toEqual(map);
          expect(positions.size).toBe(map.size);
          for (const { key: one } of step) expect(positions.get(one)).toEqual(map.get(one));
          expect([...before]).toEqual(entries);
        }
      }),
      runs,
    );
  });

  test('are packed anew once there are many changes, and lose nothing then', () => {
    const of = (n: number): BlobPosition => ({ etag: `"${n}"`, lengthBytes: n, readBytes: n, blocks: n });
    const map = new Map<string, BlobPosition>();
    let positions = PositionMap.empty;
    for (let step = 0; step < 12; step++) {
      const changed = Array.from({ length: 3000 }, (_, i) => {
        const n = (step * 2000 + i * 3) % 20_000;
        const at = `${folder}y=2026/m=03/d=01/h=${two(n % 24)}/m=00/macAddress=${n.toString(16).toUpperCase().padStart(12, '0')}/PT1H.json`;
        return { key: at, position: i % 7 === 0 ? undefined : of(step * 10_000 + i) };
      });
      positions = positions.with(changed);
      for (const { key: at, position: value } of changed)
        if (value === undefined) map.delete(at);
        else map.set(at, value);
    }
    expect(positions.size).toBe(map.size);
    expect(new Map(positions)).toEqual(map);
  });
});
