/**
 * Aggregates as a tree: facts are added up for each combination of bucket and keys, the largest groups of each axis are found among these
 * sums, and these are added up once more for what is shown.
 */
import { measureColumn } from '../measure.ts';
import {
  cross,
  extend,
  filter,
  join,
  limit,
  project,
  share,
  sort,
  summarize,
  union,
  unnest,
  window,
} from '../relation/build.ts';
import { columnsOf } from '../relation/check.ts';
import type { Expression, Named } from '../relation/expression.ts';
import { call, column, no, textValue, when, whole, yes } from '../relation/expression.ts';
import type { Aggregate, Relation, SortKey } from '../relation/relation.ts';
import type { GroupQuery, Measure, QueryRange } from '../tree.ts';
import type { ComparedSuffix, GroupPlan, PlannedAxis } from './axes.ts';
import { changeName, comparedSuffixes, isSpanned, otherName, planGroups } from './axes.ts';
import { fieldNamed } from './condition.ts';
import { conversationFacts, measuredNames, sumName, tupleFacts, wholeName } from './facts.ts';
import type { FlowSelection } from './flows.ts';
import type { Series } from './spread.ts';

/** Columns behind those that are shown, the same in each row: all flows, and those that carry a counter that is asked for. */
export const totalNames = { flows: 'all_flows', counted: 'counted_flows' } as const;

/** @throws usage */
export function lowerGroups(query: GroupQuery, firstDateMillis: number | undefined): Relation {
  const plan = planGroups(query);
  const { bucketMillis, compareMillis } = query;
  const facts = periodFacts(query, plan, firstDateMillis);
  const isPlain = bucketMillis === undefined && compareMillis === undefined;
  const [axis] = plan.axes;
  if (isPlain && axis === undefined) return shownRows(query, plan, totalRow(query, plan, facts), []);
  if (isPlain && plan.axes.length === 1 && !axis.other) return lowerTop(query, plan, axis, facts);
  return share('counted', summed(query, plan, facts), (counted) => lowerAxes(query, plan, counted));
}

/** One axis without buckets: groups are added up once. */
function lowerTop(query: GroupQuery, plan: GroupPlan, { keys, limit: rows }: PlannedAxis, facts: Relation): Relation {
  const totals = totalAggregates(query, plan);
  const groups = summarize(facts, keys, [
    ...measureAggregates(query),
    ...totals.map((one) => ({ ...one, name: `group_${one.name}` })),
  ]);
  return share('groups', groups, (all) => {
    const total = summarize(
      all,
      [],
      totals.map((one) => ({ ...one, argument: column(`group_${one.name}`) })),
    );
    const shown = shownRows(query, plan, cross(all, total), keys);
    return limit(sort(shown, ...groupOrder(query, keys)), rows);
  });
}

/** One row: everything together. */
function totalRow(query: GroupQuery, plan: GroupPlan, facts: Relation): Relation {
  return summarize(facts, [], [...measureAggregates(query), ...totalAggregates(query, plan)]);
}

/** Any number of axes, with buckets, a period before, other groups. */
function lowerAxes(query: GroupQuery, plan: GroupPlan, counted: Relation): Relation {
  const hasBuckets = query.bucketMillis !== undefined;
  const best = plan.axes.map((axis, i) => ({ axis, i, name: `best_${i}`, rank: `rank_${i}` }));
  const labelled = best.reduce((rows, { axis, i, rank }) => {
    const largest = largestGroups(query, counted, axis, i, rank);
    const on = axis.keys.map((key) => ({ left: key, right: bestName(i, key) }));
    return join(axis.other ? 'left' : 'inner', rows, largest, on);
  }, counted);
  const keys = best.flatMap(({ axis, i, rank }) => [...axis.keys.map((key) => bestName(i, key)), rank]);
  const changes = query.changes === true ? [changeName] : [];
  const by = [...(hasBuckets ? ['bucket'] : []), ...keys, ...changes];
  const grouped = summarize(labelled, by, measureAggregates(query));
  const total = summarize(counted, [], totalAggregates(query, plan));
  const order = [...(hasBuckets ? ['bucket'] : []), ...best.map(({ rank }) => rank)];
  const all = by.length === 0 ? cross(grouped, total) : sort(cross(grouped, total), ...order);
  const shown = [
    ...(hasBuckets ? [{ name: 'time', value: call('time_of', column('bucket')) }] : []),
    ...changes,
    ...best.flatMap(({ axis, i }) => axis.keys.map((key) => ({ name: key, value: column(bestName(i, key)) }))),
    ...best
      .filter(({ axis }) => axis.other)
      .map(({ rank }, i) => ({ name: otherName(i), value: when(call('is_null', column(rank)), yes, no) })),
  ];
  return shownRows(query, plan, all, shown);
}

function bestName(i: number, key: string): string {
  return `best_${i}_${key}`;
}

/** The largest groups of an axis with their rank, and what became of them. */
function largestGroups(
  query: GroupQuery,
  counted: Relation,
  { keys, limit: most }: PlannedAxis,
  i: number,
  rank: string,
): Relation {
  const sized =
    query.compareMillis === undefined ? sizedGroups(query, counted, keys) : comparedGroups(query, counted, keys);
  const order: SortKey[] = [{ by: 'place', descending: true }, ...keys.map((by) => ({ by }))];
  const ranked = window(sized, rank, { kind: 'row_number' }, [], order);
  return project(filter(ranked, call('less_or_equal', column(rank), whole(most))), [
    ...keys.map((key) => ({ name: bestName(i, key), value: column(key) })),
    rank,
    ...(query.changes === true ? [changeName] : []),
  ]);
}

/** Groups with their `place`: the greater, the earlier. */
function sizedGroups({ measures: [first] }: GroupQuery, counted: Relation, keys: readonly string[]): Relation {
  const sizes = summarize(counted, keys, [measureAggregate(first, 'size', undefined)]);
  return extend(sizes, [{ name: 'place', value: zeroIfCount(first, column('size')) }]);
}

/** The same over both periods: by the larger size, or by the difference of those that changed. */
function comparedGroups(query: GroupQuery, counted: Relation, keys: readonly string[]): Relation {
  const [first] = query.measures;
  const of = (name: string): [Expression, Expression] => [column(`${name}_0`), column(`${name}_1`)];
  const sizes = summarize(
    counted,
    keys,
    [0, 1].flatMap((period) => [
      measureAggregate(first, `size_${period}`, period),
      ...(query.changes === true
        ? [{ name: `rows_${period}`, function: 'sum' as const, argument: when(isPeriod(period), whole(1)) }]
        : []),
    ]),
  );
  const [now, before] = of('size').map((size) => zeroIfCount(first, size));
  if (query.changes !== true) return extend(sizes, [{ name: 'place', value: call('greatest', now, before) }]);
  const [isGone, isNew] = of('rows').map((rows) => call('is_null', rows));
  const isUp = call('greater', column('difference'), whole(0));
  const texts: [Expression, string][] = [
    [isNew, 'new'],
    [isGone, 'gone'],
    [isUp, 'up'],
  ];
  const differing = filter(
    extend(sizes, [{ name: 'difference', value: differenceOf(now, before) }]),
    call('or', isNew, isGone, call('not_equal', column('difference'), whole(0))),
  );
  return extend(differing, [
    {
      name: 'place',
      value: call('greatest', column('difference'), call('subtract', whole(0), column('difference'))),
    },
    {
      name: changeName,
      value: {
        kind: 'case',
        when: texts.map(([condition, text]) => ({ if: condition, value: textValue(text) })),
        otherwise: textValue('down'),
      },
    },
  ]);
}

/** What was not counted is nothing beside what was; null if neither was counted. */
function differenceOf(now: Expression, before: Expression): Expression {
  const isEither = call('or', call('not', call('is_null', now)), call('not', call('is_null', before)));
  const orZero = (value: Expression): Expression => call('coalesce', value, whole(0));
  return when(isEither, call('subtract', orZero(now), orZero(before)));
}

/** Facts of all periods, with a row for each side of a key that means both. */
function periodFacts(query: GroupQuery, plan: GroupPlan, firstDateMillis: number | undefined): Relation {
  const { compareMillis, where, range = {} } = query;
  const factsOf = (name: string, within: QueryRange, shiftMillis: number): Relation => {
    const selection: FlowSelection = { range: within, where, firstDateMillis, name };
    const series: Series | undefined =
      query.bucketMillis === undefined
        ? undefined
        : {
            bucketMillis: query.bucketMillis,
            atReport: query.atReport === true,
            startMillis: within.start,
            shiftMillis,
          };
    return (query.observations === true ? tupleFacts : conversationFacts)(selection, plan.facts, series);
  };
  if (compareMillis === undefined) return sided(plan, factsOf('now', range, 0));
  const periods = [factsOf('now', range, 0), factsOf('before', shifted(range, compareMillis), compareMillis)];
  return sided(plan, union(periods.map((facts, period) => extend(facts, [{ name: 'period', value: whole(period) }]))));
}

function shifted({ start, end }: QueryRange, byMillis: number): QueryRange {
  return {
    ...(start === undefined ? {} : { start: start - byMillis }),
    ...(end === undefined ? {} : { end: end - byMillis }),
  };
}

/** One row for each side. A row in the groups of both counts in totals with the first of them only: `once_flow`, `once_counted`. */
function sided({ sides }: GroupPlan, facts: Relation): Relation {
  if (sides.length === 0) return facts;
  const rows = sides.reduce((all, { name, list }) => unnest(all, column(list), name), facts);
  const isFirst = sides.flatMap(({ name, source }) => [
    call('or', call('is_null', column(source)), call('equal', column(name), column(source))),
  ]);
  const once = (name: string): Named => ({
    name: `once_${name}`,
    value: when(isFirst.length === 1 ? isFirst[0] : call('and', ...isFirst), column(name), whole(0)),
  });
  const counts = columnsOf(facts).flatMap(({ name }) => (name === 'flow' || name === 'counted' ? [name] : []));
  const lists = new Set(sides.flatMap(({ list, source }) => [list, source]));
  return project(rows, [
    ...columnsOf(rows).flatMap(({ name }) => (lists.has(name) ? [] : [name])),
    ...counts.map(once),
  ]);
}

/** Facts added up by all that the rest asks for. Percentiles need each row. */
function summed(query: GroupQuery, { axes, distinct, facts: columns, sides }: GroupPlan, facts: Relation): Relation {
  if (columns.wholes.length > 0) return facts;
  const by = [
    ...(query.bucketMillis === undefined ? [] : ['bucket']),
    ...(query.compareMillis === undefined ? [] : ['period']),
    ...new Set([...axes.flatMap(({ keys }) => keys), ...distinct]),
  ];
  const names = [...measuredNames(columns), ...(sides.length === 0 ? [] : onceNames(columns.counters.length > 0))];
  return summarize(
    facts,
    by,
    names.map((name) => {
      const function_ = name === 'first' ? 'min' : name === 'last' ? 'max' : 'sum';
      return { name, function: function_, argument: column(name) } as const;
    }),
  );
}

function onceNames(isCounting: boolean): string[] {
  return isCounting ? ['once_flow', 'once_counted'] : ['once_flow'];
}

/** Aggregates of the measures, of each period. */
function measureAggregates(query: GroupQuery): Aggregate[] {
  return query.measures.flatMap((measure) => {
    const name = `m_${measureColumn(measure)}`;
    if (query.compareMillis === undefined) return [measureAggregate(measure, name, undefined)];
    return [measureAggregate(measure, name, 0), measureAggregate(measure, `${name}_before`, 1)];
  });
}

function measureAggregate(measure: Measure, name: string, period: number | undefined): Aggregate {
  const of = (value: string): Expression =>
    period === undefined ? column(value) : when(isPeriod(period), column(value));
  switch (measure.kind) {
    case 'flows':
      return { name, function: 'sum', argument: of('flow') };
    case 'denied':
    case 'tuples':
      return { name, function: 'sum', argument: of(measure.kind) };
    case 'sum':
    case 'rate':
      return { name, function: 'sum', argument: of(sumName(measure.of)) };
    case 'distinct':
      return { name, function: 'distinct', argument: of(distinctColumn(measure.field)) };
    case 'percentile':
      return { name, function: 'percentile', argument: of(wholeName(measure.of)), permille: measure.permille };
    case 'first':
      return { name, function: 'min', argument: of('first') };
    default:
      return { name, function: 'max', argument: of('last') };
  }
}

/** What all rows carry: totals of the period that is asked for, and the time that rates are by. */
function totalAggregates(
  query: GroupQuery,
  { facts, sides }: GroupPlan,
): Exclude<Aggregate, { function: 'count' | 'percentile' }>[] {
  const prefix = sides.length === 0 ? '' : 'once_';
  const now = (name: string): Expression =>
    query.compareMillis === undefined ? column(prefix + name) : when(isPeriod(0), column(prefix + name));
  return [
    { name: totalNames.flows, function: 'sum', argument: now('flow') },
    ...(facts.counters.length + facts.wholes.length === 0
      ? []
      : [{ name: totalNames.counted, function: 'sum' as const, argument: now('counted') }]),
    ...(query.measures.some((measure) => isSpanned(query, measure))
      ? [
          { name: 'span_first', function: 'min' as const, argument: column('first') },
          { name: 'span_last', function: 'max' as const, argument: column('last') },
        ]
      : []),
  ];
}

/** The columns of the answer, and the totals behind them. */
function shownRows(query: GroupQuery, plan: GroupPlan, rows: Relation, keys: readonly (string | Named)[]): Relation {
  const values = query.measures.flatMap((measure) => {
    const name = measureColumn(measure);
    const valueOf = (suffix: string): Expression => zeroIfCount(measure, column(`m_${name}${suffix}`));
    const perSecond = (value: Expression): Expression =>
      measure.kind !== 'rate'
        ? value
        : call('divide', measure.isBits === true ? call('multiply', value, whole(8)) : value, seconds(query));
    if (query.compareMillis === undefined) return [{ name, value: perSecond(valueOf('')) }];
    const [now, before] = [valueOf(''), valueOf('_before')];
    const difference = differenceOf(now, before);
    const values: Record<ComparedSuffix, () => Expression> = {
      '': () => perSecond(now),
      _before: () => perSecond(before),
      _difference: () => perSecond(difference),
      _percent: () => call('divide', call('multiply', difference, whole(100)), before),
    };
    return comparedSuffixes(measure).map((suffix): Named => ({ name: name + suffix, value: values[suffix]() }));
  });
  const totals = totalAggregates(query, plan).flatMap(({ name }) =>
    name.startsWith('span_') ? [] : [{ name, value: call('coalesce', column(name), whole(0)) }],
  );
  return project(rows, [...keys, ...values, ...totals]);
}

function zeroIfCount({ kind }: Measure, value: Expression): Expression {
  return kind === 'flows' || kind === 'denied' || kind === 'tuples' ? call('coalesce', value, whole(0)) : value;
}

/** What a rate is by: a bucket, the range, or the time from the first tuple to the last. */
function seconds({ bucketMillis, range }: GroupQuery): Expression {
  const ofMillis = (millis: number): Expression => ({ kind: 'literal', type: 'double', value: millis / 1000 });
  if (bucketMillis !== undefined) return ofMillis(bucketMillis);
  if (range?.start !== undefined && range.end !== undefined) return ofMillis(Math.max(1000, range.end - range.start));
  const span = call('subtract', call('millis', column('span_last')), call('millis', column('span_first')));
  return call('divide', call('greatest', span, whole(1000)), whole(1000));
}

function groupOrder({ measures: [first] }: GroupQuery, keys: readonly string[]): SortKey[] {
  return [{ by: measureColumn(first), descending: true }, ...keys.map((by) => ({ by }))];
}

function isPeriod(period: number): Expression {
  return call('equal', column('period'), whole(period));
}

function distinctColumn(field: string): string {
  return fieldNamed(field).columns[0];
}
