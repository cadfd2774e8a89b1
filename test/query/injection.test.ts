import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { openLake } from '../../src/lake/lake.ts';
import type { Engine } from '../../src/query/engine/engine.ts';
import { openLakeEngine } from '../../src/query/engine/lake-engine.ts';
import { parseFilter } from '../../src/query/filter/filter.ts';
import { formatFilter } from '../../src/query/filter/format-filter.ts';
import { pairs } from '../base/pairs.ts';
import { buildFlowLog } from '../lake/build-flow-log.ts';
import { ask } from './ask.ts';

const numRuns = process.env['NSGFLOW_LONG'] === '1' ? 5000 : 60;

/** What means something to one of the engines. */
const fragments = `' " \` \\ ; -- /* */ $1 $$ {p1:String} {{ } % _ * ? [ ] ( ) E' x'' NULL`
  .split(' ')
  .concat(['\0', '\n', '\u2019', '\uff07', '\ud800', '\u00a0', '\ufeff', ' OR 1=1 --', "'); DROP VIEW flows; --"])
  .concat(['UNION SELECT', "read_text('/etc/passwd')", "getenv('HOME')"]);

/** Texts of them, and any others. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.constantFrom(...fragments), { minLength: 1, maxLength: 6 }).map((parts) => parts.join('')),
);

describe('filter expressions', () => {
  test('read a quoted text back as it was, whatever it holds', () => {
    fc.assert(
      fc.property(hostile, fc.constantFrom('rule', 'nsg', 'blob', 'target'), (value, field) => {
        const condition = { kind: 'test', field, any: [{ kind: 'text', value }] } as const;
        expect(parseFilter(formatFilter(condition), 0)).toEqual(condition);
      }),
      { numRuns },
    );
  });

  test('of any text are a condition or a syntax error', () => {
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 4 }), (parts) => {
        const text = `rule = ${parts.join(' and nsg = ')}`;
        try {
          parseFilter(text, 0);
        } catch (error) {
          expect(error).toBeInstanceOf(FlowError);
          expect((error as FlowError).exitCode).toBe(2);
        }
      }),
      { numRuns },
    );
  });
});

describe('SQL of users', () => {
  let folder: string;
  let engine: Engine;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nsgflow-injection-'));
    const lake = await openLake(join(folder, `a "lake"; it's $1 -- \u2019`), { create: true });
    const append = await lake.beginAppend();
    const tuples = [{ time: 1_700_000_000_000, src: '10.0.0.1', dst: '10.0.0.2', rule: "'; DROP VIEW flows; --" }];
    await append.addFlowLog(buildFlowLog([{ tuples }]), { blob: "'); COPY flows TO 'out'; --" });
    await append.commit([]);
    engine = await openLakeEngine(lake);
    await lake.close();
  });
  afterAll(async () => {
    await engine.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** That a text is refused, and that nothing has come into being. */
  async function expectRefused(sql: string): Promise<void> {
    const before = await readdir(folder, { recursive: true });
    await expect(ask(engine, sql), sql).rejects.toMatchObject({ exitCode: 2 });
    expect(await readdir(folder, { recursive: true }), sql).toEqual(before);
  }

  const out = (): string => join(folder, 'out');
  const statements = [
    "COPY flows TO 'OUT'",
    "COPY (FROM flows) TO 'OUT' (FORMAT csv)",
    "ATTACH 'OUT' AS o",
    "ATTACH ':memory:' AS o",
    'PRAGMA database_list',
    "PRAGMA temp_directory='OUT'",
    'SET enable_external_access = true',
    "SET temp_directory = 'OUT'",
    'SET lock_configuration = false',
    "SET VARIABLE x = 'OUT'",
    'CALL duckdb_functions()',
    'INSTALL httpfs',
    "LOAD 'OUT'",
    'CREATE TABLE t (x INTEGER)',
    "EXPORT DATABASE 'OUT'",
    'PREPARE p AS SELECT 1',
    'EXECUTE p',
    'DROP VIEW flows',
    'CREATE OR REPLACE VIEW flows AS SELECT 1',
  ];
  const readers = [
    "read_text('/etc/passwd')",
    "read_blob('/etc/passwd')",
    "read_csv('/etc/passwd')",
    "read_csv_auto('/etc/passwd', header = false)",
    "read_json('/etc/passwd')",
    "read_parquet('/etc/passwd')",
    "parquet_schema('/etc/passwd')",
    "parquet_file_metadata('/etc/passwd')",
    "glob('/etc/*')",
    "read_text('/proc/self/environ')",
    "read_text('file:///etc/passwd')",
    "read_text('http://127.0.0.1/')",
    "read_parquet('s3://bucket/x.parquet')",
    "query('SELECT content FROM read_text(''/etc/passwd'')')",
    "query_table('/etc/passwd.csv')",
    "'/etc/passwd.csv'",
    '"/etc/passwd.csv"',
  ];
  const blanks = fc
    .array(fc.constantFrom(' ', '\n', '\t', ';', '-- SELECT 1\n', '/* ; */', '/* SELECT */', '\r\n'), { maxLength: 4 })
    .map((parts) => parts.join(''));
  const wordCase = fc.func(fc.boolean());

  test('that does anything but ask is refused, in any case and behind any comments', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...statements),
        blanks,
        fc.constantFrom('', ';', ' -- end', '; SELECT 1', ' /* end */;'),
        wordCase,
        async (statement, before, after, isUpper) => {
          const cased = statement.replaceAll(/\b[A-Z]+\b/g, (word) =>
            word === 'OUT' ? word : isUpper(word) ? word : word.toLowerCase(),
          );
          await expectRefused(before + cased.replace('OUT', out()) + after);
        },
      ),
      { numRuns: Math.ceil(numRuns / 5) },
    );
  });

  test('that does more than one thing is refused', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...statements), blanks, async (statement, between) => {
        const second = statement.replace('OUT', out());
        await expectRefused(`SELECT 1;${between}${second}`);
        await expectRefused(`SELECT ';' AS a, 'it''s' AS b ${between}; ${second}`);
        await expectRefused(`EXPLAIN ANALYZE ${second}`);
      }),
      { numRuns: Math.ceil(numRuns / 10) },
    );
  });

  test('that reads anything but the lake is refused, wherever it stands', async () => {
    const places = [
      (from: string) => `SELECT * FROM ${from}`,
      (from: string) => `FROM ${from}`,
      (from: string) => `WITH flows AS (SELECT * FROM ${from}) SELECT * FROM flows`,
      (from: string) => `WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r, ${from}) SELECT * FROM r`,
      (from: string) => `SELECT * FROM flows, LATERAL (SELECT * FROM ${from}) l`,
      (from: string) => `SELECT (SELECT count(*) FROM ${from}) FROM flows`,
      (from: string) => `SELECT 1 WHERE EXISTS (FROM ${from})`,
      (from: string) => `SELECT 1 UNION ALL SELECT count(*) FROM ${from}`,
      (from: string) => `SELECT 1 ORDER BY (SELECT count(*) FROM ${from})`,
      (from: string) => `DESCRIBE SELECT * FROM ${from}`,
      (from: string) => `SUMMARIZE SELECT * FROM ${from}`,
      (from: string) => `PIVOT (FROM ${from}) ON content`,
    ];
    for (const [from, place] of pairs(readers, places)) await expectRefused(place(from));
    // DESCRIBE of it tells the columns that the function always has, without a look at the file.
    await expectRefused("FROM sniff_csv('/etc/passwd')");
  });

  test('learns nothing of the environment, and changes nothing by functions', async () => {
    const calls = ["getenv('HOME')", "set_config('x', 'y')", "nextval('s')", 'current_setting(1, 2)'];
    for (const call of calls) await expectRefused(`SELECT ${call}`);
    await expectRefused('FROM duckdb_secrets()');
  });

  test('sees hostile names and values as what they are', async () => {
    expect(await ask(engine, 'SELECT rule FROM flows')).toEqual([{ rule: "'; DROP VIEW flows; --" }]);
    const where = parseFilter(`rule = "'; DROP VIEW flows; --" and blob = "'); COPY flows TO 'out'; --"`, 0)!;
    expect(await ask(engine, { ask: 'count', where })).toEqual([{ tuples: 1, conversations: 1 }]);
  });
});
