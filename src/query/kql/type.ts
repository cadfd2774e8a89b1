/** Types as KQL names them, and the types of the relational tree that hold their values. */
import type { AnswerColumn } from '../engine/result.ts';
import type { ScalarType, Type } from '../relation/type.ts';

export type KqlType =
  | 'bool'
  | 'int'
  | 'long'
  | 'real'
  | 'decimal'
  | 'string'
  | 'datetime'
  | 'timespan'
  | 'dynamic'
  | 'guid';

const scalars = {
  bool: 'boolean',
  int: 'integer',
  long: 'long',
  real: 'double',
  decimal: 'decimal',
  string: 'text',
  datetime: 'time',
  timespan: 'timespan',
  dynamic: 'dynamic',
  guid: 'guid',
} as const satisfies Record<KqlType, ScalarType>;

export const kqlTypes = Object.keys(scalars) as readonly KqlType[]; // the keys of a record are its key type

/** The type of the relational tree that holds values of a type of KQL. */
export function scalarOf(type: KqlType): ScalarType {
  return scalars[type];
}

/** The type of KQL for a type of the relational tree: sums of 128 bits are longs; lists and structures are dynamic. */
export function kqlTypeOf(type: Type): KqlType {
  if (type === 'wide') return 'long';
  return kqlTypes.find((one) => scalars[one] === type) ?? 'dynamic';
}

/** The kind of an answer's column that has values of a type of KQL. */
export const columnKinds: Readonly<Record<KqlType, AnswerColumn['kind']>> = {
  bool: 'boolean',
  int: 'number',
  long: 'number',
  real: 'number',
  decimal: 'number',
  string: 'text',
  datetime: 'time',
  timespan: 'text',
  dynamic: 'object',
  guid: 'text',
};
