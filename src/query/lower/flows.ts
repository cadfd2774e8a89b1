/**
 * Conversations as rows of `flows`, one a conversation, whose counters are those inside a range.
 *
 * A condition that asks for nothing of an observer holds of all observers of a conversation or of none, so that the row of observer 0 is
 * enough. Any other condition is asked of all rows, and of each conversation the first one remains of which it holds.
 *
 * Only rows that cross a bound of the range need their reports: they are read apart from the rows inside.
 */
import { counterMax } from '../../flowlog/counter.ts';
import { columnsOf } from '../relation/check.ts';
import { extend, filter, join, project, scan, share, union, window } from '../relation/build.ts';
import { findNameColumn } from '../names/columns.ts';
import type { Expression, Named } from '../relation/expression.ts';
import { allOf, call, column, columnsRead, timeValue, when, whole, wholeValue } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';
import { counterColumns, reportsType } from '../relation/tables.ts';
import { elementOf, fieldsOf } from '../relation/type.ts';
import type { Condition, QueryRange } from '../tree.ts';
import { conditionExpression, fieldNamed, fieldsOfCondition } from './condition.ts';

/** Which conversations a question is about. */
export interface FlowSelection {
  readonly range: QueryRange;
  readonly where: Condition | undefined;
  /** The first instant of the first date that the table has; absent if it is empty. */
  readonly firstDateMillis: number | undefined;
  /** Tells the relations of this selection from those of another one in the same tree. */
  readonly name: string;
}

/** Whether rows lie inside the range, or cross one of its bounds. */
export type Part = 'inside' | 'crossing';

/** Columns of a row of flowRows that say which it is. */
export const identity = ['id_conversation', 'id_time', 'id_observer', 'id_observers'] as const;

const dayMillis = 86_400_000;

/** Columns that the rows of one conversation share; names of both sides and of the port follow from them. */
const shared = new Set(['time', 'src_ip', 'src_port', 'dst_ip', 'dst_port', 'protocol', 'access', ...counterColumns]);

/** Whether a condition asks for a column that each observer has of its own. */
export function asksObservers(where: Condition | undefined): boolean {
  if (where === undefined) return false;
  return [...fieldsOfCondition(where)].some((name) =>
    fieldNamed(name).columns.some((one) => !shared.has(one) && findNameColumn(one) === undefined),
  );
}

/**
 * The conversations of a selection with the columns `shown`, which may differ by part, and `identity` if asked for. Counters that `shown` or the
 * condition name are sums of what was reported inside the range, null if nothing was.
 */
export function flowRows(
  selection: FlowSelection,
  shown: (part: Part) => readonly Named[],
  withIdentity = false,
): Relation {
  const all = asksObservers(selection.where);
  const where = selection.where === undefined ? undefined : conditionExpression(selection.where);
  const read = [...(['inside', 'crossing'] as const).flatMap((part) => shown(part).map(({ value }) => value)), where];
  const isCounting = read.some((one) => one !== undefined && columnsRead(one).some(isCounter));
  const ids = all || withIdentity ? identityColumns : [];
  const parts = isCounting
    ? countedParts(selection, all)
    : [{ part: 'inside' as const, rows: overlapping(selection, all) }];
  const accepted = union(parts.map(({ part, rows }) => project(filter(rows, where), [...shown(part), ...ids])));
  if (!all) return accepted;
  const names = columnsOf(accepted).map(({ name }) => name);
  const kept = withIdentity ? names : names.filter((name) => !identity.some((id) => id === name));
  return share(`accepted_${selection.name}`, accepted, (rows) => {
    const several = filter(rows, call('greater', column('id_observers'), whole(1)));
    const numbered = window(several, 'place', { kind: 'row_number' }, ['id_conversation', 'id_time'], ['id_observer']);
    return union([
      project(filter(rows, call('equal', column('id_observers'), whole(1))), kept),
      project(filter(numbered, call('equal', column('place'), whole(1))), kept),
    ]);
  });
}

/** By `head_conversation` and `head_time`: the reports of the counting observer, of conversations that several observers saw. */
export function headRows(selection: FlowSelection): Relation {
  return heads(rangeTests(selection.range));
}

/**
 * Rows of `flows` as each observer saw them: `time`, `last_time`, `access` and the counters are its own.
 */
export function observerRows({ range, where: condition }: FlowSelection, shown: readonly Named[]): Relation {
  const where = condition === undefined ? undefined : conditionExpression(condition);
  const own = new Map<string, Expression>([
    ...['time', 'last_time', 'access'].map((name): [string, Expression] => [name, ownOr(name)]),
    ...counterColumns.map((name): [string, Expression] => [
      name,
      when(call('is_null', column('observer_access')), column(name), column(`observer_${name}`)),
    ]),
  ]);
  const rows = replace(filter(scan('flows'), ...rangeTests(range)), own);
  const reported = replace(
    rows,
    new Map([['reports', listOr([column('reports')], singleReport('time', 'last_time'))]]),
  );
  const bounds = [
    ...(range.start === undefined ? [] : [call('less', column('time'), timeValue(range.start))]),
    ...(range.end === undefined ? [] : [call('greater_or_equal', column('last_time'), timeValue(range.end))]),
  ];
  const crosses = bounds.length <= 1 ? bounds[0] : call('or', ...bounds);
  const counted =
    crosses === undefined
      ? reported
      : replace(
          reported,
          new Map(counterColumns.map((name) => [name, when(crosses, sumWithin(range, 'reports', name), column(name))])),
        );
  return project(filter(counted, ...rangeTests(range), where), shown);
}

/** Conversations count on the date on which they began; before this time, on the first date that is asked for, those that are continued count, too. */
export function secondDateOf({ start = -Infinity }: QueryRange, firstDateMillis = -Infinity): number {
  return Math.max(Math.floor(start / dayMillis) * dayMillis, firstDateMillis) + dayMillis;
}

/** 1 for a conversation that counts, else 0. */
export function weight({ range, firstDateMillis }: FlowSelection): Expression {
  const { end = Infinity } = range;
  const secondDate = secondDateOf(range, firstDateMillis);
  // `continued` and `time` are a twelfth of what a count decodes.
  if (end <= secondDate) return whole(1);
  const isLater = Number.isFinite(secondDate) ? [call('greater_or_equal', column('time'), timeValue(secondDate))] : [];
  return when(allOf([column('continued'), ...isLater])!, whole(0), whole(1));
}

/** The reports of the counting observer of a row of observer 0; of a row without a list it is one report. */
export function countedReports(): Expression {
  return listOr([column('counting_reports'), column('reports')], singleReport('observer_time', 'observer_last_time'));
}

/** Tests of a row of observer 0 that it has one report at the most, which runs from its first to its last time. */
export function hasOneReport(): Expression[] {
  return ['counting_reports', 'reports'].map((name) => call('not', call('has_items', column(name))));
}

/** A column of the row's own observer, which is null where it is the conversation's. */
export function ownOr(name: string): Expression {
  return call('coalesce', column(`observer_${name}`), column(name));
}

/** Tests of a time, `time` by default, that it lies in the range. */
export function withinRange({ start, end }: QueryRange, time: Expression): Expression[] {
  return [
    ...(start === undefined ? [] : [call('greater_or_equal', time, timeValue(start))]),
    ...(end === undefined ? [] : [call('less', time, timeValue(end))]),
  ];
}

const identityColumns: readonly Named[] = [
  { name: 'id_conversation', value: column('conversation') },
  { name: 'id_time', value: column('time') },
  { name: 'id_observer', value: column('observer') },
  { name: 'id_observers', value: column('observers') },
];

const isShown = call('equal', column('observer'), whole(0));

function isCounter(name: string): boolean {
  return counterColumns.some((one) => one === name);
}

/** Rows that overlap the range. */
export function rangeTests({ start, end }: QueryRange): Expression[] {
  return [
    ...(end === undefined ? [] : [call('less', column('time'), timeValue(end))]),
    ...(start === undefined ? [] : [call('greater_or_equal', column('last_time'), timeValue(start))]),
  ];
}

function overlapping({ range }: FlowSelection, all: boolean): Relation {
  return filter(scan('flows'), ...(all ? [] : [isShown]), ...rangeTests(range));
}

/** Rows inside the range, and those that cross its start or only its end, which have the sums of their reports inside. */
function countedParts({ range }: FlowSelection, all: boolean): { part: Part; rows: Relation }[] {
  const { start, end } = range;
  const fromStart = start === undefined ? [] : [call('greater_or_equal', column('time'), timeValue(start))];
  const crossings: Expression[][] = [];
  if (start !== undefined) crossings.push([call('less', column('time'), timeValue(start)), ...rangeTests(range)]);
  if (end !== undefined)
    crossings.push([
      ...fromStart,
      call('less', column('time'), timeValue(end)),
      call('greater_or_equal', column('last_time'), timeValue(end)),
    ]);
  const untilEnd = end === undefined ? [] : [call('less', column('last_time'), timeValue(end))];
  const inside = filter(scan('flows'), ...(all ? [] : [isShown]), ...fromStart, ...untilEnd);
  const sums = new Map(counterColumns.map((name) => [name, sumWithin(range, 'counted_reports', name)]));
  return [
    { part: 'inside', rows: inside },
    ...crossings.map((tests) => ({ part: 'crossing' as const, rows: replace(reportedRows(tests, all), sums) })),
  ];
}

/** Rows with `counted_reports`; those of further observers have them from observer 0. */
function reportedRows(tests: readonly Expression[], all: boolean): Relation {
  const shown = extend(filter(scan('flows'), isShown, ...tests), [
    { name: 'counted_reports', value: countedReports() },
  ]);
  if (!all) return shown;
  const others = join(
    'inner',
    filter(scan('flows'), call('greater', column('observer'), whole(0)), ...tests),
    heads(tests),
    [
      { left: 'conversation', right: 'head_conversation' },
      { left: 'time', right: 'head_time' },
    ],
  );
  const columns = columnsOf(shown).map(({ name }) =>
    name === 'counted_reports' ? { name, value: column('head_reports') } : name,
  );
  return union([shown, project(others, columns)]);
}

function heads(tests: readonly Expression[]): Relation {
  const several = call('greater', column('observers'), whole(1));
  return project(filter(scan('flows'), isShown, several, ...tests), [
    { name: 'head_conversation', value: column('conversation') },
    { name: 'head_time', value: column('time') },
    { name: 'head_reports', value: countedReports() },
  ]);
}

/** The sum of a counter over the reports inside the range. */
function sumWithin(range: QueryRange, list: string, counter: string): Expression {
  const of = (name: string): Expression => ({ kind: 'field', of: { kind: 'element' }, name });
  const where = allOf(withinRange(range, of('time')));
  const sum: Expression = {
    kind: 'total',
    list: column(list),
    value: of(counter),
    ...(where === undefined ? {} : { where }),
  };
  // As settled rows have it.
  const most = wholeValue('long', counterMax);
  return when(call('greater', sum, most), most, call('to_long', sum));
}

/** The first of these lists that has elements, else a list of one report. */
function listOr(lists: readonly Expression[], single: Expression): Expression {
  return {
    kind: 'case',
    when: lists.map((list) => ({ if: call('has_items', list), value: list })),
    otherwise: { kind: 'list', items: [single] },
  };
}

/** A report over all of a row's time, with the row's counters. */
function singleReport(start: string, end: string): Expression {
  const timeOf = (name: string): Expression => (name.startsWith('observer_') ? ownOr(name.slice(9)) : column(name));
  const times: Record<string, Expression> = { before: timeOf(start), time: timeOf(end) };
  const fields = fieldsOf(elementOf(reportsType)!)!.map(({ name }) => ({ name, value: times[name] ?? column(name) }));
  return { kind: 'struct', fields };
}

/** The relation with other values in some of its columns. */
function replace(relation: Relation, values: ReadonlyMap<string, Expression>): Relation {
  return project(
    relation,
    columnsOf(relation).map(({ name }) => ({ name, value: values.get(name) ?? column(name) })),
  );
}
