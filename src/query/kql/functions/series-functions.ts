/** Functions of series, as make-series gives them. */
import type { Expression } from '../../relation/expression.ts';
import { call } from '../../relation/expression.ts';
import type { FunctionName } from '../../relation/functions.ts';
import { convert, literalOf, typed } from './convert.ts';
import { constantText, custom, direct } from './define.ts';
import type { KqlFunction } from './kinds.ts';

const each = (about: string, of: FunctionName): KqlFunction => direct(about, ['dynamic'], 'dynamic', of);

const both = (about: string, of: FunctionName): KqlFunction =>
  custom(2, about, (args, context) =>
    typed('dynamic', call(of, ...args.map((one) => convert(one, 'dynamic', context)))),
  );

const nullDynamic: Expression = literalOf('"-"', 'dynamic');
const missing = { type: 'dynamic', otherwise: nullDynamic } as const;
/** A placeholder that is null means missing values alone. */
const filled =
  (of: FunctionName) =>
  (series: Expression, ...rest: readonly Expression[]): Expression => {
    const at = of === 'series_fill_const' ? 1 : 0;
    return call(of, series, ...rest.map((one, i) => (i === at ? call('coalesce', one, nullDynamic) : one)));
  };
const zero = { type: 'dynamic', otherwise: literalOf('0', 'dynamic') } as const;
const yes = { type: 'bool', otherwise: literalOf(true, 'bool') } as const;
const no = { type: 'bool', otherwise: literalOf(false, 'bool') } as const;

/** `series_fit_line_dynamic` and its like: a bag of all results. */
const bag = each;

const outliers = custom(
  [1, 5],
  'how far each value lies outside of Tukey’s fences',
  ([series, kind, , low, high], context) => {
    const name = kind === undefined ? 'tukey' : constantText(kind, 'the kind', context).toLowerCase();
    if (name !== 'tukey' && name !== 'ctukey') return context.refuse('the kind is "tukey" or "ctukey"');
    const [from, to] = name === 'tukey' ? [0.25, 0.75] : [0.1, 0.9];
    const share = (given: typeof low, otherwise: number): Expression =>
      given === undefined
        ? literalOf(otherwise, 'real')
        : call('real_divide', convert(given, 'real', context), literalOf(100, 'real'));
    return typed('dynamic', call('series_outliers', series.value, share(low, from), share(high, to)));
  },
);

export const seriesFunctions: Readonly<Record<string, KqlFunction>> = {
  series_abs: each('the absolute values', 'series_abs'),
  series_exp: each('e to the power of each value', 'series_exp'),
  series_log: each('the natural logarithm of each value', 'series_log'),
  series_sign: each('-1, 0 or 1 for each value', 'series_sign'),
  series_floor: each('each value, rounded down', 'series_floor'),
  series_ceiling: each('each value, rounded up', 'series_ceiling'),
  series_sin: each('the sine of each value', 'series_sin'),
  series_cos: each('the cosine of each value', 'series_cos'),
  series_tan: each('the tangent of each value', 'series_tan'),
  series_asin: each('the angle of each sine', 'series_asin'),
  series_acos: each('the angle of each cosine', 'series_acos'),
  series_atan: each('the angle of each tangent', 'series_atan'),
  series_add: both('the sums of two series, or of a series and a number', 'series_add'),
  series_subtract: both('the differences of two series', 'series_subtract'),
  series_multiply: both('the products of two series', 'series_multiply'),
  series_divide: both('the quotients of two series', 'series_divide'),
  series_pow: both('the powers of two series', 'series_pow'),
  series_equals: both('whether the values of two series are equal', 'series_equals'),
  series_not_equals: both('whether the values of two series are different', 'series_not_equals'),
  series_less: both('whether the values of a series are less', 'series_less'),
  series_less_equals: both('whether the values of a series are less or equal', 'series_less_equals'),
  series_greater: both('whether the values of a series are greater', 'series_greater'),
  series_greater_equals: both('whether the values of a series are greater or equal', 'series_greater_equals'),
  series_sum: direct('the sum of a series', ['dynamic'], 'real', 'series_sum'),
  series_product: direct('the product of a series', ['dynamic'], 'real', 'series_product'),
  series_magnitude: direct('the square root of the sum of squares', ['dynamic'], 'real', 'series_magnitude'),
  series_dot_product: direct('the sum of products of two series', ['dynamic', 'dynamic'], 'real', 'series_dot_product'),
  series_cosine_similarity: direct(
    'the cosine of the angle between two series',
    ['dynamic', 'dynamic'],
    'real',
    'series_cosine_similarity',
  ),
  series_pearson_correlation: direct(
    'the correlation of two series',
    ['dynamic', 'dynamic'],
    'real',
    'series_pearson_correlation',
  ),
  series_fill_const: direct(
    'a series with a constant, 0 by default, for missing values',
    ['dynamic', zero, missing],
    'dynamic',
    filled('series_fill_const'),
  ),
  series_fill_forward: direct(
    'a series with the value before for missing values',
    ['dynamic', missing],
    'dynamic',
    filled('series_fill_forward'),
  ),
  series_fill_backward: direct(
    'a series with the value behind for missing values',
    ['dynamic', missing],
    'dynamic',
    filled('series_fill_backward'),
  ),
  series_fill_linear: direct(
    'a series with values between its neighbors for missing values',
    ['dynamic', missing, yes, zero],
    'dynamic',
    filled('series_fill_linear'),
  ),
  series_stats: direct(
    'min, min_idx, max, max_idx, avg, stdev and variance of a series, a column each',
    ['dynamic'],
    'dynamic',
    (of) => call('bag_values', call('series_stats', of)),
  ),
  series_fit_line: direct(
    'rsquare, slope, variance, rvariance, interception and line_fit of a series, a column each',
    ['dynamic'],
    'dynamic',
    (of) => call('bag_values', call('series_fit_line', of)),
  ),
  series_stats_dynamic: bag('least, greatest, mean, deviation, variance, sum and length of a series', 'series_stats'),
  series_fit_line_dynamic: bag('the straight line of least squares through a series', 'series_fit_line'),
  series_fir: direct(
    'a series filtered by weights, which are normalized by default',
    ['dynamic', 'dynamic', yes, no],
    'dynamic',
    'series_fir',
  ),
  series_iir: direct(
    'a series filtered by a recursive filter',
    ['dynamic', 'dynamic', 'dynamic'],
    'dynamic',
    'series_iir',
  ),
  series_outliers: outliers,
};
