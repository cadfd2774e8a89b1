/**
 * The relational tree: what every question becomes (filters, commands, later KQL and the console's panels). Each node is plain data, so
 * that a tree can be sent, stored and compared. check.ts gives a tree's columns and refuses wrong ones; interpret.ts says what it means;
 * sql/ turns it into SQL.
 *
 * Names of columns are lower-case words (`src_ip`, `c12`): engines fold case, and a tree never needs quoting. Names for people are
 * given outside of the tree.
 */
import type { AggregateName } from './aggregates.ts';
import type { Expression, Named } from './expression.ts';
import type { Column } from './type.ts';
import type { JoinKind, TableName } from './node-names.ts';

export type Relation =
  /** Rows that the tree has itself. Expressions in them read no column. */
  | { readonly kind: 'values'; readonly columns: readonly Column[]; readonly rows: readonly (readonly Expression[])[] }
  /** All rows of a table (tables.ts). `stored`: without the columns that names give. */
  | { readonly kind: 'scan'; readonly table: TableName; readonly columns?: 'stored' }
  /**
   * Further columns: what names say of the address in the column `address`, at the time in the column `time`; null where they say nothing. Engines know
   * the addresses that the tables have: others may be null, too.
   */
  | {
      readonly kind: 'names';
      readonly input: Relation;
      readonly address: string;
      readonly time: string;
      /** Attributes are those of enrich/attribute.ts. */
      readonly columns: readonly { readonly name: string; readonly attribute: string }[];
    }
  /** A further column: the application protocol of a port, by the name of its transport protocol; null where it has none. */
  | {
      readonly kind: 'applications';
      readonly input: Relation;
      readonly port: string;
      readonly protocol: string;
      readonly as: string;
    }
  /** Rows for which the condition holds. */
  | { readonly kind: 'filter'; readonly input: Relation; readonly where: Expression }
  /** All columns and some more. */
  | { readonly kind: 'extend'; readonly input: Relation; readonly columns: readonly Named[] }
  /** These columns only. */
  | { readonly kind: 'project'; readonly input: Relation; readonly columns: readonly Named[] }
  /** One row for each combination of values of `by`, null being a value; without `by` exactly one row. */
  | {
      readonly kind: 'summarize';
      readonly input: Relation;
      readonly by: readonly string[];
      readonly aggregates: readonly Aggregate[];
    }
  | { readonly kind: 'sort'; readonly input: Relation; readonly by: readonly SortKey[] }
  /** The first rows: of a sorted input those in front, of any other some. */
  | { readonly kind: 'limit'; readonly input: Relation; readonly rows: number }
  /**
   * Columns of both sides, which have different names. `left`, `right` and `full` keep rows of these sides that have no match. `semi` and `anti` have the
   * columns of the left side only: its rows that have a match, or none.
   */
  | {
      readonly kind: 'join';
      readonly join: JoinKind;
      readonly left: Relation;
      readonly right: Relation;
      /** Pairs of columns that are equal, null matching null; none for `cross`. */
      readonly on: readonly { readonly left: string; readonly right: string }[];
    }
  /** The rows of all, which have the same columns in the same order. */
  | { readonly kind: 'union'; readonly inputs: readonly Relation[] }
  /** One row for each element of the list, which is a further column; none if there is no list. */
  | { readonly kind: 'unnest'; readonly input: Relation; readonly list: Expression; readonly as: string }
  /** A further column that depends on the rows of one partition in their order. */
  | {
      readonly kind: 'window';
      readonly input: Relation;
      readonly as: string;
      readonly function: WindowFunction;
      readonly partition: readonly string[];
      readonly order: readonly SortKey[];
    }
  /** Makes `value` known to `body` by a name, which is used once in a tree. It is computed once. */
  | { readonly kind: 'let'; readonly name: string; readonly value: Relation; readonly body: Relation }
  /** The value of a `let` around it, whose columns it repeats. */
  | { readonly kind: 'ref'; readonly name: string; readonly columns: readonly Column[] };

export type Aggregate =
  | { readonly name: string; readonly function: 'count' }
  /** Values that are null do not count; of no value the result is null, of `distinct` 0. */
  | {
      readonly name: string;
      readonly function: 'sum' | 'min' | 'max' | 'distinct';
      readonly argument: Expression;
    }
  /** The least value that at least `permille` thousandths of the values do not exceed. */
  | {
      readonly name: string;
      readonly function: 'percentile';
      readonly argument: Expression;
      readonly permille: number;
    }
  /** The different values that are not null, in order, as a list; of lists, their elements. Of no value the list is empty. */
  | { readonly name: string; readonly function: 'set'; readonly argument: Expression }
  /** One of aggregates.ts. */
  | {
      readonly name: string;
      readonly function: 'apply';
      readonly of: AggregateName;
      readonly arguments: readonly Expression[];
      /** The order in which it takes the rows; that of the input by default. */
      readonly order?: readonly SortKey[];
    };

/** The expressions that an aggregate reads. */
export function argumentsOf(aggregate: Aggregate): readonly Expression[] {
  if (aggregate.function === 'count') return [];
  return aggregate.function === 'apply' ? aggregate.arguments : [aggregate.argument];
}

export interface SortKey {
  readonly by: string;
  readonly descending?: boolean;
  /** Null comes last by default, in either direction. */
  readonly nullsFirst?: boolean;
}

export type WindowFunction =
  /** From 1. */
  | { readonly kind: 'row_number' }
  /** The value of a column in the row before; null in the first. */
  | { readonly kind: 'previous'; readonly column: string }
  /** The value of a column so many rows before, or behind; null where there is no such row. */
  | { readonly kind: 'lag' | 'lead'; readonly column: string; readonly rows: number }
  /** The sum of a column up to this row, null counting as nothing; null as long as there is no value. */
  | { readonly kind: 'running_sum'; readonly column: string }
  /** From 1: rows with equal keys of the order have one rank; the next one counts all rows before (`rank`) or all ranks (`dense_rank`). */
  | { readonly kind: 'rank' | 'dense_rank' };
