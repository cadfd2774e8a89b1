/**
 * The one table of functions: how many arguments, which types, what null means, and the value. How a dialect writes each is in
 * sql/dialect.ts, and a test holds both equal.
 */
import { primitives } from './primitives/primitives.ts';
import { regularExpression, rewriteOf } from './values/regex.ts';
import type { FunctionRule } from './rule.ts';
import type { Type } from './type.ts';
import { commonType, elementOf, isNumber, isWhole } from './type.ts';
import type { Value } from './value.ts';
import { compareValues } from './value.ts';

const many = Infinity;

function comparison(holds: (order: number) => boolean): FunctionRule {
  return {
    arity: [2, 2],
    type: (types) => (commonType(types) === undefined || elementOf(types[0]) !== undefined ? undefined : 'boolean'),
    nulls: 'strict',
    value: (a, b) => holds(compareValues(a, b)),
  };
}

/** A function of longs. Integers are made longs before, since their sums would overflow. */
function arithmetic(value: (a: bigint, b: bigint) => bigint | null): FunctionRule {
  return {
    arity: [2, 2],
    type: (types) =>
      types.every((type) => type === 'long' || type === 'wide')
        ? types.includes('wide')
          ? 'wide'
          : 'long'
        : undefined,
    nulls: 'strict',
    value: (a, b) => value(a as bigint, b as bigint),
  };
}

/** The greatest or least of values that are not null. */
function extreme(sign: 1 | -1): FunctionRule {
  return {
    arity: [2, many],
    type: commonType,
    nulls: 'own',
    value: (...args) =>
      args.reduce((best, one) => (best === null || (one !== null && sign * compareValues(one, best) > 0) ? one : best)),
  };
}

function ofTexts(value: (a: string, b: string) => Value, result: Type): FunctionRule {
  return {
    arity: [2, 2],
    type: (types) => (types.every((type) => type === 'text') ? result : undefined),
    nulls: 'strict',
    value: (a, b) => value(a as string, b as string),
  };
}

function ofOne(from: (type: Type) => boolean, result: Type, value: (a: Value) => Value): FunctionRule {
  return { arity: [1, 1], type: ([type]) => (from(type) ? result : undefined), nulls: 'strict', value };
}

const isBoolean = (types: readonly Type[]): Type | undefined =>
  types.every((type) => type === 'boolean') ? 'boolean' : undefined;

export const functions = {
  // Three values: unknown is null.
  and: {
    arity: [1, many],
    type: isBoolean,
    nulls: 'own',
    value: (...args) => (args.includes(false) ? false : args.includes(null) ? null : true),
  },
  or: {
    arity: [1, many],
    type: isBoolean,
    nulls: 'own',
    value: (...args) => (args.includes(true) ? true : args.includes(null) ? null : false),
  },
  not: ofOne(
    (type) => type === 'boolean',
    'boolean',
    (a) => a !== true,
  ),
  is_null: { arity: [1, 1], type: () => 'boolean', nulls: 'own', value: (a) => a === null },
  coalesce: {
    arity: [2, many],
    type: commonType,
    nulls: 'own',
    value: (...args) => args.find((one) => one !== null) ?? null,
  },

  equal: comparison((order) => order === 0),
  not_equal: comparison((order) => order !== 0),
  less: comparison((order) => order < 0),
  less_or_equal: comparison((order) => order <= 0),
  greater: comparison((order) => order > 0),
  greater_or_equal: comparison((order) => order >= 0),
  /** Whether the first argument is one of the others, which are not null. */
  in: {
    arity: [2, many],
    type: (types) => (commonType(types) === undefined ? undefined : 'boolean'),
    nulls: 'strict',
    value: (a, ...others) => others.some((other) => compareValues(a, other) === 0),
  },
  greatest: extreme(1),
  least: extreme(-1),

  add: arithmetic((a, b) => a + b),
  subtract: arithmetic((a, b) => a - b),
  multiply: arithmetic((a, b) => a * b),
  /** Whole, towards zero; null for a divisor of 0. */
  quotient: arithmetic((a, b) => (b === 0n ? null : a / b)),
  /** `value` times `part` divided by `whole`, towards zero, whatever their product: not negative, `part` at most `whole`, `whole` above 0. */
  share: {
    arity: [3, 3],
    type: (types) => (types.every((type) => type === 'long') ? 'long' : undefined),
    nulls: 'strict',
    value: (value, part, whole) => ((value as bigint) * (part as bigint)) / (whole as bigint),
  },
  /** As doubles; null for a divisor of 0. */
  divide: {
    arity: [2, 2],
    type: (types) => (types.every(isNumber) ? 'double' : undefined),
    nulls: 'strict',
    value: (a, b) => (Number(b) === 0 ? null : Number(a) / Number(b)),
  },
  /** A whole number that is known to have 64 bits at the most. */
  to_long: ofOne(isWhole, 'long', (a) => a),
  /** Sums of two of these have no more than 128 bits. */
  to_wide: ofOne(isWhole, 'wide', (a) => a),

  lower: ofOne(
    (type) => type === 'text',
    'text',
    (a) => (a as string).toLowerCase(),
  ),
  upper: ofOne(
    (type) => type === 'text',
    'text',
    (a) => (a as string).toUpperCase(),
  ),
  /** Texts one behind the other; null if one is null. */
  concat: {
    arity: [2, many],
    type: (types) => (types.every((type) => type === 'text') ? 'text' : undefined),
    nulls: 'strict',
    value: (...args) => (args as readonly string[]).join(''),
  },
  /** The digits of a whole number. */
  digits: ofOne(isWhole, 'text', String),
  /** A text with all that a regular expression (RE2) finds replaced; `\1` stands for what the first group found. */
  replace_matches: {
    arity: [3, 3],
    type: (types) => (types.every((type) => type === 'text') ? 'text' : undefined),
    nulls: 'strict',
    value: (text, pattern, replacement) =>
      (text as string).replaceAll(regularExpression(pattern as string, 'g'), rewriteOf(replacement as string)),
  },
  /** The items of a list as texts with a text between them; '' if there is no item. */
  join_list: {
    arity: [2, 2],
    type: ([list, separator]) => {
      const element = elementOf(list);
      return element !== undefined && (element === 'text' || isWhole(element)) && separator === 'text'
        ? 'text'
        : undefined;
    },
    nulls: 'own',
    value: (list, separator) =>
      separator === null
        ? null
        : ((list ?? []) as readonly (string | bigint | null)[])
            .filter((item) => item !== null)
            .join(separator as string),
  },
  /** Whether a text is like a pattern of SQL's LIKE, in any case, with `\` before what stands for itself. */
  like: ofTexts((text, pattern) => likeExpression(pattern).test(text), 'boolean'),
  /** Whether a regular expression (RE2) is found in the text; `.` is no line break. */
  matches: ofTexts((text, pattern) => regularExpression(pattern).test(text), 'boolean'),

  /** Epoch milliseconds of a time since 1970. */
  millis: ofOne(
    (type) => type === 'time',
    'long',
    (a) => (a as bigint) / 1000n,
  ),
  /** The time of epoch milliseconds. */
  time_of: ofOne(
    (type) => type === 'long',
    'time',
    (a) => (a as bigint) * 1000n,
  ),
  /** A time since 1970 without its fraction of a second. */
  second: ofOne(
    (type) => type === 'time',
    'time',
    (a) => ((a as bigint) / 1_000_000n) * 1_000_000n,
  ),

  /** Whether a list is there and has an element. Some engines have no list that is null. */
  has_items: {
    arity: [1, 1],
    type: ([type]) => (elementOf(type) === undefined ? undefined : 'boolean'),
    nulls: 'own',
    value: (a) => a !== null && (a as readonly Value[]).length > 0,
  },
  /** The whole numbers from the first to the second, both included; not negative. */
  sequence: {
    arity: [2, 2],
    type: (types) => (types.every((type) => type === 'long') ? { list: 'long' } : undefined),
    nulls: 'strict',
    value: (from, to) =>
      Array.from({ length: Math.max(0, Number(to) - Number(from) + 1) }, (_, i) => (from as bigint) + BigInt(i)),
  },
  ...primitives,
} as const satisfies Record<string, FunctionRule>;

export type FunctionName = keyof typeof functions;

/** The rule of a function. Widened: the table's own type is one entry each. */
export function ruleOf(name: FunctionName): FunctionRule {
  return functions[name];
}

/** A pattern of LIKE as a regular expression over the whole text, in any case. */
function likeExpression(pattern: string): RegExp {
  const source = pattern.replaceAll(/\\([\s\S])|[\s\S]/gu, (one, escaped?: string) => {
    if (escaped === undefined && one === '%') return '[\\s\\S]*';
    if (escaped === undefined && one === '_') return '[\\s\\S]';
    return (escaped ?? one).replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
  });
  return new RegExp(`^${source}$`, 'iu');
}
