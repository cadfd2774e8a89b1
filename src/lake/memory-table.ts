import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { limits } from '../base/limits.ts';
import type { FlowLog } from '../flowlog/record.ts';
import type { Duckdb } from './duckdb.ts';
import { listParameter, openDuckdb, questionMemoryBytes } from './duckdb.ts';
import type { RowOrigin } from './row-stage.ts';
import { RowStage } from './row-stage.ts';
import { duckdbTypes, storedColumns } from './schema.ts';
import type { TemporaryFolder } from './temporary-folder.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';
import { tuplesPlace } from './table-place.ts';

/**
 * The rows of a lake without a lake: flow logs read into a table of DuckDB in memory, spilling to a temporary folder. Every
 * question that runs on a lake runs on it, by the same columns. Rows go the way that they go into a lake, through data files, which
 * live in a temporary folder until the table has them.
 */
export class MemoryTable {
  readonly duckdb: Duckdb;
  readonly #connection: DuckDBConnection;
  readonly #folder: TemporaryFolder;
  readonly #stage: RowStage;
  #rows = 0;

  private constructor(duckdb: Duckdb, connection: DuckDBConnection, folder: TemporaryFolder, stage: RowStage) {
    this.duckdb = duckdb;
    this.#connection = connection;
    this.#folder = folder;
    this.#stage = stage;
  }

  static async open(memoryBytes: number = questionMemoryBytes()): Promise<MemoryTable> {
    const duckdb = await openDuckdb(memoryBytes);
    const connection = await duckdb.connect();
    const columns = storedColumns.map((column) => `${column.name} ${duckdbTypes[column.delta]}`);
    await connection.run(`CREATE TABLE ${memoryTableName} (${columns.join(', ')})`);
    const folder = await makeTemporaryFolder('rows');
    return new MemoryTable(duckdb, connection, folder, new RowStage(tuplesPlace(folder.path)));
  }

  /** Tuples that have no row or lost a counter, by reason. */
  get refused(): RowStage['refused'] {
    return this.#stage.refused;
  }

  /** Adds all tuples of a flow log. @returns the rows that gave. */
  async addFlowLog(flowLog: FlowLog, origin: RowOrigin): Promise<number> {
    const rows = await this.#stage.add(flowLog, origin);
    this.#rows += rows;
    if (this.#rows >= limits.memoryRowsInFilesMax) await this.flush();
    return rows;
  }

  /** Makes everything added visible to questions. */
  async flush(): Promise<void> {
    if (this.#rows === 0) return;
    this.#rows = 0;
    const paths = (await this.#stage.finish()).map(({ path }) => join(this.#folder.path, path));
    await this.#connection.run(
      `INSERT INTO ${memoryTableName} SELECT ${storedColumns.map(({ name }) => name).join(', ')} FROM read_parquet($1::VARCHAR[], hive_partitioning = false)`,
      [await listParameter(paths)],
    );
    for (const path of paths) await rm(path, { force: true });
  }

  async close(): Promise<void> {
    this.#connection.closeSync();
    await this.duckdb.close();
    await this.#folder.remove();
  }
}

/** The table's name in its DuckDB. */
export const memoryTableName = 'memory_rows';
