// Blobs in a folder to rows committed in a table, tuples per second of processor time: `npm run bench -- ingest [HOURS]` (after `npm run build`).
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { command, count, load } from './built.mjs';
import { chdbTuples, cpuOf, cpuOfChdb, cpuSeconds, duckdbTuples, withFlowLogs } from './flow-logs.mjs';

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
    const chdb = cpuOfChdb(`INSERT INTO FUNCTION file('chdb.parquet', Parquet) ${chdbTuples}`, folder);
    if (chdb !== undefined)
      add(
        "ClickHouse's JSON in SQL to Parquet (chDB, whole process), no positions",
        chdb.seconds,
        statSync(join(folder, 'chdb.parquet')).size,
        undefined,
        chdb.mebibytes,
      );
    const jq = cpuOf('jq', [
      '-r',
      '.records[].properties.flows[].flows[].flowTuples[] | split(",") | @tsv',
      ...paths.slice(0, 24),
    ]);
    if (jq !== undefined)
      rows.push(['jq to text, nothing kept', ((24 * tuples) / paths.length / 1e6 / jq.seconds).toFixed(2), '', '', '']);
    const parsed = await cpuSeconds(() => parseAll(paths.slice(0, 24)), 1);
    rows.push([
      'JSON.parse and split, nothing kept',
      ((24 * tuples) / paths.length / 1e6 / parsed).toFixed(2),
      '',
      '',
      '',
    ]);
    return {
      title: `Ingesting ${count(tuples)} tuples, million tuples per second of processor time (${load()})`,
      header: ['way', 'M/core-s', 'bytes a tuple', 'trace and filters', 'MiB at most'],
      rows,
    };
  });
}

function parseAll(paths) {
  for (const path of paths)
    for (const { properties } of JSON.parse(readFileSync(path, 'utf8')).records)
      for (const { flows } of properties.flows)
        for (const { flowTuples } of flows) for (const tuple of flowTuples) tuple.split(',');
}

/** Of the address filters beside the data files. */
function filterBytes(lake) {
  const folder = join(lake, '_nsgflow/tuples/addresses');
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
