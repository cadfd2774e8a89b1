/** The aggregates of KQL, as aggregates of the tree and an expression over their columns. */
import type { Expression } from '../../relation/expression.ts';
import { call, column, nothing, when, whole, wholeValue } from '../../relation/expression.ts';
import type { AggregateName } from '../../relation/aggregates.ts';
import type { Aggregate } from '../../relation/relation.ts';
import { isArray, parseJson } from '../../relation/values/json.ts';
import { limits } from '../../../base/limits.ts';
import type { KqlType } from '../type.ts';
import { scalarOf } from '../type.ts';
import { convert, emptyText, isNumeric, literalOf, typed } from './convert.ts';
import { constantNumber } from './define.ts';
import type { Arity, KqlAggregate, KqlContext, LoweredAggregate, Typed } from './kinds.ts';

/** Collects the aggregates that one aggregate of KQL becomes. */
class Parts {
  readonly aggregates: Aggregate[] = [];
  readonly #context: KqlContext;

  constructor(context: KqlContext) {
    this.#context = context;
  }

  count(): Expression {
    return this.#add((name) => ({ name, function: 'count' }));
  }

  of(function_: 'sum' | 'min' | 'max' | 'distinct', argument: Expression): Expression {
    return this.#add((name) => ({ name, function: function_, argument }));
  }

  apply(of: AggregateName, ...args: readonly Expression[]): Expression {
    return this.#add((name) => ({ name, function: 'apply', of, arguments: args }));
  }

  result(result: Typed, more?: readonly Typed[]): LoweredAggregate {
    return { aggregates: this.aggregates, result, ...(more === undefined ? {} : { more }) };
  }

  #add(make: (name: string) => Aggregate): Expression {
    const name = this.#context.fresh();
    this.aggregates.push(make(name));
    return column(name);
  }
}

type Lower = (parts: Parts, args: readonly Typed[], context: KqlContext) => LoweredAggregate;

function aggregate(arity: Arity | number, about: string, lower: Lower): KqlAggregate {
  return {
    arity: typeof arity === 'number' ? [arity, arity] : arity,
    about,
    lower: (args, context) => lower(new Parts(context), args, context),
  };
}

const only = (condition: Typed, of: Typed, context: KqlContext): Typed => ({
  type: of.type,
  value: when(convert(condition, 'bool', context), of.value, nothing(scalarOf(of.type))),
});

/** The form with a condition behind the first argument: rows for which it does not hold count as null. */
function conditional(of: KqlAggregate, at = 1): KqlAggregate {
  return {
    arity: [of.arity[0] + 1, of.arity[1] + 1],
    about: `${of.about}, of rows for which a condition holds`,
    lower: (args, context) => {
      const condition = args[at];
      const rest = args.filter((_, i) => i !== at).map((one, i) => (i < at ? only(condition, one, context) : one));
      return of.lower(rest, context);
    },
  };
}

const longOf = (sum: Expression): Expression => call('coalesce', call('wide_long', sum), wholeValue('long', 0));

function sum(parts: Parts, of: Typed, context: KqlContext): Typed {
  switch (of.type) {
    case 'int':
    case 'long':
      return typed('long', longOf(parts.of('sum', convert(of, 'long', context))));
    case 'timespan':
      return typed('timespan', call('timespan_of', longOf(parts.of('sum', call('ticks_of', of.value)))));
    case 'decimal':
      return typed('decimal', call('coalesce', parts.of('sum', of.value), literalOf(0n, 'decimal')));
    case 'bool':
      return typed('long', longOf(parts.of('sum', convert(of, 'long', context))));
    default:
      return typed('real', call('coalesce', parts.of('sum', convert(of, 'real', context)), literalOf(0, 'real')));
  }
}

/** The number of values that are not null. */
const countOf = (parts: Parts, of: Expression): Expression =>
  call(
    'coalesce',
    call('wide_long', parts.of('sum', when(call('is_null', of), whole(0), whole(1)))),
    wholeValue('long', 0),
  );

const avg: Lower = (parts, [of], context) => {
  const timed = of.type === 'datetime' || of.type === 'timespan';
  const value = timed ? convert(of, 'long', context) : convert(of, 'real', context);
  const count = countOf(parts, value);
  const none = call('equal', count, whole(0));
  if (timed) {
    const mean = call(
      'quotient',
      call('coalesce', parts.of('sum', value), call('to_wide', whole(0))),
      call('to_wide', count),
    );
    const ticks = when(none, nothing('long'), call('wide_long', mean));
    return parts.result(typed(of.type, convert(typed('long', ticks), of.type, context)));
  }
  const total = parts.of('sum', of.type === 'int' || of.type === 'long' ? convert(of, 'long', context) : value);
  const real = of.type === 'int' || of.type === 'long' ? call('wide_double', total) : total;
  const mean = when(none, literalOf(NaN, 'real'), call('real_divide', real, call('long_double', count)));
  return parts.result(of.type === 'decimal' ? typed('decimal', call('double_decimal', mean)) : typed('real', mean));
};

const extreme =
  (of: 'min' | 'max'): Lower =>
  (parts, [value], context) => {
    if (value.type === 'dynamic') return parts.result(typed('dynamic', parts.of(of, value.value)));
    if (value.type === 'bool')
      return parts.result(typed('bool', call('not_equal', parts.of(of, convert(value, 'long', context)), whole(0))));
    // Strings of no rows are empty.
    const found = parts.of(of, value.value);
    return parts.result(typed(value.type, value.type === 'string' ? call('coalesce', found, emptyText) : found));
  };

const distinct: Lower = (parts, [of]) => parts.result(typed('long', parts.of('distinct', of.value)));

/** A share in percent, in hundred-thousandths. */
const shareOf = (percent: number, context: KqlContext): Expression =>
  percent >= 0 && percent <= 100
    ? whole(Math.round(percent * 1000))
    : context.refuse('a percentile is a number from 0 to 100');

const quantile = (parts: Parts, of: Typed, percent: number, context: KqlContext): Typed => {
  const value = of.type === 'int' ? convert(of, 'long', context) : of.value;
  return typed(of.type === 'int' ? 'long' : of.type, parts.apply('quantile', value, shareOf(percent, context)));
};

const percentages = (args: readonly Typed[], context: KqlContext): number[] =>
  args.flatMap((one) => {
    if (one.type !== 'dynamic') return [constantNumber(one, 'the percentile', context)];
    const value = context.constant(one);
    const json = typeof value === 'string' ? parseJson(value) : undefined;
    return isArray(json) ? json.map(Number) : context.refuse('the percentiles have to be constant');
  });

const percentiles: Lower = (parts, [of, ...shares], context) => {
  const [first, ...more] = percentages(shares, context).map((percent) => quantile(parts, of, percent, context));
  return parts.result(first, more);
};

const percentilesArray: Lower = (parts, [of, ...shares], context) => {
  const all = percentages(shares, context).map((percent) =>
    convert(quantile(parts, of, percent, context), 'dynamic', context),
  );
  return parts.result(typed('dynamic', call('array_pack', ...all)));
};

/** Of an aggregate's list that is no array of the answer. */
const allItems = whole(2 ** 53 - 1);

const weighted =
  (isArray_: boolean): Lower =>
  (parts, [of, weight, ...shares], context) => {
    const pair = call('array_pack', convert(of, 'dynamic', context), convert(weight, 'dynamic', context));
    const list = parts.apply(
      'json_list',
      when(call('or', call('is_null', of.value), call('is_null', weight.value)), nothing('dynamic'), pair),
      allItems,
    );
    const all = percentages(shares, context).map((percent) => {
      const value = typed('dynamic', call('weighted_quantile', list, shareOf(percent, context)));
      return isArray_ ? value : typed(of.type, convert(value, of.type, context));
    });
    if (isArray_) return parts.result(typed('dynamic', call('array_pack', ...all.map(({ value }) => value))));
    const [first, ...more] = all;
    return parts.result(first, more);
  };

const longBounds = [wholeValue('long', -(2n ** 63n)), wholeValue('long', 2n ** 63n - 1n)] as const;
/** From year 1 to 9999, in microseconds. */
const timeBounds = [-62_135_596_800_000_000n, 253_402_300_799_999_999n] as const;

/** The least and the greatest key of a type. */
const keyBounds: Readonly<Partial<Record<KqlType, readonly [Expression, Expression]>>> = {
  bool: longBounds,
  int: [wholeValue('integer', -(2 ** 31)), wholeValue('integer', 2 ** 31 - 1)],
  long: longBounds,
  real: [literalOf(-Infinity, 'real'), literalOf(Infinity, 'real')],
  datetime: [literalOf(timeBounds[0], 'datetime'), literalOf(timeBounds[1], 'datetime')],
  timespan: [literalOf(-(2n ** 63n), 'timespan'), literalOf(2n ** 63n - 1n, 'timespan')],
};

const argument =
  (of: 'arg_max' | 'arg_min'): Lower =>
  (parts, [by, ...values], context) => {
    const key = by.type === 'bool' ? convert(by, 'long', context) : by.value;
    const own = parts.of(of === 'arg_max' ? 'max' : 'min', key);
    const result = typed(by.type, by.type === 'bool' ? call('not_equal', own, whole(0)) : own);
    // Where all keys are null, values of a row are given all the same.
    const bound = keyBounds[by.type]?.[of === 'arg_max' ? 0 : 1];
    const filled = bound === undefined ? key : call('coalesce', key, bound);
    const more = values.map((one) => {
      const value = parts.apply(of, filled, one.value);
      return typed(one.type, one.type === 'string' ? call('coalesce', value, emptyText) : value);
    });
    return parts.result(result, more);
  };

const mostItems = (given: Typed | undefined, context: KqlContext): Expression =>
  given === undefined
    ? whole(limits.kqlArrayItemsMax)
    : whole(
        Math.min(
          Math.max(Math.trunc(constantNumber(given, 'the greatest number of elements', context)), 0),
          limits.kqlArrayItemsMax,
        ),
      );

const makeList: Lower = (parts, [of, most], context) =>
  parts.result(typed('dynamic', parts.apply('json_list', convertElement(of, context), mostItems(most, context))));

/** Null stays null, so that it is left out; a real that is null is no text. */
function convertElement(of: Typed, context: KqlContext): Expression {
  return convert(of, 'dynamic', context);
}

/** Of values that are arrays, the elements are counted. */
const makeSet: Lower = (parts, [of, most], context) => {
  const items = mostItems(most, context);
  const element = convertElement(of, context);
  if (of.type !== 'dynamic') return parts.result(typed('dynamic', parts.apply('json_set', element, items)));
  const list = parts.apply('json_set', element, mostItems(undefined, context));
  return parts.result(typed('dynamic', call('array_distinct', call('array_flat', list), items)));
};

const makeListWithNulls: Lower = (parts, [of], context) =>
  parts.result(
    typed(
      'dynamic',
      parts.apply(
        'json_list',
        call('coalesce', convertElement(of, context), literalOf('null', 'dynamic')),
        mostItems(undefined, context),
      ),
    ),
  );

const makeBag: Lower = (parts, [of, most], context) => {
  const list = parts.apply('json_list', convert(of, 'dynamic', context), mostItems(undefined, context));
  return parts.result(typed('dynamic', call('bag_merge_all', list, mostItems(most, context))));
};

/** A string that is not empty, if there is one. */
const takeAny: Lower = (parts, values) => {
  const [first, ...more] = values.map((one) => {
    if (one.type !== 'string') return typed(one.type, parts.apply('any', one.value));
    const filled = when(call('equal', one.value, emptyText), nothing('text'), one.value);
    return typed('string', call('coalesce', parts.apply('any', filled), emptyText));
  });
  return parts.result(first, more);
};

const spread =
  (of: AggregateName, root: boolean): Lower =>
  (parts, args, context) => {
    const values = args.map((one) =>
      convert(one, one.type === 'timespan' || one.type === 'datetime' ? 'long' : 'real', context),
    );
    const reals = values.map((value, i) =>
      args[i].type === 'timespan' || args[i].type === 'datetime' ? call('long_double', value) : value,
    );
    const count = countOf(parts, reals[0]);
    const found = call('coalesce', parts.apply(of, ...reals), literalOf(0, 'real'));
    const value = root ? call('real_sqrt', found) : found;
    // Of one value the spread is 0, of none it is unknown.
    return parts.result(typed('real', when(call('equal', count, whole(0)), literalOf(NaN, 'real'), value)));
  };

const bits =
  (of: AggregateName): Lower =>
  (parts, [value], context) =>
    parts.result(typed('long', parts.apply(of, convert(value, 'long', context))));

const many = Infinity;
const sums = aggregate(1, 'the sum of values that are not null; 0 of none', (parts, [of], context) => {
  if (!isNumeric(of.type) && !['timespan', 'dynamic', 'bool'].includes(of.type))
    return context.refuse(`there is no sum of ${of.type}`);
  return parts.result(sum(parts, of, context));
});
const means = aggregate(1, 'the mean of values that are not null; NaN of none', avg);
const minima = aggregate(1, 'the least value', extreme('min'));
const maxima = aggregate(1, 'the greatest value', extreme('max'));
const distincts = aggregate(
  [1, 2],
  'the number of different values, which is exact whatever accuracy is asked for',
  distinct,
);
const lists = aggregate([1, 2], 'an array of the values that are not null', makeList);
const sets = aggregate([1, 2], 'an array of the different values that are not null', makeSet);
const bags = aggregate([1, 2], 'one bag of all bags; of a name that occurs twice one value', makeBag);
const anys = aggregate([1, many], 'a value of one of the rows', takeAny);
const stdev = aggregate(1, 'the standard deviation of a sample; 0 of one value', spread('variance', true));
const variance = aggregate(1, 'the variance of a sample; 0 of one value', spread('variance', false));
const variancep = aggregate(1, 'the variance of all values', spread('variance_all', false));
const covariance = aggregate(2, 'the covariance of a sample', spread('covariance', false));
const covariancep = aggregate(2, 'the covariance of all values', spread('covariance_all', false));
const argMax = aggregate([1, many], 'the greatest value, and values of its row', argument('arg_max'));
const argMin = aggregate([1, many], 'the least value, and values of its row', argument('arg_min'));

export const kqlAggregates: Readonly<Record<string, KqlAggregate>> = {
  count: aggregate([0, 1], 'the number of rows', (parts) => parts.result(typed('long', parts.count()))),
  countif: aggregate(1, 'the number of rows for which a condition holds', (parts, [condition], context) =>
    parts.result(typed('long', longOf(parts.of('sum', when(convert(condition, 'bool', context), whole(1), whole(0)))))),
  ),
  sum: sums,
  sumif: conditional(sums),
  avg: means,
  avgif: conditional(means),
  min: minima,
  minif: conditional(minima),
  max: maxima,
  maxif: conditional(maxima),
  dcount: distincts,
  dcountif: conditional(distincts),
  count_distinct: distincts,
  count_distinctif: conditional(distincts),
  percentile: aggregate(2, 'the least value that so many percent of the values do not exceed', percentiles),
  percentiles: aggregate([2, many], 'several percentiles, a column each', percentiles),
  percentiles_array: aggregate([2, many], 'several percentiles, as an array', percentilesArray),
  percentilew: aggregate(3, 'a percentile of values that count as often as a weight says', weighted(false)),
  percentilesw: aggregate([3, many], 'several percentiles of weighted values, a column each', weighted(false)),
  percentilesw_array: aggregate([3, many], 'several percentiles of weighted values, as an array', weighted(true)),
  arg_max: argMax,
  argmax: argMax,
  arg_min: argMin,
  argmin: argMin,
  make_list: lists,
  makelist: lists,
  make_list_if: conditional(lists),
  make_list_with_nulls: aggregate(1, 'an array of all values', makeListWithNulls),
  make_set: sets,
  makeset: sets,
  make_set_if: conditional(sets),
  make_bag: bags,
  make_bag_if: conditional(bags),
  make_dictionary: bags,
  take_any: anys,
  any: anys,
  take_anyif: conditional(aggregate(1, anys.about, takeAny)),
  anyif: conditional(aggregate(1, anys.about, takeAny)),
  stdev,
  stdevif: conditional(stdev),
  stdevp: aggregate(1, 'the standard deviation of all values', spread('variance_all', true)),
  variance,
  varianceif: conditional(variance),
  variancep,
  variancepif: conditional(variancep),
  covariance,
  covarianceif: conditionalTwo(covariance),
  covariancep,
  covariancepif: conditionalTwo(covariancep),
  binary_all_and: aggregate(1, 'the bits that all numbers have', bits('bits_and')),
  binary_all_or: aggregate(1, 'the bits that one of the numbers has', bits('bits_or')),
  binary_all_xor: aggregate(1, 'the bits that an odd count of the numbers has', bits('bits_xor')),
};

function conditionalTwo(of: KqlAggregate): KqlAggregate {
  return conditional(of, 2);
}
