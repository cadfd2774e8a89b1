/**
 * Aggregates as SQL, by common table expressions:
 *
 *   base      one row a conversation, or a tuple with `observations`; where compared, of both periods
 *   counted   one row for each group of `ip` or `port` that a row of the base is in, and for each bucket in which it has counters.
 *             `flow` and `tuples` say what the row counts as: each conversation in the bucket in which it begins, and there only
 *   best_0    the largest groups of each axis
 *   best_1
 */
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { columnsOfCondition, conditionSql } from './condition-sql.ts';
import type { ConversationScope } from './conversation.ts';
import { bothDirections, conversationsSql, counters, isCounted, reportedTuplesSql } from './conversation.ts';
import type { Dialect, Parameters } from './dialect.ts';
import type { Field } from './fields.ts';
import { findField } from './fields.ts';
import { groupField, measureColumn } from './measure.ts';
import type { Axis, Condition, CounterName, GroupQuery, Measure } from './tree.ts';

/** Reports of a flow come every five minutes: the counters of one whose previous tuple the range does not have cover so much at the most. */
const reportMillis = 300_000;

/** One column of groups. */
interface Key {
  /** Of the answer. */
  readonly name: string;
  readonly field: Field;
}

interface PlannedAxis extends Axis {
  readonly keys: readonly Key[];
}

/** The columns of the answer, in order, and the two behind them: all flows, and those that carry counters. */
export interface GroupColumns {
  readonly shown: readonly string[];
  readonly totals: readonly [string, string];
}

const totals = ['all_flows', 'counted_flows'] as const;

/** Columns that people see. @throws usage */
export function groupColumns(query: GroupQuery): GroupColumns {
  const axes = planAxes(query);
  const others = axes.filter(({ other }) => other === true);
  return {
    shown: [
      ...(query.bucketMillis === undefined ? [] : ['time']),
      ...axes.flatMap(({ keys }) => keys.map(({ name }) => name)),
      ...others.map((_, i) => otherName(i)),
      ...query.measures.flatMap((measure) => {
        const name = measureColumn(measure);
        return query.compareMillis === undefined ? [name] : [name, `${name}_before`];
      }),
    ],
    totals,
  };
}

function otherName(i: number): string {
  return i === 0 ? 'other' : `other_${i + 1}`;
}

/** @throws usage */
function planAxes({ axes, measures, bucketMillis }: GroupQuery): PlannedAxis[] {
  if (measures.length === 0) throw new FlowError('usage', 'no measure');
  if (axes.length > 2) throw new FlowError('usage', 'a question has two axes at the most');
  const planned = axes.map((axis): PlannedAxis => {
    const found = axis.by.map(groupField);
    if (found.length === 0) throw new FlowError('usage', 'no field to group by');
    const keys = found
      .filter((field, i) => found.indexOf(field) === i)
      .map((field): Key => ({ name: field.join === 'either' ? field.name : field.columns[0], field }));
    return { ...axis, keys };
  });
  const names = planned.flatMap(({ keys }) => keys.map(({ name }) => name));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new FlowError('usage', `"${twice}" stands on both axes`);
  for (const measure of measures) {
    if (measure.kind === 'distinct' && findField(measure.field)?.join !== 'one')
      throw new FlowError('usage', `distinct values of "${measure.field}" are not counted: name one side`);
  }
  if (bucketMillis !== undefined && !(Number.isSafeInteger(bucketMillis) && bucketMillis >= 1))
    throw new FlowError('usage', 'a time bucket is a whole number of milliseconds, above 0');
  return planned;
}

/** The SQL of an aggregate over tuples; `before` is the scope of the earlier range, where there is one. */
export function groupSql(query: GroupQuery, scope: ConversationScope, before: ConversationScope | undefined): string {
  return new GroupCompiler(query, scope, before).compile();
}

/** A key that means both sides, and SQL of what is null where a side is no group. */
interface EitherKey {
  readonly name: string;
  readonly source: string;
  readonly destination: string;
}

class GroupCompiler {
  readonly #query: GroupQuery;
  readonly #axes: readonly PlannedAxis[];
  readonly #scope: ConversationScope;
  readonly #before: ConversationScope | undefined;
  readonly #dialect: Dialect;
  readonly #parameters: Parameters;
  #sides: readonly EitherKey[] | undefined;

  constructor(query: GroupQuery, scope: ConversationScope, before: ConversationScope | undefined) {
    this.#query = query;
    this.#axes = planAxes(query);
    this.#scope = scope;
    this.#before = before;
    this.#dialect = scope.dialect;
    this.#parameters = scope.parameters;
  }

  /** Whether one aggregation over the base is the answer, which then is not kept. */
  get #isPlain(): boolean {
    return this.#query.bucketMillis === undefined && this.#axes.length <= 1 && this.#axes[0]?.other !== true;
  }

  compile(): string {
    const { bucketMillis, measures } = this.#query;
    const { materialized } = this.#dialect;
    const [axis] = this.#axes;
    const values = measures.flatMap((measure) => this.#measure(measure)).join(', ');
    if (this.#isPlain) {
      const keys = axis === undefined ? [] : axis.keys.map(({ name }) => name);
      const isNow =
        this.#query.compareMillis === undefined ? '' : ' HAVING sum(CASE WHEN period = 0 THEN flow ELSE 0 END) > 0';
      // A row that stands in the groups of both its sides counts at the first of them.
      const once = [
        'flow',
        ...this.#eitherKeys().map(
          ({ name, source }) => `CASE WHEN ${source} IS NULL OR ${name} = ${source} THEN 1 ELSE 0 END`,
        ),
      ];
      const total = (more: readonly string[]): string =>
        `sum(sum(CASE WHEN period = 0 THEN ${[...once, ...more].join(' * ')} END)) OVER ()`;
      return `WITH base AS (${this.#periods()}), counted AS (${this.#counted()})
        SELECT ${[...keys, values, `${total([])} AS ${totals[0]}`, `${total(['has_counters'])} AS ${totals[1]}`].join(', ')}
        FROM counted${keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}${isNow}`}${axis === undefined ? '' : ` ORDER BY ${[`${measureColumn(measures[0])} DESC NULLS LAST`, ...keys].join(', ')} LIMIT ${this.#parameters.number(axis.limit)}`}`;
    }
    const steps = [`base AS ${materialized}(${this.#periods()})`];
    steps.push(`counted AS ${this.#axes.length === 0 ? '' : materialized}(${this.#counted()})`);
    const all = `(SELECT sum(flow) FROM base WHERE period = 0) AS ${totals[0]}, (SELECT sum(flow * has_counters) FROM base WHERE period = 0) AS ${totals[1]}`;
    const bucket = bucketMillis === undefined ? [] : [`${this.#dialect.timeOf('bucket')} AS time`];
    const parts = this.#axes.map((one, i) => this.#labelled(one, i));
    steps.push(...parts.map(({ step }) => step));
    const groups = [...(bucketMillis === undefined ? [] : ['bucket']), ...parts.flatMap(({ groups: names }) => names)];
    const order = [...(bucketMillis === undefined ? [] : ['bucket']), ...parts.map((_, i) => `rank_${i} NULLS LAST`)];
    const joined = `counted c${parts.map(({ join }) => join).join('')}`;
    return `WITH ${steps.join(',\n')}
      SELECT ${[...bucket, ...parts.flatMap(({ keys }) => keys), ...parts.flatMap(({ other }) => other), values, all].join(', ')}
      FROM (SELECT ${['c.*', ...parts.flatMap(({ columns }) => columns)].join(', ')} FROM ${joined}) l${
        groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`
      } ORDER BY ${order.join(', ')}`;
  }

  /**
   * The largest groups of an axis, and how rows are told to be in one of them or in none. Their columns have names of their own: where several joins
   * have columns of one name, ClickHouse takes one for the other.
   */
  #labelled(
    axis: PlannedAxis,
    i: number,
  ): { step: string; join: string; columns: string[]; groups: string[]; keys: string[]; other: string[] } {
    const names = axis.keys.map(({ name }) => name);
    const [first] = this.#query.measures;
    const value = this.#measureValue(
      first,
      this.#query.compareMillis === undefined ? '' : ' FILTER (WHERE period = 0)',
      false,
    );
    const others = this.#axes.slice(0, i).filter(({ other }) => other === true).length;
    return {
      step: `best_${i} AS ${this.#dialect.materialized}(SELECT ${names.map((name) => `${name} AS best_${name}`).join(', ')}, row_number() OVER (ORDER BY size DESC NULLS LAST, ${names.join(', ')}) AS rank_${i}
        FROM (SELECT ${names.join(', ')}, ${value} AS size FROM counted WHERE period = 0 GROUP BY ${names.join(', ')}
          ORDER BY size DESC NULLS LAST, ${names.join(', ')} LIMIT ${this.#parameters.number(axis.limit)}) g)`,
      join: ` ${axis.other === true ? 'LEFT ' : ''}JOIN best_${i} ON ${names.map((name) => `c.${name} IS NOT DISTINCT FROM best_${name}`).join(' AND ')}`,
      columns: [...names.map((name) => `best_${name}`), `rank_${i}`],
      groups: [...names.map((name) => `best_${name}`), `rank_${i}`],
      keys: names.map((name) => `best_${name} AS ${name}`),
      other:
        axis.other === true ? [`CASE WHEN rank_${i} IS NULL THEN true ELSE false END AS ${otherName(others)}`] : [],
    };
  }

  #periods(): string {
    const now = this.#base(this.#scope, 0);
    return this.#before === undefined ? now : `${now} UNION ALL ${this.#base(this.#before, 1)}`;
  }

  /** The columns of the lake that the axes and measures ask for. */
  #needed(): string[] {
    const fields = [
      ...this.#axes.flatMap(({ keys }) => keys.map(({ field }) => field)),
      ...this.#query.measures.flatMap((measure) => (measure.kind === 'distinct' ? [findField(measure.field)!] : [])),
    ];
    return [
      ...new Set([
        ...fields.flatMap(({ columns }) => columns),
        ...this.#axes.flatMap((axis) =>
          sidesOf(axis).flatMap((side) => (side === undefined ? [] : columnsOfCondition(side))),
        ),
        ...(this.#query.measures.some(({ kind }) => kind === 'denied') ? ['access'] : []),
      ]),
    ];
  }

  #base(scope: ConversationScope, period: number): string {
    const { observations, bucketMillis, atReport, measures } = this.#query;
    const needed = this.#needed();
    const wantsTuples = measures.some(({ kind }) => kind === 'tuples');
    const wantsLast = measures.some(({ kind }) => kind === 'last' || kind === 'rate');
    const reports = bucketMillis !== undefined;
    const ofFlows = [...(wantsTuples ? ['tuples'] : []), ...(wantsLast ? ['last_time'] : [])];
    const list = [...needed, 'time', `${period} AS period`, '1 AS flow'];
    if (observations === true) {
      list.push('1 AS tuples', 'time AS last_time', `${isCounted} AS has_counters`);
      if (reports) list.push(...counters);
      else list.push(...this.#summed().map((name) => `${counterSql(name, this.#dialect)} AS ${counterColumn(name)}`));
      if (reports && atReport !== true)
        return `SELECT ${[...list, 'at_millis', 'opens', 'previous'].join(', ')} FROM (${reportedTuplesSql(scope, needed)}) t`;
      const { dialect, parameters, rows, tests, condition } = scope;
      const all = condition === undefined ? tests : [...tests, conditionSql(condition, dialect, parameters)];
      return `SELECT ${list.join(', ')} FROM ${rows}${all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`}`;
    }
    const summed = reports ? counters : this.#summed().map(counterColumn);
    list.push(...summed, ...ofFlows, 'counted AS has_counters', ...(reports ? ['reports'] : []));
    return `SELECT ${list.join(', ')} FROM (${conversationsSql(scope, [...needed, ...summed, ...ofFlows, 'counted'], reports)}) t`;
  }

  /** The counters that the measures ask for. */
  #summed(): CounterName[] {
    return [...new Set(this.#query.measures.flatMap((measure) => ('of' in measure ? [measure.of] : [])))];
  }

  /** Rows of the base by what counts them. */
  #counted(): string {
    const { bucketMillis, observations, atReport, measures } = this.#query;
    const shift = this.#query.compareMillis ?? 0;
    const kept = [
      ...this.#needed(),
      'time',
      'period',
      ...(observations === true || measures.some(({ kind }) => kind === 'tuples') ? ['tuples'] : []),
      ...(observations === true || measures.some(({ kind }) => kind === 'last' || kind === 'rate')
        ? ['last_time']
        : []),
    ];
    const wholes = [...new Set(measures.flatMap((measure) => (measure.kind === 'percentile' ? [measure.of] : [])))];
    const whole = wholes.map((of) => `${this.#counter(of)} AS ${wholeName(of)}`);
    if (bucketMillis === undefined)
      return this.#sided(
        `(SELECT ${[...kept, ...this.#summed().map(counterColumn), 'flow', 'has_counters', ...whole].join(', ')} FROM base) b`,
      );
    const dialect = this.#dialect;
    const width = String(bucketMillis);
    const shifted = (millis: string): string => (shift === 0 ? millis : `(${millis} + period * ${shift})`);
    const bucketOf = (millis: string): string => `${dialect.quotient(millis, width)} * ${width}`;
    const begins = `SELECT ${[
      ...kept,
      'flow',
      ...whole,
      `${bucketOf(shifted(dialect.millis('time')))} AS bucket`,
      ...counters.map((name) => (observations === true && atReport === true ? name : `NULL AS ${name}`)),
    ].join(', ')} FROM base`;
    if (observations === true && atReport === true) return this.#sided(`(${begins}) b`);
    const reported = observations === true ? 'SELECT * FROM base' : dialect.unrolled('base', kept);
    const none = new Set(['tuples', 'last_time', 'time']);
    const spread = atReport === true ? 'at_millis' : this.#coveredFrom();
    const ends = 'CASE WHEN at_millis > start_millis THEN at_millis - 1 ELSE at_millis END';
    const pieces = `SELECT *, ${dialect.range(dialect.quotient('start_millis', width), dialect.quotient(ends, width))} AS part
      FROM (SELECT ${[...kept, ...counters].join(', ')}, ${shifted('at_millis')} AS at_millis, ${shifted(spread)} AS start_millis FROM (${reported}) r
        WHERE ${counters.map((name) => `${name} IS NOT NULL`).join(' OR ')}) s`;
    const share = (name: string): string => {
      const upTo = (millis: string): string =>
        dialect.share(name, `${millis} - start_millis`, 'greatest(at_millis - start_millis, 1)');
      return `CASE WHEN start_millis >= part * ${width} AND at_millis <= (part + 1) * ${width} THEN ${name} ELSE ${upTo(`least(at_millis, (part + 1) * ${width})`)} - ${upTo(`greatest(start_millis, part * ${width})`)} END AS ${name}`;
    };
    const spans = `SELECT ${[
      ...kept.map((name) => (none.has(name) ? `NULL AS ${name}` : name)),
      '0 AS flow',
      ...wholes.map((of) => `NULL AS ${wholeName(of)}`),
      `part * ${width} AS bucket`,
      ...counters.map(share),
    ].join(', ')} FROM (${pieces}) p`;
    return this.#sided(`(${begins} UNION ALL ${spans}) b`);
  }

  /** Epoch milliseconds from which the counters of a report count: since the tuple before it, or since it when it opens a flow. */
  #coveredFrom(): string {
    const { range, bucketMillis, compareMillis = 0 } = this.#query;
    const earliest =
      range?.start === undefined
        ? `at_millis - ${reportMillis}`
        : `greatest(at_millis - ${reportMillis}, ${this.#parameters.number(Math.round(range.start))} - period * ${compareMillis})`;
    const far = `at_millis - ${limits.seriesBucketsMax * bucketMillis!}`;
    return `greatest(${far}, CASE WHEN opens = 1 THEN at_millis WHEN previous IS NULL THEN ${earliest} ELSE previous END)`;
  }

  #eitherKeys(): readonly EitherKey[] {
    this.#sides ??= this.#axes.flatMap((axis) =>
      axis.keys
        .filter(({ field }) => field.join === 'either')
        .map(({ name, field }) => {
          const tests = sidesOf(axis).map((side) =>
            side === undefined ? undefined : conditionSql(side, this.#dialect, this.#parameters),
          );
          const [a, b] = field.columns;
          const differs = `${a} <> ${b}`;
          return {
            name,
            source: tests[0] === undefined ? a : `CASE WHEN ${tests[0]} THEN ${a} END`,
            destination: `CASE WHEN ${tests[1] === undefined ? differs : `${differs} AND ${tests[1]}`} THEN ${b} END`,
          };
        }),
    );
    return this.#sides;
  }

  /** One row for each side, where an axis means both. */
  #sided(relation: string): string {
    let from = relation;
    for (const { name, source, destination } of this.#eitherKeys())
      from = `(SELECT *, ${this.#dialect.each([source, destination])} AS ${name} FROM ${from}) e`;
    return `SELECT * FROM ${from}`;
  }

  /** A counter of a row of `counted`. */
  #counter(of: CounterName): string {
    return this.#query.bucketMillis === undefined ? counterColumn(of) : counterSql(of, this.#dialect);
  }

  #measure(measure: Measure): string[] {
    const name = measureColumn(measure);
    if (this.#query.compareMillis === undefined) return [`${this.#measureValue(measure, '', false)} AS ${name}`];
    return [
      `${this.#measureValue(measure, ' FILTER (WHERE period = 0)', false)} AS ${name}`,
      `${this.#measureValue(measure, ' FILTER (WHERE period = 1)', true)} AS ${name}_before`,
    ];
  }

  #measureValue(measure: Measure, filter: string, isBefore: boolean): string {
    const dialect = this.#dialect;
    const of = (value: string): string =>
      filter === '' ? value : `CASE WHEN period = ${isBefore ? 1 : 0} THEN ${value} END`;
    switch (measure.kind) {
      case 'flows':
        return `coalesce(sum(${of('flow')}), 0)`;
      case 'denied':
        return `coalesce(sum(${of("CASE WHEN access = 'deny' THEN flow ELSE 0 END")}), 0)`;
      case 'tuples':
        return `coalesce(sum(${of('tuples')}), 0)`;
      case 'sum':
        return dialect.sum(of(this.#counter(measure.of)));
      case 'rate':
        return `${dialect.float(dialect.sum(of(this.#counter(measure.of))))} / ${this.#seconds()}`;
      case 'distinct':
        return `count(DISTINCT ${of(findField(measure.field)!.columns[0])})`;
      case 'percentile':
        return dialect.percentile(of(wholeName(measure.of)), String(measure.permille));
      case 'first':
        return `min(${of('time')})`;
      default:
        return `max(${of('last_time')})`;
    }
  }

  /** What a rate is by. */
  #seconds(): string {
    const { bucketMillis, range } = this.#query;
    if (bucketMillis !== undefined) return this.#dialect.float(String(bucketMillis / 1000));
    if (range?.start !== undefined && range.end !== undefined)
      return this.#dialect.float(String(Math.max(1000, range.end - range.start) / 1000));
    // Windows do not see groups of the period before alone, which the answer leaves out.
    if (this.#isPlain && this.#query.compareMillis === undefined)
      return `(${this.#dialect.float(`greatest(1000, max(${this.#dialect.millis('max(last_time)')}) OVER () - min(${this.#dialect.millis('min(time)')}) OVER ())`)} / 1000)`;
    const span = `greatest(1000, ${this.#dialect.millis('max(last_time)')} - ${this.#dialect.millis('min(time)')})`;
    return `(SELECT ${this.#dialect.float(span)} / 1000 FROM base)`;
  }
}

/** What the values of both sides must be, for an axis of which only some values are groups. */
function sidesOf({ among, by }: Axis): [Condition | undefined, Condition | undefined] {
  const field = findField(by[0]);
  if (among === undefined || field === undefined) return [undefined, undefined];
  const side = (column: string): Condition => ({
    kind: 'test',
    field: findField(column)!.name,
    any: among,
  });
  return [side(field.columns[0]), side(field.columns[1])];
}

function wholeName(of: CounterName): string {
  return `whole_${of.replace('.', '_')}`;
}

function counterColumn(of: CounterName): string {
  return of.replace('.', '_');
}

/** A counter, or the sum of both directions: null where neither was counted. */
function counterSql(of: CounterName, dialect: Dialect): string {
  return of === 'bytes' || of === 'packets'
    ? bothDirections(`${of}_forward`, `${of}_reverse`, dialect)
    : counterColumn(of);
}
