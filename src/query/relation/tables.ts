/** The tables that a tree can read, with their columns. */
import type { DeltaType } from '../../lake/tuples/schema.ts';
import { flowColumns as storedFlowColumns, reportFields } from '../../lake/flows/schema.ts';
import { lakeColumns } from '../../lake/tuples/schema.ts';
import { nameColumns } from '../names/columns.ts';
import type { TableName } from './node-names.ts';
import type { Column, ListType, ScalarType } from './type.ts';

const scalarTypes: Readonly<Record<Exclude<DeltaType, 'date'>, ScalarType>> = {
  timestamp: 'time',
  string: 'text',
  integer: 'integer',
  long: 'long',
};

/** Counters of a tuple, a report and a flow, in the order of the tables. */
export const counterColumns = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'] as const;

/** The counted tuples of an observer, in order; `before` is the time of the tuple before, from which the counters count. */
export const reportsType: ListType = {
  list: { struct: reportFields.map(({ name, type }): Column => ({ name, type: scalarTypes[type] })) },
};

const tupleColumns = lakeColumns.flatMap(({ name, delta }): Column[] =>
  delta === 'date' ? [] : [{ name, type: scalarTypes[delta] }],
);

const flowColumns = storedFlowColumns.flatMap(({ name, type, of }): Column[] => {
  if (type === 'date' || of === 'internal') return [];
  return [{ name, type: type === 'reports' ? reportsType : type === 'boolean' ? type : scalarTypes[type] }];
});

/** Stored columns of each table, in order. The partition column lies in the folders' names, not in the files. */
export const tableColumns: Readonly<Record<TableName, readonly Column[]>> = {
  tuples: tupleColumns,
  flows: flowColumns,
};

/** The same, and those that names give. */
export function scanColumns(table: TableName): readonly Column[] {
  return [...tableColumns[table], ...nameColumns.map(({ name }): Column => ({ name, type: 'text' }))];
}
