import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatFilter } from '../../../src/query/filter/format-filter.ts';
import { lowerQuery } from '../../../src/query/lower/lower.ts';
import { interpret } from '../../../src/query/relation/interpret.ts';
import { madeLookup } from '../made-names.ts';
import { askDuckdb, cellsOf, duckdbText, writeTables } from '../sql/made-tables.ts';
import { conversations, firstDate, tablesOf } from './arbitrary-flows.ts';
import { question } from './arbitrary-question.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const datasets = long ? 6 : 2;
const questions = long ? 40 : 10;
const seed = 20_231_114;

describe('DuckDB answers every question as the interpreter of its tree does', () => {
  const samples = fc.sample(conversations, { seed, numRuns: datasets });

  test.each(samples.map((made, i) => [i, made] as const))('over made-up tables, sample %i', async (i, made) => {
    const tables = tablesOf(made);
    const lake = await writeTables(tables);
    try {
      await fc.assert(
        fc.asyncProperty(question, async (asked) => {
          const { relation } = lowerQuery(asked, { firstDateMillis: firstDate });
          const said = asked.where === undefined ? '' : formatFilter(asked.where);
          const answer = await askDuckdb(lake, relation).catch((error: unknown) => {
            throw new Error(duckdbText(relation, lake.files).text, { cause: error });
          });
          expect(answer, said).toEqual(cellsOf(relation, interpret(relation, tables, madeLookup)));
        }),
        { seed: seed + i, numRuns: questions },
      );
    } finally {
      await lake.close();
    }
  });
});
