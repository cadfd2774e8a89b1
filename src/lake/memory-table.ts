import type { FlowLog } from '../flowlog/record.ts';
import type { DuckDBConnection } from '@duckdb/node-api';
import { limits } from '../base/limits.ts';
import type { Duckdb } from './duckdb.ts';
import { openDuckdb } from './duckdb.ts';
import type { RowOrigin } from './row-stage.ts';
import { RowStage, selectRows } from './row-stage.ts';
import { duckdbTypes, storedColumns } from './schema.ts';

/**
 * The rows of a lake without a lake: flow logs read into a table of DuckDB in memory, spilling to a temporary folder. Every
 * question that runs on a lake runs on it, by the same columns.
 */
export class MemoryTable {
  readonly duckdb: Duckdb;
  readonly #connection: DuckDBConnection;
  readonly #stage: RowStage;

  private constructor(duckdb: Duckdb, connection: DuckDBConnection, stage: RowStage) {
    this.duckdb = duckdb;
    this.#connection = connection;
    this.#stage = stage;
  }

  static async open(memoryBytes: number = limits.queryMemoryBytesMax): Promise<MemoryTable> {
    const duckdb = await openDuckdb(memoryBytes);
    const connection = await duckdb.connect();
    const columns = storedColumns.map((column) => `${column.name} ${duckdbTypes[column.delta]}`);
    await connection.run(`CREATE TABLE ${memoryTableName} (${columns.join(', ')})`);
    return new MemoryTable(duckdb, connection, await RowStage.open(connection));
  }

  /** Tuples that have no row or lost a counter, by reason. */
  get refused(): RowStage['refused'] {
    return this.#stage.refused;
  }

  /** Adds all tuples of a flow log. @returns the rows that gave. */
  async addFlowLog(flowLog: FlowLog, origin: RowOrigin): Promise<number> {
    const rows = this.#stage.add(flowLog, origin);
    if (this.#stage.rows >= limits.stagedRowsMax) await this.flush();
    return rows;
  }

  /** Makes everything added visible to questions. */
  async flush(): Promise<void> {
    if (this.#stage.rows === 0) return;
    await this.#stage.flush();
    await this.#connection.run(`INSERT INTO ${memoryTableName} ${selectRows(storedColumns)}`);
    await this.#stage.clear();
  }

  async close(): Promise<void> {
    this.#connection.closeSync();
    await this.duckdb.close();
  }
}

/** The table's name in its DuckDB. */
export const memoryTableName = 'memory_rows';
