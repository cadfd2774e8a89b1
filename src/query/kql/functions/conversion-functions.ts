/** Conversions, conditions and tests of values. */
import type { Expression } from '../../relation/expression.ts';
import { call, no, when, wholeValue, yes } from '../../relation/expression.ts';
import type { KqlType } from '../type.ts';
import { arithmetic, ordering } from './arithmetic.ts';
import { commonKqlType, convert, emptyText, literalOf, typed } from './convert.ts';
import { custom, direct } from './define.ts';
import type { KqlContext, KqlFunction, Typed } from './kinds.ts';

const conversion = (type: KqlType, about: string): KqlFunction =>
  custom(1, about, ([of], context) => typed(type, convert(of, type, context)));

const parsed = direct(
  'the value of a JSON text; of any other text the text itself',
  ['string'],
  'dynamic',
  'text_parsed',
);

const parseJson: KqlFunction = custom(1, parsed.about, (args, context) =>
  args[0].type === 'dynamic' ? args[0] : parsed.lower(args, context),
);

/** Values as one common type. */
function common(
  args: readonly Typed[],
  context: KqlContext,
): { readonly type: KqlType; readonly values: Expression[] } {
  const type = commonKqlType(args);
  if (type === undefined)
    return context.refuse(`the values have different types: ${[...new Set(args.map((one) => one.type))].join(', ')}`);
  return { type, values: args.map((one) => convert(one, type, context)) };
}

const iff = custom(3, 'the second argument if the first holds, else the third', (args, context) => {
  const { type, values } = common(args.slice(1), context);
  return typed(type, when(convert(args[0], 'bool', context), values[0], values[1]));
});

const cases = custom(
  [3, Infinity],
  'the value behind the first condition that holds, else the last argument',
  (args, context) => {
    if (args.length % 2 === 0) return context.refuse('case takes pairs of a condition and a value, and a last value');
    const conditions = args.filter((_, i) => i % 2 === 0 && i < args.length - 1);
    const { type, values } = common(
      args.filter((_, i) => i % 2 === 1 || i === args.length - 1),
      context,
    );
    return typed(type, {
      kind: 'case',
      when: conditions.map((one, i) => ({ if: convert(one, 'bool', context), value: values[i] })),
      otherwise: values[values.length - 1],
    });
  },
);

/** Strings are never null: those that are empty are passed over. */
const coalesce = custom(
  [2, 64],
  'the first value that is not null, of strings the first that is not empty',
  (args, context) => {
    const { type, values } = common(args, context);
    if (type !== 'string') return typed(type, call('coalesce', ...values));
    const branches = values.slice(0, -1).map((value) => ({ if: call('not_equal', value, emptyText), value }));
    return typed(type, { kind: 'case', when: branches, otherwise: values[values.length - 1] });
  },
);

const extreme = (about: string, of: 'greatest' | 'least'): KqlFunction =>
  custom([1, 64], about, (args, context) => {
    const { type, values } = common(args, context);
    if (values.length === 1) return typed(type, values[0]);
    if (type !== 'string') return typed(type, call(of, ...values));
    return typed(type, call(of, ...values));
  });

const isNull = ({ type, value }: Typed): Expression => (type === 'string' ? no : call('is_null', value));

const isEmpty = (of: Typed, context: KqlContext): Expression =>
  of.type === 'string' || of.type === 'dynamic'
    ? call('equal', convert(of, 'string', context), emptyText)
    : call('is_null', of.value);

const isNullOf = custom(1, 'whether a value is null; strings never are', ([of]) => typed('bool', isNull(of)));
const isNotNull = custom(1, 'whether a value is not null', ([of]) => typed('bool', call('not', isNull(of))));
const isEmptyOf = custom(1, 'whether a string is empty, or another value null', ([of], context) =>
  typed('bool', isEmpty(of, context)),
);
const isNotEmpty = custom(1, 'whether a string is not empty, or another value not null', ([of], context) =>
  typed('bool', call('not', isEmpty(of, context))),
);

const toBool = conversion('bool', '`true` of "true" and of numbers other than 0');
const toReal = conversion('real', 'a number of 64 bits with a point, null of what is none');

export const conversionFunctions: Readonly<Record<string, KqlFunction>> = {
  tostring: conversion('string', 'the text of a value; of null the empty text'),
  toint: conversion('int', 'a whole number of 32 bits, cut towards zero, null of what is none'),
  tolong: conversion('long', 'a whole number of 64 bits, cut towards zero, null of what is none'),
  toreal: toReal,
  todouble: toReal,
  todecimal: conversion('decimal', 'a decimal of 26 digits before the point and 12 behind it'),
  tobool: toBool,
  toboolean: toBool,
  todatetime: conversion('datetime', 'a datetime of a text in ISO 8601, RFC 822 or RFC 850'),
  totimespan: conversion('timespan', 'a timespan of a text such as `1.02:03:04.5`'),
  totime: conversion('timespan', 'as `totimespan`'),
  toguid: conversion('guid', 'a GUID of its text'),
  todynamic: parseJson,
  toobject: parseJson,
  parse_json: parseJson,
  parsejson: parseJson,
  gettype: custom(1, 'the name of the type of a value', ([of]) =>
    of.type === 'dynamic'
      ? typed('string', call('coalesce', call('dynamic_kind', of.value), literalOf('null', 'string')))
      : typed('string', literalOf(of.type, 'string')),
  ),
  tohex: custom([1, 2], 'the hexadecimal digits of a whole number, with at least so many', ([of, least], context) => {
    const all = call('long_hex', convert(of, 'long', context));
    const negative = call('less', convert(of, 'long', context), wholeValue('long', 0));
    // An int has 32 bits: a negative one has eight digits.
    const digits =
      of.type === 'int'
        ? when(negative, call('text_substring', all, wholeValue('long', 8), wholeValue('long', 8)), all)
        : all;
    const width = least === undefined ? wholeValue('long', 0) : convert(least, 'long', context);
    const missing = call('subtract', width, call('text_length', digits));
    const text = call('concat', call('text_repeat', literalOf('0', 'string'), missing), digits);
    return typed('string', call('coalesce', text, emptyText));
  }),
  iff,
  iif: iff,
  case: cases,
  coalesce,
  max_of: extreme('the greatest of the arguments that are not null', 'greatest'),
  min_of: extreme('the least of the arguments that are not null', 'least'),
  isnull: isNullOf,
  isnotnull: isNotNull,
  notnull: isNotNull,
  isempty: isEmptyOf,
  isnotempty: isNotEmpty,
  notempty: isNotEmpty,
  not: custom(1, 'whether a condition does not hold', ([of], context) =>
    typed('bool', call('not', convert(of, 'bool', context))),
  ),
  around: custom(3, 'whether a value is at most `delta` away from a center', ([value, center, delta], context) => {
    const low = ordering('>=', value, shifted(center, delta, '-', context), context);
    const high = ordering('<=', value, shifted(center, delta, '+', context), context);
    return typed('bool', call('and', low.value, high.value));
  }),
  assert: custom(
    2,
    'true if a constant condition holds; else the query is refused with the message',
    ([condition, message], context) => {
      const value = context.constant(condition);
      const text = context.constant(message);
      if (value === undefined || typeof text !== 'string') return context.refuse('assert takes constants');
      return value === true ? typed('bool', yes) : context.refuse(`the assertion failed: ${text}`);
    },
  ),
};

function shifted(center: Typed, delta: Typed, sign: '+' | '-', context: KqlContext): Typed {
  return arithmetic(sign, center, delta, context);
}
