/** Functions of numbers. */
import type { Expression } from '../../relation/expression.ts';
import { call, when, whole, wholeValue } from '../../relation/expression.ts';
import type { FunctionName } from '../../relation/functions.ts';
import { convert, isNumeric, literalOf, typed, widest } from './convert.ts';
import { custom, direct } from './define.ts';
import type { KqlContext, KqlFunction, Typed } from './kinds.ts';

const real = (about: string, of: FunctionName | ((of: Expression) => Expression)): KqlFunction =>
  direct(about, ['real'], 'real', of);

const realValue = (value: number): Expression => literalOf(value, 'real');

/** `bin` and `bin_at` of numbers, timespans and datetimes. */
function bin(of: Typed, size: Typed, at: Typed | undefined, context: KqlContext): Typed {
  if (isNumeric(of.type) && isNumeric(size.type)) {
    const type = widest([of.type, size.type, ...(at === undefined ? [] : [at.type])]);
    if (type === 'int' || type === 'long') {
      const [value, width] = [convert(of, 'long', context), convert(size, 'long', context)];
      const binned = call('long_bin', value, width, at === undefined ? whole(0) : convert(at, 'long', context));
      return type === 'int' ? typed('int', call('long_integer', binned)) : typed('long', binned);
    }
    const [value, width] = [convert(of, 'real', context), convert(size, 'real', context)];
    const binned = call('real_bin', value, width, at === undefined ? realValue(0) : convert(at, 'real', context));
    return type === 'decimal' ? typed('decimal', call('double_decimal', binned)) : typed('real', binned);
  }
  if (of.type === 'timespan') {
    const width = size.type === 'timespan' ? call('ticks_of', size.value) : convert(size, 'long', context);
    const fixed = at === undefined ? whole(0) : call('ticks_of', convert(at, 'timespan', context));
    return typed('timespan', call('timespan_of', call('long_bin', call('ticks_of', of.value), width, fixed)));
  }
  if (of.type === 'datetime') {
    const ticks = size.type === 'timespan' ? call('ticks_of', size.value) : convert(size, 'long', context);
    // Bins are counted from the first day of year 1, a Monday.
    const fixed =
      at === undefined ? wholeValue('long', firstMicros) : call('micros_of', convert(at, 'datetime', context));
    const binned = call('long_bin', call('micros_of', of.value), call('quotient', ticks, whole(10)), fixed);
    return typed('datetime', call('time_of_micros', binned));
  }
  if (of.type === 'dynamic')
    return bin(
      typed(
        size.type === 'timespan' ? 'datetime' : 'real',
        convert(of, size.type === 'timespan' ? 'datetime' : 'real', context),
      ),
      size,
      at,
      context,
    );
  return context.refuse(`there are no bins of ${of.type} and ${size.type}`);
}

const firstMicros = -62_135_596_800_000_000n;

const binned = custom(
  2,
  'the multiple of a size that is not above the value; days of datetimes begin at midnight, weeks on Monday',
  ([of, size], context) => bin(of, size, undefined, context),
);

const abs = custom(1, 'the absolute value', ([of], context) => {
  if (of.type === 'timespan')
    return typed('timespan', call('timespan_of', call('long_abs', call('ticks_of', of.value))));
  if (of.type === 'int' || of.type === 'long') return typed('long', call('long_abs', convert(of, 'long', context)));
  const value = call('real_abs', convert(of, 'real', context));
  return of.type === 'decimal' ? typed('decimal', call('double_decimal', value)) : typed('real', value);
});

const round = custom(
  [1, 2],
  'a number rounded to so many digits behind the point, halves away from zero',
  ([of, digits], context) => {
    const to = digits === undefined ? whole(0) : convert(digits, 'long', context);
    if (of.type === 'int' || of.type === 'long') {
      if (digits === undefined) return of;
      return typed(
        of.type,
        convert(typed('real', call('real_round', convert(of, 'real', context), to)), of.type, context),
      );
    }
    const value = call('real_round', convert(of, 'real', context), to);
    return of.type === 'decimal' ? typed('decimal', call('double_decimal', value)) : typed('real', value);
  },
);

const wholeOf = (about: string, of: FunctionName): KqlFunction =>
  custom(1, about, ([value], context) => {
    if (value.type === 'int' || value.type === 'long') return value;
    const result = call(of, convert(value, 'real', context));
    return value.type === 'decimal' ? typed('decimal', call('double_decimal', result)) : typed('real', result);
  });

const floorOne = wholeOf('', 'real_floor');

const bits = (about: string, of: FunctionName): KqlFunction => direct(about, ['long', 'long'], 'long', of);

const isRealTest = (about: string, test: (of: Expression) => Expression): KqlFunction =>
  custom(1, about, ([of], context) => typed('bool', test(convert(of, 'real', context))));

export const numberFunctions: Readonly<Record<string, KqlFunction>> = {
  bin: binned,
  floor: custom([1, 2], 'as `bin`', (args, context) =>
    args.length === 1 ? floorOne.lower(args, context) : binned.lower(args, context),
  ),
  bin_at: custom(3, 'as `bin`, with bins counted from a fixed point', ([of, size, at], context) =>
    bin(of, size, at, context),
  ),
  abs,
  round,
  ceiling: wholeOf('the least whole number that is not below the value', 'real_ceiling'),
  sign: custom(1, '-1, 0 or 1', ([of], context) => {
    const value = convert(of, 'real', context);
    const zero = realValue(0);
    return typed('real', {
      kind: 'case',
      when: [
        { if: call('is_null', value), value: value },
        { if: call('less', value, zero), value: realValue(-1) },
        { if: call('less', zero, value), value: realValue(1) },
      ],
      otherwise: zero,
    });
  }),
  sqrt: real('the square root; null of a number below 0', 'real_sqrt'),
  exp: real('e to the power of a number', 'real_exp'),
  exp2: real('2 to the power of a number', (of) => call('real_power', realValue(2), of)),
  exp10: real('10 to the power of a number', (of) => call('real_power', realValue(10), of)),
  log: real('the natural logarithm', 'real_ln'),
  log2: real('the logarithm to base 2', 'real_log2'),
  log10: real('the logarithm to base 10', 'real_log10'),
  pow: direct('a number to the power of another', ['real', 'real'], 'real', 'real_power'),
  sin: real('the sine of an angle in radians', 'real_sin'),
  cos: real('the cosine of an angle in radians', 'real_cos'),
  tan: real('the tangent of an angle in radians', 'real_tan'),
  cot: real('the cotangent of an angle in radians', (of) => call('real_divide', realValue(1), call('real_tan', of))),
  asin: real('the angle of a sine', 'real_asin'),
  acos: real('the angle of a cosine', 'real_acos'),
  atan: real('the angle of a tangent', 'real_atan'),
  atan2: direct('the angle of a point, y before x', ['real', 'real'], 'real', 'real_atan2'),
  pi: custom(0, '3.14159…', () => typed('real', realValue(Math.PI))),
  degrees: real('radians as degrees', (of) =>
    call('real_divide', call('real_multiply', of, realValue(180)), realValue(Math.PI)),
  ),
  radians: real('degrees as radians', (of) =>
    call('real_divide', call('real_multiply', of, realValue(Math.PI)), realValue(180)),
  ),
  gamma: real('the gamma function', 'real_gamma'),
  loggamma: real('the logarithm of the gamma function', 'real_log_gamma'),
  isnan: isRealTest('whether a real is NaN', (of) => call('coalesce', call('is_nan', of), literalOf(false, 'bool'))),
  isinf: isRealTest('whether a real is infinite', (of) =>
    call('coalesce', call('is_infinite', of), literalOf(false, 'bool')),
  ),
  isfinite: isRealTest('whether a real is neither infinite nor NaN', (of) =>
    call('coalesce', call('not', call('or', call('is_nan', of), call('is_infinite', of))), literalOf(false, 'bool')),
  ),
  binary_and: bits('the bits that both numbers have', 'bits_and'),
  binary_or: bits('the bits that one of both numbers has', 'bits_or'),
  binary_xor: bits('the bits that exactly one of both numbers has', 'bits_xor'),
  binary_not: direct('all bits of a number turned over', ['long'], 'long', 'bits_not'),
  binary_shift_left: bits('the bits of a number, so many places to the left', 'bits_left'),
  binary_shift_right: bits('the bits of a number, so many places to the right', 'bits_right'),
  bitset_count_ones: direct('how many bits of a number are 1', ['long'], 'long', 'bits_count'),
  rand: custom([0, 1], 'a random number from 0 to 1; with a number N, a whole one below N', ([most], context) => {
    if (most === undefined) return typed('real', call('random'));
    const limit = convert(most, 'real', context);
    return typed(
      'real',
      when(
        call('less', realValue(1), limit),
        call('real_floor', call('real_multiply', call('random'), limit)),
        call('random'),
      ),
    );
  }),
  new_guid: custom(0, 'a random GUID', () => typed('guid', call('random_guid'))),
};
