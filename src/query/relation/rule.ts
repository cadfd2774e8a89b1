/** What a function of the tree is: arguments, types, what null means, and the value. */
import type { SqlExpression } from '../sql/node.ts';
import { and, isNull, not, when } from '../sql/sql.ts';
import type { ScalarType, Type } from './type.ts';
import type { Value } from './value.ts';

export interface FunctionRule {
  /** Arguments at the least and at the most. */
  readonly arity: readonly [number, number];
  /** The type of the result; `undefined` refuses the arguments. */
  readonly type: (types: readonly Type[]) => Type | undefined;
  /** `strict`: null if an argument is null, so that `value` sees none. */
  readonly nulls: 'strict' | 'own';
  readonly value: (...args: readonly Value[]) => Value;
}

/** A function of scalars with DuckDB's SQL beside its value. */
export interface Primitive extends FunctionRule {
  /** DuckDB's SQL; `undefined` for a function that DuckDB calls back: `value` is registered with a connection. */
  readonly duckdb: ((...args: SqlExpression[]) => SqlExpression) | undefined;
  readonly parameters: readonly ScalarType[];
  /** The type of further arguments. */
  readonly rest: ScalarType | undefined;
  readonly result: ScalarType;
}

type ValueOf<T extends ScalarType> = T extends 'boolean'
  ? boolean
  : T extends 'double'
    ? number
    : T extends 'text' | 'dynamic' | 'guid'
      ? string
      : bigint;

type Values<P extends readonly ScalarType[]> = { [K in keyof P]: ValueOf<P[K]> };

export interface PrimitiveOptions {
  /** Of the last parameters, how many may be left out. */
  readonly optional?: number;
  readonly rest?: ScalarType;
  readonly nulls?: 'strict' | 'own';
  /** For SQL that may give a value although an argument is null. */
  readonly guards?: boolean;
}

/** A primitive; without SQL, DuckDB calls `value` back. */
export function primitive<const P extends readonly ScalarType[]>(
  parameters: P,
  result: ScalarType,
  value: (...args: [...Values<P>, ...never[]]) => Value | undefined,
  duckdb?: (...args: SqlExpression[]) => SqlExpression,
  { optional = 0, rest, nulls = 'strict', guards = false }: PrimitiveOptions = {},
): Primitive {
  return {
    arity: [parameters.length - optional, rest === undefined ? parameters.length : Infinity],
    type: (types) => (types.every((type, i) => fits(type, parameters[i] ?? rest)) ? result : undefined),
    nulls,
    value: (...args) => value(...(args as [...Values<P>, ...never[]])) ?? null, // `type` has checked them
    duckdb: guards && duckdb !== undefined ? guarded(duckdb) : duckdb,
    parameters,
    rest,
    result,
  };
}

/** The SQL where no argument is null. */
function guarded(sql: (...args: SqlExpression[]) => SqlExpression): (...args: SqlExpression[]) => SqlExpression {
  return (...args) => when([and(...args.map((one) => not(isNull(one)))), sql(...args)])();
}

function fits(type: Type, parameter: ScalarType | undefined): boolean {
  return type === parameter || (parameter === 'long' && type === 'wide');
}
