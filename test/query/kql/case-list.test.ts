import { expect, test } from 'vitest';
import { differenceOf, kqlCases } from './cases.ts';
import type { KqlCase } from './cases.ts';

const cases = kqlCases();

test('every case has its own name, a page of the documentation, and rows as wide as its columns', () => {
  expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
  for (const { id, source, columns, rows } of cases) {
    expect(source, id).toMatch(/^https:\/\/learn\.microsoft\.com\/kusto\/query\/[a-z0-9/-]+$/);
    expect(columns.length, id).toBeGreaterThan(0);
    for (const row of rows) expect(row.length, id).toBe(columns.length);
  }
});

test('the answer of a case is right by its own measure, and no other answer is', () => {
  for (const one of cases) {
    expect(differenceOf(one, one.columns, one.rows), one.id).toBeUndefined();
    expect(differenceOf(one, one.columns, [...one.rows, one.columns.map(() => 'more')]), one.id).toContain('rows');
    expect(differenceOf(one, [...one.columns, ['more', 'long']], one.rows), one.id).toContain('columns');
  }
});

const times: KqlCase = {
  id: 'times',
  source: '',
  query: '',
  columns: [
    ['t', 'datetime'],
    ['d', 'timespan'],
    ['x', 'real'],
  ],
  rows: [['2024-01-01T00:00:00.5Z', '1.02:00:00', 0.1]],
  ordered: true,
};

test.each([
  ['trailing zeros of times do not count', ['2024-01-01T00:00:00.5000000Z', '1.02:00:00.0000000', 0.1], true],
  ['reals are compared to 12 digits', ['2024-01-01T00:00:00.5Z', '1.02:00:00', 0.1 + 1e-16], true],
  ['another instant is wrong', ['2024-01-01T00:00:00.51Z', '1.02:00:00', 0.1], false],
  ['a time without its zone is wrong', ['2024-01-01T00:00:00.5', '1.02:00:00', 0.1], false],
  ['a span in hours is wrong', ['2024-01-01T00:00:00.5Z', '26 hours', 0.1], false],
  ['a number in place of text is wrong', ['2024-01-01T00:00:00.5Z', 26, 0.1], false],
])('%s', (_, row, isRight) => {
  expect(differenceOf(times, times.columns, [row]) === undefined).toBe(isRight);
});
