// What settling costs: `npm run bench -- settle [HOURS]` (after `npm run build`). The logs are made up here; 9 hours are about 5.2 million tuples of one date.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { command, count, dist, load, withFolder } from './built.mjs';
import { cpuOf, cpuSeconds, duckdbTuples } from './flow-logs.mjs';
import { makeFlowLogs } from './made-logs.mjs';

const rounds = 3;

export function run(hours = 9) {
  return withFolder((folder) => measure(folder, hours));
}

async function measure(folder, hours) {
  const logs = join(folder, 'logs');
  const more = join(folder, 'more');
  const lake = join(folder, 'lake');
  const { tuples } = makeFlowLogs(logs, hours, more, 1);
  const runs = [];
  for (let round = 1; round <= rounds; round++) {
    rmSync(lake, { recursive: true, force: true });
    // The lake of the last one has room for the minute that a new process settles.
    runs.push(ingestAndSettle(logs, lake, ...(round < rounds ? [more] : [])));
  }
  const later = Math.min(...runs.flatMap((one) => one.later ?? []));
  const [best] = runs.sort((a, b) => a.ingest + a.settle - b.ingest - b.settle);
  const ratio = Math.min(...runs.map(({ ingest, settle }) => settle / ingest));
  if (best.tuples !== tuples) throw new Error(`${best.tuples} rows of ${tuples} tuples`);
  const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
  const paths = filesBelow(logs, 'PT1H.json');
  const duckdb = await cpuSeconds(
    () =>
      connection.run(`COPY (${duckdbTuples(paths)}) TO '${folder}/duckdb.parquet' (FORMAT parquet, COMPRESSION zstd)`),
    1,
  );
  const asked = Array.from({ length: rounds }, (_, round) => askLogs(logs, join(folder, `asked-${round}`)));
  const places = await tables(lake);
  const columns = await Promise.all(places.map(({ files }) => columnBytes(connection, files)));
  const sizes = columns.map((its) => its.reduce((sum, [, bytes]) => sum + bytes, 0) / tuples);
  const before = new Set(places[1].files);
  const minute = ingestAndSettle(more, lake);
  const after = await tables(lake);
  const written = after[1].files
    .filter((path) => !before.has(path))
    .reduce((sum, path) => sum + statSync(path).size, 0);
  const rows = [
    ['ingesting, without settling, s', best.ingest.toFixed(2), ''],
    ['settling, s', best.settle.toFixed(2), ''],
    [`settling to ingesting, the least of ${rounds}`, ratio.toFixed(2), 'at most 1'],
    ["DuckDB's JSON in SQL to Parquet, s", duckdb.toFixed(2), ''],
    ['ingesting alone, times as fast', (duckdb / best.ingest).toFixed(2), 'at least 2.7'],
    ['ingesting and settling, times as fast', (duckdb / (best.ingest + best.settle)).toFixed(2), 'at least 1.3'],
    ['memory, MiB at most', Math.max(...runs.map(({ mebibytes }) => mebibytes)).toFixed(0), 'at most 600'],
    [
      `a question with -i to ingest with settling, whole processes, the least of ${rounds}`,
      Math.min(...asked.map(({ ratio }) => ratio)).toFixed(2),
      'at most 1.3',
    ],
    ['its memory, MiB at most', Math.max(...asked.map(({ mebibytes }) => mebibytes)).toFixed(0), 'at most 600'],
    [
      `a minute of ${minute.tuples.toLocaleString('en-US')} tuples, settling by who follows, s`,
      later.toFixed(2),
      'at most 0.5',
    ],
    ['the same by a new process, s', minute.settle.toFixed(2), 'at most 0.5'],
    ['the same, MB of flows written', (written / 1e6).toFixed(1), 'at most 20'],
    ['bytes a tuple, both tables', (sizes[0] + sizes[1]).toFixed(1), 'at most 24'],
    ...columns.flatMap((its, i) => [
      [places[i].name, sizes[i].toFixed(2), ''],
      ...its
        .filter(([, bytes]) => bytes / tuples >= 0.005)
        .map(([name, bytes]) => [`${places[i].name}: ${name}`, (bytes / tuples).toFixed(2), '']),
    ]),
  ];
  return {
    title: `Settling ${count(tuples)} tuples, processor time (${load()})`,
    header: ['what', 'measured', 'goal'],
    rows,
  };
}

/** What a question over logs takes, compared with making a lake of them, and its memory. */
function askLogs(logs, lake) {
  const ingest = cpuOf(process.execPath, [command, 'ingest', logs, '--lake', lake]);
  const question = cpuOf(process.execPath, [command, 'top', '--by', 'dst.ip', '-i', logs]);
  rmSync(lake, { recursive: true, force: true });
  if (ingest === undefined || question === undefined) throw new Error('nsgflow failed, or GNU time is not installed');
  return { ratio: question.seconds / ingest.seconds, mebibytes: question.mebibytes };
}

/** In a process of its own. */
function ingestAndSettle(logs, lake, ...more) {
  const script = join('bench', 'settle-run.mjs');
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, logs, lake, 'settled', ...more], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`settling failed: ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** Data files of both tables. */
async function tables(folder) {
  const { openLake } = await dist('lake/lake.js');
  const lake = await openLake(folder);
  try {
    const flows = await lake.flows();
    const filesOf = (state, place) => [...state.files.keys()].map((path) => join(place.folder, path));
    return [
      { name: 'tuples', files: filesOf(await lake.tuples.refresh(), lake.tuples.place) },
      { name: 'flows', files: filesOf(flows.state, flows.place) },
    ];
  } finally {
    await lake.close();
  }
}

/** Bytes of each column, the largest first; what is not of a column is its own. */
async function columnBytes(connection, files) {
  const list = files.map((path) => `'${path}'`).join(',');
  const sql = `SELECT replace(path_in_schema, ', list, element, ', '.'), sum(total_compressed_size)::DOUBLE FROM parquet_metadata([${list}]) GROUP BY 1 ORDER BY 2 DESC`;
  const columns = /** @type {[string, number][]} */ ((await connection.runAndReadAll(sql)).getRowsJS());
  const size = files.reduce((sum, path) => sum + statSync(path).size, 0);
  return [...columns, ['footers', size - columns.reduce((sum, [, bytes]) => sum + bytes, 0)]];
}

function filesBelow(folder, name) {
  return readdirSync(folder, { recursive: true })
    .filter((path) => path.endsWith(name))
    .map((path) => join(folder, path));
}
