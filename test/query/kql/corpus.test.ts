/** The queries of a corpus outside of the repository, with their placeholders filled: each becomes a tree and runs. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FlowError } from '../../../src/base/errors.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { openLakeEngine } from '../../../src/query/engine/lake-engine.ts';
import { askKql } from '../../../src/query/kql/kql.ts';
import { lakeTables } from '../../../src/query/kql/lake-tables.ts';
import { trafficAnalyticsTables } from '../../../src/query/traffic-analytics/tables.ts';
import { exampleLake } from '../../cli/example-lake.ts';

const corpus = process.env['NSGFLOW_CORPUS'];
const canRun = corpus !== undefined && process.env['NSGFLOW_LONG'] === '1';

/**
 * Queries that cannot bind: `<Scoping condition>` and two templates whose operators are placeholders, and one with a column that exists nowhere.
 */
const refusedMax = 4;

function filled(text: string): string {
  return text
    .replaceAll(/^\s*\{\w*Check(?:Line)?\}\s*$/gm, '')
    .replaceAll(/\{\w*CheckLine\}/g, '')
    .replaceAll(/\{\w*Check\}/g, 'true')
    .replaceAll(/"\{\w+\}"|'\{\w+\}'|\(\{\w+\}\)/g, (whole) => (whole.startsWith('(') ? `('*')` : `"'*'"`))
    .replaceAll(/datetime_add\(([^,]+),\s*\{\w+\}/g, 'datetime_add($1, 1')
    .replaceAll(/\{\w+:seconds\}/g, '3600')
    .replaceAll(/\{\w+:(?:startISO|endISO|start|end)\}/g, '2026-11-20T00:00:00Z')
    .replaceAll(/\{(?:binningTime|TimeFilter:grain)\}/g, '1h')
    .replaceAll(/datetime\(\{(?:start|end)\}\)/g, 'datetime(2026-11-20)')
    .replaceAll(/\{table\}/g, 'AzureNetworkAnalytics_CL')
    .replaceAll(/\{(?:query_project|where_clause|add_query_items|ProjectColumnsCondition)\}/g, '')
    .replaceAll(/(TimeGenerated|FlowStartTime_t)\s+\{\w+(?::\w+)?\}/g, '$1 > ago(1d)')
    .replaceAll(/\{\w+(?::\w+)?\}(?=[dhms]\b)/g, '1')
    .replaceAll(/\{[A-Za-z_]\w*(?::\w+)?\}/g, '1');
}

/** An hour behind the end of the example. */
const exampleMillis = Date.parse('2026-11-20T11:00:00Z');

describe.skipIf(!canRun)('the corpus', () => {
  const { lake } = exampleLake();
  test('binds, and runs over the example lake', { timeout: 1_200_000 }, async () => {
    const folder = join(corpus ?? '', 'kql');
    const tables = [...lakeTables, ...trafficAnalyticsTables()];
    const engine = await openLakeEngine(await openLake(lake));
    const [refused, failed]: [string[], string[]] = [[], []];
    let withRows = 0;
    const names = readdirSync(folder).filter((one) => one.endsWith('.kql'));
    try {
      for (const name of names)
        try {
          const text = filled(readFileSync(join(folder, name), 'utf8'));
          const { answer } = await askKql(engine, text, { tables, nowMillis: exampleMillis });
          let rows = 0;
          for await (const chunk of answer.chunks) rows += chunk.length;
          if (rows > 0) withRows++;
        } catch (error) {
          const isRefused = error instanceof FlowError && error.code.startsWith('kql-');
          (isRefused ? refused : failed).push(`${name}: ${(error as Error).message.split('\n')[0]}`);
        }
    } finally {
      await engine.close();
    }
    process.stdout.write(`${names.length} queries: ${withRows} have rows, ${refused.length} are refused\n`);
    expect(failed).toEqual([]);
    expect(refused.length, refused.join('\n')).toBeLessThanOrEqual(refusedMax);
  });
});
