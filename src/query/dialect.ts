/**
 * What differs between the engines that answer a query tree: the text of SQL, never its meaning. One file a dialect (duckdb-dialect.ts,
 * clickhouse-dialect.ts); one suite asks both the same (test/query/dialect.ts).
 */

/** Values of one SQL text, which holds only their places. No value is ever part of the text. */
export interface Parameters {
  /** Each gives the SQL of the place. */
  text(value: string): string;
  /** A whole number of at most 64 bits. */
  number(value: number | bigint): string;
  /** Epoch milliseconds. */
  time(millis: number): string;
}

/** Columns of a tuple in a flow's list of reports, behind its place, which orders them. */
export const reportColumns = [
  'at_millis',
  'opens',
  'packets_forward',
  'bytes_forward',
  'packets_reverse',
  'bytes_reverse',
] as const;

/** Whether a tuple opens a flow: a begin, a denied one, one without state. */
export const opens = "(state IS NULL OR state IN ('begin', 'denied'))";

export interface Dialect {
  readonly name: string;
  /** Whether conversations of one flow are told from the others first, which then take the long way (conversation.ts). */
  readonly quick: boolean;
  /** Stands before a common table expression that several others read. */
  readonly materialized: string;
  /** Expressions that are equal where all columns are: to group, partition and join by. */
  key(columns: readonly string[]): string[];
  /**
   * Place of a tuple among those of its flow: time, then the record's second, the record's place in its blob, its own in the record.
   * Of a quick dialect it is a number, the lowest bit of which is 0 where the tuple opens a flow.
   */
  readonly place: string;
  /** Epoch milliseconds of a time, a whole number. */
  millis(time: string): string;
  /** The time of epoch milliseconds. */
  timeOf(millis: string): string;
  /** Text of a time cut to its second, for ordering. */
  second(time: string): string;
  /** A whole number as one of 128 bits: the sum of two counters may be beyond 64. */
  wide(value: string): string;
  /** The sum, exact beyond 64 bits; null of no value. */
  sum(value: string): string;
  /** The value, null or not, of the row that has the least or greatest `order`. */
  first(value: string, order: string): string;
  last(value: string, order: string): string;
  lower(text: string): string;
  /** Whether a text is like a pattern of SQL's LIKE, in any case, with `\` before what stands for itself. */
  like(text: string, pattern: string): string;
  /** Whether a regular expression (RE2) is found in the text; `.` is no line break. */
  matches(text: string, pattern: string): string;
  /** `a` divided by `b`, towards zero; both whole and not negative, perhaps of 128 bits. */
  quotient(a: string, b: string): string;
  /** `value` times `part` divided by `whole`, towards zero; all whole, not negative, and `part` no more than `whole`. */
  share(value: string, part: string, whole: string): string;
  float(value: string): string;
  /** The nearest-rank percentile: thousandths, of whole numbers. */
  percentile(value: string, permille: string): string;
  /** One row for each of the values that is not null, in the select list. */
  each(values: readonly string[]): string;
  /** One row for each whole number from `low` to `high`, both included, in the select list. */
  range(low: string, high: string): string;
  /** An aggregate: the tuples of a flow with `place`, `opens` (1 or 0) and the rest of reportColumns. */
  reports(place: string, at: string, opens: string): string;
  /** A relation with the columns `kept` of `relation` and one row for each of its reports, their columns, and `previous`: `at_millis` of the one before. */
  unrolled(relation: string, kept: readonly string[]): string;
}
