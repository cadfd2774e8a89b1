/** SQL as nodes: what both dialects have. print.ts writes them as text; lower.ts makes them of a relational tree. */
import type { Literal } from '../relation/value.ts';
import type { JoinKind, TableName } from '../relation/node-names.ts';
import type { ScalarType, Type } from '../relation/type.ts';

export type SqlExpression =
  /** A column, of the relation with this alias if one is given. */
  | { readonly kind: 'name'; readonly name: string; readonly of?: string }
  | { readonly kind: 'parameter'; readonly literal: Literal }
  /** A safe whole number. */
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null'; readonly type: ScalarType }
  /** Fixed text of a dialect: a word, a number with a point, a quoted pattern. Never of a question. */
  | { readonly kind: 'fixed'; readonly text: string }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly arguments: readonly SqlExpression[];
      readonly distinct?: boolean;
      /** Of an aggregate: the order in which it takes the rows. */
      readonly order?: readonly SqlOrder[];
      /** Of an aggregate: the rows that it takes. */
      readonly where?: SqlExpression;
    }
  /** Two or more operands with the operator between them. */
  | { readonly kind: 'operator'; readonly operator: string; readonly operands: readonly SqlExpression[] }
  | { readonly kind: 'not'; readonly of: SqlExpression }
  | { readonly kind: 'is-null'; readonly of: SqlExpression }
  | { readonly kind: 'in'; readonly of: SqlExpression; readonly items: readonly SqlExpression[] }
  | {
      readonly kind: 'case';
      readonly when: readonly { readonly if: SqlExpression; readonly value: SqlExpression }[];
      readonly otherwise?: SqlExpression;
    }
  | { readonly kind: 'cast'; readonly of: SqlExpression; readonly type: Type }
  /** Null where there is no such value. The type is DuckDB's. */
  | { readonly kind: 'try-cast'; readonly of: SqlExpression; readonly type: 'BIGINT' | 'INTEGER' | 'DOUBLE' }
  | { readonly kind: 'lambda'; readonly parameter: string; readonly body: SqlExpression }
  | { readonly kind: 'field'; readonly of: SqlExpression; readonly name: string }
  | {
      readonly kind: 'struct';
      readonly fields: readonly { readonly name: string; readonly value: SqlExpression }[];
      readonly type: Type;
    }
  | { readonly kind: 'list'; readonly items: readonly SqlExpression[] }
  | {
      readonly kind: 'over';
      readonly of: SqlExpression;
      readonly partition: readonly SqlExpression[];
      readonly order: readonly SqlOrder[];
      /** Rows that count, from this one: -1 is the row before. Without `start`, all up to `end`. */
      readonly frame?: { readonly start?: number; readonly end: number };
    };

export interface SqlOrder {
  readonly by: SqlExpression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface SqlColumn {
  readonly name: string;
  readonly value: SqlExpression;
}

export type SqlQuery = SqlSelect | { readonly kind: 'union'; readonly all: readonly SqlQuery[] };

export interface SqlSelect {
  readonly kind: 'select';
  readonly columns: readonly SqlColumn[];
  readonly from: SqlFrom;
  readonly where: readonly SqlExpression[];
  readonly groupBy: readonly SqlExpression[];
  readonly orderBy: readonly SqlOrder[];
  readonly limit?: number;
}

export type SqlFrom =
  /** A table of the tree; where it lies is said when the text is printed. */
  | { readonly kind: 'table'; readonly table: string }
  /** A common table expression. */
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'query'; readonly query: SqlQuery; readonly alias: string }
  /** Rows of values, of these types: one at least. */
  | {
      readonly kind: 'values';
      readonly columns: readonly { readonly name: string; readonly type: Type }[];
      readonly rows: readonly (readonly SqlExpression[])[];
      readonly alias: string;
    }
  | {
      readonly kind: 'join';
      readonly join: JoinKind;
      readonly left: SqlFrom;
      readonly right: SqlFrom;
      readonly on: readonly SqlExpression[];
    };

export interface SqlStatement {
  readonly with: readonly { readonly name: string; readonly query: SqlQuery }[];
  readonly query: SqlQuery;
  /** The columns that it reads of each table. */
  readonly tables: ReadonlyMap<TableName, ReadonlySet<string>>;
  /** What it asks of names (enrich/attribute.ts): columns of the table `address_names`, which the engine makes. */
  readonly attributes: ReadonlySet<string>;
  /** Whether it reads the table `applications`, which the engine makes, too. */
  readonly asksApplications: boolean;
}

export function name(of: string): SqlExpression {
  return { kind: 'name', name: of };
}

export function call(function_: string, ...args: readonly SqlExpression[]): SqlExpression {
  return { kind: 'call', name: function_, arguments: args };
}

export function operator(sign: string, ...operands: readonly SqlExpression[]): SqlExpression {
  const [first] = operands;
  return operands.length === 1 && first !== undefined ? first : { kind: 'operator', operator: sign, operands };
}

export function number(value: number): SqlExpression {
  return { kind: 'number', value };
}

export function fixed(text: string): SqlExpression {
  return { kind: 'fixed', text };
}

export function cast(of: SqlExpression, type: Type): SqlExpression {
  return { kind: 'cast', of, type };
}
