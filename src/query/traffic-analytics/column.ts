/** How columns of Traffic Analytics' tables are declared. */
import type { Expression } from '../relation/expression.ts';
import type { KqlType } from '../kql/type.ts';

export interface DeclaredColumn {
  readonly name: string;
  readonly type: KqlType;
  /** For the documents. */
  readonly about: string;
  /** Over the columns of the rows that the table is made of; absent where the column is always empty. */
  readonly value?: Expression;
}

type Declare = (name: string, about: string, value?: Expression) => DeclaredColumn;

const declare =
  (type: KqlType): Declare =>
  (name, about, value) =>
    value === undefined ? { name, type, about } : { name, type, about, value };

export const string = declare('string');
export const long = declare('long');
export const int = declare('int');
export const real = declare('real');
export const bool = declare('bool');
export const datetime = declare('datetime');

/** Columns of both sides. */
export function bothSides<Side extends string>(
  sides: readonly Side[],
  columnsOf: (side: Side) => readonly DeclaredColumn[],
): DeclaredColumn[] {
  return sides.flatMap((side) => [...columnsOf(side)]);
}

/** In the order of Azure's table references: by name, whatever the case and the first underscore. */
export function inOrderOfNames(columns: readonly DeclaredColumn[]): DeclaredColumn[] {
  const key = ({ name }: DeclaredColumn): string => name.replace(/^_/, '').toLowerCase();
  return [...columns].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
