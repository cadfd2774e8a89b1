import { expect, test } from 'vitest';
import type { SqlExpression } from '../../../src/query/sql/node.ts';
import { call, name, operator } from '../../../src/query/sql/node.ts';
import { selecting } from '../../../src/query/sql/selecting.ts';

const text = (value: string): SqlExpression => ({
  kind: 'parameter',
  literal: { kind: 'literal', type: 'text', value },
});
const rule = name('rule');
const filled = call('coalesce', rule, text(''));

test.each<[string, SqlExpression, SqlExpression]>([
  ['an equal text', operator('=', filled, text('x')), operator('=', rule, text('x'))],
  ['on the right', operator('=', text('x'), filled), operator('=', text('x'), rule)],
  [
    'one of several',
    { kind: 'in', of: filled, items: [text('x'), text('y')] },
    { kind: 'in', of: rule, items: [text('x'), text('y')] },
  ],
  ['a beginning', call('starts_with', filled, text('x')), call('starts_with', rule, text('x'))],
  [
    'an alternative',
    operator('OR', operator('=', filled, text('x')), rule),
    operator('OR', operator('=', rule, text('x')), rule),
  ],
])('a column stands bare: %s', (_, condition, expected) => {
  expect(selecting(condition)).toEqual(expected);
});

test.each<[string, SqlExpression]>([
  ['the empty text', operator('=', filled, text(''))],
  ['one of several is empty', { kind: 'in', of: filled, items: [text('x'), text('')] }],
  ['no beginning', call('starts_with', filled, text(''))],
  ['another text for null', operator('=', call('coalesce', rule, text('x')), text('x'))],
  ['another operator', operator('<>', filled, text('x'))],
  ['a negation', { kind: 'not', of: operator('=', filled, text('x')) }],
  ['two columns', operator('=', filled, rule)],
])('a condition stays as it is: %s', (_, condition) => {
  expect(selecting(condition)).toEqual(condition);
});
