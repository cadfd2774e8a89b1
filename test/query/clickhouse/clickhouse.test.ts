/** One suite, the same questions over the same lake: DuckDB, ClickHouse (chDB behind a small HTTP front). */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayMillis } from '../../../src/base/time.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import { LakeView } from '../../../src/lake/flows/view.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { retainRows } from '../../../src/lake/retain-rows.ts';
import { openClickhouseEngine } from '../../../src/query/clickhouse/clickhouse-engine.ts';
import type { Engine } from '../../../src/query/engine/engine.ts';
import { ViewEngine } from '../../../src/query/engine/view-engine.ts';
import { formatFilter } from '../../../src/query/filter/format-filter.ts';
import { lowerQuery } from '../../../src/query/lower/lower.ts';
import { clickhouse as dialect } from '../../../src/query/sql/clickhouse.ts';
import { lowerRelation } from '../../../src/query/sql/lower.ts';
import type { Query } from '../../../src/query/tree.ts';
import type { PlainRecord } from '../../lake/build-flow-log.ts';
import { clickhouseSkipped, installClickhouse } from '../../lake/chdb/clickhouse.ts';
import { plainRecordsOfFewConnections } from '../../lake/flows/plain-tuples.ts';
import { ingestBlob } from '../../lake/flows/settled-lake.ts';
import { plainRecords, query } from '../arbitrary.ts';

const front = fileURLToPath(new URL('../../lake/chdb/serve.mjs', import.meta.url));
const seed = 20_231_114;
const queries = 25;
/** Made-up tuples lie around this midnight: of two dates. */
const midnight = Date.parse('2023-11-15T00:00:00Z');

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

    /** Both engines over the newest version of a lake; `then` what happens to it afterwards. */
    async function compare(lake: Lake, from: number, runs: number, then: () => Promise<void>): Promise<void> {
      const duckdb = new ViewEngine(await LakeView.open(lake));
      const clickhouse = openClickhouseEngine(url, lake.folder, {}, await LakeView.open(lake));
      try {
        await then();
        await fc.assert(
          fc.asyncProperty(query, async (asked) => {
            // Names are looked up by the embedded engine only.
            const { relation } = lowerQuery(asked, { firstDateMillis: undefined });
            fc.pre(lowerRelation(relation, dialect).attributes.size === 0);
            const expected = await answerOf(duckdb, asked);
            const said = asked.where === undefined ? '' : formatFilter(asked.where);
            expect(await answerOf(clickhouse, asked), said).toEqual(expected);
          }),
          { seed: from, numRuns: runs, endOnFailure: true },
        );
      } finally {
        await duckdb.close();
        await clickhouse.close();
      }
    }

    const nothing = (): Promise<void> => Promise.resolve();
    const records = fc.oneof(plainRecords, plainRecordsOfFewConnections);
    const samples = fc.sample(
      fc.array(fc.record({ records, isSettled: fc.boolean(), isReplaced: fc.boolean() }), {
        minLength: 2,
        maxLength: 4,
      }),
      { seed, numRuns: 3 },
    );

    test.each(samples.map((blobs, i) => [i, blobs] as const))(
      'answers as DuckDB does over blobs of which some are settled, pinned before the next commits, sample %i',
      async (i, blobs) => {
        const lake = await openLake(join(folder, `lake-${i}`), { create: true });
        try {
          for (const [k, blob] of blobs.entries()) {
            await ingestBlob(lake, `c/${k}`, blob.records);
            if (blob.isSettled) await settle(lake);
            if (blob.isReplaced) await ingestBlob(lake, 'c/0', blob.records, true);
          }
          const later = async (): Promise<void> => {
            await ingestBlob(lake, 'c/later', blobs[0].records);
            await settle(lake);
          };
          await compare(lake, seed + i, queries, later);
          await compare(lake, seed + i, 5, nothing);
        } finally {
          await lake.close();
        }
      },
      600_000,
    );

    test('answers as DuckDB does over a frozen date, and what came late for it', async () => {
      const lake = await openLake(join(folder, 'frozen'), { create: true });
      const [before, late]: PlainRecord[][] = fc.sample(plainRecordsOfFewConnections, { seed, numRuns: 2 });
      try {
        await ingestBlob(lake, 'c/0', before);
        await retainRows(lake, { tuplesDays: 3, nowMillis: midnight + 4 * dayMillis, dryRun: false });
        await ingestBlob(lake, 'c/1', late);
        await compare(lake, seed, queries, nothing);
      } finally {
        await lake.close();
      }
    }, 600_000);

    test('a lake that is not on this machine is answered as it was settled last', async () => {
      const [first, second]: PlainRecord[][] = fc.sample(plainRecordsOfFewConnections, { seed, numRuns: 2 });
      const lake = await openLake(join(folder, 'elsewhere'), { create: true });
      const settledAs: Query = { ask: 'conversations' };
      try {
        await ingestBlob(lake, 'c/0', first);
        await settle(lake);
        const settled = new ViewEngine(await LakeView.open(lake));
        await ingestBlob(lake, 'c/1', second);
        const clickhouse = openClickhouseEngine(url, lake.folder, {});
        expect(await answerOf(clickhouse, settledAs)).toEqual(await answerOf(settled, settledAs));
        await clickhouse.close();
        await settled.close();
      } finally {
        await lake.close();
      }
    });

    test('a server that lacks a file of tuples says so; missing files of flows are built', async () => {
      const [first]: PlainRecord[][] = fc.sample(plainRecordsOfFewConnections, { seed, numRuns: 1 });
      const lake = await openLake(join(folder, 'mine'), { create: true });
      try {
        await ingestBlob(lake, 'c/0', first);
        await settle(lake);
        const clickhouse = openClickhouseEngine(url, lake.folder, {}, await LakeView.open(lake));
        const counted = await answerOf(clickhouse, { ask: 'count' });
        const [file] = (await lake.snapshot()).files;
        await rename(file.path, join(folder, 'moved'));
        await expect(clickhouse.ask({ ask: 'count' })).rejects.toMatchObject({ code: 'unavailable' });
        await rename(join(folder, 'moved'), file.path);
        await rm(join(lake.folder, 'flows'), { recursive: true });
        expect(await answerOf(clickhouse, { ask: 'count' })).toEqual(counted);
        await clickhouse.close();
      } finally {
        await lake.close();
      }
    });
  },
);
