import type { DuckDBConnection } from '@duckdb/node-api';
import { limits } from '../base/limits.ts';
import type { Duckdb } from '../lake/duckdb.ts';
import { listValue } from '../lake/duckdb-library.ts';
import { openDuckdb, questionMemoryBytes } from '../lake/duckdb.ts';
import type { RowSource } from './row-source.ts';
import { flowsColumnList } from './row-source.ts';

/**
 * An instance in which a user's SQL can do no harm: a view `flows`, no files but those of the snapshot (and these for reading
 * only: whatever writes is refused by its kind), no network, no extension, configuration locked, memory bounded.
 */
export interface SqlSandbox {
  /** A connection for one question. */
  connect(): Promise<DuckDBConnection>;
  close(): Promise<void>;
}

/** What a question may use; absent is as much as limits.ts says. */
export interface QuestionBounds {
  /** Beyond it, DuckDB spills to the temporary folder. */
  readonly memoryBytes?: number;
  /** What SQL of users may spill. */
  readonly spillBytes?: number;
}

/** Rows in memory stay in their instance `lent`, which is locked for good; the rows of a lake get an instance of their own. */
export async function openSqlSandbox(
  source: RowSource,
  lent: Duckdb | undefined,
  { memoryBytes = questionMemoryBytes(), spillBytes = limits.querySpillBytesMax }: QuestionBounds,
): Promise<SqlSandbox> {
  const duckdb = lent ?? (await openDuckdb(memoryBytes));
  const close = async (): Promise<void> => (lent === undefined ? await duckdb.close() : undefined);
  try {
    const connection = await duckdb.connect();
    const relation = await source.relation(connection, {});
    await connection.run(`CREATE VIEW flows AS SELECT ${flowsColumnList} FROM ${relation}`);
    const files = source.files();
    if (files.length > 0) await connection.run('SET GLOBAL allowed_paths = $1', [listValue([...files])]);
    await connection.run(`SET GLOBAL max_temp_directory_size = '${spillBytes}B'`);
    await connection.run('SET GLOBAL enable_external_access = false');
    await connection.run('SET GLOBAL lock_configuration = true');
    connection.closeSync();
    return {
      connect: async () => {
        const one = await duckdb.connect();
        await source.relation(one, {});
        return one;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
