/**
 * What the Delta protocol asks of writers of version 2 besides the form of the log: rows of an append-only table stay, and rows that come keep to
 * NOT NULL and to the invariants of columns. Invariants are SQL of Spark, which nsgflow cannot evaluate: it adds no rows to such a table.
 *
 * Source: Delta transaction log protocol, "Append-only Tables", "Column Invariants", "Requirements for Writers".
 */
import { FlowError } from '../../base/errors.ts';
import type { Action } from './delta-log.ts';
import { lakeColumns, partitionColumn } from '../tuples/schema.ts';
import { fieldsOf } from './table-columns.ts';
import type { TableState } from './table-state.ts';
import type { TablePlace } from './table-place.ts';

/** Columns of ours that have a value in every row. */
const neverNull: ReadonlySet<unknown> = new Set([
  'time',
  'format',
  'blob',
  'record_offset',
  'tuple_index',
  partitionColumn,
]);

const hint = 'Change the table in the engine that set this, or ingest into a new lake.';

export function isAppendOnly({ metadata }: TableState): boolean {
  return metadata.configuration?.['delta.appendOnly']?.toLowerCase() === 'true';
}

/** @throws lake-invalid where no row of ours may be added */
export function checkAppendable(table: TablePlace, { metadata }: TableState): void {
  const constraint = Object.keys(metadata.configuration ?? {}).find((key) => key.startsWith('delta.constraints.'));
  if (constraint !== undefined)
    throw new FlowError(
      'lake-invalid',
      `nothing is added to the lake ${table.lake}: it has the constraint ${constraint}`,
      {
        hint,
      },
    );
  const ours = new Set<unknown>(lakeColumns.map(({ name }) => name));
  for (const { name, nullable, metadata: facts } of fieldsOf(metadata)) {
    if (typeof facts === 'object' && facts !== null && 'delta.invariants' in facts)
      throw new FlowError(
        'lake-invalid',
        `nothing is added to the lake ${table.lake}: its column ${String(name)} has an invariant (delta.invariants), which nsgflow cannot check`,
        { hint },
      );
    if (nullable === false && !ours.has(name))
      throw new FlowError(
        'lake-invalid',
        `nothing is added to the lake ${table.lake}: its column ${String(name)} must not be null, and nsgflow has no values for it`,
        { hint },
      );
  }
}

/** Holds the files of a commit against what the table asks. Files with rows that were there before (`dataChange` false) are not looked at. @throws lake-invalid */
export function checkChanges(table: TablePlace, state: TableState, actions: readonly Action[]): void {
  const removed = actions.filter(({ remove }) => remove?.dataChange === true).length;
  if (removed > 0 && isAppendOnly(state))
    throw new FlowError(
      'lake-invalid',
      `no rows are removed from the lake ${table.lake}: it is append-only (delta.appendOnly), and ${removed} files would go`,
      { hint: 'Set delta.appendOnly to false in the engine that set it, if rows may go.' },
    );
  const added = actions.flatMap(({ add }) => (add?.dataChange === true ? [add] : []));
  if (added.length === 0) return;
  checkAppendable(table, state);
  const required = fieldsOf(state.metadata).filter(({ name, nullable }) => nullable === false && !neverNull.has(name));
  for (const { name } of required)
    for (const { stats } of added) {
      const nulls = nullsOf(stats, String(name));
      if (nulls !== 0)
        throw new FlowError(
          'lake-invalid',
          `nothing is added to the lake ${table.lake}: its column ${String(name)} must not be null, and ${nulls ?? 'perhaps some'} of the new rows have no value`,
          { hint },
        );
    }
}

/** How many rows of a file of ours have no value; `undefined` where its statistics do not say. */
function nullsOf(stats: string | null | undefined, column: string): number | undefined {
  if (stats == null) return undefined;
  const { nullCount } = JSON.parse(stats) as { nullCount?: Record<string, number> };
  return nullCount?.[column];
}
