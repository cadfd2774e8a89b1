/** Which times a tree reads of a table: files that hold no others need not be opened. */
import { inputsOf } from './check.ts';
import type { Expression } from './expression.ts';
import type { Relation } from './relation.ts';
import type { TableName } from './node-names.ts';
import type { QueryRange } from '../tree.ts';

/**
 * The times of the rows that all scans of a table read, by conditions that stand directly on them: rows of other times cannot change the answer. A row of
 * `flows` lasts from `time` to `last_time`, and is of the range if it has a part in it.
 */
export function scanTimes(relation: Relation, table: TableName): QueryRange {
  const ranges = rangesOf(relation, table, []);
  const starts = ranges.map(({ start = -Infinity }) => start);
  const ends = ranges.map(({ end = Infinity }) => end);
  const [start, end] = [Math.min(Infinity, ...starts), Math.max(-Infinity, ...ends)];
  return { ...(start === -Infinity ? {} : { start }), ...(end === Infinity ? {} : { end }) };
}

/** Of each scan. `conditions` hold of its rows. */
function rangesOf(relation: Relation, table: TableName, conditions: readonly Expression[]): QueryRange[] {
  switch (relation.kind) {
    case 'scan':
      return relation.table === table ? [rangeOf(conditions, table)] : [];
    case 'filter':
      return rangesOf(relation.input, table, [...conditions, ...conjuncts(relation.where)]);
    case 'extend':
      // It gives no column that the scan has.
      return rangesOf(relation.input, table, conditions);
    default:
      return inputsOf(relation).flatMap((input) => rangesOf(input, table, []));
  }
}

function conjuncts(where: Expression): readonly Expression[] {
  return where.kind === 'call' && where.function === 'and' ? where.arguments.flatMap(conjuncts) : [where];
}

function rangeOf(conditions: readonly Expression[], table: TableName): QueryRange {
  let [start, end] = [-Infinity, Infinity];
  const last = table === 'flows' ? 'last_time' : 'time';
  for (const condition of conditions) {
    const bound = boundOf(condition);
    if (bound === undefined) continue;
    const { name, comparison, millis } = bound;
    // Bounds are whole milliseconds: outwards.
    if (name === last && comparison.startsWith('greater')) start = Math.max(start, Math.floor(millis));
    if (name === 'time' && comparison.startsWith('less')) end = Math.min(end, Math.floor(millis) + 1);
  }
  return { ...(start === -Infinity ? {} : { start }), ...(end === Infinity ? {} : { end }) };
}

interface Bound {
  readonly name: string;
  readonly comparison: string;
  readonly millis: number;
}

const comparisons = ['less', 'less_or_equal', 'greater', 'greater_or_equal'];

/** A column compared with a time. */
function boundOf(condition: Expression): Bound | undefined {
  if (condition.kind !== 'call' || !comparisons.includes(condition.function)) return undefined;
  const [column, time] = condition.arguments;
  if (column.kind !== 'column' || time.kind !== 'literal' || time.type !== 'time' || time.value === null)
    return undefined;
  return { name: column.name, comparison: condition.function, millis: Number(time.value) / 1000 };
}
