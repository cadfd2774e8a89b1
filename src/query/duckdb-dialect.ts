import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { BIGINT, DuckDBTimestampTZValue, TIMESTAMPTZ, VARCHAR } from '../lake/duckdb-library.ts';
import type { Dialect, Parameters } from './dialect.ts';
import { opens, reportColumns } from './dialect.ts';

/** `$1`, `$2`, … with their values and types. */
export class DuckdbParameters implements Parameters {
  readonly values: DuckDBValue[] = [];
  readonly types: DuckDBType[] = [];

  text(value: string): string {
    return this.#add(value, VARCHAR);
  }

  number(value: number | bigint): string {
    return this.#add(BigInt(value), BIGINT);
  }

  time(millis: number): string {
    return this.#add(new DuckDBTimestampTZValue(BigInt(Math.round(millis * 1000))), TIMESTAMPTZ);
  }

  #add(value: DuckDBValue, type: DuckDBType): string {
    this.values.push(value);
    this.types.push(type);
    return `$${this.values.length}`;
  }
}

/** Seconds of the record, 32 bits. */
const recordSecond = 'least(coalesce(epoch_ms(record_time) // 1000, 0), 4294967295)';

export const duckdbDialect: Dialect = {
  name: 'duckdb',
  quick: true,
  materialized: 'MATERIALIZED ',
  /** Pairs of 64-bit hashes, of the columns forwards and backwards: half the time of the columns, and wrong once in 2^128 pairs. */
  key: (columns) => [`hash(${columns.join(', ')})`, `hash(${columns.toReversed().join(', ')})`],
  /** 128 bits, put together from two halves of 64: multiplications of 128 bits take twice as long. */
  place:
    `((epoch_ms(time) * 65536 + (${recordSecond} >> 16))::HUGEINT * 18446744073709551616::HUGEINT` +
    ` + (((((${recordSecond} & 65535) << 47) | (least(record_offset, 2147483647) << 16) | least(tuple_index, 65535))::UBIGINT << 1)` +
    ` | CASE WHEN ${opens} THEN 0 ELSE 1 END::UBIGINT)::HUGEINT)`,
  millis: (time) => `epoch_ms(${time})`,
  timeOf: (millis) => `make_timestamptz((${millis}) * 1000)`,
  second: (time) => `date_trunc('second', ${time})`,
  wide: (value) => `${value}::HUGEINT`,
  sum: (value) => `sum(${value})`,
  first: (value, order) => `arg_min_null(${value}, ${order})`,
  last: (value, order) => `arg_max_null(${value}, ${order})`,
  lower: (text) => `lower(${text})`,
  like: (text, pattern) => `${text} ILIKE ${pattern} ESCAPE '\\'`,
  matches: (text, pattern) => `regexp_matches(${text}, ${pattern})`,
  quotient: (a, b) => `((${a}) // (${b}))`,
  /** In 64 bits where they are enough: divisions of 128 bits take ten times as long. */
  share: (value, part, whole) =>
    `CASE WHEN ${value} < 2147483648 AND ${whole} < 4294967296 THEN ${value} * (${part}) // ${whole} ELSE ${value}::HUGEINT * (${part}) // ${whole} END`,
  float: (value) => `(${value})::DOUBLE`,
  percentile: (value, permille) =>
    `list_sort(list(${value}) FILTER (WHERE ${value} IS NOT NULL))[(${permille} * count(${value}) + 999) // 1000]`,
  each: (values) => `unnest(list_filter([${values.join(', ')}], lambda x: x IS NOT NULL))`,
  range: (low, high) => `unnest(generate_series(${low}, ${high}))`,
  reports: (place, at, opens) =>
    `list({place: ${place}, at_millis: ${at}, opens: ${opens}, ${reportColumns
      .slice(2)
      .map((name) => `${name}: ${name}`)
      .join(', ')}})`,
  unrolled: (relation, kept) =>
    `SELECT ${[...kept, ...reportColumns.map((name) => `report.${name} AS ${name}`)].join(', ')}, before.at_millis AS previous
      FROM (SELECT ${[...kept, 'unnest(reports) AS report', 'unnest(list_prepend(NULL, reports)) AS before'].join(', ')}
        FROM (SELECT * REPLACE (list_sort(reports) AS reports) FROM ${relation})) WHERE report IS NOT NULL`,
};
