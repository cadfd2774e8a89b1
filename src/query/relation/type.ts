/** Types of columns and expressions of a relation: plain data, so that a tree is JSON. */

export const scalarTypes = [
  'boolean',
  'integer',
  'long',
  'wide',
  'double',
  'decimal',
  'text',
  'time',
  'timespan',
  'dynamic',
  'guid',
] as const;

export type ScalarType = (typeof scalarTypes)[number];

/**
 * `integer` has 32 bits, `long` 64, `wide` 128: sums of longs. A decimal has 26 digits before the point and 12 behind it. Times are UTC, in
 * microseconds. A timespan is a number of ticks of 100 ns, in 64 bits. `dynamic` is the text of a JSON value, never `null`; a `guid` is its
 * lower-case text.
 */
export type Type = ScalarType | ListType | StructType;

export interface ListType {
  readonly list: Type;
}

export interface StructType {
  readonly struct: readonly Column[];
}

export interface Column {
  readonly name: string;
  readonly type: Type;
}

/** Whole numbers, by width. */
const wholeTypes: readonly Type[] = ['integer', 'long', 'wide'];

export function isWhole(type: Type): boolean {
  return wholeTypes.includes(type);
}

export function isNumber(type: Type): boolean {
  return isWhole(type) || type === 'double';
}

export function isScalar(type: Type): type is ScalarType {
  return typeof type === 'string';
}

/** The element type of a list; `undefined` for other types. */
export function elementOf(type: Type): Type | undefined {
  return typeof type === 'object' && 'list' in type ? type.list : undefined;
}

/** The fields of a struct; `undefined` for other types. */
export function fieldsOf(type: Type): readonly Column[] | undefined {
  return typeof type === 'object' && 'struct' in type ? type.struct : undefined;
}

export function sameType(a: Type, b: Type): boolean {
  return formatType(a) === formatType(b);
}

/** The type that holds values of all of these: the same one, or the widest number. `undefined` if there is none. */
export function commonType(types: readonly Type[]): Type | undefined {
  const [first, ...rest] = types;
  if (first === undefined) return undefined;
  if (rest.every((type) => sameType(type, first))) return first;
  if (!types.every(isNumber)) return undefined;
  return types.includes('double') ? 'double' : types.includes('wide') ? 'wide' : 'long';
}

/** For messages: `list of {time: time, bytes: long}`. */
export function formatType(type: Type): string {
  if (typeof type === 'string') return type;
  if ('list' in type) return `list of ${formatType(type.list)}`;
  return `{${type.struct.map((field) => `${field.name}: ${formatType(field.type)}`).join(', ')}}`;
}
