import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlowError, errorTable } from '../../src/base/errors.ts';
import { openLake } from '../../src/lake/lake.ts';
import { flowColumns } from '../../src/lake/flows/schema.ts';
import { settle } from '../../src/lake/flows/settle.ts';
import type { Engine } from '../../src/query/engine/engine.ts';
import { openLakeEngine } from '../../src/query/engine/lake-engine.ts';
import { buildFlowLog } from '../lake/build-flow-log.ts';
import { ask } from './ask.ts';
import { shownNames } from './lower/plain-answer.ts';

const noon = Date.parse('2023-11-14T12:00:00Z');
const log = buildFlowLog([
  {
    tuples: [
      { time: noon, src: '10.0.0.1', dst: '10.0.0.2', state: 'begin' },
      { time: noon + 1, src: '10.0.0.1', dst: '10.0.0.2', state: 'end', counters: [1, 40, 2, 80] },
    ],
  },
]);

let folder: string;
let engines: Readonly<Record<'lake' | 'unsettled lake', Engine>>;
let dataFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-sql-'));
  const lake = await openLake(join(folder, "it's a lake"), { create: true });
  const append = await lake.beginAppend();
  await append.addFlowLog(log, { blob: 'b' });
  await append.commit([]);
  const snapshot = await lake.snapshot();
  dataFile = snapshot.files[0].path;
  const unsettled = await openLakeEngine(lake);
  await settle(lake);
  engines = { lake: await openLakeEngine(lake), 'unsettled lake': unsettled };
  await lake.close();
});

afterAll(async () => {
  await engines.lake.close();
  await engines['unsettled lake'].close();
  await rm(folder, { recursive: true, force: true });
});

async function codeOf(engine: Engine, sql: string): Promise<string> {
  try {
    await ask(engine, sql);
    return 'answered';
  } catch (error) {
    if (error instanceof FlowError) return error.code;
    throw error;
  }
}

const isLong = process.env['NSGFLOW_LONG'] === '1';

describe.each(['lake', 'unsettled lake'] as const)('SQL over a %s', (kind) => {
  /** In everyday runs, either kind of lake takes every second statement. */
  const share = (statements: readonly string[]): readonly string[] =>
    isLong ? statements : statements.filter((_, i) => i % 2 === (kind === 'lake' ? 0 : 1));

  test.each([
    ['SELECT count(*) AS n, sum(bytes_reverse) AS b FROM tuples', [{ n: 2, b: 80 }]],
    ['SELECT observer_tuples AS t, observer_bytes_reverse AS b, observers AS o FROM flows', [{ t: 2, b: 80, o: 1 }]],
    ['SELECT count(*) AS n, sum(bytes_reverse) AS b FROM conversations', [{ n: 1, b: 80 }]],
    ['-- a comment\n;/* and */ select time from flows order by time limit 1;', [{ time: '2023-11-14T12:00:00.000Z' }]],
    ['FROM flows SELECT DISTINCT src_ip', [{ src_ip: '10.0.0.1' }]],
    ['WITH f AS (SELECT * FROM flows) SELECT max(src_port) AS p FROM f', [{ p: 1024 }]],
    ['(SELECT 1 AS one)', [{ one: 1 }]],
    ['VALUES (1)', [{ col0: 1 }]],
    [
      "SELECT DATE '2024-02-29' AS d, [1, 2] AS l, {'a': NULL} AS s, 170141183460469231731687303715884105727 AS h, 1.5 AS f",
      [{ d: '2024-02-29', l: [1, 2], s: { a: null }, h: '170141183460469231731687303715884105727', f: 1.5 }],
    ],
    [
      'SELECT time_bucket(INTERVAL 1 HOUR, time) AS hour, count(*) AS n FROM tuples GROUP BY 1',
      [{ hour: '2023-11-14T12:00:00.000Z', n: 2 }],
    ],
  ])('answers %s', async (sql, expected) => {
    expect(await ask(engines[kind], sql)).toEqual(expected);
  });

  test('sees the documented columns only', async () => {
    const namesOf = async (view: string): Promise<unknown[]> =>
      (await ask(engines[kind], `DESCRIBE ${view}`)).map((row) => row['column_name']);
    expect(await namesOf('tuples')).toEqual(shownNames);
    const flows = await namesOf('flows');
    expect(flows).toEqual(
      flowColumns
        .filter(({ of, type, name }) => of !== 'internal' && type !== 'date' && !name.includes('_ipv6_'))
        .map(({ name }) => name),
    );
    expect(await namesOf('conversations')).toEqual(flows);
    expect(await codeOf(engines[kind], 'SELECT group_after_millis FROM flows')).toBe('sql-failed');
    expect(await codeOf(engines[kind], 'SELECT src_ipv4 FROM flows')).toBe('sql-failed');
  });

  const refused = [
    '',
    '-- nothing',
    'SELECT 1; SELECT 2',
    'SELECT 1; DROP VIEW flows',
    "COPY flows TO 'OUT'",
    "COPY (SELECT 1) TO 'OUT'",
    "ATTACH 'OUT' AS o",
    "EXPORT DATABASE 'OUT'",
    'PRAGMA version',
    "PRAGMA table_info('flows')",
    'SET threads = 1',
    'SET enable_external_access = true',
    'RESET lock_configuration',
    'CALL pragma_version()',
    'INSTALL httpfs',
    'LOAD httpfs',
    'CREATE TABLE t AS SELECT 1',
    'CREATE OR REPLACE VIEW flows AS SELECT 1',
    'DROP VIEW flows',
    'DELETE FROM flows',
    'INSERT INTO flows VALUES (1)',
    'PREPARE p AS SELECT 1',
    'EXECUTE p',
    'BEGIN',
    'CHECKPOINT',
    'USE memory',
    'EXPLAIN ANALYZE SELECT 1',
    'SELECT $1',
    'SELECT * FROM flows WHERE src_port = ?',
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/*')",
    "SELECT * FROM '/etc/passwd.parquet'",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM read_parquet('https://example.com/x.parquet')",
    "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
    "WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x",
    "FROM sniff_csv('/etc/passwd')",
    "FROM read_json_auto('/etc/passwd')",
    "FROM read_ndjson_objects('/etc/passwd')",
    "FROM parquet_metadata('/etc/passwd')",
    "FROM read_parquet(['/etc/passwd', '/etc/hostname'])",
    "SELECT (SELECT content FROM read_text('/etc/passwd')) FROM flows",
    "SELECT * FROM flows WHERE src_ip IN (SELECT content FROM read_text('/etc/passwd'))",
    "/* SELECT 1 */ COPY flows TO 'OUT'",
    "-- SELECT 1\nCOPY flows TO 'OUT'",
    "SELECT 1 /* ; */ ; COPY flows TO 'OUT'",
    "SELECT ';' ; COPY flows TO 'OUT' -- '",
    "EXPLAIN COPY flows TO 'OUT'",
    "EXPLAIN ANALYZE COPY flows TO 'OUT'",
    "\ufeffCOPY flows TO 'OUT'",
    "\u00a0COPY flows TO 'OUT'",
    "\u200bCOPY flows TO 'OUT'",
    'CREATE TEMP TABLE t AS SELECT 1',
    'CREATE TEMP VIEW v AS SELECT 1',
    'CREATE MACRO m() AS 1',
    'CREATE SECRET s (TYPE s3)',
    "IMPORT DATABASE 'OUT'",
    'DETACH memory',
    'ALTER TABLE flows ADD COLUMN x INTEGER',
    'UPDATE flows SET src_port = 1',
    'VACUUM',
    'ANALYZE',
    'FORCE CHECKPOINT',
    "LOAD 'OUT'",
    "SET VARIABLE lake_files = ['/etc/passwd']",
    "PREPARE p AS COPY flows TO 'OUT'",
    'DEALLOCATE p',
    'COMMIT',
    "SELECT nextval('s')",
    "SELECT current_setting('temp_directory')",
    "SELECT * FROM query_table('/etc/passwd')",
    'FROM enable_logging()',
    "FROM enable_profiling(save_location = 'OUT')",
    'FROM checkpoint()',
    'FROM force_checkpoint()',
    "SELECT write_log('x')",
    'FROM enable_peg_parser()',
    'FROM arrow_scan(1, 2, 3)',
  ];
  test.each(share(refused))('refuses %s', async (sql) => {
    const before = await readdir(folder, { recursive: true });
    expect(await codeOf(engines[kind], sql.replace('OUT', join(folder, 'out')))).toBe('sql-refused');
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });

  test.each([
    'SELECT',
    'SELECT nothing FROM flows',
    'SELECT * FROM nowhere',
    "SELECT 'x'::INTEGER",
    'SELECT src_ip::INTEGER FROM flows',
    'WITH x AS (INSERT INTO flows VALUES (1)) SELECT 1',
    "SELECT getenv('HOME')",
    'SELECT error(src_ip) FROM flows',
  ])('fails at %s', async (sql) => {
    expect(await codeOf(engines[kind], sql)).toBe('sql-failed');
  });

  test('answers other questions as before, after SQL', async () => {
    expect(await ask(engines[kind], 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await ask(engines[kind], { ask: 'count' })).toEqual([{ tuples: 2, conversations: 1 }]);
  });
});

test('SQL may read the files of the snapshot, never write them', async () => {
  const read = `SELECT count(*) AS n FROM read_parquet('${dataFile.replaceAll("'", "''")}')`;
  expect(await ask(engines.lake, read)).toEqual([{ n: 2 }]);
  expect(await codeOf(engines.lake, `COPY flows TO '${dataFile.replaceAll("'", "''")}'`)).toBe('sql-refused');
  expect(await ask(engines.lake, read)).toEqual([{ n: 2 }]);
});

test('all refusals and failures end with exit code 2', () => {
  expect([errorTable['sql-refused'].exit, errorTable['sql-failed'].exit]).toEqual([2, 2]);
});

test.skipIf(process.env['NSGFLOW_LONG'] !== '1')(
  'SQL that needs more memory than there is fails, and the engine lives',
  async () => {
    const hungry = 'SELECT list(a.range || b.range) AS x FROM range(100000) a, range(100000) b';
    expect(await codeOf(engines.lake, hungry)).toBe('memory');
    expect(await ask(engines.lake, { ask: 'count' })).toEqual([{ tuples: 2, conversations: 1 }]);
  },
  600_000,
);

test('the view `flows` has own values of each observer, also where they are stored with the conversation alone', async () => {
  const lake = await openLake(join(folder, 'several'), { create: true });
  const append = await lake.beginAppend();
  const shared = { src: '10.0.0.1', dst: '10.0.0.2' } as const;
  const tuples = (['outbound', 'inbound'] as const).flatMap((direction, i) => [
    { ...shared, direction, time: noon + i, state: 'begin' } as const,
    { ...shared, direction, time: noon + 5, state: 'end', counters: [1, 40, 2, 80] } as const,
  ]);
  const uncounted = { ...shared, srcPort: 2000, time: noon } as const;
  const others = [
    { ...uncounted, direction: 'outbound', state: 'end', counters: [3, 4, 5, 6] },
    { ...uncounted, direction: 'inbound', state: 'end' },
  ] as const;
  await append.addFlowLog(buildFlowLog([{ tuples: [...tuples, ...others] }]), { blob: 'b' });
  await append.commit([]);
  await settle(lake);
  const engine = await openLakeEngine(lake);
  await lake.close();
  try {
    const sql =
      'SELECT direction AS d, epoch_ms(observer_time) - epoch_ms(time) AS t, observer_last_time = last_time AS l, observer_access AS a, observer_tuples AS n, observer_bytes_reverse AS b FROM flows ORDER BY src_port, observer';
    const row = { l: true, a: 'allow' };
    expect(await ask(engine, sql)).toEqual([
      { ...row, d: 'outbound', t: 0, n: 2, b: 80 },
      { ...row, d: 'inbound', t: 1, n: 2, b: 80 },
      { ...row, d: 'outbound', t: 0, n: 1, b: 6 },
      { ...row, d: 'inbound', t: 0, n: 1, b: null },
    ]);
  } finally {
    await engine.close();
  }
});
