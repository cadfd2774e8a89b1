/** What an operator is lowered from. */
import type { SyntaxNode } from '../../language/syntax.ts';
import type { KqlQuery } from '../query.ts';
import type { Rows } from '../rows.ts';
import type { Names } from '../names.ts';
import { Scope } from '../scope.ts';

export interface OperatorInput {
  readonly of: SyntaxNode;
  /** One row without columns where nothing stands in front of the operator. */
  readonly input: Rows;
  readonly hasInput: boolean;
  readonly names: Names;
  readonly query: KqlQuery;
}

export type Operator = (from: OperatorInput) => Rows;

export function scopeOf({ query, names, input }: OperatorInput): Scope {
  return new Scope(query, names, input);
}

/** Names of the columns that an operator gives, as the language service knows them. */
export function schemaNames({ query, of }: Pick<OperatorInput, 'query' | 'of'>): readonly string[] | undefined {
  const schema = query.schemaOf(of);
  return schema === undefined || schema.isOpen ? undefined : schema.columns.map(({ name }) => name);
}
