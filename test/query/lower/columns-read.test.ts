import { expect, test } from 'vitest';
import { lowerQuery } from '../../../src/query/lower/lower.ts';
import { duckdb } from '../../../src/query/sql/duckdb.ts';
import { lowerRelation } from '../../../src/query/sql/lower.ts';
import type { QueryRange } from '../../../src/query/tree.ts';

const hour = 3_600_000;
const date = Date.UTC(2020, 10, 13);

/** Columns of `flows` that a count of this range reads. */
function columnsOfCount(range: QueryRange): string[] {
  const { relation } = lowerQuery({ ask: 'count', range }, { firstDateMillis: date - 24 * hour });
  return [...lowerRelation(relation, duckdb).tables.get('flows')!].sort();
}

test('a question about one date does not ask which conversations began on an earlier one', () => {
  const range = { start: date + hour, end: date + 24 * hour };
  expect(columnsOfCount(range)).toEqual(['last_time', 'observer', 'time']);
  expect(columnsOfCount({ ...range, end: range.end + 1 })).toContain('continued');
  expect(columnsOfCount({ end: date })).not.toContain('continued');
  expect(columnsOfCount({ start: range.start })).toContain('continued');
  expect(columnsOfCount({})).toContain('continued');
});
