import type { DuckdbConnection } from '../../lake/duckdb/connection.ts';
import { listValue } from '../../lake/duckdb/duckdb-library.ts';
import type { DataFile } from '../../lake/delta/snapshot.ts';
import { fileRows, tupleRows } from '../../lake/files/file-rows.ts';
import { flowRows } from '../../lake/flows/flow-rows.ts';
import { flowColumns } from '../../lake/flows/schema.ts';
import { flowsColumns } from '../../lake/tuples/stored-columns.ts';
import { counterColumns } from '../relation/tables.ts';

/** The files of both tables. */
export interface SandboxFiles {
  readonly tuples: readonly DataFile[];
  readonly flows: readonly DataFile[];
}

/**
 * Makes the instance of a connection one in which a user's SQL can do no harm: the views `tuples`, `flows` and `conversations`, no files but those of
 * the two tables (and these for reading only: whatever writes is refused by its kind), no network, no extension, configuration locked.
 */
export async function lockConnection(
  connection: DuckdbConnection,
  { tuples, flows }: SandboxFiles,
  spillBytes: number,
): Promise<void> {
  const ofTuples = await fileRows(connection, tuples, 'all', tupleRows);
  const ofFlows = await fileRows(connection, flows, 'all', flowRows);
  const shown = flowsColumns.map((column) => column.name).join(', ');
  await connection.run(`CREATE VIEW tuples AS SELECT ${shown} FROM ${ofTuples}`);
  await connection.run(`CREATE VIEW flows AS SELECT ${flowsList} FROM ${ofFlows}`);
  await connection.run('CREATE VIEW conversations AS FROM flows WHERE observer = 0');
  const files = [...tuples, ...flows].map(({ path }) => path);
  if (files.length > 0) await connection.run('SET GLOBAL allowed_paths = $1', [listValue(files)]);
  await connection.run(`SET GLOBAL max_temp_directory_size = '${spillBytes}B'`);
  await connection.run('SET GLOBAL enable_external_access = false');
  await connection.run('SET GLOBAL lock_configuration = true');
}

/** Columns of the view `flows`: an observer's own values are filled in where they are the conversation's. */
const flowsList = flowColumns
  .filter(({ name, of, type }) => of !== 'internal' && type !== 'date' && !name.includes('_ipv6_'))
  .map(({ name }) => {
    const shared = /^observer_(.+)$/.exec(name)?.[1];
    if (shared === undefined) return name;
    const isCounter = counterColumns.some((counter) => counter === shared);
    // A counter is null where nothing was counted, too.
    const own = isCounter
      ? `CASE WHEN observer_access IS NULL THEN ${shared} ELSE ${name} END`
      : `coalesce(${name}, ${shared})`;
    return `${own} AS ${name}`;
  })
  .join(', ');
