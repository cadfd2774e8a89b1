// Flow logs for benchmarks, and how other programs read them.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { withFolder } from './built.mjs';
import { makeFlowLogs } from './made-logs.mjs';

/** Gives `use` a folder of its own with `logs` in it, and removes it. */
export function withFlowLogs(hours, use) {
  return withFolder((folder) => {
    const logs = join(folder, 'logs');
    const { bytes, tuples } = makeFlowLogs(logs, hours);
    const paths = readdirSync(logs, { recursive: true })
      .filter((name) => name.endsWith('PT1H.json'))
      .map((name) => join(logs, name));
    return use({ folder, logs, paths, bytes, tuples });
  });
}

/** The least CPU seconds, user and system, that a step in this process takes. */
export async function cpuSeconds(step, rounds = 3) {
  let least = Infinity;
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    await step();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1e6);
  }
  return least;
}

/** CPU seconds and peak memory of a program; `undefined` where it or GNU time is not installed, or it failed. */
export function cpuOf(program, options, input, cwd) {
  const { status, stderr } = spawnSync('/usr/bin/time', ['-f', '%U %S %M', program, ...options], {
    encoding: 'utf8',
    input,
    cwd,
    maxBuffer: 1 << 30,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  if (status !== 0) return undefined;
  const [user, system, kilobytes] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return { seconds: user + system, mebibytes: kilobytes / 1024 };
}

const chdb = resolve('test/lake/chdb');

/** CPU seconds of ClickHouse in a process of its own, one thread, over the logs below `folder`; `undefined` where chDB is not installed. */
export function cpuOfChdb(sql, folder) {
  if (!existsSync(join(chdb, 'node_modules/chdb/package.json'))) return undefined;
  const program = `
    import { createRequire } from 'node:module';
    const require = createRequire(${JSON.stringify(join(chdb, 'package.json'))});
    const { query } = await import(require.resolve('chdb'));
    query(process.argv[1] + ' SETTINGS max_threads = 1, use_hive_partitioning = 0', 'TabSeparated');`;
  return cpuOf(process.execPath, ['--input-type=module', '-e', program, sql], undefined, folder);
}

export const readAll = (paths) => Buffer.concat(paths.map((path) => readFileSync(path)));

/** DuckDB's own way from blobs to columns, in SQL; `paths` are quoted. */
export const duckdbTuples = (paths) => `
  WITH records AS (SELECT unnest(records) AS r FROM read_json([${paths.map((path) => `'${path}'`).join(',')}],
      maximum_object_size = 100000000, columns = {records: 'STRUCT("time" VARCHAR, resourceId VARCHAR, properties STRUCT(flows STRUCT(rule VARCHAR, flows STRUCT(mac VARCHAR, flowTuples VARCHAR[])[])[]))[]'})),
  rules AS (SELECT r.resourceId AS resource_id, unnest(r.properties.flows) AS f FROM records),
  nics AS (SELECT resource_id, f.rule AS rule, unnest(f.flows) AS g FROM rules),
  texts AS (SELECT resource_id, rule, g.mac AS mac, string_split(unnest(g.flowTuples), ',') AS t FROM nics)
  SELECT make_timestamptz(t[1]::BIGINT * 1000000) AS time, t[2] AS src_ip, t[4]::INTEGER AS src_port, t[3] AS dst_ip, t[5]::INTEGER AS dst_port,
    t[6] AS protocol, t[7] AS direction, t[8] AS access, t[9] AS state, rule, resource_id, mac,
    try_cast(t[10] AS BIGINT) AS packets_forward, try_cast(t[11] AS BIGINT) AS bytes_forward, try_cast(t[12] AS BIGINT) AS packets_reverse, try_cast(t[13] AS BIGINT) AS bytes_reverse
  FROM texts`;

/** ClickHouse's own way; it reads below its working folder only. */
export const chdbTuples = `
  SELECT toDateTime(toInt64(t[1]), 'UTC') AS time, t[2] AS src_ip, toUInt16(t[4]) AS src_port, t[3] AS dst_ip, toUInt16(t[5]) AS dst_port,
    t[6] AS protocol, t[7] AS direction, t[8] AS access, t[9] AS state, rule, resource_id, mac,
    toInt64OrNull(t[10]) AS packets_forward, toInt64OrNull(t[11]) AS bytes_forward, toInt64OrNull(t[12]) AS packets_reverse, toInt64OrNull(t[13]) AS bytes_reverse
  FROM (SELECT r.resourceId AS resource_id, f.rule AS rule, g.mac AS mac, splitByChar(',', tuple) AS t
    FROM (SELECT arrayJoin(JSONExtract(json, 'Tuple(records Array(Tuple(resourceId String, properties Tuple(flows Array(Tuple(rule String, flows Array(Tuple(mac String, flowTuples Array(String)))))))))').records) AS r
      FROM file('logs/**/PT1H.json', JSONAsString))
    ARRAY JOIN r.properties.flows AS f ARRAY JOIN f.flows AS g ARRAY JOIN g.flowTuples AS tuple)`;
