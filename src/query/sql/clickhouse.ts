/** ClickHouse's dialect. A list is never null there: where it is null elsewhere, it is empty. */
import { formatTime } from '../../base/time.ts';
import type { Literal } from '../relation/value.ts';
import { isScalar } from '../relation/type.ts';
import { valueOf } from '../relation/value.ts';
import type { SqlDialect } from './dialect.ts';
import { commonFunctions } from './dialect.ts';
import { call, cast, fixed, number, operator } from './node.ts';

export const clickhouse: SqlDialect = {
  name: 'clickhouse',
  types: {
    boolean: 'Nullable(Bool)',
    integer: 'Nullable(Int32)',
    long: 'Nullable(Int64)',
    wide: 'Nullable(Int128)',
    double: 'Nullable(Float64)',
    text: 'Nullable(String)',
    decimal: 'Nullable(Decimal(38, 12))',
    time: "Nullable(DateTime64(6, 'UTC'))",
    timespan: 'Nullable(Int64)',
    dynamic: 'Nullable(String)',
    guid: 'Nullable(String)',
  },
  list: (type) => `Array(${type})`,
  struct: (fields) => `Tuple(${fields.map((field) => `\`${field.name}\` ${field.type}`).join(', ')})`,
  placeholder: (at, type) => `{p${at}:${type}}`,
  // Not common table expressions: ClickHouse analyzes one again at each use, which takes minutes if there are several.
  steps: 'tables',
  // Without the SELECT around it, a column that is selected twice is refused (ILLEGAL_COLUMN).
  step: (name, query) => `CREATE OR REPLACE TEMPORARY TABLE ${name} AS SELECT * FROM (\n${query})`,
  lambda: (parameter, body) => `${parameter} -> ${body}`,
  field: (of, field) => `tupleElement(${of}, '${field}')`,
  structValue: (fields, type) => `CAST(tuple(${fields.map(({ value }) => value).join(', ')}), '${quoted(type)}')`,
  functions: {
    ...commonFunctions,
    quotient: (a, b) => call('intDivOrNull', a, b),
    share: (value, part, whole) => cast(call('intDiv', operator('*', cast(value, 'wide'), part), whole), 'long'),
    divide: (a, b) => operator('/', cast(a, 'double'), call('nullIf', cast(b, 'double'), number(0))),
    to_long: (of) => cast(of, 'long'),
    to_wide: (of) => cast(of, 'wide'),
    lower: (text) => call('lowerUTF8', text),
    like: (text, pattern) => operator('ILIKE', text, pattern),
    upper: (text) => call('upperUTF8', text),
    concat: (...texts) => call('concat', ...texts),
    digits: (of) => call('toString', of),
    replace_matches: (text, pattern, replacement) =>
      call('replaceRegexpAll', text, call('concat', fixed("'(?-s)'"), pattern), replacement),
    join_list: (list, separator) =>
      call(
        'arrayStringConcat',
        call('arrayMap', { kind: 'lambda', parameter: 'item', body: call('toString', fixed('item')) }, list),
        separator,
      ),
    // `.` is any character here unless the expression says otherwise.
    matches: (text, pattern) => call('match', text, call('concat', fixed("'(?-s)'"), pattern)),
    millis: (time) => call('toUnixTimestamp64Milli', time),
    time_of: (millis) => cast(call('fromUnixTimestamp64Milli', cast(millis, 'long'), fixed("'UTC'")), 'time'),
    second: (time) => call('toStartOfSecond', time),
    has_items: (list) => call('notEmpty', list),
    sequence: (from, to) =>
      call('range', call('assumeNotNull', from), call('assumeNotNull', operator('+', to, number(1)))),
  },
  aggregates: {
    sum: (of, type) => call('sum', type === 'double' ? of : cast(of, 'wide')),
    percentile: (of, permille) => {
      const rank = call(
        'intDiv',
        operator('+', operator('*', number(permille), call('count', of)), number(999)),
        number(1000),
      );
      const value = call('arrayElement', call('arraySort', call('groupArray', of)), rank);
      return call('if', operator('=', call('count', of), number(0)), fixed('NULL'), value);
    },
    set: (of, type) => call('arraySort', call(isScalar(type) ? 'groupUniqArray' : 'groupUniqArrayArray', of)),
  },
  total: (list, where, value) =>
    call(
      'arrayReduce',
      fixed("'sumOrNull'"),
      call('arrayMap', value, where === undefined ? list : call('arrayFilter', where, list)),
    ),
  unnest: (list) => call('arrayJoin', list),
  joins: { inner: 'INNER', left: 'LEFT', right: 'RIGHT', full: 'FULL', semi: 'LEFT SEMI', anti: 'LEFT ANTI' },
};

/** What a query needs to mean what it means elsewhere: names are columns before aliases, what a join lacks is null, times are UTC. */
export const clickhouseSettings = {
  prefer_column_name_to_alias: 1,
  join_use_nulls: 1,
  session_timezone: 'UTC',
  output_format_json_quote_64bit_integers: 1,
  allow_experimental_analyzer: 1,
  // Copies what is selected of a union into its parts, over and over where these are unions: plans took minutes (chDB 26.7).
  query_plan_lift_up_union: 0,
  // Skips files in which rows match: NOT (time IS NULL) AND time < x over a table of version 3 gave none of 1,142,500 (chDB 3.4.0).
  delta_lake_enable_engine_predicate: 0,
  // Folders named date=… would add a column.
  use_hive_partitioning: 0,
  // Its Parquet reader loses an expression that is a condition and a column, too: "Not found column equals(observer, 0)" (chDB 26.7).
  optimize_move_to_prewhere: 0,
} as const;

/** A type's name within a quoted text. */
function quoted(type: string): string {
  return type.replaceAll("'", String.raw`\'`);
}

/** Parameters as ClickHouse reads them: `p1`, `p2`, … with their values as texts. */
export function clickhouseParameters(literals: readonly Literal[]): Record<string, string> {
  return Object.fromEntries(literals.map((literal, i) => [`p${i + 1}`, textOf(literal)]));
}

function textOf(literal: Literal): string {
  const value = valueOf(literal);
  if (literal.type !== 'time' || typeof value !== 'bigint') return String(literal.value);
  const micros = ((value % 1000n) + 1000n) % 1000n;
  const millis = formatTime(Number((value - micros) / 1000n));
  return `${millis.replace('T', ' ').replace('Z', '')}${String(micros).padStart(3, '0')}`;
}
