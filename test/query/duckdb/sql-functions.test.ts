import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Duckdb } from '../../../src/lake/duckdb/duckdb.ts';
import { openDuckdb } from '../../../src/lake/duckdb/duckdb.ts';
import { prepareQuestion } from '../../../src/query/duckdb/sql-guard.ts';
import {
  internalPrefixes,
  parquetFunctions,
  refusedFunctions,
  refusedViews,
  tableFunctions,
  valueFunctions,
} from '../../../src/query/duckdb/sql-functions.ts';
import { pairs } from '../../base/pairs.ts';

let duckdb: Duckdb;
beforeAll(async () => {
  duckdb = await openDuckdb();
});
afterAll(() => duckdb.close());

async function names(sql: string): Promise<string[]> {
  const connection = await duckdb.connect();
  const rows = (await connection.runAndReadAll(sql)).getRows().map(([name]) => String(name).toLowerCase());
  connection.closeSync();
  return rows;
}

const refused: readonly string[] = Object.values(refusedFunctions).flat();
const isInternal = (name: string): boolean => internalPrefixes.some((prefix) => name.startsWith(prefix));

test('every function of the installed DuckDB that a SELECT can call stands in the table', async () => {
  // PRAGMA statements are refused as such: nothing else calls their functions.
  const inTables = await names(
    "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro')",
  );
  const inValues = await names(
    "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type NOT IN ('table', 'table_macro', 'pragma')",
  );
  expect(inTables.length).toBeGreaterThan(80);
  expect(inValues.length).toBeGreaterThan(700);
  const known = (name: string): boolean => refused.includes(name) || isInternal(name);
  expect(inTables.filter((name) => !known(name) && !tableFunctions.has(name) && !parquetFunctions.has(name))).toEqual(
    [],
  );
  expect(inValues.filter((name) => !known(name) && !valueFunctions.has(name))).toEqual([]);
  const installed = new Set([...inTables, ...inValues]);
  const listed = [...valueFunctions, ...tableFunctions, ...parquetFunctions, ...refused];
  expect(listed.filter((name) => !installed.has(name))).toEqual([]);
});

test('no function is allowed and refused at once, but for one that is refused as a table', () => {
  expect(refused.filter((name) => valueFunctions.has(name))).toEqual(['histogram']);
  expect(refused.filter((name) => tableFunctions.has(name) || parquetFunctions.has(name))).toEqual([]);
});

test('functions that DuckDB declares to have side effects are allowed only where they are chance or an error', async () => {
  const volatile = await names(
    "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability = 'VOLATILE' ORDER BY 1",
  );
  expect(volatile.filter((name) => valueFunctions.has(name))).toEqual([
    'current_query',
    'error',
    'gen_random_uuid',
    'random',
    'uuid',
    'uuidv4',
    'uuidv7',
  ]);
});

test('every refused function is refused wherever a SELECT can call it, in any case and under any schema', async () => {
  const connection = await duckdb.connect();
  const places = [
    (call: string) => `SELECT ${call}`,
    (call: string) => `FROM ${call}`,
    (call: string) => `SELECT * FROM range(3) t(i), LATERAL (SELECT * FROM ${call}) l`,
    (call: string) => `WITH x AS (SELECT ${call}) FROM x`,
    (call: string) => `SELECT 1 ORDER BY (SELECT 1 WHERE EXISTS (FROM ${call}))`,
    (call: string) => `SELECT list_transform([1], lambda x: ${call})`,
    (call: string) => `SELECT 1 LIMIT (SELECT ${call})`,
    (call: string) => `SELECT row_number() OVER (ORDER BY ${call})`,
    (call: string) => `DESCRIBE FROM ${call}`,
    (call: string) => `SUMMARIZE SELECT ${call}`,
    (call: string) => `SELECT * REPLACE (${call} AS i) FROM range(3) t(i)`,
    (call: string) => `WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT ${call} FROM r) FROM r`,
    (call: string) => `FROM range(3) t(i) JOIN range(2) u(j) ON ${call}`,
    (call: string) => `FROM (PIVOT range(3) ON range IN (1, 2) USING sum(${call}))`,
    (call: string) => `FROM range(3) t(i) SELECT i QUALIFY ${call}`,
    (call: string) => `VALUES (${call})`,
  ];
  const spellings = [
    (name: string) => `"${name.toUpperCase()}"('x')`,
    (name: string) => `main.${name}()`,
    (name: string) => `system.main.${name}('a', 1)`,
  ];
  const isValue = (name: string): boolean => valueFunctions.has(name);
  const calls = pairs(
    refused.filter((one) => !isValue(one)),
    spellings,
  );
  for (const [[name, spelling], place] of pairs(calls, places))
    await expect(prepareQuestion(connection, place(spelling(name))), place(spelling(name))).rejects.toMatchObject({
      code: 'sql-refused',
      message: expect.stringContaining(`${name}()`),
    });
  await expect(prepareQuestion(connection, "FROM histogram('range', 1)")).rejects.toMatchObject({
    code: 'sql-refused',
  });
  await expect(prepareQuestion(connection, "SELECT 'HOME'.getenv()")).rejects.toMatchObject({ code: 'sql-failed' });
  await expect(prepareQuestion(connection, "SELECT uper('x')")).rejects.toMatchObject({
    code: 'sql-failed',
    hint: 'Did you mean upper()?',
  });
  for (const view of refusedViews)
    await expect(prepareQuestion(connection, `FROM ${view.toUpperCase()}`), view).rejects.toMatchObject({
      code: 'sql-refused',
    });
  expect(await names("SELECT value FROM duckdb_settings() WHERE name = 'enable_logging'")).toEqual(['0']);
  connection.closeSync();
});

test('what SQL says without a call by name is allowed', async () => {
  const connection = await duckdb.connect();
  const questions = [
    "SELECT 1 + 2 * 3 % 4 || 'x', 'a' LIKE 'b', 'a' NOT ILIKE 'b', 'a' SIMILAR TO 'b', 'a' GLOB 'b', 'a' ~ 'b', 2 ** 3, 5 // 2, ~1, 4!",
    "SELECT EXTRACT(hour FROM now()), position('a' IN 'b'), trim(BOTH ' ' FROM 'x'), substring('abc' FROM 2), overlay FROM (SELECT 1 AS overlay)",
    'SELECT CASE WHEN true THEN 1 END, coalesce(NULL, 1), ifnull(NULL, 1), nullif(1, 1), if(true, 1, 2), 1 BETWEEN 0 AND 2, 1 IN (1, 2), 1 IS DISTINCT FROM 2',
    "SELECT [1, 2][1], [1, 2, 3][1:2], {'a': 1}.a, MAP {'a': 1}['a'], [x * 2 FOR x IN [1, 2] IF x > 1], ARRAY(SELECT 1), ROW(1, 2), (1, 2)",
    "SELECT DATE '2024-01-01' + INTERVAL 1 DAY, now() AT TIME ZONE 'UTC', current_date, current_timestamp, localtime, 'x' COLLATE NOCASE",
    "SELECT sum(i) FILTER (WHERE i > 1), count(*), count(DISTINCT i), grouping(i), string_agg(i, ','), quantile_cont(i, 0.5) FROM range(3) t(i) GROUP BY ROLLUP (i)",
    'SELECT lag(i) OVER w, first_value(i) OVER w, ntile(2) OVER w FROM range(3) t(i) WINDOW w AS (ORDER BY i)',
    'SELECT COLUMNS(*), * EXCLUDE (i) FROM (SELECT 1 AS i, 2 AS j)',
    'FROM (UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b)',
    'FROM (PIVOT (SELECT 1 AS a, 2 AS b) ON a IN (1, 2) USING sum(b))',
    'SELECT unnest([1, 2]), generate_series(1, 3), try(1 / 0), TRY_CAST(1 AS VARCHAR)',
    'FROM range(10) TABLESAMPLE 50%',
    'SHOW TABLES',
    'SHOW ALL TABLES',
    'DESCRIBE SELECT 1',
    'FROM information_schema.columns',
    'FROM (SELECT 1 AS a) POSITIONAL JOIN (SELECT 2 AS b)',
    'FROM (VALUES (1)) t(a) ASOF JOIN (VALUES (1)) u(a) ON t.a >= u.a',
  ];
  for (const question of questions) (await prepareQuestion(connection, question)).prepared.destroySync();
  connection.closeSync();
});
