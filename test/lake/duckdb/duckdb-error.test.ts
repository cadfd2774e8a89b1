import { expect, test } from 'vitest';
import { dataFileError, ownSqlError } from '../../../src/lake/duckdb/duckdb-error.ts';

test('bytes of a data file that were changed: what to do with a file of each table', () => {
  const damaged = { code: 'lake-invalid', hint: expect.stringContaining('A file of flows may be deleted') as string };
  expect(dataFileError(new Error('Invalid Input Error: No magic bytes found at end of file'))).toMatchObject(damaged);
  expect(ownSqlError(new Error("Invalid Error: don't know what type: 15"))).toMatchObject(damaged);
  expect(dataFileError(new Error('Binder Error: no such column'))).toBeUndefined();
});
