import { defineConfig } from 'vitest/config';

/** `npm test` runs everything below test/ but test/long; `npm run test:long` sets NSGFLOW_LONG and runs all of it. */
const long = process.env['NSGFLOW_LONG'] === '1';

export default defineConfig({
  test: {
    include: long ? ['test/**/*.test.ts'] : ['test/!(long)/**/*.test.ts', 'test/*.test.ts'],
    testTimeout: 600_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 2,
    // Answers of one run are never those of another.
    env: { NSGFLOW_CACHE: 'off' },
  },
});
