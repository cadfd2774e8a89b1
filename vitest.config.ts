import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** `npm test` runs everything below test/ but test/long; `npm run test:long` sets NSGFLOW_LONG and runs all of it. */
const long = process.env['NSGFLOW_LONG'] === '1';

/** A folder of modules of kernel/ with asserts: `node scripts/build-kernel.mjs --asserts FOLDER`. Tests load them instead of those below src/. */
const kernelAsserts = process.env['NSGFLOW_KERNEL_ASSERTS'];

export default defineConfig({
  plugins: kernelAsserts === undefined ? [] : [{ name: 'kernel-asserts', enforce: 'pre', load: loadWithAsserts }],
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

function loadWithAsserts(file: string): string | undefined {
  return file.endsWith('kernel-module.ts') ? readFileSync(join(kernelAsserts!, basename(file)), 'utf8') : undefined;
}
