/** DuckDB's dialect. */
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import {
  BIGINT,
  BOOLEAN,
  DECIMAL,
  DOUBLE,
  DuckDBDecimalValue,
  DuckDBTimestampTZValue,
  HUGEINT,
  INTEGER,
  TIMESTAMPTZ,
  VARCHAR,
} from '../../lake/duckdb/duckdb-library.ts';
import type { Literal } from '../relation/value.ts';
import type { ScalarType } from '../relation/type.ts';
import { isScalar } from '../relation/type.ts';
import { decimalScale, valueOf } from '../relation/value.ts';
import type { SqlDialect } from './dialect.ts';
import { commonFunctions } from './dialect.ts';
import { duckdbAggregates } from './duckdb-aggregates.ts';
import { primitiveSql } from './duckdb-primitives.ts';
import type { SqlExpression } from './node.ts';
import { call, cast, fixed, number, operator } from './node.ts';

/** Products below this have 64 bits: 2^31 times 2^32. */
const smallValue = 2 ** 31;
const smallPart = 2 ** 32;

export const duckdb: SqlDialect = {
  name: 'duckdb',
  types: {
    boolean: 'BOOLEAN',
    integer: 'INTEGER',
    long: 'BIGINT',
    wide: 'HUGEINT',
    double: 'DOUBLE',
    text: 'VARCHAR',
    time: 'TIMESTAMPTZ',
    decimal: 'DECIMAL(38, 12)',
    timespan: 'BIGINT',
    dynamic: 'VARCHAR',
    guid: 'VARCHAR',
  },
  list: (type) => `${type}[]`,
  struct: (fields) => `STRUCT(${fields.map((field) => `"${field.name}" ${field.type}`).join(', ')})`,
  placeholder: (at) => `$${at}`,
  steps: 'with',
  step: (name, query) => `${name} AS MATERIALIZED (\n${query})`,
  lambda: (parameter, body) => `lambda ${parameter}: ${body}`,
  field: (of, field) => `${of}['${field}']`,
  structValue: (fields) => `{${fields.map((field) => `'${field.name}': ${field.value}`).join(', ')}}`,
  functions: {
    ...primitiveSql,
    ...commonFunctions,
    quotient: (a, b) => operator('//', a, b),
    share: (value, part, whole) => ({
      kind: 'case',
      when: [
        {
          if: operator('AND', operator('<', value, number(smallValue)), operator('<', whole, number(smallPart))),
          value: operator('//', operator('*', value, part), whole),
        },
      ],
      otherwise: cast(operator('//', operator('*', cast(value, 'wide'), part), whole), 'long'),
    }),
    divide: (a, b) => operator('/', cast(a, 'double'), call('nullif', cast(b, 'double'), number(0))),
    to_long: (of) => cast(of, 'long'),
    to_wide: (of) => cast(of, 'wide'),
    lower: (text) => call('lower', text),
    like: (text, pattern) => call('ilike_escape', text, pattern, fixed(String.raw`'\'`)),
    upper: (text) => call('upper', text),
    concat: (...texts) => operator('||', ...texts),
    digits: (of) => cast(of, 'text'),
    replace_matches: (text, pattern, replacement) => call('regexp_replace', text, pattern, replacement, fixed("'g'")),
    join_list: (list, separator) =>
      call('coalesce', call('array_to_string', cast(list, { list: 'text' }), separator), fixed("''")),
    matches: (text, pattern) => call('regexp_matches', text, pattern),
    millis: (time) => call('epoch_ms', time),
    time_of: (millis) => call('make_timestamptz', operator('*', millis, number(1000))),
    second: (time) => call('date_trunc', fixed("'second'"), time),
    has_items: (list) => call('coalesce', operator('>', call('len', list), number(0)), fixed('false')),
    sequence: (from, to) => call('generate_series', from, to),
  },
  aggregates: {
    sum: (of) => call('sum', of),
    percentile: (of, permille) => call('quantile_disc', of, fixed((permille / 1000).toFixed(3))),
    apply: duckdbAggregates,
    set: (of, type) => {
      const all: SqlExpression = { kind: 'call', name: 'list', arguments: [of], distinct: isScalar(type) };
      // `list_distinct` leaves null out.
      const items = call('list_distinct', isScalar(type) ? all : call('flatten', all));
      return call('coalesce', call('list_sort', items), { kind: 'list', items: [] });
    },
  },
  total: (list, where, value) =>
    call('list_sum', call('list_transform', where === undefined ? list : call('list_filter', list, where), value)),
  unnest: (list) => call('unnest', list),
  joins: { inner: 'INNER', left: 'LEFT', right: 'RIGHT', full: 'FULL', semi: 'SEMI', anti: 'ANTI' },
};

const types: Readonly<Record<ScalarType, DuckDBType>> = {
  boolean: BOOLEAN,
  integer: INTEGER,
  long: BIGINT,
  wide: HUGEINT,
  double: DOUBLE,
  text: VARCHAR,
  decimal: DECIMAL(38, decimalScale),
  time: TIMESTAMPTZ,
  timespan: BIGINT,
  dynamic: VARCHAR,
  guid: VARCHAR,
};

/** Parameters as DuckDB binds them, `$1` first. */
export function duckdbParameters(literals: readonly Literal[]): { values: DuckDBValue[]; types: DuckDBType[] } {
  return {
    values: literals.map((literal) => {
      const value = valueOf(literal);
      if (typeof value !== 'bigint') return value as DuckDBValue;
      if (literal.type === 'decimal') return new DuckDBDecimalValue(value, 38, decimalScale);
      if (literal.type === 'time') return new DuckDBTimestampTZValue(value);
      return literal.type === 'integer' ? Number(value) : value;
    }),
    types: literals.map(({ type }) => types[type]),
  };
}
