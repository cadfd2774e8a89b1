import { project, summarize as summarizeRelation } from '../../../relation/build.ts';
import type { Aggregate } from '../../../relation/relation.ts';
import type { Typed } from '../../functions/kinds.ts';
import type { SyntaxNode } from '../../language/syntax.ts';
import { aggregateResults, expression } from '../expression.ts';
import { list, optional } from '../parts.ts';
import type { RowColumn } from '../rows.ts';
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
  // Lists have the order of the rows.
  const { order } = inner.rows;
  const taken = aggregates.map((one) =>
    one.function === 'apply' && one.of === 'json_list' && order.length > 0 ? { ...one, order } : one,
  );
  const relation = summarizeRelation(inner.rows.relation, by, taken);
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
