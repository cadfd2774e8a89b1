/** make-series: an array of values for each group, with one for each step of an axis. */
import { cross, extend, filter, join, limit, project, summarize, unnest } from '../../../relation/build.ts';
import type { Expression } from '../../../relation/expression.ts';
import { call, column, when, whole, wholeValue, yes } from '../../../relation/expression.ts';
import type { Aggregate, Relation } from '../../../relation/relation.ts';
import { kqlFunctions } from '../../functions/kql-functions.ts';
import type { Typed } from '../../functions/kinds.ts';
import { limits } from '../../../../base/limits.ts';
import { apply, converted, expression, lowerAggregate, operate } from '../expression.ts';
import { literal } from '../literal.ts';
import { oneRow } from '../one-row.ts';
import { list, node, optional, parameter } from '../parts.ts';
import type { RowColumn } from '../rows.ts';
import { boundTo, neverNullText } from '../rows.ts';
import { Scope } from '../scope.ts';
import { sharedRows } from '../shared-rows.ts';
import { givenName } from './columns.ts';
import type { Operator, OperatorInput } from './operator.ts';
import { schemaNames, scopeOf } from './operator.ts';

export const makeSeries: Operator = (from) => {
  const { of, query, input } = from;
  const scope = scopeOf(from);
  const axisItem = node(node(of, 'OnClause'), 'Expression');
  const axis = expression(axisItem, scope);
  const { start, step, count } = stepsOf(from);
  const place = stepOf(axis, start, step, from);
  const byItems = list(optional(of, 'ByClause'), 'Expressions');
  const bound = boundTo(
    scope.rows.relation,
    [place, ...byItems.map((item) => neverNullText(expression(item, scope)))],
    query.fresh,
  );
  const [at, ...keys] = bound.columns;
  const isWithin = call(
    'and',
    call('greater_or_equal', column(at.column), whole(0)),
    call('less', column(at.column), wholeValue('long', count)),
  );
  const marked = {
    ...scope.rows,
    relation: filter(bound.relation, isWithin),
    columns: [{ name: '', ...at }, ...keys.map((one, i) => ({ name: `\0${i}`, ...one })), ...scope.rows.columns],
  };
  const rows = sharedRows(marked, query);
  const inner = { ...rows, columns: rows.columns.slice(1 + keys.length) };
  const [where, ...by] = rows.columns.slice(0, 1 + keys.length).map((one) => one.column);
  const aggregates: Aggregate[] = [];
  const values = new Scope(query, from.names, inner, aggregates);
  const items = list(of, 'Aggregates');
  const results = items.map((item) => neverNullText(expression(node(item, 'Expression'), values)));
  const groups = [...rows.group, ...by];
  const summed = summarize(values.rows.relation, [...groups, where], aggregates);
  const made = results.map((result) => ({ name: query.fresh(), value: result.value }));
  const cells = project(summed, [
    ...[...groups, where].map((name) => ({ name: `${name}x`, value: column(name) })),
    ...made,
  ]);
  // Of no rows there is no series, unless it is asked for.
  const isNonEmpty = parameter(of, 'kind')?.text?.toLowerCase() === 'nonempty';
  const any = query.fresh();
  const one = limit(project(bound.relation, [{ name: any, value: yes }]), 1);
  const marks = groups.length === 0 && !isNonEmpty ? [any] : [];
  const gridOf = groups.length > 0 ? summarize(rows.relation, groups, []) : isNonEmpty ? undefined : one;
  const grid = steps(gridOf, count, from);
  const joined = join('left', grid.relation, cells, [
    ...groups.map((name) => ({ left: name, right: `${name}x` })),
    { left: grid.place, right: `${where}x` },
  ]);
  const isThere = query.fresh();
  const filled = extend(joined, [{ name: isThere, value: call('not', call('is_null', column(`${where}x`))) }]);
  const withValues = boundTo(
    filled,
    items.map((item, i) => {
      const clause = optional(item, 'DefaultExpression');
      const given = clause === undefined ? literal('long', 0) : expression(node(clause, 'Expression'), scope);
      const otherwise = converted(given, results[i].type, scope, item);
      return { value: when(column(isThere), column(made[i].name), otherwise.value), type: results[i].type };
    }),
    query.fresh,
  );
  const lists = withValues.columns.map((one) =>
    lowerAggregate(of, 'make_list_with_nulls', [{ value: column(one.column), type: one.type }], scope),
  );
  const relation = summarize(
    withValues.relation,
    [...groups, ...marks],
    lists.flatMap((one) =>
      one.aggregates.map((a) => (a.function === 'apply' ? { ...a, order: [{ by: grid.place }] } : a)),
    ),
  );
  const axisName = givenName(axisItem) ?? 'axis';
  const end = operate('+', of, [start, operate('*', of, [literal('long', count - 1), step], scope)], scope);
  const axisValues = apply('range', kqlFunctions['range'], of, [start, end, step], scope);
  const finished = boundTo(relation, [...lists.map((one) => one.result), axisValues], query.fresh);
  const names = schemaNames(from) ?? [];
  const shown: RowColumn[] = [
    ...by.map((name, i) => ({
      name: givenName(byItems[i]) ?? names[i] ?? `Column${i + 1}`,
      type: keys[i].type,
      column: name,
    })),
    ...finished.columns.map((one, i) => ({
      name: i < items.length ? (names[by.length + i] ?? `series${i + 1}`) : (names[by.length + i] ?? axisName),
      ...one,
    })),
  ];
  return { relation: finished.relation, columns: shown, order: [], group: rows.group.slice(0, input.group.length) };
};

/** The number of a value's step, from 0. */
function stepOf(axis: Typed, start: Typed, step: Typed, from: OperatorInput): Typed {
  const scope = scopeOf(from);
  const operated = (sign: string, a: Typed, b: Typed): Typed => operate(sign, from.of, [a, b], scope);
  const real = (one: Typed): Typed => converted(one, 'real', scope, from.of);
  const distance = operated('-', axis, start);
  const isWhole = distance.type === 'long' || distance.type === 'int';
  const ratio = isWhole ? operated('/', real(distance), real(step)) : operated('/', distance, step);
  const floored = apply('floor', kqlFunctions['floor'], from.of, [real(ratio), literal('real', 1)], scope);
  return converted(floored, 'long', scope, from.of);
}

interface Steps {
  readonly start: Typed;
  readonly step: Typed;
  readonly count: number;
}

function stepsOf(from: OperatorInput): Steps {
  const { of, query, names } = from;
  const clause = node(of, 'RangeClause');
  if (clause.kind !== 'MakeSeriesFromToStepClause')
    return query.refuse(clause, 'make-series takes from, to and step, not in range');
  const scope = new Scope(query, names, oneRow(query));
  const part = (name: string): Typed | undefined => {
    const found = optional(clause, name);
    return found === undefined ? undefined : expression(node(found, 'Expression'), scope);
  };
  const step = part('MakeSeriesStepClause');
  const [start, end] = [part('MakeSeriesFromClause'), part('MakeSeriesToClause')];
  if (step === undefined || start === undefined || end === undefined)
    return query.refuse(clause, 'make-series needs from, to and step');
  const constants = [start, end, step].map((one) => query.constant(one));
  if (constants.some((one) => one === undefined || one === null))
    return query.refuse(clause, 'from, to and step of make-series have to be constants');
  const last = query.constant(stepOf(operate('-', of, [end, axisTick(end)], scope), start, step, from));
  const count = Number(last) + 1;
  if (!Number.isSafeInteger(count) || count < 1)
    return query.invalid(clause, 'the series has no step: to lies before from');
  if (count > limits.kqlSeriesStepsMax)
    return query.refuse(clause, `a series of ${count} steps is longer than ${limits.kqlSeriesStepsMax}`);
  return { start, step, count };
}

/** The end is excluded: the last value before it. */
function axisTick(end: Typed): Typed {
  if (end.type === 'datetime' || end.type === 'timespan') return literal('timespan', 10);
  return end.type === 'real' ? literal('real', 1e-9) : literal('long', 1);
}

/** Each step, of each group. */
function steps(
  groups: Relation | undefined,
  count: number,
  { query }: OperatorInput,
): { readonly relation: Relation; readonly place: string } {
  const place = query.fresh();
  const last: Expression = wholeValue('long', count - 1);
  const all = unnest(oneRow(query).relation, call('sequence', whole(0), last), place);
  return { relation: groups === undefined ? all : cross(groups, project(all, [place])), place };
}
