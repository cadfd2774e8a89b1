// Decoding flow logs, megabytes of JSON per second of processor time: `npm run bench -- decode [HOURS]` (after `npm run build`).
import { readFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { load } from './built.mjs';
import { chdbTuples, cpuOf, cpuOfChdb, cpuSeconds, duckdbTuples, withFlowLogs } from './flow-logs.mjs';

export function run(hours = 1) {
  return withFlowLogs(hours, async ({ folder, paths, bytes, tuples }) => {
    const { decodeFlowLog, FlowLogDecoder } = await import('../dist/flowlog/decode.js');
    const blobs = paths.map((path) => readFileSync(path));
    const rows = [];
    const add = (name, seconds, share = 1) =>
      rows.push([name, ((share * bytes) / 1e6 / seconds).toFixed(0), ((1e9 * seconds) / tuples / share).toFixed(0)]);
    const decoder = new FlowLogDecoder();
    add('nsgflow, as ingest does', await cpuSeconds(() => blobs.forEach((blob) => decoder.decode(blob)), 15));
    add('nsgflow, columns made for each blob', await cpuSeconds(() => blobs.forEach((blob) => decodeFlowLog(blob)), 3));
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
    const chdb = cpuOfChdb(
      `SELECT count(), sum(src_port), sum(bytes_forward), max(time), max(src_ip) FROM (${chdbTuples})`,
      folder,
    );
    if (chdb !== undefined) add("ClickHouse's JSON in SQL (chDB, whole process)", chdb.seconds);
    // jq takes a hundred times as long: some blobs are enough.
    const some = paths.slice(0, 24);
    const someBytes = blobs.slice(0, 24).reduce((sum, { length }) => sum + length, 0);
    const jq = cpuOf('jq', ['-r', '.records[].properties.flows[].flows[].flowTuples[] | split(",") | @tsv', ...some]);
    if (jq !== undefined) add('jq', jq.seconds, someBytes / bytes);
    return {
      title: `Decoding ${(bytes / 1e6).toFixed(0)} MB of NSG flow logs, version 2, on one core (${load()})`,
      header: ['decoder', 'MB/s', 'ns a tuple'],
      rows,
    };
  });
}
