import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AddressTable } from '../../src/lake/address-table.ts';
import { formatWords } from '../../src/net/address.ts';

const word = fc.oneof(fc.constantFrom(0, 1, 0xffff, 0xffffffff), fc.nat(0xffffffff));
const address = fc.tuple(fc.constantFrom(4, 6), word, word, word, word);

test('equal addresses have one number, different ones have two, whatever was added between', () => {
  fc.assert(
    fc.property(fc.array(address, { maxLength: 4000, size: 'max' }), (addresses) => {
      const table = new AddressTable();
      const numbers = new Map<string, number>();
      for (const [family, ...words] of [...addresses, ...addresses]) {
        const key = [family, ...words].join();
        const expected = numbers.get(key) ?? numbers.size;
        numbers.set(key, expected);
        const number = table.intern(family, ...words);
        if (number !== expected || table.text(number) !== formatWords(family, ...words))
          expect([number, table.text(number)]).toEqual([expected, formatWords(family, ...words)]);
      }
      expect(table.count).toBe(numbers.size);
      table.clear();
      expect([table.count, table.intern(4, 0, 0, 0xffff, 1)]).toEqual([0, 0]);
    }),
    { seed: 1, numRuns: 10 },
  );
});
