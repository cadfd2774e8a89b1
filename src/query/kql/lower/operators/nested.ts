/** top-nested and top-hitters. */
import { extend, filter, join, project, summarize, window } from '../../../relation/build.ts';
import type { Expression } from '../../../relation/expression.ts';
import { call, column, no, when, wholeValue, yes } from '../../../relation/expression.ts';
import type { Aggregate, Relation } from '../../../relation/relation.ts';
import type { Typed } from '../../functions/kinds.ts';
import type { SyntaxNode } from '../../language/syntax.ts';
import { constantOf, expression, lowerAggregate } from '../expression.ts';
import { list, node, optional, text } from '../parts.ts';
import type { RowColumn, Rows } from '../rows.ts';
import { boundTo, emptyValue, neverNullText } from '../rows.ts';
import { Scope } from '../scope.ts';
import { sharedRows } from '../shared-rows.ts';
import { renamed } from '../rows.ts';
import { givenName } from './columns.ts';
import type { Operator } from './operator.ts';
import { schemaNames, scopeOf } from './operator.ts';

interface Grouped {
  readonly relation: Relation;
  readonly value: Typed;
}

/** The rows by keys, with one value each. */
function grouped(of: SyntaxNode, rows: Rows, keys: readonly string[], outer: Scope): Grouped {
  const aggregates: Aggregate[] = [];
  const scope = new Scope(outer.query, outer.names, rows, aggregates);
  const result = neverNullText(expression(of, scope));
  const name = outer.query.fresh();
  const relation = summarize(scope.rows.relation, keys, aggregates);
  return {
    relation: project(relation, [...keys, { name, value: result.value }]),
    value: { value: column(name), type: result.type },
  };
}

/** Each level takes the greatest groups within the groups of the level before; all other values are one group more where it is asked for. */
export const topNested: Operator = (from) => {
  const { query, of } = from;
  const outer = scopeOf(from);
  const clauses = list(of, 'Clauses');
  const bound = clauses.map((clause) => {
    const value = neverNullText(expression(node(clause, 'OfExpression'), outer));
    const { relation, columns } = boundTo(outer.rows.relation, [value], query.fresh);
    outer.rows = { ...outer.rows, relation };
    return columns[0];
  });
  // Keys are columns that the query sees, so that they stay when the rows are computed once.
  const marked = {
    ...outer.rows,
    columns: [...outer.rows.columns, ...bound.map((one, i) => ({ ...one, name: `\0${i}` }))],
  };
  let rows = sharedRows(marked, query);
  const keysOf = (some: Rows): RowColumn[] => some.columns.slice(-clauses.length);
  let prefix: string[] = [...rows.group];
  let isOther: Expression = no;
  const levels: {
    readonly key: RowColumn;
    readonly relation: Relation;
    readonly prefix: readonly string[];
    readonly value: Typed;
  }[] = [];
  for (const [i, clause] of clauses.entries()) {
    const key = keysOf(rows)[i];
    const by = node(clause, 'ByExpression');
    const isOrdered = by.kind === 'OrderedExpression';
    const ordering = isOrdered ? optional(by, 'Ordering') : undefined;
    const aggregate = isOrdered ? node(by, 'Expression') : by;
    const candidates = { ...rows, relation: filter(rows.relation, call('not', isOther)) };
    const sizes = grouped(aggregate, candidates, [...new Set([...prefix, key.column])], outer);
    const asked = optional(clause, 'Expression');
    const size = sizes.value.value.kind === 'column' ? sizes.value.value.name : '';
    const place = query.fresh();
    const descending = ordering === undefined || text(ordering, 'AscOrDescKeyword').toLowerCase() !== 'asc';
    const order = [{ by: size, descending, nullsFirst: !descending }, { by: key.column }];
    const ranked = window(sizes.relation, place, { kind: 'row_number' }, prefix, order);
    const most = asked === undefined ? undefined : Number(constantOf(asked, outer, 'the number of groups'));
    const kept =
      most === undefined ? ranked : filter(ranked, call('less_or_equal', column(place), wholeValue('long', most)));
    const top = keysUnderNewNames(kept, [...new Set([...prefix, key.column])], query.fresh);
    const found = query.fresh();
    const joined = join('left', rows.relation, extend(top.relation, [{ name: found, value: yes }]), top.on);
    const isTop = call('and', call('not', isOther), call('coalesce', column(found), no));
    const others = optional(clause, 'WithOthersClause');
    const label: Expression =
      others === undefined ? emptyValue(key.type) : expression(node(others, 'Expression'), outer).value;
    const [labelled, flag] = [query.fresh(), query.fresh()];
    const keeps = others === undefined ? filter(joined, call('or', isTop, isOther)) : joined;
    rows = {
      ...rows,
      relation: extend(keeps, [
        { name: labelled, value: when(isTop, column(key.column), label) },
        { name: flag, value: call('not', isTop) },
      ]),
    };
    isOther = column(flag);
    prefix = [...prefix, labelled];
    rows = sharedWith(rows, [...prefix, flag], query, (old) => {
      prefix = prefix.map(old);
      isOther = column(old(flag));
    });
    const total = grouped(aggregate, rows, prefix, outer);
    levels.push({ key: { ...key, column: prefix.at(-1)! }, relation: total.relation, prefix, value: total.value });
  }
  return answerOf(levels, schemaNames(from) ?? [], from.input.group, query.fresh);
};

/** The rows computed once, with further columns, whose new names are told. */
function sharedWith(
  rows: Rows,
  columns: readonly string[],
  query: Scope['query'],
  tell: (old: (name: string) => string) => void,
): Rows {
  const hidden = columns.map((one, i): RowColumn => ({ name: `\0\0${i}`, type: 'string', column: one }));
  const shared = sharedRows({ ...rows, columns: [...hidden, ...rows.columns] }, query);
  const fresh = renamed(shared, query.fresh);
  const names = new Map(columns.map((one, i) => [one, fresh.columns[i].column]));
  tell((name) => names.get(name) ?? name);
  return { ...fresh, columns: fresh.columns.slice(columns.length) };
}

/** A relation with other names for its keys, to be joined to the relation that it comes of. */
function keysUnderNewNames(
  relation: Relation,
  keys: readonly string[],
  fresh: () => string,
): { readonly relation: Relation; readonly on: readonly { readonly left: string; readonly right: string }[] } {
  const on = keys.map((left) => ({ left, right: fresh() }));
  return {
    relation: project(
      relation,
      on.map(({ left, right }) => ({ name: right, value: column(left) })),
    ),
    on,
  };
}

interface Level {
  readonly key: RowColumn;
  readonly relation: Relation;
  readonly prefix: readonly string[];
  readonly value: Typed;
}

/** The last level, with the values of those before beside it. */
function answerOf(
  levels: readonly Level[],
  names: readonly string[],
  group: readonly string[],
  fresh: () => string,
): Rows {
  const last = levels.at(-1)!;
  let { relation } = last;
  const columns: RowColumn[] = [];
  for (const [i, level] of levels.entries()) {
    const key = last.prefix[group.length + i];
    let value = nameOf(level.value);
    if (level !== last) {
      const keys = level.prefix.map((one) => ({ old: one, name: fresh() }));
      const name = fresh();
      const side = project(level.relation, [
        ...keys.map((one) => ({ name: one.name, value: column(one.old) })),
        { name, value: column(value) },
      ]);
      relation = join(
        'inner',
        relation,
        side,
        keys.map((one, at) => ({ left: last.prefix[at], right: one.name })),
      );
      value = name;
    }
    columns.push({ name: names[2 * i] ?? level.key.name, type: level.key.type, column: key });
    columns.push({ name: names[2 * i + 1] ?? `aggregated_${i + 1}`, type: level.value.type, column: value });
  }
  return { relation, columns, order: [], group: last.prefix.slice(0, group.length) };
}

function nameOf({ value }: Typed): string {
  return value.kind === 'column' ? value.name : '';
}

/** The values with the greatest sums or counts: exact, where the language allows an estimate. */
export const topHitters: Operator = (from) => {
  const { query, of } = from;
  const scope = scopeOf(from);
  const most = Number(constantOf(node(of, 'Expression'), scope, 'the number of values'));
  const item = node(of, 'OfExpression');
  const { relation, columns } = boundTo(scope.rows.relation, [expression(item, scope)], query.fresh);
  scope.rows = { ...scope.rows, relation };
  const by = optional(of, 'ByClause');
  const args = by === undefined ? [] : [expression(node(by, 'Expression'), scope)];
  const { aggregates, result } = lowerAggregate(of, by === undefined ? 'count' : 'sum', args, scope);
  const [key] = columns;
  const name = query.fresh();
  const keys = [...new Set([...from.input.group, key.column])];
  const sums = project(summarize(scope.rows.relation, keys, aggregates), [...keys, { name, value: result.value }]);
  const order = [{ by: name, descending: true }, { by: key.column }];
  const place = query.fresh();
  const numbered = window(sums, place, { kind: 'row_number' }, from.input.group, order);
  const names = schemaNames(from) ?? [];
  return {
    relation: filter(numbered, call('less_or_equal', column(place), wholeValue('long', most))),
    columns: [
      { name: names[0] ?? givenName(item) ?? 'Column1', ...key },
      { name: names[1] ?? 'approximate_count', type: result.type, column: name },
    ],
    order,
    group: from.input.group,
  };
};
