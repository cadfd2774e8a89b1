import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatFilter } from '../../../src/query/filter/format-filter.ts';
import { lowerQuery } from '../../../src/query/lower/lower.ts';
import { clickhouse as dialect } from '../../../src/query/sql/clickhouse.ts';
import { lowerRelation } from '../../../src/query/sql/lower.ts';
import { interpret } from '../../../src/query/relation/interpret.ts';
import { clickhouseSkipped } from '../../lake/chdb/clickhouse.ts';
import type { Clickhouse } from '../sql/chdb.ts';
import { startClickhouse } from '../sql/chdb.ts';
import { cellsOf, writeTables } from '../sql/made-tables.ts';
import { conversations, firstDate, tablesOf } from './arbitrary-flows.ts';
import { question } from './arbitrary-question.ts';

const seed = 20_231_114;
const questions = Number(process.env['NSGFLOW_CHDB_QUERIES'] ?? 60);

describe.skipIf(clickhouseSkipped !== undefined)(
  `ClickHouse answers every question as the interpreter of its tree does${clickhouseSkipped === undefined ? '' : ` (skipped: ${clickhouseSkipped})`}`,
  () => {
    let clickhouse: Clickhouse;
    beforeAll(async () => {
      clickhouse = await startClickhouse(tmpdir());
    }, 600_000);
    afterAll(() => clickhouse.close());

    test.each(fc.sample(conversations, { seed, numRuns: 3 }).map((made, i) => [i, made] as const))(
      'over made-up tables, sample %i',
      async (i, made) => {
        const tables = tablesOf(made);
        const lake = await writeTables(tables);
        try {
          await fc.assert(
            fc.asyncProperty(question, async (asked) => {
              const { relation } = lowerQuery(asked, { firstDateMillis: firstDate });
              // Names are looked up by the embedded engine only.
              fc.pre(lowerRelation(relation, dialect).attributes.size === 0);
              const said = asked.where === undefined ? '' : formatFilter(asked.where);
              expect(await clickhouse.ask(lake.files, relation), said).toEqual(
                cellsOf(relation, interpret(relation, tables)),
              );
            }),
            { seed: seed + i, numRuns: questions, endOnFailure: true },
          );
        } finally {
          await lake.close();
        }
      },
      600_000,
    );
  },
);
