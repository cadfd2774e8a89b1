/**
 * Rows of the topology, for the time at which they were seen: each day at midnight, and when a dated inventory begins. A row is one parameter, JSON, from which
 * columns take their members.
 */
import { limits } from '../../base/limits.ts';
import type { TopologyRow } from '../../enrich/inventory/topology.ts';
import type { KqlType } from '../kql/type.ts';
import { cross, union, values } from '../relation/build.ts';
import type { Expression } from '../relation/expression.ts';
import { call, column, textValue, timeValue } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';
import type { QueryRange } from '../tree.ts';

/** What was known from a time on, until the next period begins. */
export interface TopologyPeriod {
  readonly fromMillis: number;
  /** Read at the first use. @throws names-invalid, network-invalid, not-found, permission, io */
  readonly rows: () => readonly TopologyRow[];
}

/** Topology from the first day that has rows in the lake until now. */
export interface Topology {
  /** In the order of their times. The first one also holds before its time. */
  readonly periods: readonly TopologyPeriod[];
  readonly firstMillis: number;
  readonly nowMillis: number;
}

const dayMillis = 86_400_000;

/** Columns `t_row` and `t_time`. Periods that have no time in the range are not read. */
export function topologyRelation(topology: Topology, { start = -Infinity, end = Infinity }: QueryRange): Relation {
  const inputs = topology.periods.flatMap((period, i) => {
    const until = topology.periods[i + 1]?.fromMillis ?? Infinity;
    const times = timesOf(topology, i === 0 ? -Infinity : period.fromMillis, until).filter(
      (time) => time >= start && time < end,
    );
    return times.length === 0 ? [] : [seenAt(period.rows(), times)];
  });
  return inputs.length === 0 ? seenAt([], []) : union(inputs);
}

function timesOf({ firstMillis, nowMillis }: Topology, fromMillis: number, untilMillis: number): number[] {
  const dayOf = (millis: number): number => Math.floor(millis / dayMillis);
  const last = dayOf(nowMillis);
  const first = Math.max(dayOf(firstMillis), last - limits.topologyDaysMax + 1);
  const times: number[] = [];
  for (let day = first; day <= last; day++) {
    const time = Math.max(day * dayMillis, fromMillis);
    if (time < Math.min((day + 1) * dayMillis, untilMillis) && time <= nowMillis) times.push(time);
  }
  return times;
}

function seenAt(rows: readonly TopologyRow[], times: readonly number[]): Relation {
  return cross(
    values(
      [{ name: 't_row', type: 'dynamic' }],
      rows.map((row) => [{ kind: 'literal', type: 'dynamic', value: JSON.stringify(row) }]),
    ),
    values(
      [{ name: 't_time', type: 'time' }],
      times.map((time) => [timeValue(time)]),
    ),
  );
}

/** A member of the row as the type of a column. */
export function topologyValue(name: string, type: KqlType): Expression {
  const text = call('dynamic_text', call('dynamic_member', column('t_row'), textValue(name)));
  if (type === 'bool') return call('text_boolean', call('lower', text));
  if (type === 'long') return call('text_long', text);
  if (type === 'int') return call('long_small', call('text_long', text));
  if (type === 'real') return call('long_double', call('text_long', text));
  return text;
}
