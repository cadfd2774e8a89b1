/** What a question for groups names: its axes, as columns of facts, and the columns of its answer. */
import { FlowError } from '../../base/errors.ts';
import type { Field } from '../filter/fields.ts';
import { groupField, measureColumn } from '../measure.ts';
import type { Expression, Named } from '../relation/expression.ts';
import { call, column, when, yes } from '../relation/expression.ts';
import type { Axis, CounterName, GroupQuery, Match, Measure } from '../tree.ts';
import { fieldNamed, matchesAny } from './condition.ts';
import type { FactColumns } from './facts.ts';

export interface PlannedAxis {
  readonly limit: number;
  readonly other: boolean;
  /** Columns of the facts. */
  readonly keys: readonly string[];
}

/** A key that means both sides of a conversation (`ip`, `port`): facts have a list of its values, and the source if it is one of them. */
export interface SidesKey {
  readonly name: string;
  readonly list: string;
  readonly source: string;
}

export interface GroupPlan {
  readonly axes: readonly PlannedAxis[];
  readonly sides: readonly SidesKey[];
  readonly facts: FactColumns;
  /** Columns that distinct values are counted of. */
  readonly distinct: readonly string[];
}

/** @throws usage */
export function planGroups(query: GroupQuery): GroupPlan {
  const { axes, measures, bucketMillis } = query;
  if (measures.length === 0) throw new FlowError('usage', 'no measure');
  if (axes.length > 2) throw new FlowError('usage', 'a question has two axes at the most');
  if (bucketMillis !== undefined && !(Number.isSafeInteger(bucketMillis) && bucketMillis >= 1))
    throw new FlowError('usage', 'a time bucket is a whole number of milliseconds, above 0');
  if (query.changes === true && (query.compareMillis === undefined || axes.length !== 1 || bucketMillis !== undefined))
    throw new FlowError('usage', 'changes are those of one axis against a range before, without buckets');
  if (query.changes === true && isTime(measures[0]))
    throw new FlowError('usage', 'changes are of a number: a time has no difference');
  const fields = axes.map(fieldsOfAxis);
  const names = fields.flat().map(keyName);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new FlowError('usage', `"${twice}" stands on both axes`);
  const sides = axes.flatMap((axis, i) =>
    fields[i].filter((field) => field.join === 'either').map((field) => sidesOf(field, axis.among)),
  );
  const plain = fields.flat().filter((field) => field.join === 'one');
  const distinct = measures.flatMap((measure) => (measure.kind === 'distinct' ? [distinctField(measure.field)] : []));
  const columns = [...new Set([...plain, ...distinct].map((field) => field.columns[0]))];
  return {
    axes: axes.map((axis, i) => ({ limit: axis.limit, other: axis.other === true, keys: fields[i].map(keyName) })),
    sides: sides.map(({ key }) => key),
    distinct: distinct.map((field) => field.columns[0]),
    facts: {
      dimensions: [
        ...columns.map((name): Named => ({ name, value: column(name) })),
        ...sides.flatMap(({ values }) => values),
      ],
      counters: countersOf(measures, ['sum', 'rate']),
      wholes: countersOf(measures, ['percentile']),
      others: (['denied', 'tuples', 'first', 'last'] as const).filter((kind) =>
        measures.some(
          (measure) => measure.kind === kind || (isSpanned(query, measure) && kind !== 'denied' && kind !== 'tuples'),
        ),
      ),
    },
  };
}

/** Whether a measure is by the time from the first tuple to the last of all groups. */
export function isSpanned({ bucketMillis, range }: GroupQuery, measure: Measure): boolean {
  const isBounded = range?.start !== undefined && range.end !== undefined;
  return measure.kind === 'rate' && bucketMillis === undefined && !isBounded;
}

/** Columns of an answer, in order. @throws usage */
export function groupAnswerColumns(query: GroupQuery): string[] {
  const { axes } = planGroups(query);
  return [
    ...(query.bucketMillis === undefined ? [] : ['time']),
    ...(query.changes === true ? [changeName] : []),
    ...axes.flatMap(({ keys }) => keys),
    ...axes.filter(({ other }) => other).map((_, i) => otherName(i)),
    ...query.measures.flatMap((measure) =>
      (query.compareMillis === undefined ? [''] : comparedSuffixes(measure)).map(
        (suffix) => measureColumn(measure) + suffix,
      ),
    ),
  ];
}

/** The column that says what became of a group: new, gone, up or down. */
export const changeName = 'change';

/** What the columns of a compared measure end with: now, before, and of numbers the difference, in percent too. */
export function comparedSuffixes(measure: Measure): readonly ComparedSuffix[] {
  return isTime(measure) ? ['', '_before'] : ['', '_before', '_difference', '_percent'];
}

export type ComparedSuffix = '' | '_before' | '_difference' | '_percent';

function isTime({ kind }: Measure): boolean {
  return kind === 'first' || kind === 'last';
}

/** The column that says whether a row is all further groups of an axis: of the first such axis, of the second. */
export function otherName(i: number): string {
  return i === 0 ? 'other' : `other_${i + 1}`;
}

/** @throws usage */
function fieldsOfAxis({ by }: Axis): Field[] {
  const found = [...new Set(by.map(groupField))];
  if (found.length === 0) throw new FlowError('usage', 'no field to group by');
  return found;
}

/** @throws usage */
function distinctField(name: string): Field {
  const field = fieldNamed(name);
  if (field.join !== 'one') throw new FlowError('usage', `distinct values of "${name}" are not counted: name one side`);
  return field;
}

function countersOf(measures: readonly Measure[], kinds: readonly Measure['kind'][]): CounterName[] {
  return [
    ...new Set(measures.flatMap((measure) => ('of' in measure && kinds.includes(measure.kind) ? [measure.of] : []))),
  ];
}

function keyName(field: Field): string {
  return field.join === 'either' ? field.name : field.columns[0];
}

/** The values of both sides that are groups, once if they are the same. */
function sidesOf(field: Field, among: readonly Match[] | undefined): { key: SidesKey; values: Named[] } {
  const [source, destination] = field.columns.map(column);
  const tests = field.columns.map((name) => {
    const isThere = call('not', call('is_null', column(name)));
    return among === undefined ? isThere : call('and', isThere, matchesAny(fieldNamed(name), name, among));
  });
  const isOther = call('and', tests[1], call('coalesce', call('not_equal', source, destination), yes));
  const list = (...items: readonly Expression[]): Expression => ({ kind: 'list', items });
  const key = { name: field.name, list: `${field.name}_sides`, source: `${field.name}_source` };
  return {
    key,
    values: [
      {
        name: key.list,
        value: {
          kind: 'case',
          when: [
            { if: call('and', tests[0], isOther), value: list(source, destination) },
            { if: tests[0], value: list(source) },
            { if: isOther, value: list(destination) },
          ],
          otherwise: { kind: 'list', items: [], element: field.kind === 'port' ? 'integer' : 'text' },
        },
      },
      { name: key.source, value: when(tests[0], source) },
    ],
  };
}
