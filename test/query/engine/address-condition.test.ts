import { expect, test } from 'vitest';
import { addressesOf } from '../../../src/query/engine/address-condition.ts';
import { parseFilter } from '../../../src/query/filter/filter.ts';

test.each([
  ['src = 10.0.0.5', ['10.0.0.5']],
  ['src = 2001:DB8::1', ['2001:db8::1']],
  // Files of older lakes hold the second form.
  ['src = ::ffff:10.0.0.5', ['::ffff:10.0.0.5', '::ffff:a00:5']],
  ['ip in (::ffff:0:7, 10.0.0.5)', ['::ffff:0.0.0.7', '::ffff:0:7', '10.0.0.5']],
])('%s is looked for under every text that files may have', (filter, texts) => {
  expect(addressesOf(parseFilter(filter, 0))).toEqual(texts);
});
