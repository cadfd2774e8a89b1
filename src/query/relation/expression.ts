/** Expressions over the columns of a relation: plain data. The functions below only write them. */
import type { FunctionName } from './functions.ts';
import type { ScalarType, Type } from './type.ts';
import type { Literal } from './value.ts';

export type Expression =
  | { readonly kind: 'column'; readonly name: string }
  /** A value that somebody asked for. In SQL it is always a parameter. */
  | Literal
  /** A value that belongs to the question's form, such as 0 in `observer = 0`. In SQL it is part of the text. */
  | { readonly kind: 'constant'; readonly type: ScalarType; readonly value: number | boolean | null }
  | { readonly kind: 'call'; readonly function: FunctionName; readonly arguments: readonly Expression[] }
  /** The first branch whose condition holds; null if none does and there is no `otherwise`. */
  | { readonly kind: 'case'; readonly when: readonly Branch[]; readonly otherwise?: Expression }
  /** The element of the list that a `total` adds up. */
  | { readonly kind: 'element' }
  | { readonly kind: 'field'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'struct'; readonly fields: readonly Named[] }
  /** A list; an empty one says what type its elements would have. */
  | { readonly kind: 'list'; readonly items: readonly Expression[]; readonly element?: Type }
  /** The sum of `value` over the elements of a list for which `where` holds; null if there is no value. */
  | {
      readonly kind: 'total';
      readonly list: Expression;
      readonly where?: Expression;
      readonly value: Expression;
    };

export interface Branch {
  readonly if: Expression;
  readonly value: Expression;
}

/** A column and its value. */
export interface Named {
  readonly name: string;
  readonly value: Expression;
}

export function column(name: string): Expression {
  return { kind: 'column', name };
}

export function call(name: FunctionName, ...args: readonly Expression[]): Expression {
  return { kind: 'call', function: name, arguments: args };
}

/** A text that somebody asked for. */
export function textValue(value: string): Literal {
  return { kind: 'literal', type: 'text', value };
}

/** A number that somebody asked for, whole and of at most 64 bits. */
export function wholeValue(type: 'integer' | 'long', value: number | bigint): Literal {
  return { kind: 'literal', type, value: Number.isSafeInteger(Number(value)) ? Number(value) : String(value) };
}

/** A time that somebody asked for. */
export function timeValue(epochMillis: number): Literal {
  return { kind: 'literal', type: 'time', value: Math.round(epochMillis * 1000) };
}

/** A safe whole number of the question's form. */
export function whole(value: number): Expression {
  return { kind: 'constant', type: 'long', value };
}

export function nothing(type: ScalarType): Expression {
  return { kind: 'constant', type, value: null };
}

export const yes: Expression = { kind: 'constant', type: 'boolean', value: true };

export const no: Expression = { kind: 'constant', type: 'boolean', value: false };

/** All of these hold; `undefined` if there are none. */
export function allOf(items: readonly Expression[]): Expression | undefined {
  return items.length <= 1 ? items[0] : call('and', ...items);
}

/** `value` if the condition holds, else `otherwise`, which is null by default. */
export function when(condition: Expression, value: Expression, otherwise?: Expression): Expression {
  const branches = [{ if: condition, value }];
  return otherwise === undefined ? { kind: 'case', when: branches } : { kind: 'case', when: branches, otherwise };
}

/** Expressions directly below an expression; those within a `total` are over its element, too. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'call':
      return expression.arguments;
    case 'case':
      return [
        ...expression.when.flatMap((branch) => [branch.if, branch.value]),
        ...(expression.otherwise === undefined ? [] : [expression.otherwise]),
      ];
    case 'field':
      return [expression.of];
    case 'struct':
      return expression.fields.map(({ value }) => value);
    case 'list':
      return expression.items;
    case 'total':
      return [expression.list, expression.value, ...(expression.where === undefined ? [] : [expression.where])];
    default:
      return [];
  }
}

/** Names of the columns that an expression reads, each as often as it does. */
export function columnsRead(expression: Expression): string[] {
  return expression.kind === 'column' ? [expression.name] : childrenOf(expression).flatMap(columnsRead);
}
