// Decoding flow logs, megabytes of JSON per second of processor time: `npm run bench -- decode [HOURS]` (after `npm run build`).
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { DuckDBInstance } from '@duckdb/node-api';
import { cpuOf, cpuSeconds, duckdbTuples, withFlowLogs } from './flow-logs.mjs';

export function run(hours = 1) {
  return withFlowLogs(hours, async ({ paths, bytes, tuples }) => {
    const { decodeFlowLog } = await import('../dist/flowlog/decode.js');
    const blobs = paths.map((path) => readFileSync(path));
    const rows = [];
    const add = (name, seconds) =>
      rows.push([name, (bytes / 1e6 / seconds).toFixed(0), ((1e9 * seconds) / tuples).toFixed(0)]);
    add('nsgflow', await cpuSeconds(() => blobs.forEach((blob) => decodeFlowLog(blob)), 5));
    add(
      'JSON.parse and split, nothing kept',
      await cpuSeconds(() => {
        for (const blob of blobs)
          for (const { properties } of JSON.parse(blob.toString()).records)
            for (const { flows } of properties.flows)
              for (const { flowTuples } of flows) for (const tuple of flowTuples) tuple.split(',');
      }),
    );
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
    add(
      "DuckDB's JSON in SQL",
      await cpuSeconds(() => connection.run(`CREATE OR REPLACE TEMP TABLE t AS ${duckdbTuples(paths)}`), 1),
    );
    const jq = cpuOf('jq', ['-r', '.records[].properties.flows[].flows[].flowTuples[] | split(",") | @tsv', ...paths]);
    if (jq !== undefined) add('jq', jq.seconds);
    return {
      title: `Decoding ${(bytes / 1e6).toFixed(0)} MB of NSG flow logs, version 2, on one core (load average ${loadavg()[0].toFixed(1)})`,
      header: ['decoder', 'MB/s', 'ns a tuple'],
      rows,
    };
  });
}
