/** Primitives of numbers. Whole numbers of 64 bits that overflow are an error of the query. */
import { call, cast, fixed, number, operator } from '../../sql/node.ts';
import type { SqlExpression } from '../../sql/node.ts';
import {
  and,
  equal,
  flooredRemainder,
  isNull,
  less,
  minus,
  not,
  over,
  plus,
  remainder,
  times,
  when,
} from '../../sql/sql.ts';
import { primitive } from '../rule.ts';
import { decimalInRange } from '../values/number.ts';
import { decimalScale } from '../value.ts';

const one = 10n ** BigInt(decimalScale);

const ofReal = (value: (of: number) => number, name: string) =>
  primitive(['double'], 'double', value, (of) => call(name, of));

/** Null where there is no value: DuckDB would refuse such arguments. NaN stays NaN. */
const guarded = (
  value: (of: number) => number,
  name: string,
  domain: (of: SqlExpression) => SqlExpression,
  isKnown: (of: number) => boolean,
) =>
  primitive(
    ['double'],
    'double',
    (of) => (Number.isNaN(of) ? of : isKnown(of) ? value(of) : undefined),
    (of) => when([call('isnan', of), of], [domain(of), call(name, of)])(),
  );

/** Of 0 the logarithm is minus infinity. */
const logarithm = (value: (of: number) => number, name: string) =>
  primitive(
    ['double'],
    'double',
    (of) => (of < 0 ? undefined : value(of)),
    (of) =>
      when([call('isnan', of), of], [equal(of, number(0)), minusInfinity], [less(number(0), of), call(name, of)])(),
  );

const within = (of: SqlExpression): SqlExpression => operator('<=', call('abs', of), number(1));
const finite = (of: SqlExpression): SqlExpression => call('isfinite', of);
const minusInfinity = fixed("'-Infinity'::DOUBLE");
const isWithin = (of: number): boolean => Math.abs(of) <= 1;

const modulo = (a: bigint, b: bigint): bigint | undefined => {
  if (b === 0n) return undefined;
  const size = b < 0n ? -b : b;
  return ((a % size) + size) % size;
};

const modulus = (a: number, b: number): number => {
  const size = Math.abs(b);
  return ((a % size) + size) % size;
};

const bin = (value: bigint, size: bigint, at: bigint): bigint | undefined =>
  size <= 0n ? undefined : value - (modulo(value - at, size) ?? 0n);

const infinity = fixed("'Infinity'::DOUBLE");

export const numberPrimitives = {
  /** The remainder that is not negative; null for a divisor of 0. */
  modulo: primitive(['long', 'long'], 'long', modulo, (a, b) => {
    const size = call('nullif', call('abs', b), number(0));
    return remainder(plus(remainder(a, size), size), size);
  }),
  real_add: primitive(['double', 'double'], 'double', (a, b) => a + b, plus),
  real_subtract: primitive(['double', 'double'], 'double', (a, b) => a - b, minus),
  real_multiply: primitive(
    ['double', 'double'],
    'double',
    (a, b) => a * b,
    (a, b) => times(a, b),
  ),
  /** By IEEE 754: infinite or NaN for a divisor of 0. */
  real_divide: primitive(
    ['double', 'double'],
    'double',
    (a, b) => a / b,
    (a, b) =>
      when([
        equal(b, number(0)),
        when(
          [call('isnan', a), a],
          [less(number(0), a), infinity],
          [less(a, number(0)), fixed("'-Infinity'::DOUBLE")],
          [equal(a, number(0)), fixed("'NaN'::DOUBLE")],
        )(),
      ])(over(a, b)),
  ),
  real_modulo: primitive(['double', 'double'], 'double', modulus, (a, b) => {
    const size = call('abs', b);
    // DuckDB's fmod subtracts a rounded product; its operator is exact.
    return when([and(equal(b, number(0)), not(isNull(a))), fixed("'NaN'::DOUBLE")])(
      remainder(plus(remainder(a, size), size), size),
    );
  }),
  decimal_add: primitive(['decimal', 'decimal'], 'decimal', (a, b) => decimalInRange(a + b), undefined),
  decimal_subtract: primitive(['decimal', 'decimal'], 'decimal', (a, b) => decimalInRange(a - b), undefined),
  decimal_multiply: primitive(['decimal', 'decimal'], 'decimal', (a, b) => decimalInRange((a * b) / one)),
  decimal_divide: primitive(['decimal', 'decimal'], 'decimal', (a, b) =>
    b === 0n ? undefined : decimalInRange((a * one) / b),
  ),
  decimal_modulo: primitive(['decimal', 'decimal'], 'decimal', modulo),
  /** The multiple of a size, counted from a fixed point, that is not above the value. */
  long_bin: primitive(['long', 'long', 'long'], 'long', bin, (value, size, at) => {
    const from = minus(value, at);
    return when([less(number(0), size), minus(value, flooredRemainder(from, size))])();
  }),
  real_bin: primitive(
    ['double', 'double', 'double'],
    'double',
    (value, size, at) => (size <= 0 ? undefined : Math.floor((value - at) / size) * size + at),
    (value, size, at) =>
      when([less(number(0), size), plus(times(call('floor', over(minus(value, at), size)), size), at)])(),
  ),
  is_nan: primitive(
    ['double'],
    'boolean',
    (of) => Number.isNaN(of),
    (of) => call('isnan', of),
  ),
  is_infinite: primitive(
    ['double'],
    'boolean',
    (of) => Math.abs(of) === Infinity,
    (of) => call('isinf', of),
  ),
  long_abs: primitive(
    ['long'],
    'long',
    (of) => (of < 0n ? -of : of),
    (of) => call('abs', of),
  ),
  real_abs: ofReal(Math.abs, 'abs'),
  real_floor: ofReal(Math.floor, 'floor'),
  real_ceiling: ofReal(Math.ceil, 'ceil'),
  /** Half away from zero, to so many digits behind the point. */
  real_round: primitive(
    ['double', 'long'],
    'double',
    (of, digits) => roundReal(of, Number(digits)),
    (of, digits) => {
      const scale = call('pow', number(10), cast(digits, 'double'));
      const scaled = times(of, scale);
      return when([
        and(call('isfinite', scaled), less(call('abs', scaled), fixed('9e15'))),
        over(times(call('sign', of), call('floor', plus(call('abs', scaled), fixed('0.5')))), scale),
      ])(of);
    },
    { guards: true },
  ),
  real_exp: ofReal(Math.exp, 'exp'),
  real_ln: logarithm(Math.log, 'ln'),
  real_log2: logarithm(Math.log2, 'log2'),
  real_log10: logarithm(Math.log10, 'log10'),
  real_sqrt: guarded(
    Math.sqrt,
    'sqrt',
    (of) => operator('>=', of, number(0)),
    (of) => of >= 0,
  ),
  real_power: primitive(['double', 'double'], 'double', powerOf, (a, b) => call('pow', a, b)),
  real_sin: guarded(Math.sin, 'sin', finite, Number.isFinite),
  real_cos: guarded(Math.cos, 'cos', finite, Number.isFinite),
  real_tan: guarded(Math.tan, 'tan', finite, Number.isFinite),
  real_asin: guarded(Math.asin, 'asin', within, isWithin),
  real_acos: guarded(Math.acos, 'acos', within, isWithin),
  real_atan: ofReal(Math.atan, 'atan'),
  real_atan2: primitive(['double', 'double'], 'double', Math.atan2, (a, b) => call('atan2', a, b)),
  real_gamma: primitive(['double'], 'double', gammaOf),
  real_log_gamma: primitive(['double'], 'double', logGammaOf),
  bits_and: primitive(
    ['long', 'long'],
    'long',
    (a, b) => a & b,
    (a, b) => operator('&', a, b),
  ),
  bits_or: primitive(
    ['long', 'long'],
    'long',
    (a, b) => a | b,
    (a, b) => operator('|', a, b),
  ),
  bits_xor: primitive(
    ['long', 'long'],
    'long',
    (a, b) => a ^ b,
    (a, b) => call('xor', a, b),
  ),
  bits_not: primitive(
    ['long'],
    'long',
    (of) => ~of,
    (of) => minus(minus(number(0), of), number(1)),
  ),
  bits_left: primitive(['long', 'long'], 'long', (a, b) => BigInt.asIntN(64, a << modulo64(b))),
  bits_right: primitive(['long', 'long'], 'long', (a, b) => a >> modulo64(b)),
  bits_count: primitive(
    ['long'],
    'long',
    (of) => BigInt(BigInt.asUintN(64, of).toString(2).replaceAll('0', '').length),
    (of) => cast(call('bit_count', of), 'long'),
  ),
  long_hex: primitive(['long'], 'text', (of) => BigInt.asUintN(64, of).toString(16)),
  random: primitive([], 'double', Math.random, () => call('random')),
  random_guid: primitive(
    [],
    'guid',
    () => crypto.randomUUID(),
    () => cast(call('uuid'), 'text'),
  ),
} as const;

/** As in C: 1 to any power, and -1 to an infinite one, are 1. */
function powerOf(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

function modulo64(shift: bigint): bigint {
  return BigInt.asUintN(6, shift);
}

function roundReal(value: number, digits: number): number {
  const scale = 10 ** digits;
  const scaled = value * scale;
  if (!Number.isFinite(scaled) || Math.abs(scaled) >= 9e15) return value;
  return (Math.sign(value) * Math.floor(Math.abs(scaled) + 0.5)) / scale;
}

const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Lanczos' approximation with g = 7 and nine terms: 15 digits. */
function logGammaOf(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - logGammaOf(1 - x);
  const sum = lanczos.reduce((all, term, i) => (i === 0 ? term : all + term / (x - 1 + i)), 0);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

function gammaOf(x: number): number {
  if (Number.isInteger(x) && x > 0 && x < 20)
    return Array.from({ length: x - 1 }, (_, i) => i + 1).reduce((all, i) => all * i, 1);
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gammaOf(1 - x));
  return Math.exp(logGammaOf(x));
}
