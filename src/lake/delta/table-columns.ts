import { FlowError } from '../../base/errors.ts';
import type { MetadataAction } from './delta-log.ts';
import { lakeColumns, partitionColumn } from '../tuples/schema.ts';
import { deltaSchemaString } from '../tuples/stored-columns.ts';
import type { TableState } from './table-state.ts';

interface DeltaField {
  readonly name?: unknown;
  readonly type?: unknown;
  readonly nullable?: unknown;
  readonly metadata?: unknown;
}

/**
 * A Delta table that is no lake of ours is refused before anybody asks it or adds to it: the first columns of the view `tuples` must be there, and
 * every column of ours that is there must have our type. Columns that a newer nsgflow has are null in an older table.
 * @throws lake-invalid
 */
export function checkColumns(folder: string, { metadata }: TableState): void {
  const types = new Map(fieldsOf(metadata).map((field) => [field.name, field.type]));
  const wrong = lakeColumns.find(({ name, delta, place, since }) =>
    types.has(name) ? types.get(name) !== delta : place === 'flows' && since === undefined,
  );
  if (wrong !== undefined)
    throw new FlowError(
      'lake-invalid',
      `the Delta table in ${folder} is no lake of nsgflow: it has no column ${wrong.name} of type ${wrong.delta}`,
    );
  if (metadata.partitionColumns.length !== 1 || metadata.partitionColumns[0] !== partitionColumn)
    throw new FlowError(
      'lake-invalid',
      `the Delta table in ${folder} is no lake of nsgflow: it is not partitioned by ${partitionColumn}`,
    );
}

/** The table's metadata with the columns that it lacks, behind those that it has; `undefined` where it lacks none. */
export function metadataWithColumns(
  { metadata }: TableState,
  schemaString = deltaSchemaString(),
): MetadataAction | undefined {
  const present = fieldsOf(metadata);
  const names = new Set(present.map((field) => field.name));
  const ours = JSON.parse(schemaString) as { fields: readonly DeltaField[] };
  const missing = ours.fields.filter((field) => !names.has(field.name));
  if (missing.length === 0) return undefined;
  return { ...metadata, schemaString: JSON.stringify({ ...ours, fields: [...present, ...missing] }) };
}

/** The table's columns; none where the schema is not of Delta's form. */
export function fieldsOf(metadata: MetadataAction): readonly DeltaField[] {
  try {
    const schema = JSON.parse(metadata.schemaString) as { fields?: readonly DeltaField[] };
    return Array.isArray(schema.fields) ? schema.fields : [];
  } catch {
    return [];
  }
}
