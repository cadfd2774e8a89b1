/** DuckDB's SQL of the aggregates of relation/aggregates.ts. */
import type { AggregateName } from '../relation/aggregates.ts';
import type { SqlExpression, SqlOrder } from './node.ts';
import { call, fixed } from './node.ts';
import { join, quoted, when, isNull } from './sql.ts';

type AggregateSql = (order: readonly SqlOrder[], ...args: SqlExpression[]) => SqlExpression;

const named =
  (name: string): AggregateSql =>
  (order, ...args) => ({ kind: 'call', name, arguments: args, order });

export const duckdbAggregates: Readonly<Record<AggregateName, AggregateSql>> = {
  // The plain forms pass over rows whose value is null.
  arg_max: (order, by, of) => named('arg_max_null')(order, of, by),
  arg_min: (order, by, of) => named('arg_min_null')(order, of, by),
  any: named('any_value'),
  json_list: (order, of) => {
    const joined = named('string_agg')(order, of, quoted(','));
    return when([isNull(joined), quoted('[]')])(join(quoted('['), joined, quoted(']')));
  },
  quantile: (_, of, share) =>
    call('quantile_disc', of, fixed(((share.kind === 'number' ? share.value : 0) / 100_000).toFixed(5))),
  variance: named('var_samp'),
  variance_all: named('var_pop'),
  covariance: named('covar_samp'),
  covariance_all: named('covar_pop'),
  bits_and: named('bit_and'),
  bits_or: named('bit_or'),
  bits_xor: named('bit_xor'),
};
