import { test } from 'vitest';

/** Whether this is the long run: all tests, at full size. */
export const isLong = process.env['NSGFLOW_LONG'] === '1';

/** A test that only the long run has; the everyday run has others of its kind. */
export const longTest = test.runIf(isLong);
