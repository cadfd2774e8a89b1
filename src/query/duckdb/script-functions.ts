/** Functions that DuckDB calls back: primitives that have no SQL. They run on this thread. */
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { BIGINT, BOOLEAN, DOUBLE, DuckDBScalarFunction, VARCHAR } from '../../lake/duckdb/duckdb-library.ts';
import type { DuckdbConnection } from '../../lake/duckdb/connection.ts';
import { primitives } from '../relation/primitives/primitives.ts';
import type { Primitive } from '../relation/rule.ts';
import type { ScalarType } from '../relation/type.ts';
import type { Value } from '../relation/value.ts';
import { decimalOf, decimalText } from '../relation/value.ts';
import { scriptPrefix } from '../sql/duckdb-primitives.ts';

/** Makes the functions known that a statement of nsgflow calls; texts of a question are parameters, so the statement names none by chance. */
export function registerScriptFunctions(connection: DuckdbConnection, sql: string): void {
  const all: Readonly<Record<string, Primitive>> = primitives;
  for (const name of new Set(Array.from(sql.matchAll(/\bkql_([a-z0-9_]+)\(/g), ([, one]) => one))) {
    const primitive = Object.hasOwn(all, name) ? all[name] : undefined;
    if (primitive !== undefined) connection.registerScalarFunction(scriptFunction(name, primitive));
  }
}

function scriptFunction(name: string, { parameters, rest, result, nulls, value }: Primitive): DuckDBScalarFunction {
  return DuckDBScalarFunction.create({
    name: `${scriptPrefix}${name}`,
    returnType: typeOf(result),
    parameterTypes: parameters.map(typeOf),
    ...(rest === undefined ? {} : { varArgsType: typeOf(rest) }),
    specialHandling: true,
    mainFunction: (info, input, output) => {
      try {
        const columns = input.getColumns();
        for (let row = 0; row < input.rowCount; row++) {
          const args = columns.map((column, i) => taken(column[row], parameters[i] ?? rest));
          output.setItem(row, nulls === 'strict' && args.includes(null) ? null : given(value(...args), result));
        }
        output.flush();
      } catch (error) {
        info.setError(error instanceof Error ? error.message : String(error));
      }
    },
  });
}

function typeOf(type: ScalarType): DuckDBType {
  switch (type) {
    case 'boolean':
      return BOOLEAN;
    case 'double':
      return DOUBLE;
    case 'text':
    case 'dynamic':
    case 'guid':
    case 'decimal':
      return VARCHAR;
    default:
      return BIGINT;
  }
}

function taken(value: DuckDBValue, type: ScalarType | undefined): Value {
  if (type === 'decimal' && typeof value === 'string') return decimalOf(value);
  return value as Value; // the parameter's type is one of those above
}

function given(value: Value, type: ScalarType): DuckDBValue {
  if (type === 'decimal' && typeof value === 'bigint') return decimalText(value);
  return value as DuckDBValue; // the rule's type says so
}
