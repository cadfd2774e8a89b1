// Questions over the lake and over DuckDB's own tables of the same rows, milliseconds of processor time: `npm run bench -- query [HOURS]` (after
// `npm run build`). 24 hours are 12 million tuples, 120 hours 62 million; own tables lie in a file, and DuckDB has a bounded memory.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { command, cpuOf, cpuSeconds, withFlowLogs } from './flow-logs.mjs';

const dist = (path) => import(pathToFileURL(join('dist', path)).href);
const memoryBytes = 6 * 2 ** 30;
const start = Date.parse('2020-11-13T10:00:00Z');
const range = { start, end: start + 3_600_000 };

/** Questions by name: what nsgflow asks, of both. */
async function questions(rare, fixed) {
  const { parseFilter } = await dist('query/filter.js');
  const { parseMeasure } = await dist('query/measure.js');
  const where = (text) => ({ where: parseFilter(text, 0) });
  const groups = (more = {}) => ({
    ask: 'groups',
    axes: [{ by: ['src.ip'], limit: 10 }],
    measures: ['bytes', 'flows', 'packets'].map(parseMeasure),
    ...more,
  });
  const series = { ...groups({ axes: [], bucketMillis: 600_000 }), atReport: true, observations: true };
  return [
    ['top sources, every tuple', groups({ observations: true })],
    ['series of 10 minutes, every tuple', series],
    [
      'denied by port, every tuple',
      groups({ ...where('access = deny'), axes: [{ by: ['dst.port'], limit: 10 }], observations: true }),
    ],
    ['one block (10.1.0.0/16), every tuple', groups({ ...where('ip in 10.1.0.0/16'), observations: true })],
    ['one hour, top sources, every tuple', groups({ range, observations: true })],
    ['one hour, top sources, conversations', groups({ range })],
    ['one hour, first 50 conversations', { ask: 'conversations', limit: 50, range }],
    ['one rare address, its tuples', { ask: 'tuples', ...where(`ip = ${rare}`) }],
    ['one rare address, its conversations', { ask: 'conversations', ...where(`ip = ${rare}`) }],
    ['one address of four tuples in all, its tuples', { ask: 'tuples', ...where(`ip = ${fixed}`) }],
    ['top sources, conversations', groups()],
  ];
}

async function engineOver(source, attach) {
  const { openDuckdb } = await dist('lake/duckdb.js');
  const { DuckdbEngine } = await dist('query/duckdb-engine.js');
  const duckdb = await openDuckdb(memoryBytes);
  const connection = await duckdb.connect();
  await connection.run('SET GLOBAL threads = 1');
  if (attach !== undefined) await attach(connection);
  connection.closeSync();
  return new DuckdbEngine(duckdb, source, 'own');
}

/** The least of some runs, fewer where they are long, of each engine in turn: what else the machine does meets both. */
async function millis(engines, query) {
  const least = engines.map(() => Infinity);
  for (let round = 0, rounds = 1; round < rounds; round++) {
    for (const [i, engine] of engines.entries()) {
      const step = async () => {
        for await (const _ of (await engine.ask(query)).chunks);
      };
      least[i] = Math.min(least[i], 1000 * (await cpuSeconds(step, 1)));
    }
    const longest = Math.max(...least);
    rounds = longest < 500 ? 9 : longest < 2500 ? 5 : longest < 20_000 ? 2 : 1;
  }
  return least;
}

export function run(hours = 6) {
  return withFlowLogs(hours, async ({ folder, logs, tuples }) => {
    const lakeFolder = join(folder, 'lake');
    spawnSync(process.execPath, [command, 'ingest', logs, '--lake', lakeFolder]);
    rmSync(logs, { recursive: true });
    const { openLake } = await dist('lake/lake.js');
    const { memoryRows, snapshotRows } = await dist('query/row-source.js');
    const lake = await openLake(lakeFolder);
    const { LakeEngine } = await dist('query/lake-engine.js');
    const source = snapshotRows(await lake.snapshot());
    const ofLake = new LakeEngine(source, memoryBytes, () => engineOver(source));
    let rare = '';
    let fixed = '';
    const ofOwn = await engineOver(memoryRows('own.rows'), async (connection) => {
      await connection.run(`ATTACH '${folder}/own.db' AS own`);
      await connection.run(
        `CREATE TABLE own.rows AS SELECT * FROM read_parquet('${lakeFolder}/date=*/*.parquet', hive_partitioning = false)`,
      );
      await connection.run('CHECKPOINT own');
      const reader = await connection.runAndReadAll(
        "SELECT src_ip FROM own.rows WHERE time < '2020-11-13 04:00:00+00' GROUP BY 1 HAVING count(*) = 3 ORDER BY 1 LIMIT 1",
      );
      [[rare]] = /** @type {string[][]} */ (reader.getRowsJS());
      const few = await connection.runAndReadAll(
        'SELECT ip FROM (SELECT src_ip AS ip FROM own.rows UNION ALL SELECT dst_ip FROM own.rows) a GROUP BY 1 HAVING count(*) = 4 ORDER BY 1 LIMIT 1',
      );
      [[fixed]] = /** @type {string[][]} */ (few.getRowsJS());
    });
    const rows = [];
    for (const [name, query] of await questions(rare, fixed)) {
      const [own, table] = await millis([ofOwn, ofLake], query);
      rows.push([name, own.toFixed(0), table.toFixed(0), (table / own).toFixed(1)]);
    }
    for (const engine of [ofOwn, ofLake]) await engine.close();
    await lake.close();
    const cache = join(folder, 'cache');
    mkdirSync(cache);
    const whole = (name, program, options, env) => {
      for (const [key, value] of Object.entries(env)) process.env[key] = value;
      let least = Infinity;
      for (let round = 0; round < 5; round++) least = Math.min(least, cpuOf(program, options)?.seconds ?? Infinity);
      rows.push([`${name}, whole process`, '', Number.isFinite(least) ? (1000 * least).toFixed(0) : 'failed', '']);
    };
    const top = [command, 'top', '--by', 'src.ip', '--observations', '--lake', lakeFolder];
    whole('bare node', process.execPath, ['-e', '0'], {});
    whole('nsgflow --version', process.execPath, [command, '--version'], {});
    whole('nsgflow top', process.execPath, top, { NSGFLOW_CACHE: 'off' });
    whole('nsgflow top, kept from before', process.execPath, top, { NSGFLOW_CACHE: cache });
    whole('nsgflow top ip = (rare address)', process.execPath, [...top, 'ip', '=', rare], { NSGFLOW_CACHE: 'off' });
    return {
      title: `Questions over ${tuples.toLocaleString('en-US')} rows, milliseconds of processor time, one thread (load average ${loadavg()[0].toFixed(1)})`,
      header: ['question', "DuckDB's own table", 'the lake', 'ratio'],
      rows,
    };
  });
}
