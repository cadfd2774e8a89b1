/** Adds what names say of addresses to a relation: a scan does it for its two sides, anything else may for its own columns. */
import { names, scan } from '../relation/build.ts';
import type { Expression } from '../relation/expression.ts';
import { call, timeValue, whole } from '../relation/expression.ts';
import type { Relation, TableName } from '../relation/relation.ts';
import { nameColumns } from './columns.ts';

/** A table with those of its derived columns that are in `wanted`. */
export function scanWithNames(table: TableName, wanted: ReadonlySet<string>): Relation {
  return (['src', 'dst'] as const).reduce(
    (rows, side) => {
      const columns = nameColumns.flatMap((one) =>
        one.side === side && wanted.has(one.name) ? [{ name: one.name, attribute: one.attribute.name }] : [],
      );
      return names(rows, `${side}_ip`, 'time', columns);
    },
    scan(table, 'stored'),
  );
}

/** A table of the question's connection, with the columns `address`, `period` and one for each attribute that is asked for. */
export const addressNamesTable = 'address_names';

/** The number of the period in which a time lies: how many of these times, in order, are not after it. */
export function periodOf(time: Expression, changes: readonly number[]): Expression {
  return {
    kind: 'case',
    when: changes.map((change, i) => ({ if: call('less', time, timeValue(change)), value: whole(i) })),
    otherwise: whole(changes.length),
  };
}
