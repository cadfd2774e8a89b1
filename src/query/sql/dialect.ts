/** What differs between the engines: one table a dialect (duckdb.ts, clickhouse.ts). All else is in print.ts. */
import type { AggregateName } from '../relation/aggregates.ts';
import type { FunctionName } from '../relation/functions.ts';
import type { JoinKind } from '../relation/node-names.ts';
import type { ScalarType, Type } from '../relation/type.ts';
import type { SqlExpression, SqlOrder } from './node.ts';
import { call, operator } from './node.ts';

export interface SqlDialect {
  readonly name: string;
  /** What an engine calls a scalar type that may be null; lists and structs are put together from these. */
  readonly types: Readonly<Record<ScalarType, string>>;
  list(type: string): string;
  struct(fields: readonly { readonly name: string; readonly type: string }[]): string;
  /** The place of a parameter: its number, from 1, and its type. */
  placeholder(number: number, type: string): string;
  /** Where the rows of a step lie that others read: in a common table expression of the statement, or in a temporary table that is made before it. */
  readonly steps: 'with' | 'tables';
  /** A common table expression, or the statement that makes a temporary table. */
  step(name: string, query: string): string;
  lambda(parameter: string, body: string): string;
  field(of: string, name: string): string;
  /** The text of a struct's value. */
  structValue(fields: readonly { readonly name: string; readonly value: string }[], type: string): string;
  /** What a dialect has not is refused by name. */
  readonly functions: Readonly<Partial<Record<FunctionName, (...args: SqlExpression[]) => SqlExpression>>>;
  readonly aggregates: Aggregates;
  /** The sum of `value` over the elements of a list for which `where` holds: functions of the element. */
  total(list: SqlExpression, where: Lambda | undefined, value: Lambda): SqlExpression;
  /** One row for each element, in the list of columns. */
  unnest(list: SqlExpression): SqlExpression;
  /** What stands before JOIN. */
  readonly joins: Readonly<Record<Exclude<JoinKind, 'cross'>, string>>;
}

/** A lambda with its parameter. */
export type Lambda = Extract<SqlExpression, { kind: 'lambda' }>;

export interface Aggregates {
  readonly sum: (of: SqlExpression, type: Type) => SqlExpression;
  readonly percentile: (of: SqlExpression, permille: number) => SqlExpression;
  readonly set: (of: SqlExpression, type: Type) => SqlExpression;
  /** The aggregates of relation/aggregates.ts; without them, they are refused by name. */
  readonly apply?: Readonly<
    Record<AggregateName, (order: readonly SqlOrder[], ...args: SqlExpression[]) => SqlExpression>
  >;
}

const infix =
  (sign: string) =>
  (...args: SqlExpression[]): SqlExpression =>
    operator(sign, ...args);

const named =
  (function_: string) =>
  (...args: SqlExpression[]): SqlExpression =>
    call(function_, ...args);

/** Functions that both dialects write alike. */
export const commonFunctions = {
  and: infix('AND'),
  or: infix('OR'),
  not: (of: SqlExpression): SqlExpression => ({ kind: 'not', of }),
  is_null: (of: SqlExpression): SqlExpression => ({ kind: 'is-null', of }),
  coalesce: named('coalesce'),
  equal: infix('='),
  not_equal: infix('<>'),
  less: infix('<'),
  less_or_equal: infix('<='),
  greater: infix('>'),
  greater_or_equal: infix('>='),
  in: (of: SqlExpression, ...items: SqlExpression[]): SqlExpression => ({ kind: 'in', of, items }),
  greatest: named('greatest'),
  least: named('least'),
  add: infix('+'),
  subtract: infix('-'),
  multiply: infix('*'),
} as const;
