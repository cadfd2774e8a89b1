/** DuckDB's SQL of the aggregates of relation/aggregates.ts. */
import type { AggregateName } from '../relation/aggregates.ts';
import type { SqlExpression, SqlOrder } from './node.ts';
import { call, cast, fixed, number } from './node.ts';
import { and, isNull, join, not, quoted, when } from './sql.ts';

type AggregateSql = (order: readonly SqlOrder[], ...args: SqlExpression[]) => SqlExpression;

const named =
  (name: string): AggregateSql =>
  (order, ...args) => ({ kind: 'call', name, arguments: args, order });

/** DuckDB refuses NaN and infinities here: of such values the result is NaN. */
const finite =
  (name: string): AggregateSql =>
  (order, ...args) => {
    const isFinite = and(...args.map((one) => call('isfinite', one)));
    const isThere = and(...args.map((one) => not(isNull(one))));
    const some = named('bool_or')(order, and(isThere, not(isFinite)));
    return when([some, cast(quoted('NaN'), 'double')])(
      named(name)(order, ...args.map((one) => when([isFinite, one])())),
    );
  };

/** The first texts of a list as an array of JSON. */
function arrayOf(list: SqlExpression, most: SqlExpression): SqlExpression {
  const joined = call('array_to_string', call('list_slice', list, number(1), most), quoted(','));
  return call('coalesce', join(quoted('['), joined, quoted(']')), quoted('[]'));
}

export const duckdbAggregates: Readonly<Record<AggregateName, AggregateSql>> = {
  // The plain forms pass over rows whose value is null.
  arg_max: (order, by, of) => named('arg_max_null')(order, of, by),
  arg_min: (order, by, of) => named('arg_min_null')(order, of, by),
  any: named('any_value'),
  json_list: (order, of, most) =>
    arrayOf({ kind: 'call', name: 'list', arguments: [of], order, where: not(isNull(of)) }, most),
  json_set: (_, of, most) =>
    arrayOf(
      call('list_sort', { kind: 'call', name: 'list', arguments: [of], distinct: true, where: not(isNull(of)) }),
      most,
    ),
  quantile: (_, of, share) =>
    call('quantile_disc', of, fixed(((share.kind === 'number' ? share.value : 0) / 100_000).toFixed(5))),
  variance: finite('var_samp'),
  variance_all: finite('var_pop'),
  covariance: finite('covar_samp'),
  covariance_all: finite('covar_pop'),
  bits_and: named('bit_and'),
  bits_or: named('bit_or'),
  bits_xor: named('bit_xor'),
};
