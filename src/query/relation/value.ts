/** Values as the row-by-row interpreter holds them: whole numbers and times (epoch microseconds) are bigints. */
import type { ScalarType } from './type.ts';
import { isWhole } from './type.ts';

export type Value = null | boolean | bigint | number | string | readonly Value[] | { readonly [field: string]: Value };

export type Row = Readonly<Record<string, Value>>;

/** A value as a tree has it, in JSON. Whole numbers beyond 2^53 are texts of their digits; times are epoch microseconds. */
export interface TreeValue {
  readonly type: ScalarType;
  readonly value: string | number | boolean | null;
}

export function valueOf({ type, value }: TreeValue): Value {
  if (value === null) return null;
  if (isWhole(type) || type === 'time') return BigInt(value);
  return type === 'double' ? Number(value) : value;
}

/** Order of two values of one type that are not null. Texts have the order of their code points, as in UTF-8. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  const [left, right] = [a as bigint, b as bigint];
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A text that is the same for equal values, null included. */
export function keyOf(values: readonly Value[]): string {
  return JSON.stringify(values, (_, value: unknown) => (typeof value === 'bigint' ? `#${value}` : value));
}
