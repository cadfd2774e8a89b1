// Questions to ClickHouse (chDB in this process, one thread) over the lake, and the same SQL over its own tables of the same rows, milliseconds of
// processor time: `npm run bench -- query-clickhouse [HOURS]` (after `npm run build`). Two hours are 1.2 million tuples. Needs chDB
// (test/lake/chdb, npm install there).
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { command, count, dist, load, withFolder } from './built.mjs';
import { cpuSeconds } from './flow-logs.mjs';
import { makeFlowLogs } from './made-logs.mjs';
import { questions } from './questions.mjs';

const start = Date.parse('2020-11-13T01:00:00Z');
const goal = 2;
const chdbPackage = resolve('test/lake/chdb/package.json');

async function openChdb() {
  const require = createRequire(chdbPackage);
  const { Session } = await import(require.resolve('chdb'));
  return new Session();
}

/** The trees as SQL: over the lake by `sourcesOf`, over own tables. */
async function engines(chdb, view) {
  const { lowerQuery } = await dist('query/lower/lower.js');
  const { lowerRelation } = await dist('query/sql/lower.js');
  const { printSql } = await dist('query/sql/print.js');
  const { clickhouse, clickhouseParameters, clickhouseSettings } = await dist('query/sql/clickhouse.js');
  const { clickhouseSources, textsOf } = await dist('query/clickhouse/clickhouse-source.js');
  const { planQuestion } = await dist('query/engine/question-view.js');
  const { addressesOf } = await dist('query/engine/address-condition.js');
  const settings = Object.entries({ ...clickhouseSettings, max_threads: 1 });
  const suffix = ` SETTINGS ${settings.map(([name, value]) => `${name} = '${value}'`).join(', ')}`;
  const run = (lowered, sources, values, before = []) => {
    const sql = printSql(lowerRelation(lowered.relation, clickhouse), clickhouse, sources);
    for (const step of before) chdb.queryBind(step.text + suffix, step.values);
    for (const { text, parameters } of [...sql.steps, sql])
      chdb.queryBind(text + suffix, { ...clickhouseParameters(parameters), ...values }, 'JSONCompactEachRow');
    for (const { name } of [...before, ...sql.steps]) chdb.query(`DROP TEMPORARY TABLE ${name}`);
  };
  const lower = (query) => lowerQuery(query, { firstDateMillis: view.firstDateMillis });
  const ofLake = async (query) => {
    const { lowered, statement, toRead } = await planQuestion(view, query, clickhouse);
    const sources = await clickhouseSources(view, toRead, statement.tables, addressesOf(query.where));
    const { tuples, flows } = sources;
    const before = [tuples, flows].flatMap((source) => source?.step ?? []);
    run(lowered, textsOf(sources), { ...tuples?.values, ...flows?.values }, before);
  };
  const ofOwn = async (query) => run(lower(query), { tuples: 'own.tuples', flows: 'own.flows' }, {});
  return [ofOwn, ofLake];
}

/** Tables of chDB's own, with the columns and types that the lake's have. */
function makeOwnTables(chdb, lakeFolder) {
  chdb.query('CREATE DATABASE own');
  for (const table of ['tuples', 'flows'])
    chdb.query(
      `CREATE TABLE own.${table} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM deltaLakeLocal('${lakeFolder}/${table}')`,
    );
  return (sql) => chdb.query(sql, 'TSV').split('\n')[0] ?? '';
}

/** The least of five, of each engine in turn: what else the machine does meets both. */
async function millis(asks, query) {
  const least = asks.map(() => Infinity);
  for (let round = 0; round < 5; round++)
    for (const [i, ask] of asks.entries())
      least[i] = Math.min(least[i], 1000 * (await cpuSeconds(() => ask(query), 1)));
  return least;
}

export function run(hours = 2) {
  return withFolder((folder) => measure(folder, hours));
}

async function measure(folder, hours) {
  const home = process.cwd();
  try {
    const logs = join(folder, 'logs');
    const { tuples } = makeFlowLogs(logs, hours, join(folder, 'more'), 0);
    const lakeFolder = join(folder, 'lake');
    spawnSync(process.execPath, [command, 'ingest', logs, '--lake', lakeFolder]);
    // chDB reads below its folder only.
    process.chdir(folder);
    const { openLake } = await dist('lake/lake.js');
    const { LakeView } = await dist('lake/flows/view.js');
    const lake = await openLake(lakeFolder);
    const view = await LakeView.open(lake);
    const chdb = await openChdb();
    const one = makeOwnTables(chdb, lakeFolder);
    const rare = one('SELECT src_ip FROM own.tuples GROUP BY 1 HAVING count() = 3 ORDER BY 1 LIMIT 1');
    const fixed = one(
      'SELECT ip FROM (SELECT arrayJoin([src_ip, dst_ip]) AS ip FROM own.tuples) GROUP BY 1 HAVING count() = 4 ORDER BY 1 LIMIT 1',
    );
    const asks = await engines(chdb, view);
    const rows = [];
    for (const [name, query] of await questions(rare, fixed, start)) {
      const [own, ofLake] = await millis(asks, query);
      const ratio = ofLake / own;
      rows.push([name, own.toFixed(0), ofLake.toFixed(0), ratio.toFixed(1), ratio <= goal ? 'yes' : 'no']);
    }
    await view.close();
    await lake.close();
    return {
      title: `Questions to ClickHouse over ${count(tuples)} tuples, milliseconds of processor time (${load()})`,
      header: ['question', "ClickHouse's own table", 'the lake', 'ratio', `at most ${goal}`],
      rows,
    };
  } finally {
    process.chdir(home);
  }
}
