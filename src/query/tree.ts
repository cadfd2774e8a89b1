/**
 * The query tree: what is asked, apart from how it is written (filter.ts) and how it is fetched (sql.ts, engine.ts). Filter
 * expressions become it; whatever else asks becomes it too.
 */
import type { Address } from '../net/address.ts';

/** Holds of a row, or not, or is unknown (a counter that was not counted): a row is selected where it holds. */
export type Condition =
  | { readonly kind: 'and'; readonly items: readonly Condition[] }
  | { readonly kind: 'or'; readonly items: readonly Condition[] }
  | { readonly kind: 'not'; readonly item: Condition }
  | Test
  | FieldComparison;

/** A field has one of several values. Of a field that means both sides (`ip`, `port`), either side has. */
export interface Test {
  readonly kind: 'test';
  /** Canonical name of a field (fields.ts). */
  readonly field: string;
  readonly any: readonly Match[];
}

/** Two fields of one kind compared. */
export interface FieldComparison {
  readonly kind: 'fields';
  readonly left: string;
  readonly operator: '=' | Order;
  readonly right: string;
}

export type Order = '<' | '<=' | '>' | '>=';

export type Match =
  /** No value. */
  | { readonly kind: 'absent' }
  /** Addresses `first` to `last`, both included and of one family. */
  | { readonly kind: 'addresses'; readonly first: Address; readonly last: Address }
  /** Numbers `from` to `to`, both included: ports, packets, bytes. */
  | { readonly kind: 'numbers'; readonly from: number; readonly to: number }
  /** Numbers, or epoch milliseconds of a time. */
  | { readonly kind: 'order'; readonly operator: '=' | Order; readonly value: number }
  /** Exactly this text, in any case; of a rule also behind `UserRule_` or `DefaultRule_`. */
  | { readonly kind: 'text'; readonly value: string }
  /** `*` is any text, `?` one character, in any case; of a rule also behind its prefix. */
  | { readonly kind: 'glob'; readonly pattern: string }
  /** A regular expression (RE2) found anywhere in the text. */
  | { readonly kind: 'regex'; readonly pattern: string };

/** Times `start` included to `end` excluded, epoch milliseconds; absent is unbounded. It selects tuples. */
export interface QueryRange {
  readonly start?: number;
  readonly end?: number;
}

export type Metric = 'bytes' | 'packets' | 'flows';

/**
 * A question. Everywhere but in `tuples`, a conversation counts once though several NICs or logs saw it (conversation.ts);
 * `observations` counts every tuple instead (DESIGN decision 10).
 */
export type Query = { readonly range?: QueryRange; readonly where?: Condition } & (
  | { readonly ask: 'tuples'; readonly limit?: number }
  | { readonly ask: 'conversations'; readonly limit?: number }
  | {
      readonly ask: 'top';
      /** Names of fields to group by, one or more. */
      readonly by: readonly string[];
      readonly metric: Metric;
      readonly limit: number;
      readonly observations?: boolean;
    }
  | { readonly ask: 'count'; readonly observations?: boolean }
);
