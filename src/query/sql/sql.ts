/** Short ways to write SQL nodes of DuckDB in the tables of primitives. */
import type { SqlExpression } from './node.ts';
import { call, operator } from './node.ts';

/** A fixed text in SQL: of nsgflow, never of a question. */
export function quoted(text: string): SqlExpression {
  return { kind: 'fixed', text: `'${text.replaceAll("'", "''")}'` };
}

export function when(
  ...branches: readonly (readonly [SqlExpression, SqlExpression])[]
): (otherwise?: SqlExpression) => SqlExpression {
  const list = branches.map(([condition, value]) => ({ if: condition, value }));
  return (otherwise) =>
    otherwise === undefined ? { kind: 'case', when: list } : { kind: 'case', when: list, otherwise };
}

export function isNull(of: SqlExpression): SqlExpression {
  return { kind: 'is-null', of };
}

export function not(of: SqlExpression): SqlExpression {
  return { kind: 'not', of };
}

export const and = (...all: SqlExpression[]): SqlExpression => operator('AND', ...all);
export const or = (...all: SqlExpression[]): SqlExpression => operator('OR', ...all);
export const equal = (a: SqlExpression, b: SqlExpression): SqlExpression => operator('=', a, b);
export const less = (a: SqlExpression, b: SqlExpression): SqlExpression => operator('<', a, b);
export const plus = (...all: SqlExpression[]): SqlExpression => operator('+', ...all);
export const minus = (a: SqlExpression, b: SqlExpression): SqlExpression => operator('-', a, b);
export const times = (...all: SqlExpression[]): SqlExpression => operator('*', ...all);
export const over = (a: SqlExpression, b: SqlExpression): SqlExpression => operator('/', a, b);
export const remainder = (a: SqlExpression, b: SqlExpression): SqlExpression => operator('%', a, b);
export const join = (...all: SqlExpression[]): SqlExpression => operator('||', ...all);

/** The remainder with the divisor's sign; the divisor is above 0. */
export function flooredRemainder(a: SqlExpression, b: SqlExpression): SqlExpression {
  return remainder(plus(remainder(a, b), b), b);
}

/** A datetime as TIMESTAMP, whose functions do not depend on the session's time zone. */
export function local(time: SqlExpression): SqlExpression {
  return call('make_timestamp', epochMicros(time));
}

export function epochMicros(time: SqlExpression): SqlExpression {
  return call('epoch_us', time);
}

/** A datetime of epoch microseconds. */
export function timeOfMicros(micros: SqlExpression): SqlExpression {
  return call('make_timestamptz', micros);
}

export function lessOrEqual(a: SqlExpression, b: SqlExpression): SqlExpression {
  return operator('<=', a, b);
}
