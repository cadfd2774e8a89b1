import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle } from '../../src/lake/flows/settle.ts';
import { openLake } from '../../src/lake/lake.ts';
import { openClickhouseEngine } from '../../src/query/clickhouse-engine.ts';
import { openLakeEngine } from '../../src/query/lake-engine.ts';
import type { Engine } from '../../src/query/engine.ts';
import { formatFilter } from '../../src/query/format-filter.ts';
import type { Query } from '../../src/query/tree.ts';
import type { PlainRecord } from '../lake/build-flow-log.ts';
import { buildFlowLog } from '../lake/build-flow-log.ts';
import { clickhouseSkipped, installClickhouse } from '../lake/chdb/clickhouse.ts';
import { plainRecords, query } from './arbitrary.ts';

/** One suite, the same questions over the same table: DuckDB, ClickHouse (chDB behind a small HTTP front). */
const front = fileURLToPath(new URL('../lake/chdb/serve.mjs', import.meta.url));
const seed = 20_231_114;
const queries = Number(process.env['NSGFLOW_CHDB_QUERIES'] ?? 25);

async function answerOf(engine: Engine, asked: Query): Promise<unknown[][]> {
  const { columns, chunks } = await engine.ask(asked);
  const rows: unknown[][] = [columns.map(({ name, kind }) => `${name} ${kind}`)];
  for await (const chunk of chunks) rows.push(...chunk);
  return rows;
}

describe.skipIf(clickhouseSkipped !== undefined)(
  `the ClickHouse dialect${clickhouseSkipped === undefined ? '' : ` (skipped: ${clickhouseSkipped})`}`,
  () => {
    let folder: string;
    let server: ChildProcess;
    let url: string;
    const samples = fc.sample(plainRecords, { seed, numRuns: 2 });

    beforeAll(async () => {
      await installClickhouse();
      folder = await mkdtemp(join(tmpdir(), 'nsgflow-clickhouse-'));
      server = spawn(process.execPath, [front], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
      const [port] = (await once(server.stdout!, 'data')) as [Buffer];
      url = `clickhouse://127.0.0.1:${port.toString().trim()}?secure=0`;
    }, 600_000);

    afterAll(async () => {
      server.kill();
      await rm(folder, { recursive: true, force: true });
    });

    async function withEngines(
      records: readonly PlainRecord[],
      name: string,
      use: (duckdb: Engine, clickhouse: Engine) => Promise<void>,
    ): Promise<void> {
      const path = join(folder, name);
      const lake = await openLake(path, { create: true });
      const append = await lake.beginAppend();
      await append.addFlowLog(buildFlowLog(records), { blob: 'blob' });
      await append.commit([]);
      await settle(lake);
      const duckdb = await openLakeEngine(lake);
      const clickhouse = openClickhouseEngine(url, path, {});
      try {
        await use(duckdb, clickhouse);
      } finally {
        await duckdb.close();
        await clickhouse.close();
        await lake.close();
      }
    }

    test.each(samples.map((records, i) => [i, records] as const))(
      'answers as DuckDB does, sample %i',
      async (i, records) => {
        await withEngines(records, `lake-${i}`, async (duckdb, clickhouse) => {
          await fc.assert(
            fc.asyncProperty(query, async (asked) => {
              const expected = await answerOf(duckdb, asked);
              const said = asked.where === undefined ? '' : formatFilter(asked.where);
              expect(await answerOf(clickhouse, asked), said).toEqual(expected);
            }),
            { seed: seed + i, numRuns: queries, endOnFailure: true },
          );
        });
      },
      600_000,
    );
  },
);
