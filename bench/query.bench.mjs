// Questions over the lake, and the same SQL over DuckDB's own tables of the same rows, milliseconds of processor time: `npm run bench -- query [HOURS]` (after
// `npm run build`). The logs are made up here: 21 hours are 12 million tuples, 105 hours 62 million, and 95,000 tuples more are not settled. Own tables lie in a
// file, and DuckDB has a bounded memory.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { command, count, dist, ingest, load, withFolder } from './built.mjs';
import { cpuOf, cpuSeconds } from './flow-logs.mjs';
import { makeFlowLogs } from './made-logs.mjs';

const memoryBytes = 6 * 2 ** 30;
const start = Date.UTC(2020, 10, 13);
const unsettledMinutes = 9;

const most = (times) => ({ text: `at most ${times}`, holds: (ratio) => ratio <= times });
const noGoal = { text: '', holds: () => true };

/** Questions: name, what is asked of both, and the goal of the ratio. */
async function questionsOf(hours, rare) {
  const { parseFilter } = await dist('query/filter/filter.js');
  const { parseMeasure } = await dist('query/measure.js');
  const where = (text) => (text === '' ? {} : { where: parseFilter(text, 0) });
  const hour = Math.floor(hours / 2);
  // The goal is for 60 million tuples.
  const ofAddress = hours >= 100 ? most(0.1) : noGoal;
  const range = { start: start + 3_600_000 * hour, end: start + 3_600_000 * (hour + 1) };
  const measures = ['bytes', 'flows', 'packets'].map(parseMeasure);
  const groups = (more = {}) => ({ ask: 'groups', axes: [{ by: ['src.ip'], limit: 10 }], measures, ...more });
  const by = (...fields) => ({ axes: fields.map((field) => ({ by: [field], limit: 8 })) });
  const series = (more = {}) => groups({ axes: [], bucketMillis: 600_000, ...more });
  /** @type {[string, object][]} */
  const forms = [
    ['top sources', groups()],
    ['top rules', groups(by('rule'))],
    ['top NSGs', groups(by('nsg'))],
    ['matrix of sources and destinations', groups(by('src.ip', 'dst.ip'))],
    ['either side', groups(by('ip'))],
    ['different destinations of sources', groups({ measures: ['distinct:dst.ip', 'flows'].map(parseMeasure) })],
    ['percentiles', groups({ measures: ['p95:bytes', 'flows'].map(parseMeasure) })],
    ['count', { ask: 'count' }],
  ];
  const panels = [
    groups(),
    ...['dst.ip', 'dst.port', 'rule', 'nsg', 'access', 'protocol', 'ip'].map((field) => groups(by(field))),
    groups(by('src.ip', 'dst.ip')),
    series(),
  ];
  return {
    rows: [
      ...['', 'dst.port = 443', 'access = deny', 'rule = AllowHttpsInbound'].flatMap((filter) =>
        forms.map(([name, query]) => [
          filter === '' ? name : `${name}, ${filter}`,
          { ...query, ...where(filter) },
          most(2),
        ]),
      ),
      ['one hour, top sources', groups({ range }), most(2)],
      ['one hour, compared with the hour before', groups({ range, compareMillis: 3_600_000 }), most(2)],
      ['one hour, first 50 conversations', { ask: 'conversations', limit: 50, range }, most(2)],
      ['top sources, every tuple', groups({ observations: true }), most(2)],
      [`one address (${rare}), top destinations`, { ...groups(by('dst.ip')), ...where(`ip = ${rare}`) }, ofAddress],
      [`one address (${rare}), conversations`, { ask: 'conversations', ...where(`ip = ${rare}`) }, ofAddress],
      ['series of 10 minutes, spread', series(), most(3)],
      ['series of 10 minutes, spread, dst.port = 443', series(where('dst.port = 443')), most(3)],
      ['series of 10 minutes, spread, by rule', series(by('rule')), most(3)],
    ],
    panels: ['', 'dst.port = 443', 'access = deny'].map((filter) => [
      filter === '' ? 'ten panels' : `ten panels, ${filter}`,
      panels.map((query) => ({ ...query, ...where(filter) })),
    ]),
  };
}

/** The same trees as SQL over tables of DuckDB's own, which hold what the questions see of the lake. */
async function ownTables(folder, view) {
  const { openDuckdb } = await dist('lake/duckdb/duckdb.js');
  const { lowerQuery } = await dist('query/lower/lower.js');
  const { lowerRelation } = await dist('query/sql/lower.js');
  const { printSql } = await dist('query/sql/print.js');
  const { duckdb: dialect, duckdbParameters } = await dist('query/sql/duckdb.js');
  const duckdb = await openDuckdb(memoryBytes);
  const connection = await duckdb.connect();
  await connection.run(`ATTACH '${folder}/own.db' AS own`);
  const files = { tuples: view.tuples.files, flows: (await view.flows({})).flatMap((table) => table.files) };
  for (const [table, its] of Object.entries(files)) {
    const paths = its.map(({ path }) => `'${path}'`).join(', ');
    await connection.run(
      `CREATE TABLE own.${table} AS SELECT * FROM read_parquet([${paths}], hive_partitioning = false, union_by_name = true)`,
    );
  }
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

/** Milliseconds of all of these questions, and of the dearest; the least of some runs. */
async function panelMillis(engine, queries) {
  const each = queries.map(() => Infinity);
  for (let round = 0; round < 3; round++)
    for (const [i, query] of queries.entries()) {
      const seconds = await cpuSeconds(async () => {
        for await (const _ of (await engine.ask(query)).chunks);
      }, 1);
      each[i] = Math.min(each[i], 1000 * seconds);
    }
  return { sum: each.reduce((sum, one) => sum + one, 0), dearest: Math.max(...each) };
}

export function run(hours = 2) {
  return withFolder((folder) => measure(folder, hours));
}

async function measure(folder, hours) {
  const [logs, more, lakeFolder] = ['logs', 'more', 'lake'].map((name) => join(folder, name));
  const { tuples, moreTuples } = makeFlowLogs(logs, hours, more, unsettledMinutes);
  ingest(logs, lakeFolder, 'settled');
  const rows = [];
  const mark = (holds) => (holds ? '' : ' (missed)');
  const whole = (name, options, goal) => {
    let best;
    for (let round = 0; round < 5; round++) {
      const one = cpuOf(process.execPath, options);
      if (one !== undefined && !(best?.seconds < one.seconds)) best = one;
    }
    const text =
      best === undefined ? 'failed' : `${(1000 * best.seconds).toFixed(0)}, ${best.mebibytes.toFixed(0)} MiB`;
    const missed = goal !== '' && !(best?.seconds <= 0.8 && best.mebibytes <= 400);
    rows.push([`${name}, whole process`, '', text, '', goal + mark(!missed)]);
  };
  const ask = (...options) => [command, ...options, '--lake', lakeFolder];
  const goal = tuples < 1_500_000 ? 'at most 800 ms, 400 MiB' : '';
  whole('nsgflow --version', [command, '--version'], '');
  whole('nsgflow top', ask('top', '--by', 'src.ip'), goal);
  whole('nsgflow series', ask('series'), goal);
  ingest(more, lakeFolder, 'unsettled');
  for (const path of [logs, more]) rmSync(path, { recursive: true });

  const { openLake } = await dist('lake/lake.js');
  const { LakeView } = await dist('lake/flows/view.js');
  const { openMovableEngine } = await dist('query/engine/moved-engine.js');
  const lake = await openLake(lakeFolder);
  const view = await LakeView.open(lake);
  const ofLake = openMovableEngine(view);
  const ofOwn = await ownTables(folder, view);
  const rare = await ofOwn.one('SELECT src_ip FROM own.flows GROUP BY 1 ORDER BY count(*), 1 LIMIT 1');
  const { rows: some, panels } = await questionsOf(hours, rare);
  for (const [name, query, { text, holds }] of some) {
    const [own, table] = await millis([ofOwn, ofLake], query);
    const ratio = table / own;
    rows.push([name, own.toFixed(0), table.toFixed(0), ratio.toFixed(2), text + mark(holds(ratio))]);
  }
  for (const [name, queries] of /** @type {[string, object[]][]} */ (panels)) {
    const { sum, dearest } = await panelMillis(ofLake, queries);
    const ratio = sum / dearest;
    rows.push([
      `${name}, and the dearest`,
      dearest.toFixed(0),
      sum.toFixed(0),
      ratio.toFixed(2),
      most(5).text + mark(ratio <= 5),
    ]);
  }
  for (const engine of [ofOwn, ofLake]) await engine.close();
  await lake.close();
  return {
    title: `Questions over ${count(tuples + moreTuples)} tuples, ${count(moreTuples)} of them not settled, milliseconds of processor time (${load()})`,
    header: ['question', "DuckDB's own table", 'the lake', 'ratio', 'goal'],
    rows,
    note: 'An hour should cost the same at 12 and at 60 million tuples, and the top sources should grow no faster than the rows: compare the tables.',
  };
}
