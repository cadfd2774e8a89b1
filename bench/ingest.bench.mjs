// Blobs in a folder to rows committed in a table, tuples per second of processor time: `npm run bench -- ingest [HOURS]` (after `npm run build`).
import { existsSync, readdirSync, statSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { command, cpuOf, cpuSeconds, duckdbTuples, withFlowLogs } from './flow-logs.mjs';

export function run(hours = 6) {
  return withFlowLogs(hours, async ({ folder, logs, paths, tuples }) => {
    const rows = [];
    const add = (name, seconds, tupleBytes, traceBytes, mebibytes) =>
      rows.push([
        name,
        (tuples / 1e6 / seconds).toFixed(2),
        (tupleBytes / tuples).toFixed(2),
        traceBytes === undefined ? '' : (traceBytes / tuples).toFixed(2),
        mebibytes?.toFixed(0) ?? '',
      ]);
    const lake = join(folder, 'lake');
    const own = cpuOf(process.execPath, [command, 'ingest', logs, '--lake', lake]);
    if (own === undefined) throw new Error('nsgflow ingest failed, or GNU time is not installed');
    const { openLake } = await import('../dist/lake/lake.js');
    const { tableStats } = await import('../dist/lake/table-stats.js');
    const opened = await openLake(lake);
    const { bytes, columns, rows: inTable } = await tableStats(opened);
    await opened.close();
    if (inTable !== tuples) throw new Error(`${inTable} rows of ${tuples} tuples`);
    const trace = columns.reduce((sum, column) => sum + (column.part === 'trace' ? column.bytes : 0), 0);
    add('nsgflow ingest, whole process', own.seconds, bytes - trace, trace + filterBytes(lake), own.mebibytes);
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
    const file = join(folder, 'duckdb.parquet');
    const seconds = await cpuSeconds(
      () => connection.run(`COPY (${duckdbTuples(paths)}) TO '${file}' (FORMAT parquet, COMPRESSION zstd)`),
      1,
    );
    add("DuckDB's JSON in SQL to Parquet, no positions", seconds, statSync(file).size);
    return {
      title: `Ingesting ${tuples.toLocaleString('en-US')} tuples, million tuples per second of processor time (load average ${loadavg()[0].toFixed(1)})`,
      header: ['way', 'M/core-s', 'bytes a tuple', 'trace and filters', 'MiB at most'],
      rows,
    };
  });
}

/** Of the address filters beside the data files. */
function filterBytes(lake) {
  const folder = join(lake, '_nsgflow/addresses');
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
