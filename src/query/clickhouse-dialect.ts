import { formatTime } from '../base/time.ts';
import type { Dialect, Parameters } from './dialect.ts';
import { reportColumns } from './dialect.ts';

/** `{p1:String}`, `{p2:Int64}`, … with their values as texts. */
export class ClickhouseParameters implements Parameters {
  readonly values: Record<string, string> = {};
  #count = 0;

  text(value: string): string {
    return this.#add(value, 'String');
  }

  number(value: number | bigint): string {
    return this.#add(String(BigInt(value)), 'Int64');
  }

  time(millis: number): string {
    return this.#add(formatTime(Math.round(millis)).replace('T', ' ').replace('Z', ''), "DateTime64(6, 'UTC')");
  }

  #add(value: string, type: string): string {
    const name = `p${++this.#count}`;
    this.values[name] = value;
    return `{${name}:${type}}`;
  }
}

/** What a query needs to mean what it means elsewhere: names are columns before aliases, what a join lacks is null, times are UTC. */
export const clickhouseSettings = {
  prefer_column_name_to_alias: 1,
  join_use_nulls: 1,
  session_timezone: 'UTC',
  output_format_json_quote_64bit_integers: 1,
  allow_experimental_analyzer: 1,
  // Skips files in which rows match: NOT (time IS NULL) AND time < x over a table of version 3 gave none of 1,142,500 (chDB 3.4.0).
  delta_lake_enable_engine_predicate: 0,
} as const;

/** Columns as one text, in which null differs from every text. */
const together = (columns: readonly string[]): string =>
  `concat(${columns.map((column) => `ifNull(concat('+', toString(${column}), '\\0'), '-')`).join(', ')})`;

export const clickhouseDialect: Dialect = {
  name: 'clickhouse',
  quick: false,
  materialized: '',
  key: (columns) => [`sipHash64(${together(columns)})`, `cityHash64(${together(columns)})`],
  place:
    'tuple(ifNull(toUnixTimestamp64Milli(time), 0), ifNull(least(intDiv(toUnixTimestamp64Milli(record_time), 1000), 4294967295), 0),' +
    ' ifNull(least(record_offset, 2147483647), 0), ifNull(least(tuple_index, 65535), 0))',
  millis: (time) => `toUnixTimestamp64Milli(${time})`,
  timeOf: (millis) => `fromUnixTimestamp64Milli(toInt64(${millis}), 'UTC')`,
  second: (time) => `toStartOfSecond(${time})`,
  wide: (value) => `toInt128(${value})`,
  sum: (value) => `sum(toInt128(${value}))`,
  first: (value, order) => `tupleElement(argMin(tuple(${value}), ${order}), 1)`,
  last: (value, order) => `tupleElement(argMax(tuple(${value}), ${order}), 1)`,
  lower: (text) => `lowerUTF8(${text})`,
  like: (text, pattern) => `${text} ILIKE ${pattern}`,
  /** `.` is any character here unless one says otherwise. */
  matches: (text, pattern) => `match(${text}, concat('(?-s)', ${pattern}))`,
  quotient: (a, b) => `intDiv(${a}, ${b})`,
  share: (value, part, whole) => `intDiv(toInt128(${value}) * (${part}), ${whole})`,
  float: (value) => `toFloat64(${value})`,
  percentile: (value, permille) =>
    `if(count(${value}) = 0, NULL, arraySort(groupArray(${value}))[toUInt32(intDiv(${permille} * count(${value}) + 999, 1000))])`,
  each: (values) => `arrayJoin(arrayFilter(x -> isNotNull(x), [${values.join(', ')}]))`,
  range: (low, high) =>
    `toInt64(arrayJoin(range(toUInt64(assumeNotNull(${low})), toUInt64(assumeNotNull(${high})) + 1)))`,
  reports: (place, at, opens) => `groupArray(tuple(${[place, at, opens, ...reportColumns.slice(2)].join(', ')}))`,
  unrolled: (relation, kept) =>
    `SELECT ${[...kept, ...reportColumns.map((name, i) => `tupleElement(report, ${i + 2}) AS ${name}`)].join(', ')}, previous
      FROM (SELECT ${[...kept, 'arraySort(reports) AS sorted'].join(', ')} FROM ${relation}) u
      ARRAY JOIN sorted AS report, arrayPopBack(arrayPushFront(arrayMap(x -> toNullable(tupleElement(x, 2)), sorted), NULL)) AS previous`,
};
