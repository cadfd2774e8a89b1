import { extend, project, summarize as summarizeRelation, window } from '../../../relation/build.ts';
import { call, column, nothing, when, whole } from '../../../relation/expression.ts';
import type { Aggregate, Relation } from '../../../relation/relation.ts';
import type { Typed } from '../../functions/kinds.ts';
import type { SyntaxNode } from '../../language/syntax.ts';
import { aggregateResults, expression } from '../expression.ts';
import { list, optional } from '../parts.ts';
import type { KqlQuery } from '../query.ts';
import type { RowColumn, Rows } from '../rows.ts';
import { boundTo, neverNullText } from '../rows.ts';
import { Scope } from '../scope.ts';
import { givenName } from './columns.ts';
import type { Operator } from './operator.ts';
import { schemaNames, scopeOf } from './operator.ts';

/** Keys come first, then aggregates, each in the order in which it is written. */
export const summarize: Operator = (from) => {
  const scope = scopeOf(from);
  const { query, input } = from;
  const byItems = list(optional(from.of, 'ByClause'), 'Expressions');
  const bound = boundTo(
    scope.rows.relation,
    byItems.map((item) => expression(item, scope)),
    query.fresh,
  );
  scope.rows = { ...scope.rows, relation: bound.relation };
  const aggregates: Aggregate[] = [];
  const inner = new Scope(query, from.names, scope.rows, aggregates);
  const items = list(from.of, 'Aggregates');
  const results = items.map((item) => aggregateResults(item, inner));
  const by = [...new Set([...input.group, ...bound.columns.map((one) => one.column)])];
  const relation = summarizeInOrder(inner.rows, by, aggregates, query);
  const names = schemaNames(from);
  const values = results.flatMap((some) => some.values);
  const columns: RowColumn[] = bound.columns.map((one, i) => ({
    name: names?.[i] ?? givenName(byItems[i]) ?? `Column${i + 1}`,
    ...one,
  }));
  const made = values.map((value, i) => {
    const name = names?.[columns.length + i] ?? nameOf(results, items, i);
    return { name, type: value.type, column: query.fresh(), value: neverNullText(value).value };
  });
  return {
    relation: project(relation, [...by, ...made.map(({ column: name, value }) => ({ name, value }))]),
    columns: [...columns, ...made.map(({ name, type, column }) => ({ name, type, column }))],
    order: [],
    group: input.group,
  };
};

/** Lists have the order of the rows, and sets that of the rows in which their elements occur first. */
function summarizeInOrder(
  { relation, order }: Rows,
  by: readonly string[],
  aggregates: readonly Aggregate[],
  query: KqlQuery,
): Relation {
  if (order.length === 0) return summarizeRelation(relation, by, aggregates);
  let numbered = relation;
  const ordered = aggregates.map((one): Aggregate => {
    if (one.function !== 'apply' || (one.of !== 'json_list' && one.of !== 'json_set')) return one;
    if (one.of === 'json_list') return { ...one, order };
    const [value, place] = [query.fresh(), query.fresh()];
    const [element, most] = one.arguments;
    const extended = extend(numbered, [{ name: value, value: element }]);
    numbered = window(extended, place, { kind: 'row_number' }, [...by, value], order);
    const first = when(call('equal', column(place), whole(1)), column(value), nothing('dynamic'));
    return { ...one, of: 'json_list', arguments: [first, most], order };
  });
  return summarizeRelation(numbered, by, ordered);
}

/** Without a schema: the name that is given, else one by place. */
function nameOf(
  results: readonly { readonly values: readonly Typed[]; readonly names?: readonly string[] }[],
  items: readonly SyntaxNode[],
  at: number,
): string {
  let before = 0;
  for (const [i, { values, names }] of results.entries()) {
    if (at < before + values.length) return names?.[at - before] ?? givenName(items[i]) ?? `Column${at + 1}`;
    before += values.length;
  }
  return `Column${at + 1}`;
}
