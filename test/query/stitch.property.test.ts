import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openDuckdb } from '../../src/lake/duckdb.ts';
import { openLake } from '../../src/lake/lake.ts';
import type { Snapshot } from '../../src/lake/snapshot.ts';
import { filesWithin } from '../../src/lake/snapshot.ts';
import { DuckdbEngine } from '../../src/query/duckdb-engine.ts';
import { snapshotRows } from '../../src/query/row-source.ts';
import type { Answer } from '../../src/query/result.ts';
import { askStitched, stitchPlan } from '../../src/query/stitch.ts';
import type { GroupQuery } from '../../src/query/tree.ts';
import { rangeOf } from '../../src/query/tree.ts';
import type { PlainRecord } from '../lake/build-flow-log.ts';
import { buildFlowLog } from '../lake/build-flow-log.ts';
import { plainRows } from '../lake/plain-rows.ts';
import { groups, plainRecords, range } from './arbitrary.ts';
import { rowsOf } from './ask.ts';
import { plainAnswer } from './plain-query.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const datasets = long ? 60 : 6;
const questions = long ? 60 : 30;
const seed = 20_261_128;
const check = (): void => undefined;

/** Questions that the kernel answers. */
const stitched: fc.Arbitrary<GroupQuery> = fc
  .tuple(groups, fc.option(range, { nil: undefined }))
  .map(([{ ask, axes, measures, observations }, within]): GroupQuery => {
    const [axis] = axes;
    return {
      ask,
      measures,
      observations,
      axes: axis === undefined ? [] : [{ by: axis.by, limit: axis.limit }],
      ...(within === undefined ? {} : { range: within }),
    };
  })
  .filter((query) => stitchPlan(query) !== undefined);

async function withCommits<T>(
  parts: readonly (readonly PlainRecord[])[],
  step: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-stitch-'));
  const lake = await openLake(folder, { create: true });
  try {
    for (const part of parts) {
      const append = await lake.beginAppend();
      await append.addFlowLog(buildFlowLog(part), { blob: 'blob' });
      await append.commit([]);
    }
    return await step(await lake.snapshot());
  } finally {
    await lake.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** So little memory that flows are stitched in parts; where even those of one five-tuple are too many, SQL answers. */
const littleBytes = 24_000;

async function askKernel(snapshot: Snapshot, query: GroupQuery, memoryBytes: number): Promise<Answer | undefined> {
  const answer = await askStitched(stitchPlan(query)!, filesWithin(snapshot, rangeOf(query)), { memoryBytes, check });
  if (memoryBytes > littleBytes) expect(answer, 'the kernel answers it').toBeDefined();
  return answer;
}

describe('the kernel that stitches answers as the plain twin and as SQL do', () => {
  const samples = fc.sample(plainRecords, { seed, numRuns: datasets });

  test.each(samples.map((records, i) => [i, records] as const))('sample %i', async (i, records) => {
    const third = Math.ceil(records.length / 3);
    // Later commits first: tuples of a flow come in the wrong order, and are gathered.
    const parts = [records.slice(2 * third), records.slice(third, 2 * third), records.slice(0, third)];
    await withCommits(
      parts.filter((part) => part.length > 0),
      async (snapshot) => {
        const rows = plainRows(records, 'blob');
        const sql = new DuckdbEngine(await openDuckdb(), snapshotRows(snapshot), 'own');
        try {
          await fc.assert(
            fc.asyncProperty(stitched, fc.constantFrom(1 << 30, littleBytes), async (query, memoryBytes) => {
              const answer = await askKernel(snapshot, query, memoryBytes);
              if (answer === undefined) return;
              const said = await sql.ask(query);
              expect(answer.columns).toEqual(said.columns);
              expect(answer.summary).toEqual(said.summary);
              const found = await rowsOf(answer);
              expect(found).toEqual(await rowsOf(said));
              expect(found).toEqual(plainAnswer(query, rows));
            }),
            { seed: seed + i, numRuns: questions },
          );
        } finally {
          await sql.close();
        }
      },
    );
  });
});
