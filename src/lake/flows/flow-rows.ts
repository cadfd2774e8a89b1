/** The table `flows` for DuckDB. */
import type { TableRows } from '../files/file-rows.ts';
import { duckdbTypes } from '../tuples/schema.ts';
import type { FlowType } from './schema.ts';
import { flowColumns, reportFields } from './schema.ts';

const reports = `STRUCT(${reportFields.map(({ name, type }) => `"${name}" ${duckdbTypes[type]}`).join(', ')})[]`;

function typeOf(type: FlowType): string {
  if (type === 'reports') return reports;
  return type === 'boolean' ? 'BOOLEAN' : duckdbTypes[type];
}

export const flowRows: TableRows = {
  name: 'flows',
  noRows: `SELECT ${flowColumns
    .filter(({ type }) => type !== 'date')
    .map(({ name, type }) => `NULL::${typeOf(type)} AS ${name}`)
    .join(', ')} WHERE false`,
};
