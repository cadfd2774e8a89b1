/** What a function, an operator of expressions and an aggregate of KQL are to the lowering. */
import type { Expression } from '../../relation/expression.ts';
import type { Aggregate } from '../../relation/relation.ts';
import type { Value } from '../../relation/value.ts';
import type { KqlType } from '../type.ts';

/** An expression of the tree with its type in KQL. */
export interface Typed {
  readonly value: Expression;
  readonly type: KqlType;
}

export interface KqlContext {
  /** Epoch microseconds: one value for the whole query. */
  readonly now: bigint;
  /** Refuses the call; the caller adds its name, line and column. */
  refuse(sentence: string): never;
  /** The value of an expression that reads no column; `undefined` if it reads one. */
  constant(of: Typed): Value | undefined;
  /** An internal name that the query has not used yet. */
  fresh(): string;
}

/** Arguments at the least and at the most. */
export type Arity = readonly [number, number];

export interface KqlFunction {
  readonly arity: Arity;
  /** One line of documentation. */
  readonly about: string;
  readonly lower: (args: readonly Typed[], context: KqlContext) => Typed;
}

/** What an aggregate becomes: aggregates of the tree under fresh names, and the result, which reads them as columns. */
export interface LoweredAggregate {
  readonly aggregates: readonly Aggregate[];
  readonly result: Typed;
  /** Further results of `arg_max(x, y, z)` (of y and z, `*` being all other columns by name), of `take_any(x, y)` and of `percentiles`. */
  readonly more?: readonly Typed[];
}

export interface KqlAggregate {
  readonly arity: Arity;
  readonly about: string;
  readonly lower: (args: readonly Typed[], context: KqlContext) => LoweredAggregate;
}
