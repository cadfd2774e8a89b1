import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatFilter } from '../../../src/query/filter/format-filter.ts';
import { totalNames } from '../../../src/query/lower/groups.ts';
import { lowerQuery } from '../../../src/query/lower/lower.ts';
import { columnsOf } from '../../../src/query/relation/check.ts';
import { interpret } from '../../../src/query/relation/interpret.ts';
import type { Relation } from '../../../src/query/relation/relation.ts';
import type { Row } from '../../../src/query/relation/value.ts';
import { madeLookup } from '../made-names.ts';
import { conversations, firstDate, tablesOf } from './arbitrary-flows.ts';
import { question } from './arbitrary-question.ts';
import { plainAnswer } from './plain-answer.ts';

const numRuns = process.env['NSGFLOW_LONG'] === '1' ? 600 : 150;

/** Rows without totals; times are epoch milliseconds. */
function plainRows(relation: Relation, rows: readonly Row[]): unknown[][] {
  const totals: readonly string[] = Object.values(totalNames);
  const columns = columnsOf(relation).filter(({ name }) => !totals.includes(name));
  return rows.map((row) =>
    columns.map(({ name, type }) => {
      const value = row[name];
      return typeof value === 'bigint' ? Number(type === 'time' ? value / 1000n : value) : value;
    }),
  );
}

describe('the tree of a question', () => {
  test('means what the question says in plain words', () => {
    fc.assert(
      fc.property(conversations, question, (made, asked) => {
        const { relation, columns } = lowerQuery(asked, { firstDateMillis: firstDate });
        const said = asked.where === undefined ? '' : formatFilter(asked.where);
        const rows = interpret(relation, tablesOf(made), madeLookup);
        expect(plainRows(relation, rows), said).toEqual(plainAnswer(asked, made));
        expect(
          columnsOf(relation)
            .map(({ name }) => name)
            .slice(0, columns.length),
        ).toEqual(columns);
      }),
      { seed: 20_231_114, numRuns },
    );
  });

  test('is plain data', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const { relation } = lowerQuery(asked, { firstDateMillis: firstDate });
        expect(JSON.parse(JSON.stringify(relation))).toEqual(relation);
      }),
      { seed: 20_231_114, numRuns: 50 },
    );
  });
});
