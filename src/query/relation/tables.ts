/** The tables that a tree can read, with their columns. */
import type { DeltaType } from '../../lake/schema.ts';
import { lakeColumns } from '../../lake/schema.ts';
import type { TableName } from './relation.ts';
import type { Column, ListType, ScalarType } from './type.ts';

const scalarTypes: Readonly<Record<Exclude<DeltaType, 'date'>, ScalarType>> = {
  timestamp: 'time',
  string: 'text',
  integer: 'integer',
  long: 'long',
};

/** Counters of a tuple, a report and a flow, in the order of the tables. */
export const counterColumns = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'] as const;

const counters = counterColumns.map((name): Column => ({ name, type: 'long' }));

/** The counted tuples of an observer, in order; `before` is the time of the tuple before, from which the counters count. */
export const reportsType: ListType = {
  list: { struct: [{ name: 'before', type: 'time' }, { name: 'time', type: 'time' }, ...counters] },
};

const tupleColumns = lakeColumns.flatMap(({ name, delta }): Column[] =>
  delta === 'date' ? [] : [{ name, type: scalarTypes[delta] }],
);

/** The type of a column that both tables have. */
function ofTuples(...names: readonly string[]): Column[] {
  return names.map((name) => tupleColumns.find((column) => column.name === name)!);
}

const flowColumns: readonly Column[] = [
  { name: 'time', type: 'time' },
  { name: 'last_time', type: 'time' },
  ...ofTuples('src_ip', 'src_port', 'dst_ip', 'dst_port', 'protocol', 'access'),
  ...counters,
  { name: 'continued', type: 'boolean' },
  { name: 'tuples', type: 'integer' },
  { name: 'observer', type: 'integer' },
  { name: 'observers', type: 'integer' },
  { name: 'conversation', type: 'long' },
  ...ofTuples('direction', 'state', 'rule', 'nsg', 'mac', 'encryption'),
  { name: 'observer_time', type: 'time' },
  { name: 'observer_last_time', type: 'time' },
  { name: 'observer_access', type: 'text' },
  { name: 'observer_tuples', type: 'integer' },
  ...counters.map(({ name, type }) => ({ name: `observer_${name}`, type })),
  { name: 'reports', type: reportsType },
  { name: 'counting_reports', type: reportsType },
  ...ofTuples('src_ipv6_high', 'src_ipv6_low', 'dst_ipv6_high', 'dst_ipv6_low'),
  ...ofTuples('format', 'resource_id', 'target_id', 'acl_id', 'record_time', 'blob', 'record_offset', 'tuple_index'),
];

/** Columns of each table, in order. The partition column lies in the folders' names, not in the files. */
export const tableColumns: Readonly<Record<TableName, readonly Column[]>> = {
  tuples: tupleColumns,
  flows: flowColumns,
};
