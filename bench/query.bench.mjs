// Questions over the lake and over DuckDB's own table of the same rows, milliseconds of processor time: `npm run bench -- query [HOURS]` (after `npm run build`).
import { spawnSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { command, cpuOf, cpuSeconds, withFlowLogs } from './flow-logs.mjs';

const hour = "time >= '2020-11-13 01:00:00+00' AND time < '2020-11-13 02:00:00+00'";
const counted = 'sum(bytes_forward + bytes_reverse)::DOUBLE AS bytes';
const questions = (rare) => [
  ['top 10 sources by bytes', `SELECT src_ip, ${counted} FROM rows GROUP BY 1 ORDER BY 2 DESC NULLS LAST LIMIT 10`],
  ['bytes by minute', `SELECT date_trunc('minute', time), ${counted} FROM rows GROUP BY 1 ORDER BY 1`],
  [
    'one hour, top 10 pairs',
    `SELECT src_ip, dst_ip, ${counted} FROM rows WHERE ${hour} GROUP BY ALL ORDER BY 3 DESC NULLS LAST LIMIT 10`,
  ],
  ['one rare address, all columns', `SELECT * FROM rows WHERE src_ip = '${rare}' OR dst_ip = '${rare}'`],
  ['a block (10.1.0.0/16)', `SELECT count(*), ${counted} FROM rows WHERE regexp_matches(src_ip, '^10\\.1\\.')`],
  ['denied by port', `SELECT dst_port, count(*) FROM rows WHERE access = 'deny' GROUP BY 1 ORDER BY 2 DESC LIMIT 10`],
];

export function run(hours = 6) {
  return withFlowLogs(hours, async ({ folder, logs, tuples }) => {
    const lake = join(folder, 'lake');
    spawnSync(process.execPath, [command, 'ingest', logs, '--lake', lake]);
    const connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect();
    await connection.run("SET TimeZone = 'UTC'");
    const parquet = `read_parquet('${lake}/*/*.parquet', hive_partitioning = false)`;
    await connection.run(`CREATE TABLE own AS SELECT * FROM ${parquet}`);
    const reader = await connection.runAndReadAll(
      'SELECT src_ip FROM own GROUP BY 1 HAVING count(*) BETWEEN 3 AND 5 ORDER BY 1 LIMIT 1',
    );
    const [[rare]] = /** @type {string[][]} */ (reader.getRowsJS());
    const rows = [];
    const millis = async (sql) => 1000 * (await cpuSeconds(() => connection.runAndReadAll(sql)));
    for (const [name, sql] of questions(rare)) {
      const own = await millis(sql.replace('FROM rows', 'FROM own'));
      const table = await millis(sql.replace('FROM rows', `FROM ${parquet}`));
      rows.push([name, own.toFixed(0), table.toFixed(0), (table / own).toFixed(1)]);
    }
    for (const [name, options] of [
      ['nsgflow --version, whole process', ['--version']],
      [
        'nsgflow top --by src.ip --observations, whole process',
        ['top', '--by', 'src.ip', '--observations', '--lake', lake],
      ],
      [`nsgflow top ip = (rare address), whole process`, ['top', `ip = ${rare}`, '--by', 'src.ip', '--lake', lake]],
      ['nsgflow top --by src.ip (each conversation once), whole process', ['top', '--by', 'src.ip', '--lake', lake]],
    ]) {
      const took = cpuOf(process.execPath, [command, ...options]);
      rows.push([name, '', took === undefined ? 'failed' : (1000 * took.seconds).toFixed(0), '']);
    }
    return {
      title: `Questions over ${tuples.toLocaleString('en-US')} rows, milliseconds of processor time, one thread (load average ${loadavg()[0].toFixed(1)})`,
      header: ['question', "DuckDB's own table", 'the lake', 'ratio'],
      rows,
    };
  });
}
