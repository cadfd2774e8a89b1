// Questions about Traffic Analytics' tables, and the same reduction written by hand over `tuples`, milliseconds of processor time: `npm run bench -- kql [HOURS]`
// (after `npm run build`). The logs are made up here: 2 hours are a million tuples, 21 hours 12 million. Both run in one DuckDB over the lake's files.
import { join } from 'node:path';
import { count, dist, ingest, load, withFolder } from './built.mjs';
import { cpuSeconds } from './flow-logs.mjs';
import { makeFlowLogs } from './made-logs.mjs';

const ratioMax = 1.5;
const memoryBytes = 6 * 2 ** 30;

/** The reduction as somebody writes it who knows the table `tuples`; public addresses keep a row each. */
const byHand = (columns) => `
  SELECT time_bucket(INTERVAL 1 HOUR, record_time) + INTERVAL 1 HOUR AS generated, lower(regexp_replace(rule, '^(UserRule|DefaultRule)_', '')) AS acl_rule,
    src_ip, dst_ip, dst_port, protocol, direction, access, mac, resource_id, acl_id${columns.map((column) => `, ${column}`).join('')}
  FROM tuples GROUP BY ALL`;

const questions = [
  {
    name: 'bytes by hour and rule',
    sums: ['BytesSrcToDest', 'BytesDestToSrc'],
    counts: false,
    sql: `SELECT generated, acl_rule, sum(sent), sum(received) FROM (${byHand(['sum(bytes_forward) AS sent', 'sum(bytes_reverse) AS received'])}) GROUP BY ALL`,
  },
  {
    name: 'rows by hour and rule',
    sums: [],
    counts: true,
    sql: `SELECT generated, acl_rule, count(*) FROM (${byHand([])}) GROUP BY ALL`,
  },
  {
    name: 'rows, flows and bytes by hour and rule',
    sums: ['AllowedInFlows', 'DeniedInFlows', 'BytesSrcToDest', 'BytesDestToSrc'],
    counts: true,
    sql: `SELECT generated, acl_rule, count(*), sum(allowed), sum(denied), sum(sent), sum(received) FROM (${byHand([
      "count(*) FILTER (state = 'begin' AND direction = 'inbound') AS allowed",
      "count(*) FILTER (access = 'deny' AND direction = 'inbound') AS denied",
      'sum(bytes_forward) AS sent',
      'sum(bytes_reverse) AS received',
    ])}) GROUP BY ALL`,
  },
];

/** The tree of a question by hour and rule, as KQL's `summarize` makes it. */
async function treeOf({ sums, counts }, settings) {
  const { trafficAnalyticsTables } = await dist('query/traffic-analytics/tables.js');
  const { parseTrafficAnalytics } = await dist('query/traffic-analytics/settings.js');
  const { summarize } = await dist('query/relation/build.js');
  const { column } = await dist('query/relation/expression.js');
  const [table] = trafficAnalyticsTables(parseTrafficAnalytics(settings));
  const of = (name) => table.columns.find((one) => one.name === name).column;
  return summarize(
    table.relation({}),
    [of('TimeGenerated'), of('AclRule')],
    [
      ...(counts ? [{ name: 'rows', function: 'count' }] : []),
      ...sums.map((name, i) => ({ name: `sum${i}`, function: 'sum', argument: column(of(name)) })),
    ],
  );
}

export function run(hours = 2) {
  return withFolder((folder) => measure(folder, hours));
}

async function measure(folder, hours) {
  const [logs, lake] = ['logs', 'lake'].map((name) => join(folder, name));
  const { tuples } = makeFlowLogs(logs, hours);
  ingest(logs, lake, 'unsettled');
  const { openDuckdb } = await dist('lake/duckdb/duckdb.js');
  const { lowerRelation } = await dist('query/sql/lower.js');
  const { printSql } = await dist('query/sql/print.js');
  const { duckdb: dialect, duckdbParameters } = await dist('query/sql/duckdb.js');
  const { makeNameTables } = await dist('query/duckdb/name-tables.js');
  const { packedNames } = await dist('enrich/names.js');
  const opened = await openDuckdb(memoryBytes);
  const connection = await opened.connect();
  const source = `read_parquet('${lake}/tuples/**/*.parquet', hive_partitioning = false)`;
  await connection.run(`CREATE VIEW tuples AS SELECT * FROM ${source}`);
  const ask = async (question, settings) => {
    const statement = lowerRelation(await treeOf(question, settings), dialect);
    await makeNameTables(connection, [source], statement, packedNames, undefined);
    const { text, parameters } = printSql(statement, dialect, { tuples: source, flows: '' });
    const { values, types } = duckdbParameters(parameters);
    return (await connection.runAndReadAll(text, values, types)).currentRowCount;
  };
  const rows = [];
  for (const question of questions) {
    const forms = [
      () => connection.runAndReadAll(question.sql).then((result) => result.currentRowCount),
      () => ask(question, []),
      () => ask(question, ['publicAddresses=rows']),
    ];
    const least = forms.map(() => Infinity);
    for (let round = 0; round < 3; round++)
      for (const [i, form] of forms.entries()) least[i] = Math.min(least[i], 1000 * (await cpuSeconds(form, 1)));
    const [hand, packed, apart] = least;
    const text = (millis) => `${millis.toFixed(0)} (${(millis / hand).toFixed(2)})`;
    const isMissed = packed > ratioMax * hand;
    rows.push([question.name, hand.toFixed(0), text(packed), text(apart), `${ratioMax}${isMissed ? ' (missed)' : ''}`]);
  }
  connection.closeSync();
  await opened.close();
  return {
    title: `Traffic Analytics' reduction of ${count(tuples)} tuples, milliseconds of processor time (${load()})`,
    header: [
      'NTANetAnalytics by hour and rule',
      'SQL by hand',
      'packed addresses (ratio)',
      'a row an address (ratio)',
      'at most',
    ],
    rows,
  };
}
