/** DuckDB's SQL of the primitives. What has no SQL is a function `kql_…` that DuckDB calls back (duckdb/script-functions.ts). */
import { primitives } from '../relation/primitives/primitives.ts';
import type { PrimitiveName } from '../relation/primitives/primitives.ts';
import type { Primitive } from '../relation/rule.ts';
import type { ScalarType } from '../relation/type.ts';
import type { SqlExpression } from './node.ts';
import { call, cast } from './node.ts';
import { epochMicros, timeOfMicros } from './sql.ts';

/** What a function that is called back has in common with its primitive. */
export const scriptPrefix = 'kql_';

/** DuckDB hands booleans, longs, doubles and texts over. */
function handedOver(of: SqlExpression, type: ScalarType | undefined): SqlExpression {
  if (type === 'time') return epochMicros(of);
  if (type === 'decimal') return cast(of, 'text');
  return type === 'integer' || type === 'wide' || type === 'long' ? cast(of, 'long') : of;
}

function handedBack(of: SqlExpression, type: ScalarType): SqlExpression {
  if (type === 'time') return timeOfMicros(of);
  return type === 'decimal' || type === 'integer' ? cast(of, type) : of;
}

function calledBack(name: string, { parameters, rest, result }: Primitive) {
  return (...args: SqlExpression[]): SqlExpression =>
    handedBack(call(`${scriptPrefix}${name}`, ...args.map((one, i) => handedOver(one, parameters[i] ?? rest))), result);
}

export const primitiveSql = Object.fromEntries(
  Object.entries<Primitive>(primitives).map(([name, one]) => [name, one.duckdb ?? calledBack(name, one)]),
) as Record<PrimitiveName, (...args: SqlExpression[]) => SqlExpression>; // the entries are those of the table
