import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress, readIpv4Bits } from '../../src/net/address.ts';

const part = fc.oneof(
  fc.nat(300).map(String),
  fc.constantFrom('', '0', '00', '01', '255', '256', '1000', 'a', '-1', ' 1'),
);
const text = fc.oneof(
  fc.array(part, { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.')),
  fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((parts) => parts.join('.')),
  fc.constantFrom('', '.', '1.2.3.4.', '.1.2.3.4', '::', '2001:db8::1', '::ffff:1.2.3.4', '1.2.3.4:'),
);

test('bytes are read as the dotted quad that the same text is, wherever they lie', () => {
  let quads = 0;
  fc.assert(
    fc.property(text, fc.nat(5), (its, before) => {
      const address = parseAddress(its);
      const expected = address?.family === 4 ? address.words[3] : -1;
      if (expected >= 0) quads++;
      const bytes = Buffer.from(`${'9'.repeat(before)}${its}9`);
      expect(readIpv4Bits(bytes, before, its.length)).toBe(expected);
    }),
    { numRuns: 2000 },
  );
  expect(quads).toBeGreaterThan(100);
});
