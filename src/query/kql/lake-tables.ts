/** The tables of a lake as KQL names them: the same columns as the views of SQL, and what names say of both addresses. */
import { flowColumns } from '../../lake/flows/schema.ts';
import { flowsColumns } from '../../lake/tuples/stored-columns.ts';
import { withinRange } from '../lower/flows.ts';
import { nameColumns } from '../names/columns.ts';
import { filter, project, scan } from '../relation/build.ts';
import type { Expression, Named } from '../relation/expression.ts';
import { call, column, when, whole } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';
import { counterColumns, scanColumns } from '../relation/tables.ts';
import { isScalar } from '../relation/type.ts';
import type { QueryRange } from '../tree.ts';
import type { KqlColumn, KqlTable } from './table.ts';
import { ranged } from './time-bounds.ts';
import { kqlTypeOf } from './type.ts';

const derived = nameColumns.map(({ name }) => name);

const tupleNames = [...flowsColumns.map(({ name }) => name), ...derived];

/** Without lists of reports, and without what only engines read. */
const flowNames = [
  ...flowColumns
    .filter(
      ({ name, of, type }) => of !== 'internal' && type !== 'date' && type !== 'reports' && !name.includes('_ipv6_'),
    )
    .map(({ name }) => name),
  ...derived,
];

export const lakeTables: readonly KqlTable[] = [
  {
    name: 'Conversations',
    about: 'One row for each connection and date, whatever the number of NICs that saw it',
    columns: columnsNamed('flows', flowNames),
    relation: ranged('time', (range) => flowRows(range, call('equal', column('observer'), whole(0)))),
  },
  {
    name: 'Flows',
    about: 'One row for each observer of a connection and date',
    columns: columnsNamed('flows', flowNames),
    relation: ranged('time', (range) => flowRows(range)),
  },
  {
    name: 'Tuples',
    about: 'Every tuple as it was logged',
    columns: columnsNamed('tuples', tupleNames),
    relation: ranged('time', (range) => filter(scan('tuples'), ...withinRange(range, column('time')))),
  },
];

function columnsNamed(table: 'tuples' | 'flows', names: readonly string[]): readonly KqlColumn[] {
  const types = new Map(scanColumns(table).map(({ name, type }) => [name, type]));
  return names.flatMap((name) => {
    const type = types.get(name);
    return type === undefined || !isScalar(type) ? [] : [{ name, type: kqlTypeOf(type), column: name }];
  });
}

/** Rows that have a tuple in the range. An observer's own values are filled in where they are the conversation's. */
function flowRows({ start, end }: QueryRange, ...conditions: readonly Expression[]): Relation {
  const rows = filter(
    scan('flows'),
    ...(start === undefined ? [] : withinRange({ start }, column('last_time'))),
    ...(end === undefined ? [] : withinRange({ end }, column('time'))),
    ...conditions,
  );
  return project(
    rows,
    flowNames.map((name): Named => ({ name, value: ownValue(name) })),
  );
}

function ownValue(name: string): Expression {
  const [, shared] = /^observer_(.+)$/.exec(name) ?? [];
  if (shared === undefined) return column(name);
  // A counter is null where nothing was counted, too.
  if (counterColumns.some((counter) => counter === shared))
    return when(call('is_null', column('observer_access')), column(shared), column(name));
  return call('coalesce', column(name), column(shared));
}
