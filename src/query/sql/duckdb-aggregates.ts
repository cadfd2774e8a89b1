/** DuckDB's SQL of the aggregates of relation/aggregates.ts. */
import type { AggregateName } from '../relation/aggregates.ts';
import type { SqlExpression } from './node.ts';
import { call, fixed } from './node.ts';
import { join, quoted, when, isNull } from './sql.ts';

const named =
  (name: string) =>
  (...args: SqlExpression[]): SqlExpression =>
    call(name, ...args);

export const duckdbAggregates: Readonly<Record<AggregateName, (...args: SqlExpression[]) => SqlExpression>> = {
  // The plain forms pass over rows whose value is null.
  arg_max: (by, of) => call('arg_max_null', of, by),
  arg_min: (by, of) => call('arg_min_null', of, by),
  any: named('any_value'),
  json_list: (of) => {
    const joined = call('string_agg', of, quoted(','));
    return when([isNull(joined), quoted('[]')])(join(quoted('['), joined, quoted(']')));
  },
  quantile: (of, share) =>
    call('quantile_disc', of, fixed(((share.kind === 'number' ? share.value : 0) / 100_000).toFixed(5))),
  variance: named('var_samp'),
  variance_all: named('var_pop'),
  covariance: named('covar_samp'),
  covariance_all: named('covar_pop'),
  bits_and: named('bit_and'),
  bits_or: named('bit_or'),
  bits_xor: named('bit_xor'),
};
