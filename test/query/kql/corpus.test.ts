/** The queries of a corpus outside of the repository, with their placeholders filled: each becomes a tree and runs. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FlowError } from '../../../src/base/errors.ts';
import { planKql } from '../../../src/query/kql/kql.ts';
import { lakeTables } from '../../../src/query/kql/lake-tables.ts';
import { duckdb } from '../../../src/query/sql/duckdb.ts';
import { lowerRelation } from '../../../src/query/sql/lower.ts';
import { trafficAnalyticsTables } from '../../../src/query/traffic-analytics/tables.ts';

const corpus = process.env['NSGFLOW_CORPUS'];
const canRun = corpus !== undefined && process.env['NSGFLOW_LONG'] === '1';

/** Queries whose placeholders or columns exist nowhere, and operators that are refused, at the most. */
const refusedMax = 40;

function filled(text: string): string {
  return text
    .replaceAll(/^\s*\{\w*Check(?:Line)?\}\s*$/gm, '')
    .replaceAll(/\{\w*CheckLine\}/g, '')
    .replaceAll(/\{\w*Check\}/g, 'true')
    .replaceAll(/"\{\w+\}"|'\{\w+\}'|\(\{\w+\}\)/g, (whole) => (whole.startsWith('(') ? `('*')` : `"'*'"`))
    .replaceAll(/datetime_add\(([^,]+),\s*\{\w+\}/g, 'datetime_add($1, 1')
    .replaceAll(/\{\w+:seconds\}/g, '3600')
    .replaceAll(/\{\w+:(?:startISO|endISO|start|end)\}/g, '2023-11-14T00:00:00Z')
    .replaceAll(/(TimeGenerated|FlowStartTime_t)\s+\{\w+(?::\w+)?\}/g, '$1 > ago(1d)')
    .replaceAll(/\{\w+(?::\w+)?\}(?=[dhms]\b)/g, '1')
    .replaceAll(/\{[A-Za-z_]\w*(?::\w+)?\}/g, '1');
}

describe.skipIf(!canRun)('the corpus', () => {
  test('binds, and becomes SQL', { timeout: 600_000 }, async () => {
    const folder = join(corpus ?? '', 'kql');
    const tables = [...lakeTables, ...trafficAnalyticsTables()];
    const refused: string[] = [];
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.kql')))
      try {
        const text = filled(readFileSync(join(folder, name), 'utf8'));
        const plan = await planKql(text, { tables }, undefined, () => Promise.resolve([]));
        expect(lowerRelation(plan.relation, duckdb).query).toBeDefined();
      } catch (error) {
        if (!(error instanceof FlowError)) throw new Error(name, { cause: error });
        refused.push(`${name}: ${error.message.split('\n')[0]}`);
      }
    expect(refused.length, refused.join('\n')).toBeLessThanOrEqual(refusedMax);
  });
});
