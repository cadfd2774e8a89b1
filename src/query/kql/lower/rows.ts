/**
 * The rows between two operators. The relation only gains columns, each under a name that no other has: which of them the query sees, by which names and in
 * which order, stands beside it. What nobody reads is left out when the tree becomes SQL.
 */
import { extend, limit, project, sort, window, filter } from '../../relation/build.ts';
import type { Expression, Named } from '../../relation/expression.ts';
import { call, column, nothing, textValue, when, wholeValue } from '../../relation/expression.ts';
import type { Relation, SortKey } from '../../relation/relation.ts';
import type { Typed } from '../functions/kinds.ts';
import { scalarOf } from '../type.ts';
import type { KqlType } from '../type.ts';

export interface RowColumn {
  readonly name: string;
  readonly type: KqlType;
  /** In the relation. */
  readonly column: string;
}

export interface Rows {
  readonly relation: Relation;
  readonly columns: readonly RowColumn[];
  /** The order of the rows as far as it is known; it is applied where it matters. */
  readonly order: readonly SortKey[];
  /** Columns of the relation: each operator works on the rows of one combination of their values at a time. */
  readonly group: readonly string[];
}

export type Fresh = () => string;

/** A column as an expression. */
export function typedColumn({ column: name, type }: Omit<RowColumn, 'name'>): Typed {
  return { value: column(name), type };
}

export function findColumn(rows: Rows, name: string): RowColumn | undefined {
  return rows.columns.find((one) => one.name === name);
}

/** Values as columns of the relation; those that are columns already stay what they are. */
export function boundTo(
  relation: Relation,
  values: readonly Typed[],
  fresh: Fresh,
): { readonly relation: Relation; readonly columns: readonly Omit<RowColumn, 'name'>[] } {
  const made: Named[] = [];
  const columns = values.map(({ value, type }) => {
    if (value.kind === 'column') return { column: value.name, type };
    const name = fresh();
    made.push({ name, value });
    return { column: name, type };
  });
  return { relation: extend(relation, made), columns };
}

/** The rows with these columns behind the others, or in place of those with the same names. */
export function withColumns(
  rows: Rows,
  named: readonly { readonly name: string; readonly value: Typed }[],
  fresh: Fresh,
): Rows {
  const { relation, columns } = boundTo(
    rows.relation,
    named.map(({ value }) => value),
    fresh,
  );
  const made = new Map(named.map(({ name }, i): [string, RowColumn] => [name, { name, ...columns[i] }]));
  const kept = rows.columns.map((one) => made.get(one.name) ?? one);
  const known = new Set(kept.map(({ name }) => name));
  return { ...rows, relation, columns: [...kept, ...[...made.values()].filter(({ name }) => !known.has(name))] };
}

/** The relation alone, under names that no other relation has; only columns that somebody sees. */
export function renamed(rows: Rows, fresh: Fresh): Rows {
  const names = new Map<string, string>();
  for (const name of [...rows.columns.map((one) => one.column), ...rows.order.map(({ by }) => by), ...rows.group])
    if (!names.has(name)) names.set(name, fresh());
  return {
    relation: project(
      rows.relation,
      [...names].map(([old, name]) => ({ name, value: column(old) })),
    ),
    columns: rows.columns.map((one) => ({ ...one, column: names.get(one.column)! })),
    order: rows.order.map((key) => ({ ...key, by: names.get(key.by)! })),
    group: rows.group.map((one) => names.get(one)!),
  };
}

/** The relation in its order. */
export function orderedRelation({ relation, order }: Rows): Relation {
  return order.length === 0 ? relation : sort(relation, ...order);
}

/** The first rows, of each group. */
export function firstRows(rows: Rows, count: number, fresh: Fresh): Rows {
  if (rows.group.length === 0) return { ...rows, relation: limit(orderedRelation(rows), count) };
  const place = fresh();
  const numbered = window(rows.relation, place, { kind: 'row_number' }, rows.group, rows.order);
  return {
    ...rows,
    relation: filter(numbered, call('less_or_equal', column(place), wholeValue('long', count))),
  };
}

/** The empty value of a type: strings are never null. */
export function emptyValue(type: KqlType): Expression {
  return type === 'string' ? textValue('') : nothing(scalarOf(type));
}

/** A value that an outer join, an empty group or a table may lack: a string is empty then. */
export function neverNullText(of: Typed): Typed {
  return of.type === 'string' ? { value: call('coalesce', of.value, textValue('')), type: 'string' } : of;
}

/** Keys of an order of KQL: where nulls come, and NaN with them. */
export function sortKeys(
  { column: by, type }: Omit<RowColumn, 'name'>,
  descending: boolean,
  nullsFirst: boolean,
  relation: Relation,
  fresh: Fresh,
  isNan: (value: Expression) => Expression,
): { readonly relation: Relation; readonly keys: readonly SortKey[] } {
  const key = { by, descending, nullsFirst };
  if (type !== 'real') return { relation, keys: [key] };
  const kind = fresh();
  const long = (value: number): Expression => ({ kind: 'constant', type: 'long', value });
  const value = when(call('is_null', column(by)), long(0), when(isNan(column(by)), long(1), long(2)));
  return {
    relation: extend(relation, [{ name: kind, value }]),
    keys: [{ by: kind, descending: !nullsFirst, nullsFirst }, key],
  };
}
