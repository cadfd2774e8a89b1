import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openLake } from '../../src/lake/lake.ts';
import { MemoryTable, memoryTableName } from '../../src/lake/memory-table.ts';
import { duckdbDialect } from '../../src/query/duckdb-dialect.ts';
import { DuckdbEngine, openMemoryEngine } from '../../src/query/duckdb-engine.ts';
import { openLakeEngine } from '../../src/query/lake-engine.ts';
import type { Engine } from '../../src/query/engine.ts';
import { formatFilter } from '../../src/query/format-filter.ts';
import { memoryRows } from '../../src/query/row-source.ts';
import type { PlainRecord } from '../lake/build-flow-log.ts';
import { buildFlowLog } from '../lake/build-flow-log.ts';
import { plainRows } from '../lake/plain-rows.ts';
import { plainRecords, query } from './arbitrary.ts';
import { rowsOf } from './ask.ts';
import { plainAnswer } from './plain-query.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const datasets = long ? 15 : 2;
const queries = long ? 200 : 50;
const seed = 20_231_114;

async function compareOn(engine: Engine, records: readonly PlainRecord[], runs: number, from: number): Promise<void> {
  const rows = plainRows(records, 'blob');
  await fc.assert(
    fc.asyncProperty(query, async (asked) => {
      const expected = plainAnswer(asked, rows);
      const actual = await rowsOf(await engine.ask(asked));
      expect(actual, asked.where === undefined ? '' : formatFilter(asked.where)).toEqual(expected);
    }),
    { seed: from, numRuns: runs },
  );
}

describe('an engine answers every question as the plain twin does', () => {
  const samples = fc.sample(plainRecords, { seed, numRuns: datasets });

  test.each(samples.map((records, i) => [i, records] as const))(
    'over logs in memory, sample %i',
    async (i, records) => {
      const table = await MemoryTable.open();
      const engine = await openMemoryEngine(table);
      try {
        await table.addFlowLog(buildFlowLog(records), { blob: 'blob' });
        await table.flush();
        await compareOn(engine, records, queries, seed + i);
        const plain = new DuckdbEngine(table.duckdb, memoryRows(memoryTableName), 'lent', {
          ...duckdbDialect,
          quick: false,
        });
        await compareOn(plain, records, Math.ceil(queries / 4), seed + 200 + i);
      } finally {
        await engine.close();
        await table.close();
      }
    },
  );

  test.each(samples.map((records, i) => [i, records] as const))(
    'over a lake of several commits, sample %i',
    async (i, records) => {
      const folder = await mkdtemp(join(tmpdir(), 'nsgflow-query-'));
      const lake = await openLake(folder, { create: true });
      try {
        const half = Math.ceil(records.length / 2);
        for (const part of [records.slice(0, half), records.slice(half)]) {
          const append = await lake.beginAppend();
          await append.addFlowLog(buildFlowLog(part), { blob: 'blob' });
          await append.commit([]);
        }
        const engine = openLakeEngine(await lake.snapshot());
        await compareOn(engine, records, Math.ceil(queries / 4), seed + 100 + i);
        await engine.close();
      } finally {
        await lake.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});
