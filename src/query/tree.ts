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

/** A counter in bytes or packets: one direction's, or the sum of both. */
export type CounterName =
  | 'bytes'
  | 'packets'
  | 'bytes.forward'
  | 'bytes.reverse'
  | 'packets.forward'
  | 'packets.reverse';

/** What is counted of the rows of a group. Each is null where nothing was counted, but for numbers of rows. */
export type Measure =
  /** Conversations; with `observations`, tuples. In a series, each in the bucket of its first tuple. */
  | { readonly kind: 'flows' }
  /** Flows that were denied. */
  | { readonly kind: 'denied' }
  /** Tuples of all observers. */
  | { readonly kind: 'tuples' }
  | { readonly kind: 'sum'; readonly of: CounterName }
  /** The sum by the second, of bytes perhaps in bits: of the bucket; else of the range; else of the time from the first tuple to the last, one second at least. */
  | { readonly kind: 'rate'; readonly of: CounterName; readonly isBits?: boolean }
  /** Different values of a field, absent ones not counted. In a series, of all that have a counter or begin in the bucket. */
  | { readonly kind: 'distinct'; readonly field: string }
  /**
   * The least value that at least `permille` thousandths of the flows' values do not exceed. In a series, of the flows that begin in
   * the bucket, each with all its bytes.
   */
  | { readonly kind: 'percentile'; readonly of: CounterName; readonly permille: number }
  /** Time of the first tuple, of the last. */
  | { readonly kind: 'first' }
  | { readonly kind: 'last' };

/** Fields by which rows are grouped together, and how many groups. */
export interface Axis {
  /** Names of fields, one or more; `ip` and `port` put a row into the group of either side, once where both sides are equal. */
  readonly by: readonly string[];
  /** The largest groups by the first measure. */
  readonly limit: number;
  /** Whether all further groups together are one more row. */
  readonly other?: boolean;
  /** Of a single field `ip` or `port`: only values that are one of these are groups. */
  readonly among?: readonly Match[];
}

/** What every question has. */
export interface Selection {
  readonly range?: QueryRange;
  readonly where?: Condition;
}

/** Aggregates: of everything (no axis), `top` (one axis), a matrix (two), each over time where there are buckets. */
export interface GroupQuery extends Selection {
  readonly ask: 'groups';
  /** None, one or two, of different fields. */
  readonly axes: readonly Axis[];
  /** Width of the time buckets; they begin at whole multiples of it since 1970. Absent: no buckets. */
  readonly bucketMillis?: number;
  /** One or more; groups are ordered by the first, largest first. */
  readonly measures: readonly Measure[];
  /** Counters of a series stand at the time of their tuple, instead of being spread over the time that they cover (DESIGN decision 11). */
  readonly atReport?: boolean;
  /** Tuples count, each as it was logged. */
  readonly observations?: boolean;
  /**
   * Each measure also of the range that lies so much earlier, with the difference and the percent. Groups are those of either range; the
   * larger of both sizes decides the order.
   */
  readonly compareMillis?: number;
  /**
   * With `compareMillis`, one axis and no buckets: only the groups that are in one of both ranges, or whose first measure differs, with a
   * column `change`. The largest differences come first.
   */
  readonly changes?: boolean;
}

/** Which rows, and in which order of time. Without these: all, from the oldest. */
export interface RowOrder {
  readonly limit?: number;
  /** The limit takes the newest rows, not the oldest. */
  readonly newest?: boolean;
  /** The newest row comes first. */
  readonly descending?: boolean;
}

/**
 * A question. Everywhere but in `tuples`, a conversation counts once though several NICs or logs saw it (docs/reference/query.md);
 * `observations` counts every tuple instead (DESIGN decision 10).
 */
export type Query = Selection &
  (
    | (RowOrder & {
        readonly ask: 'tuples';
        /** Also `blob` and `record_offset`: where each was read. */
        readonly origin?: boolean;
        /** Also these columns of names (names/columns.ts). */
        readonly names?: readonly string[];
      })
    | (RowOrder & { readonly ask: 'conversations'; readonly names?: readonly string[] })
    | GroupQuery
    | { readonly ask: 'count'; readonly observations?: boolean }
  );

/** All times that a question reads. */
export function rangeOf(query: Query): QueryRange {
  const range = query.range ?? {};
  if (query.ask !== 'groups' || query.compareMillis === undefined || range.start === undefined) return range;
  return { ...range, start: range.start - query.compareMillis };
}
