/** Operators that keep or drop rows, or order them. */
import { filter, limit, summarize } from '../../../relation/build.ts';
import type { Expression } from '../../../relation/expression.ts';
import { column } from '../../../relation/expression.ts';
import type { SortKey } from '../../../relation/relation.ts';
import { kqlFunctions } from '../../functions/kql-functions.ts';
import type { SyntaxNode } from '../../language/syntax.ts';
import { apply, constantOf, converted, expression } from '../expression.ts';
import { list, node, optional, text } from '../parts.ts';
import type { Rows } from '../rows.ts';
import { boundTo, firstRows, sortKeys } from '../rows.ts';
import type { Scope } from '../scope.ts';
import { givenName } from './columns.ts';
import type { Operator } from './operator.ts';
import { schemaNames, scopeOf } from './operator.ts';

export const where: Operator = (from) => {
  const scope = scopeOf(from);
  const condition = node(from.of, 'Condition');
  const holds = converted(expression(condition, scope), 'bool', scope, condition);
  return { ...scope.rows, relation: filter(scope.rows.relation, holds.value) };
};

export const count: Operator = ({ input, query }) => {
  const name = query.fresh();
  const relation = summarize(input.relation, input.group, [{ name, function: 'count' }]);
  return { relation, columns: [{ name: 'Count', type: 'long', column: name }], order: [], group: input.group };
};

export const take: Operator = (from) => {
  const scope = scopeOf(from);
  const rows = rowsAsked(node(from.of, 'Expression'), scope);
  return firstRows(scope.rows, rows, from.query.fresh);
};

/** `sample`: as good as any rows are those that come first. */
export const sample: Operator = (from) => {
  const scope = scopeOf(from);
  const asked = rowsAsked(node(from.of, 'Expression'), scope);
  const random = boundTo(
    scope.rows.relation,
    [apply('rand', kqlFunctions['rand'], from.of, [], scope)],
    from.query.fresh,
  );
  const rows = { ...scope.rows, relation: random.relation, order: [{ by: random.columns[0].column }] };
  return { ...firstRows(rows, asked, from.query.fresh), order: [] };
};

export const sampleDistinct: Operator = (from) => {
  const scope = scopeOf(from);
  const asked = rowsAsked(node(from.of, 'Expression'), scope);
  const of = node(from.of, 'OfExpression');
  const { relation, columns } = boundTo(scope.rows.relation, [expression(of, scope)], from.query.fresh);
  const [one] = columns;
  const name = schemaNames(from)?.[0] ?? givenName(of) ?? 'Column1';
  const distinct = summarize(relation, [one.column], []);
  return { relation: limit(distinct, asked), columns: [{ name, ...one }], order: [], group: [] };
};

function rowsAsked(of: SyntaxNode, scope: Scope): number {
  const value = constantOf(of, scope, 'the number of rows');
  const rows = typeof value === 'bigint' || typeof value === 'number' ? Number(value) : NaN;
  if (!Number.isSafeInteger(rows) || rows < 0)
    scope.query.invalid(of, 'the number of rows is a whole number, 0 or more');
  return rows;
}

export const sort: Operator = (from) => {
  const scope = scopeOf(from);
  const keys = list(from.of, 'Expressions').flatMap((one) => orderKeys(one, scope));
  return { ...scope.rows, order: [...keys, ...from.input.order] };
};

export const top: Operator = (from) => {
  const scope = scopeOf(from);
  const rows = rowsAsked(node(from.of, 'Expression'), scope);
  const keys = orderKeys(node(from.of, 'ByExpression'), scope);
  return firstRows({ ...scope.rows, order: [...keys, ...from.input.order] }, rows, from.query.fresh);
};

/** The keys of `x asc nulls last`. Descending is the default, and nulls are the least values. */
export function orderKeys(of: SyntaxNode, scope: Scope): readonly SortKey[] {
  const isOrdered = of.kind === 'OrderedExpression';
  const ordering = isOrdered ? optional(of, 'Ordering') : undefined;
  const descending = ordering === undefined || text(ordering, 'AscOrDescKeyword').toLowerCase() !== 'asc';
  const nulls = ordering === undefined ? undefined : optional(ordering, 'NullsClause');
  const asked = nulls === undefined ? undefined : text(nulls, 'FirstOrLastKeyword').toLowerCase();
  const nullsFirst = asked === undefined ? !descending : asked === 'first';
  const value = expression(isOrdered ? node(of, 'Expression') : of, scope);
  const bound = boundTo(scope.rows.relation, [value], scope.query.fresh);
  const isNan = (one: Expression): Expression =>
    apply('isnan', kqlFunctions['isnan'], of, [{ value: one, type: 'real' }], scope).value;
  const { relation, keys } = sortKeys(
    bound.columns[0],
    descending,
    nullsFirst,
    bound.relation,
    scope.query.fresh,
    isNan,
  );
  scope.rows = { ...scope.rows, relation };
  return keys;
}

export const distinct: Operator = (from) => {
  const scope = scopeOf(from);
  const items = list(from.of, 'Expressions');
  const isAll = items.length === 1 && items[0].kind === 'StarExpression';
  const names = schemaNames(from);
  const values = isAll
    ? from.input.columns.map((one) => ({ value: column(one.column), type: one.type }))
    : items.map((item) => expression(item, scope));
  const { relation, columns } = boundTo(scope.rows.relation, values, from.query.fresh);
  const keys = [...new Set([...from.input.group, ...columns.map((one) => one.column)])];
  return {
    relation: summarize(relation, keys, []),
    columns: columns.map((one, i) => ({
      name: names?.[i] ?? (isAll ? from.input.columns[i].name : (givenName(items[i]) ?? `Column${i + 1}`)),
      ...one,
    })),
    order: [],
    group: from.input.group,
  };
};

/** Rows whose order counts from now on: they have it already. */
export const serialize: Operator = (from) => {
  const items = list(from.of, 'Expressions');
  if (items.length === 0) return from.input;
  const scope = scopeOf(from);
  let rows: Rows = scope.rows;
  const names = schemaNames(from);
  const fresh = (names ?? []).filter((name) => !from.input.columns.some((one) => one.name === name));
  for (const item of items) {
    const value = expression(item, scope);
    const name = givenName(item) ?? fresh.shift() ?? 'Column1';
    const bound = boundTo(scope.rows.relation, [value], from.query.fresh);
    const made = { name, ...bound.columns[0] };
    const kept = scope.rows.columns.filter((one) => one.name !== name);
    const at = scope.rows.columns.findIndex((one) => one.name === name);
    rows = {
      ...scope.rows,
      relation: bound.relation,
      columns: at < 0 ? [...kept, made] : scope.rows.columns.with(at, made),
    };
    scope.rows = rows;
  }
  return rows;
};

/** `as` names the rows for what follows; `consume` and `render` change nothing of them. */
export const as: Operator = ({ of, input, names }) => {
  names.bind(node(of, 'Name').text ?? '', { kind: 'rows', rows: input });
  return input;
};
