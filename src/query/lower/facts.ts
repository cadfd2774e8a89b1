/**
 * What aggregates add up: one row for each conversation or tuple in each bucket in which it begins or has counters, with the columns
 *
 *   dimensions      values to group by and to count distinct ones of
 *   bucket          of a series: the start of the bucket, in epoch milliseconds
 *   flow            1 where the row counts, else 0
 *   counted         the same, if it carries one of the counters that are asked for
 *   denied, tuples  how many denied flows and tuples it counts as
 *   first, last     times of the first and the last tuple
 *   sum_…           counters, or the part that falls into the bucket
 *   whole_…         counters, all of them in the bucket in which it begins
 */
import { filter, join, project, share, union, unnest } from '../relation/build.ts';
import type { Expression, Named } from '../relation/expression.ts';
import { call, column, no, nothing, textValue, when, whole, yes } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';
import type { CounterName } from '../tree.ts';
import { bothCounters } from './condition.ts';
import type { FlowSelection } from './flows.ts';
import {
  asksObservers,
  countedReports,
  flowRows,
  hasOneReport,
  headRows,
  ownOr,
  weight,
  withinRange,
} from './flows.ts';
import type { Series } from './spread.ts';
import { beginBucket, isInBeginBucket, spreadRows } from './spread.ts';
import { coveredTupleRows, tupleRows } from './tuples.ts';

/** Which columns of facts a question needs. */
export interface FactColumns {
  /** Over columns that `tuples` and `flows` both have. */
  readonly dimensions: readonly Named[];
  readonly counters: readonly CounterName[];
  readonly wholes: readonly CounterName[];
  readonly others: readonly ('denied' | 'tuples' | 'first' | 'last')[];
}

/** Names of the facts' columns, but for dimensions and bucket. */
export function measuredNames({ counters, wholes, others }: FactColumns): string[] {
  return [
    'flow',
    ...(counters.length + wholes.length > 0 ? ['counted'] : []),
    ...others,
    ...counters.map(sumName),
    ...wholes.map(wholeName),
  ];
}

export function sumName(of: CounterName): string {
  return `sum_${of.replace('.', '_')}`;
}

export function wholeName(of: CounterName): string {
  return `whole_${of.replace('.', '_')}`;
}

/** Facts of conversations. */
export function conversationFacts(
  selection: FlowSelection,
  columns: FactColumns,
  series: Series | undefined,
): Relation {
  const begin = beginValues(columns, weight(selection), column('tuples'), column('last_time'));
  if (series === undefined) return flowRows(selection, () => [...columns.dimensions, ...begin]);
  const raw = rawCounters(columns);
  const isAny = asksObservers(selection.where);
  const rows = flowRows(
    selection,
    (part) => [
      ...columns.dimensions,
      ...begin.filter(({ name }) => !name.startsWith('sum_')),
      ...raw.map((name) => ({ name, value: column(name) })),
      { name: 'bucket', value: beginBucket(series, column('time')) },
      { name: 'one_piece', value: part === 'inside' ? isOnePiece(series, isAny) : no },
      { name: 'reported', value: part === 'inside' ? countedReports() : column('counted_reports') },
    ],
    true,
  );
  const both = (of: Relation): Relation => {
    if (raw.length === 0) return beginFacts(of, columns, true);
    const pieces = spreadRows(reportRows(of, selection, columns), series, dimensionNames(columns), raw);
    return union([beginFacts(of, columns, true), pieceFacts(pieces, columns)]);
  };
  return isAny ? share(`rows_${selection.name}`, rows, both) : both(rows);
}

/** Facts of tuples, each as it was logged. */
export function tupleFacts(selection: FlowSelection, columns: FactColumns, series: Series | undefined): Relation {
  const begin = beginValues(columns, whole(1), whole(1), column('time'));
  if (series === undefined) return project(tupleRows(selection), [...columns.dimensions, ...begin]);
  const raw = rawCounters(columns);
  const list = [
    ...columns.dimensions,
    ...begin.filter(({ name }) => !name.startsWith('sum_')),
    ...raw.map((name) => ({ name, value: column(name) })),
    { name: 'bucket', value: beginBucket(series, column('time')) },
  ];
  if (series.atReport || raw.length === 0)
    return beginFacts(project(tupleRows(selection), [...list, { name: 'one_piece', value: yes }]), columns, true);
  const at = call('millis', column('time'));
  const rows = project(coveredTupleRows(selection), [
    ...list,
    { name: 'covered_from', value: column('covered_from') },
    { name: 'covered_to', value: at },
  ]);
  return share(`rows_${selection.name}`, rows, (of) => {
    const counted = filter(of, isAnyCounted(raw));
    const pieces = spreadRows(counted, series, dimensionNames(columns), raw);
    return union([beginFacts(of, columns, false), pieceFacts(pieces, columns)]);
  });
}

function dimensionNames({ dimensions }: FactColumns): string[] {
  return dimensions.map(({ name }) => name);
}

/** Counters of the tables that the facts are made of. */
function rawCounters({ counters, wholes }: FactColumns): string[] {
  return [...new Set([...counters, ...wholes].flatMap(rawNames))];
}

function rawNames(of: CounterName): string[] {
  return of === 'bytes' || of === 'packets' ? [`${of}_forward`, `${of}_reverse`] : [of.replace('.', '_')];
}

/** A counter, or the sum of both directions, over raw counters. */
function counterOf(of: CounterName): Expression {
  const [a, b] = rawNames(of).map(column);
  return b === undefined ? a : bothCounters(a, b);
}

function typeOf(of: CounterName): 'long' | 'wide' {
  return rawNames(of).length === 1 ? 'long' : 'wide';
}

function isAnyCounted(raw: readonly string[]): Expression {
  const counted = raw.map((name) => call('not', call('is_null', column(name))));
  return counted.length === 0 ? no : counted.length === 1 ? counted[0] : call('or', ...counted);
}

/** What a row counts as where it begins, in the order of measuredNames. */
function beginValues(columns: FactColumns, flow: Expression, tuples: Expression, last: Expression): Named[] {
  const isDenied = call('equal', column('access'), textValue('deny'));
  const values: Record<string, Expression> = {
    flow,
    counted: when(isAnyCounted(rawCounters(columns)), flow, whole(0)),
    denied: when(isDenied, flow, whole(0)),
    tuples: call('to_long', tuples),
    first: column('time'),
    last,
    ...Object.fromEntries(columns.counters.map((of) => [sumName(of), counterOf(of)])),
    ...Object.fromEntries(columns.wholes.map((of) => [wholeName(of), counterOf(of)])),
  };
  return measuredNames(columns).map((name) => ({ name, value: values[name] }));
}

/** Facts of rows in the buckets in which they begin; with their counters if these lie in the same bucket. */
function beginFacts(rows: Relation, columns: FactColumns, hasCounters: boolean): Relation {
  return project(rows, [
    ...dimensionNames(columns),
    'bucket',
    ...measuredNames(columns).map((name) => {
      const of = columns.counters.find((one) => sumName(one) === name);
      if (of === undefined) return name;
      return { name, value: hasCounters ? when(column('one_piece'), counterOf(of)) : nothing(typeOf(of)) };
    }),
  ]);
}

/** Facts of parts of counters in their buckets. */
function pieceFacts(pieces: Relation, columns: FactColumns): Relation {
  return project(pieces, [
    ...dimensionNames(columns),
    'bucket',
    ...measuredNames(columns).map((name) => {
      const of = columns.counters.find((one) => sumName(one) === name);
      if (of !== undefined) return { name, value: counterOf(of) };
      if (name === 'first' || name === 'last') return { name, value: nothing('time') };
      const one = columns.wholes.find((of) => wholeName(of) === name);
      return { name, value: one === undefined ? whole(0) : nothing(typeOf(one)) };
    }),
  ]);
}

/** Whether all counters of a row of `flows` inside the range lie in the bucket in which it begins. */
function isOnePiece(series: Series, ofAnyObserver: boolean): Expression {
  return call(
    'and',
    ...(ofAnyObserver ? [call('equal', column('observer'), whole(0))] : []),
    ...hasOneReport(),
    isInBeginBucket(series, column('time'), ownOr('time'), ownOr('last_time')),
  );
}

/** One row for each report of rows that are not one piece. */
function reportRows(rows: Relation, selection: FlowSelection, columns: FactColumns): Relation {
  const raw = rawCounters(columns);
  const names = dimensionNames(columns);
  const counted = filter(rows, call('not', column('one_piece')), isAnyCounted(raw));
  const of = (name: string): Expression => ({ kind: 'field', of: column('report'), name });
  const unrolled = (from: Relation): Relation => {
    const reports = unnest(project(from, [...names, 'reported']), column('reported'), 'report');
    const covered = project(filter(reports, ...withinRange(selection.range, of('time'))), [
      ...names,
      ...raw.map((name) => ({ name, value: of(name) })),
      { name: 'covered_from', value: call('millis', of('before')) },
      { name: 'covered_to', value: call('millis', of('time')) },
    ]);
    return filter(covered, isAnyCounted(raw));
  };
  if (!asksObservers(selection.where)) return unrolled(counted);
  const isHead = call('equal', column('id_observer'), whole(0));
  const others = join('inner', filter(counted, call('not', isHead)), headRows(selection), [
    { left: 'id_conversation', right: 'head_conversation' },
    { left: 'id_time', right: 'head_time' },
  ]);
  return union([
    unrolled(filter(counted, isHead)),
    unrolled(project(others, [...names, { name: 'reported', value: column('head_reports') }])),
  ]);
}
