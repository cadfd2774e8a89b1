/** Sums over all observers, which are those over all tuples: they tell of a large lake whether rows are missing or doubled. */
import { fileRows } from '../../../src/lake/files/file-rows.ts';
import { listParameter } from '../../../src/lake/duckdb/duckdb.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { dataFileOf } from '../../../src/lake/delta/snapshot.ts';

export interface Totals {
  readonly tuples: number;
  /** Of each counter, as a text. */
  readonly counters: readonly string[];
}

const counters = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'];

export async function totalsOf(lake: Lake, table: 'flows' | 'tuples' = 'flows'): Promise<Totals> {
  const connection = await lake.connect();
  try {
    let sql: string;
    if (table === 'flows') {
      const paths = [...((await lake.flows())?.state.files.values() ?? [])].map(
        (add) => dataFileOf(lake.flowsPlace, add).path,
      );
      await connection.run('SET VARIABLE totals_files = $1', [await listParameter(paths)]);
      const sums = counters.map(
        (name) => `sum(CASE WHEN observer_access IS NULL THEN ${name} ELSE observer_${name} END)`,
      );
      sql = `SELECT ${['sum(coalesce(observer_tuples, tuples))', ...sums].join(', ')} FROM read_parquet(getvariable('totals_files'), hive_partitioning = false)`;
    } else {
      const sums = counters.map((name) => `sum(${name})`);
      sql = `SELECT ${['count(*)', ...sums].join(', ')} FROM ${await fileRows(connection, (await lake.snapshot()).files)}`;
    }
    const [[tuples, ...rest]] = (await connection.runAndReadAll(sql)).getRowsJS();
    return { tuples: Number(tuples), counters: rest.map(String) };
  } finally {
    connection.closeSync();
  }
}
