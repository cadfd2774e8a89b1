import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dayMillis } from '../../src/base/time.ts';
import { settle } from '../../src/lake/flows/settle.ts';
import { openLake } from '../../src/lake/lake.ts';
import { openLakeEngine } from '../../src/query/engine/lake-engine.ts';
import type { Engine } from '../../src/query/engine/engine.ts';
import { formatFilter } from '../../src/query/filter/format-filter.ts';
import { lowerQuery } from '../../src/query/lower/lower.ts';
import { interpret } from '../../src/query/relation/interpret.ts';
import type { Query } from '../../src/query/tree.ts';
import type { PlainRecord } from '../lake/build-flow-log.ts';
import { plainRecordsOfFewConnections } from '../lake/flows/plain-tuples.ts';
import { ingestBlob } from '../lake/flows/settled-lake.ts';
import type { PlainRow } from '../lake/plain-rows.ts';
import { plainRows } from '../lake/plain-rows.ts';
import { plainRecords, query } from './arbitrary.ts';
import { madeLookup, madeNames } from './made-names.ts';
import { cellsOf } from './sql/made-tables.ts';
import { tablesOfRows } from './tables-of-rows.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const lakes = long ? 6 : 2;
const queries = long ? 50 : 10;
const seed = 20_231_114;

/** Counts without a filter are rare among generated questions, and have a rule of their own: files that are not read. */
const asked = fc.oneof({ arbitrary: query, weight: 4 }, fc.constant<Query>({ ask: 'count' }));

/** Asks generated questions of an engine, and compares with the interpreter over what the reference implementation makes of the rows. */
async function compareOn(engine: Engine, rows: readonly PlainRow[], runs: number, from: number): Promise<void> {
  const tables = tablesOfRows(rows);
  const first = Math.min(...rows.map((row) => Number(row['time'])));
  const firstDateMillis = rows.length === 0 ? undefined : Math.floor(first / dayMillis) * dayMillis;
  const times = rows.map((row) => Number(row['time']));
  await fc.assert(
    fc.asyncProperty(asked, fc.option(fc.tuple(fc.nat(), fc.nat(), fc.nat(9000))), async (some, bounds) => {
      const bounded = bounds === null ? some : withBounds(some, times, bounds);
      const { relation, columns } = lowerQuery(bounded, { firstDateMillis });
      const expected = cellsOf(relation, interpret(relation, tables, madeLookup)).map((row) =>
        row.slice(0, columns.length),
      );
      const said = bounded.where === undefined ? '' : formatFilter(bounded.where);
      const answer = await engine.ask(bounded);
      const actual: unknown[][] = [];
      for await (const chunk of answer.chunks) actual.push(...chunk);
      expect(
        answer.columns.map(({ name }) => name),
        said,
      ).toEqual(columns);
      expect(actual, said).toEqual(expected);
    }),
    { seed: from, numRuns: runs },
  );
}

/** The question with a range that begins and ends near tuples. */
function withBounds(asked: Query, times: readonly number[], [a, b, offset]: readonly number[]): Query {
  if (times.length === 0) return asked;
  const [one, other] = [times[a % times.length], times[b % times.length] + offset];
  return { ...asked, range: { start: Math.min(one, other), end: Math.max(one, other) } };
}

describe('DuckDB answers every question over a lake as the interpreter does over the reference implementation', () => {
  const records = fc.oneof(plainRecords, plainRecordsOfFewConnections);
  const samples = fc.sample(fc.array(fc.tuple(records, fc.boolean()), { minLength: 1, maxLength: 4 }), {
    seed,
    numRuns: lakes,
  });

  test.each(samples.map((blobs, i) => [i, blobs] as const))(
    'of several blobs, of which some are settled, sample %i',
    async (i, blobs: readonly (readonly [readonly PlainRecord[], boolean])[]) => {
      const folder = await mkdtemp(join(tmpdir(), 'nsgflow-query-'));
      const lake = await openLake(folder, { create: true });
      const rows: PlainRow[] = [];
      try {
        for (const [k, [records, isSettled]] of blobs.entries()) {
          await ingestBlob(lake, `c/${k}`, records);
          rows.push(...plainRows(records, `c/${k}`));
          if (isSettled) await settle(lake);
        }
        for (const isSettled of [false, true]) {
          if (isSettled) await settle(lake);
          const engine = await openLakeEngine(lake, undefined, () => Promise.resolve(madeNames));
          try {
            await compareOn(engine, rows, isSettled ? Math.ceil(queries / 4) : queries, seed + i);
          } finally {
            await engine.close();
          }
        }
      } finally {
        await lake.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});
