import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatPrefix } from '../../src/net/prefix.ts';
import {
  allAddresses,
  familyEnd,
  mergeRanges,
  prefixesOfRanges,
  rangesOfPrefixes,
} from '../../src/nsg/address-ranges.ts';

test('prefixes of ranges', () => {
  const texts = (start: bigint, end: bigint): string[] => prefixesOfRanges([{ start, end }], 4).map(formatPrefix);
  expect(prefixesOfRanges(allAddresses(4), 4).map(formatPrefix)).toEqual(['0.0.0.0/0']);
  expect(prefixesOfRanges(allAddresses(6), 6).map(formatPrefix)).toEqual(['::/0']);
  expect(texts(1n, 8n)).toEqual(['0.0.0.1/32', '0.0.0.2/31', '0.0.0.4/30']);
  expect(texts(familyEnd(4) - 1n, familyEnd(4))).toEqual(['255.255.255.255/32']);
});

test.each([4, 6] as const)('prefixes of IPv%s ranges make up just these ranges', (family) => {
  const number = fc.bigInt({ min: 0n, max: familyEnd(family) - 1n });
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number), { maxLength: 5 }), (pairs) => {
      const ranges = mergeRanges(pairs.map(([a, b]) => ({ start: a < b ? a : b, end: (a < b ? b : a) + 1n })));
      expect(rangesOfPrefixes(prefixesOfRanges(ranges, family), family)).toEqual(ranges);
    }),
    { seed: 11 },
  );
});
