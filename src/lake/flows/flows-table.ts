/** The table `flows` as Delta sees it. */
import { FlowError } from '../../base/errors.ts';
import type { Action } from '../delta/delta-log.ts';
import { fieldsOf, metadataWithColumns } from '../delta/table-columns.ts';
import type { TableState } from '../delta/table-state.ts';
import { firstColumns, flowColumns, reportFields } from './schema.ts';

const reportType = {
  type: 'array',
  containsNull: true,
  elementType: {
    type: 'struct',
    fields: reportFields.map(({ name, type }) => ({ name, type, nullable: true, metadata: {} })),
  },
};

/** `schemaString` of the table's metadata. Source: Delta protocol, "Schema Serialization Format". */
export const flowsSchemaString = JSON.stringify({
  type: 'struct',
  fields: flowColumns.map(({ name, type, meaning }) => ({
    name,
    type: type === 'reports' ? reportType : type,
    nullable: true,
    metadata: { comment: meaning },
  })),
});

/** The columns that an older table lacks, as a commit adds them. */
export function newFlowColumns(state: TableState): Action[] {
  const metaData = metadataWithColumns(state, flowsSchemaString);
  return metaData === undefined ? [] : [{ metaData }];
}

/** @throws lake-invalid where a column of ours is missing or of another type */
export function checkFlowsTable(folder: string, { metadata }: TableState): void {
  const types = new Map(fieldsOf(metadata).map((field) => [field.name, field.type]));
  const wrong = flowColumns.find((column) => {
    const type = types.get(column.name);
    if (type === undefined) return firstColumns.includes(column);
    return column.type === 'reports' ? typeof type !== 'object' : type !== column.type;
  });
  if (wrong === undefined) return;
  throw new FlowError(
    'lake-invalid',
    `the Delta table in ${folder} is no table of settled flows: it has no column ${wrong.name} of type ${wrong.type}`,
    { hint: 'Move the folder away: nsgflow lake settle makes it anew from the table of tuples.' },
  );
}
