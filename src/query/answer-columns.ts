/** The columns of an answer, with what their values count. */
import { measureColumn, rateName } from './measure.ts';
import { columnsOf } from './relation/check.ts';
import type { Relation } from './relation/relation.ts';
import type { Type } from './relation/type.ts';
import { isNumber } from './relation/type.ts';
import type { AnswerColumn, Unit } from './engine/result.ts';
import type { CounterName, Measure, Query } from './tree.ts';

/** Those of these names that a question's tree gives. */
export function answerColumns(query: Query, relation: Relation, names: readonly string[]): AnswerColumn[] {
  const types = new Map(columnsOf(relation).map(({ name, type }) => [name, type]));
  const measures = new Map(
    query.ask === 'groups' ? query.measures.map((measure) => [measureColumn(measure), measure] as const) : [],
  );
  return names.map((name) => {
    const column = { name, kind: kindOf(types.get(name)!) };
    const [, of, compared] = /^(.*?)(?:_(before|difference|percent))?$/.exec(name) ?? [];
    const measure = measures.get(name) ?? measures.get(of);
    if (measure === undefined) return withUnit(column, unitOfColumn(name));
    const label = compared === undefined ? labelOf(measure) : `${labelOf(measure)} ${compared}`;
    return { ...withUnit(column, compared === 'percent' ? '%' : unitOf(measure)), label };
  });
}

function kindOf(type: Type): AnswerColumn['kind'] {
  if (isNumber(type)) return 'number';
  return type === 'text' || type === 'time' || type === 'boolean' ? type : 'object';
}

export function withUnit(column: AnswerColumn, unit: Unit | undefined): AnswerColumn {
  return unit === undefined || column.kind !== 'number' ? column : { ...column, unit };
}

/** Of a column that is no measure, by its name. */
export function unitOfColumn(name: string): Unit | undefined {
  const [, counted] = /^(?:observer_)?(bytes|packets)_(?:forward|reverse)$/.exec(name) ?? [];
  if (counted !== undefined) return counted === 'bytes' ? 'bytes' : 'packets';
  if (name === 'tuples') return 'tuples';
  return name === 'conversations' || name === 'observers' ? 'flows' : undefined;
}

function unitOf(measure: Measure): Unit | undefined {
  switch (measure.kind) {
    case 'flows':
    case 'denied':
      return 'flows';
    case 'tuples':
      return 'tuples';
    case 'distinct':
      return 'values';
    case 'sum':
    case 'percentile':
      return counted(measure.of);
    case 'rate':
      return measure.isBits === true ? 'bits/s' : `${counted(measure.of)}/s`;
    default:
      return undefined;
  }
}

function labelOf(measure: Measure): string {
  switch (measure.kind) {
    case 'denied':
      return 'denied flows';
    case 'sum':
      return words(measure.of);
    case 'rate':
      return `${rateName(measure).replace('.', ' ')} per second`;
    case 'distinct':
      return `different values of ${measure.field}`;
    case 'percentile':
      return measure.permille === 1000
        ? `largest ${words(measure.of)}`
        : `percentile ${measure.permille / 10} of ${words(measure.of)}`;
    case 'first':
    case 'last':
      return `${measure.kind} time`;
    default:
      return measure.kind;
  }
}

function counted(of: CounterName): 'bytes' | 'packets' {
  return of.startsWith('bytes') ? 'bytes' : 'packets';
}

function words(of: CounterName): string {
  return of.replace('.', ' ');
}
