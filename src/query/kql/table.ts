/** A table that KQL can name. Its columns have KQL's names here, and lower-case words in the relation. */
import type { Relation } from '../relation/relation.ts';
import type { QueryRange } from '../tree.ts';
import type { KqlType } from './type.ts';

export interface KqlColumn {
  readonly name: string;
  readonly type: KqlType;
  /** The column of the relation that has its values. */
  readonly column: string;
}

export interface KqlTable {
  readonly name: string;
  /** One line for completion and messages. */
  readonly about: string;
  readonly columns: readonly KqlColumn[];
  /**
   * The rows with a time in the range, with the columns above at least. Strings may be null in it: the lowering makes them empty. Names of `let` in it are
   * `table_…`; each call may make others, since a query can name a table several times.
   */
  readonly relation: (range: QueryRange) => Relation;
}
