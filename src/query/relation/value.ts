/**
 * Values as the row-by-row interpreter holds them: whole numbers, times (epoch microseconds), timespans (ticks) and decimals (units of 10^-12)
 * are bigints.
 */
import { withoutEnd } from '../../base/text.ts';
import type { ScalarType } from './type.ts';
import { isWhole } from './type.ts';

export type Value = null | boolean | bigint | number | string | readonly Value[] | { readonly [field: string]: Value };

export type Row = Readonly<Record<string, Value>>;

/**
 * A value as a tree has it, in JSON. Whole numbers beyond 2^53 are texts of their digits; times are epoch microseconds; decimals are texts; of
 * doubles, `NaN`, `Infinity` and `-Infinity` are texts.
 */
export interface TreeValue {
  readonly type: ScalarType;
  readonly value: string | number | boolean | null;
}

/** A value in a tree that somebody asked for. In SQL it is always a parameter. */
export interface Literal extends TreeValue {
  readonly kind: 'literal';
}

export function valueOf({ type, value }: TreeValue): Value {
  if (value === null) return null;
  if (isWhole(type) || type === 'time' || type === 'timespan') return BigInt(value);
  if (type === 'decimal') return decimalOf(String(value));
  return type === 'double' ? Number(value) : value;
}

/** Order of two values of one type that are not null. Texts have the order of their code points, as in UTF-8; NaN equals NaN and is greater than all. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  const [left, right] = [a as bigint, b as bigint];
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A text that is the same for equal values, null included. */
export function keyOf(values: readonly Value[]): string {
  return JSON.stringify(values, (_, value: unknown) =>
    typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? `#${value}` : value,
  );
}

/** Digits of a decimal behind the point. */
export const decimalScale = 12;

/** A decimal's text, such as `-12.5`, in units of 10^-12; further digits are cut. */
export function decimalOf(text: string): bigint {
  const [, sign, whole, fraction = ''] = /^(-?)(\d*)(?:\.(\d*))?$/.exec(text) ?? ['', '', '0'];
  const units = BigInt(whole + fraction.slice(0, decimalScale).padEnd(decimalScale, '0'));
  return sign === '-' ? -units : units;
}

/** The shortest text of a decimal: `-12.5`. */
export function decimalText(units: bigint): string {
  const digits = String(units < 0n ? -units : units).padStart(decimalScale + 1, '0');
  const fraction = withoutEnd(digits.slice(-decimalScale), '0');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -decimalScale)}${fraction === '' ? '' : `.${fraction}`}`;
}
