import { expect, test } from 'vitest';
import { parseFilter } from '../../src/query/filter/filter.ts';
import { andTerm, eitherSide, term, without } from '../../web/src/values/terms.ts';

const hostile = [
  'a "quoted" name',
  'back\\slash',
  '<script>alert(1)</script>',
  'x) or access = allow (',
  '‮evil',
  'or',
  'null',
  '*',
  'long'.repeat(500),
];

test.each(hostile)('the term of the value %j is one test of the field, whatever the value is', (value) => {
  expect(parseFilter(term('rule', value), 0)).toMatchObject({ kind: 'test', field: 'rule', any: [{ value }] });
});

test('terms join a filter once, and an `or` of the filter stays together', () => {
  expect(andTerm('', 'access = deny')).toBe('access = deny');
  expect(andTerm('access = deny', 'access = deny')).toBe('access = deny');
  expect(andTerm('port = 22 or port = 3389', 'access = deny')).toBe('(port = 22 or port = 3389) and access = deny');
  expect(andTerm('(port = 22 or port = 3389)', 'access = deny')).toBe('(port = 22 or port = 3389) and access = deny');
  expect(andTerm('rule = "a or b"', 'access = deny')).toBe('rule = "a or b" and access = deny');
});

test('what is excluded, absent values, and the field of either side', () => {
  expect(without('dst.port', 443)).toBe('not dst.port = 443');
  expect(without('encryption', null)).toBe('encryption != null');
  expect(['src', 'dst.port', 'dst.country', 'rule'].map(eitherSide)).toEqual(['ip', 'port', 'country', undefined]);
});
