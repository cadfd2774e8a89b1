/** Adds what names say of addresses to a relation: a scan does it for its two sides, anything else may for its own columns (relation/build.ts: names). */
import { applications, extend, names, scan } from '../relation/build.ts';
import type { Expression } from '../relation/expression.ts';
import { call, timeValue, whole } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';
import type { TableName } from '../relation/node-names.ts';
import { nameColumns } from './columns.ts';
import { flowType, flowTypeColumns } from './flow-type.ts';

/** A table with those of its derived columns that are in `wanted`. */
export function scanWithNames(table: TableName, wanted: ReadonlySet<string>): Relation {
  const isTyped = wanted.has('flow_type');
  const all = isTyped ? new Set([...wanted, ...flowTypeColumns]) : wanted;
  const named = (['src', 'dst'] as const).reduce(
    (rows, side) => {
      const columns = nameColumns.flatMap(({ name, from }) =>
        from.kind === 'address' && from.side === side && all.has(name) ? [{ name, attribute: from.attribute }] : [],
      );
      return names(rows, `${side}_ip`, 'time', columns);
    },
    scan(table, 'stored'),
  );
  const typed = isTyped ? extend(named, [{ name: 'flow_type', value: flowType() }]) : named;
  return wanted.has('app') ? applications(typed, 'dst_port', 'protocol', 'app') : typed;
}

/** A table of the question's connection, with the columns `address`, `period` and one for each attribute that is asked for. */
export const addressNamesTable = 'address_names';

/** Another one, with the columns `port`, `protocol` and `application`. */
export const applicationsTable = 'applications';

/** The number of the period in which a time lies: how many of these times, in order, are not after it. */
export function periodOf(time: Expression, changes: readonly number[]): Expression {
  return {
    kind: 'case',
    when: changes.map((change, i) => ({ if: call('less', time, timeValue(change)), value: whole(i) })),
    otherwise: whole(changes.length),
  };
}
