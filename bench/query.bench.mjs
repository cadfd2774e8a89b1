// Questions over the lake, and the same SQL over DuckDB's own tables of the same rows, milliseconds of processor time: `npm run bench -- query [HOURS]` (after
// `npm run build`). 24 hours are 12 million tuples, 120 hours 62 million; own tables lie in a file, and DuckDB has a bounded memory.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { command, cpuOf, cpuSeconds, withFlowLogs } from './flow-logs.mjs';
import { dist, questions } from './questions.mjs';

const memoryBytes = 6 * 2 ** 30;
const start = Date.parse('2020-11-13T10:00:00Z');

/** The same trees as SQL over tables of DuckDB's own, which hold what the lake holds. */
async function ownTables(folder, lakeFolder) {
  const { openDuckdb } = await dist('lake/duckdb.js');
  const { lowerQuery } = await dist('query/lower/lower.js');
  const { lowerRelation } = await dist('query/sql/lower.js');
  const { printSql } = await dist('query/sql/print.js');
  const { duckdb: dialect, duckdbParameters } = await dist('query/sql/duckdb.js');
  const duckdb = await openDuckdb(memoryBytes);
  const connection = await duckdb.connect();
  await connection.run(`ATTACH '${folder}/own.db' AS own`);
  for (const table of ['tuples', 'flows'])
    await connection.run(
      `CREATE TABLE own.${table} AS SELECT * FROM read_parquet('${lakeFolder}/${table}/date=*/*.parquet', hive_partitioning = false)`,
    );
  await connection.run('CHECKPOINT own');
  const one = async (sql) => {
    const rows = /** @type {string[][]} */ ((await connection.runAndReadAll(sql)).getRowsJS());
    return rows[0]?.[0] ?? '';
  };
  const first = Number(await one("SELECT epoch_ms(date_trunc('day', min(time)))::DOUBLE FROM own.flows"));
  return {
    one,
    ask: async (query) => {
      const { relation } = lowerQuery(query, { firstDateMillis: first });
      const places = { tuples: 'own.tuples', flows: 'own.flows' };
      const { text, parameters } = printSql(lowerRelation(relation, dialect), dialect, places);
      const { values, types } = duckdbParameters(parameters);
      return { chunks: await connection.stream(text, values, types) };
    },
    close: async () => {
      connection.closeSync();
      await duckdb.close();
    },
  };
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
    const { openLakeEngine } = await dist('query/lake-engine.js');
    const lake = await openLake(lakeFolder);
    const ofLake = await openLakeEngine(lake);
    const ofOwn = await ownTables(folder, lakeFolder);
    const rare = await ofOwn.one(
      "SELECT src_ip FROM own.tuples WHERE time < '2020-11-13 04:00:00+00' GROUP BY 1 HAVING count(*) = 3 ORDER BY 1 LIMIT 1",
    );
    const fixed = await ofOwn.one(
      'SELECT ip FROM (SELECT src_ip AS ip FROM own.tuples UNION ALL SELECT dst_ip FROM own.tuples) a GROUP BY 1 HAVING count(*) = 4 ORDER BY 1 LIMIT 1',
    );
    const rows = [];
    for (const [name, query] of await questions(rare, fixed, start)) {
      const [own, table] = await millis([ofOwn, ofLake], query);
      rows.push([name, own.toFixed(0), table.toFixed(0), (table / own).toFixed(1)]);
    }
    for (const engine of [ofOwn, ofLake]) await engine.close();
    await lake.close();
    const whole = (name, program, options) => {
      let least = Infinity;
      for (let round = 0; round < 5; round++) least = Math.min(least, cpuOf(program, options)?.seconds ?? Infinity);
      rows.push([`${name}, whole process`, '', Number.isFinite(least) ? (1000 * least).toFixed(0) : 'failed', '']);
    };
    const ask = (...options) => [command, ...options, '--lake', lakeFolder];
    whole('bare node', process.execPath, ['-e', '0']);
    whole('nsgflow --version', process.execPath, [command, '--version']);
    whole('nsgflow top', process.execPath, ask('top', '--by', 'src.ip'));
    whole('nsgflow series', process.execPath, ask('series'));
    whole('nsgflow top ip = (rare address)', process.execPath, [...ask('top', '--by', 'src.ip'), 'ip', '=', rare]);
    return {
      title: `Questions over ${tuples.toLocaleString('en-US')} rows, milliseconds of processor time (load average ${loadavg()[0].toFixed(1)})`,
      header: ['question', "DuckDB's own table", 'the lake', 'ratio'],
      rows,
    };
  });
}
