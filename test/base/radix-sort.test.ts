import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sortRows } from '../../src/base/radix-sort.ts';

test('rows come in the order of their keys, equal keys in the order that they had', () => {
  const key = fc.oneof(fc.nat(5), fc.nat(5000), fc.nat(0xffffffff), fc.constant(0xffffffff));
  fc.assert(
    fc.property(fc.array(fc.tuple(key, key), { maxLength: 200 }), (pairs) => {
      const rows = Uint32Array.from(pairs.keys());
      const spare = new Uint32Array(rows.length);
      sortRows(
        rows,
        Uint32Array.from(pairs, (pair) => pair[1]),
        spare,
      );
      sortRows(
        rows,
        Uint32Array.from(pairs, (pair) => pair[0]),
        spare,
      );
      const expected = [...pairs.keys()].sort(
        (a, b) => pairs[a][0] - pairs[b][0] || pairs[a][1] - pairs[b][1] || a - b,
      );
      expect([...rows]).toEqual(expected);
    }),
    { seed: 3, numRuns: 500 },
  );
});
