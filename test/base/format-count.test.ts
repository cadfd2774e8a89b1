import { expect, test } from 'vitest';
import { formatCount, formatCountOf } from '../../src/base/format-count.ts';

test('thousands are told apart as toLocaleString does', () => {
  for (const value of [0, 1, 12, 999, 1000, 12_345, 999_999, 1_000_000, Number.MAX_SAFE_INTEGER, -1, -1000, -123_456])
    expect(formatCount(value)).toBe(value.toLocaleString('en-US'));
});

test('one of a thing, and several', () => {
  expect([0, 1, 2000].map((count) => formatCountOf(count, 'new file'))).toEqual([
    '0 new files',
    '1 new file',
    '2,000 new files',
  ]);
});
