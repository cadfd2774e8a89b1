/** Writes trees. Each node is checked when it is made, so that a mistake shows where it is made. @throws relation-invalid */
import type { Expression, Named } from './expression.ts';
import { column } from './expression.ts';
import { columnsOf } from './check.ts';
import type { Aggregate, Relation, SortKey, WindowFunction } from './relation.ts';
import type { JoinKind, TableName } from './node-names.ts';
import type { Column } from './type.ts';

/** Rows of expressions that read no column. */
export function values(columns: readonly Column[], rows: readonly (readonly Expression[])[]): Relation {
  return checked({ kind: 'values', columns, rows });
}

export function scan(table: TableName, columns?: 'stored'): Relation {
  return checked(columns === undefined ? { kind: 'scan', table } : { kind: 'scan', table, columns });
}

/** With columns of what names say of an address at a time. */
export function names(
  input: Relation,
  address: string,
  time: string,
  columns: readonly { readonly name: string; readonly attribute: string }[],
): Relation {
  return columns.length === 0 ? input : checked({ kind: 'names', input, address, time, columns });
}

/** With a column of the application protocol of a port. */
export function applications(input: Relation, port: string, protocol: string, as: string): Relation {
  return checked({ kind: 'applications', input, port, protocol, as });
}

/** Rows for which all conditions hold; the input if there is no condition. */
export function filter(input: Relation, ...conditions: readonly (Expression | undefined)[]): Relation {
  const some = conditions.filter((one) => one !== undefined);
  const [first] = some;
  if (first === undefined) return input;
  const where: Expression = some.length === 1 ? first : { kind: 'call', function: 'and', arguments: some };
  return checked({ kind: 'filter', input, where });
}

export function extend(input: Relation, columns: readonly Named[]): Relation {
  return columns.length === 0 ? input : checked({ kind: 'extend', input, columns });
}

/** These columns, by name or with a value. */
export function project(input: Relation, columns: readonly (string | Named)[]): Relation {
  return checked({
    kind: 'project',
    input,
    columns: columns.map((one) => (typeof one === 'string' ? { name: one, value: column(one) } : one)),
  });
}

export function summarize(input: Relation, by: readonly string[], aggregates: readonly Aggregate[]): Relation {
  return checked({ kind: 'summarize', input, by, aggregates });
}

export function sort(input: Relation, ...by: readonly (string | SortKey)[]): Relation {
  return checked({ kind: 'sort', input, by: by.map((one) => (typeof one === 'string' ? { by: one } : one)) });
}

/** The first rows; all without a number. */
export function limit(input: Relation, rows: number | undefined): Relation {
  return rows === undefined ? input : checked({ kind: 'limit', input, rows });
}

/** Pairs of columns: `{right: left}`. */
export function join(
  kind: Exclude<JoinKind, 'cross'>,
  left: Relation,
  right: Relation,
  on: readonly { readonly left: string; readonly right: string }[],
): Relation {
  return checked({ kind: 'join', join: kind, left, right, on });
}

/** Each row of the left side with each of the right. */
export function cross(left: Relation, right: Relation): Relation {
  return checked({ kind: 'join', join: 'cross', left, right, on: [] });
}

export function union(inputs: readonly Relation[]): Relation {
  const [first] = inputs;
  return inputs.length === 1 && first !== undefined ? first : checked({ kind: 'union', inputs });
}

export function unnest(input: Relation, list: Expression, as: string): Relation {
  return checked({ kind: 'unnest', input, list, as });
}

export function window(
  input: Relation,
  as: string,
  of: WindowFunction,
  partition: readonly string[],
  order: readonly (string | SortKey)[],
): Relation {
  const keys = order.map((one) => (typeof one === 'string' ? { by: one } : one));
  return checked({ kind: 'window', input, as, function: of, partition, order: keys });
}

/** `value` under a name, for a body that reads it more than once. */
export function share(name: string, value: Relation, body: (ref: Relation) => Relation): Relation {
  return checked({ kind: 'let', name, value, body: body({ kind: 'ref', name, columns: columnsOf(value) }) });
}

function checked(relation: Relation): Relation {
  columnsOf(relation);
  return relation;
}
