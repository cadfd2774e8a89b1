import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { defineConfig } from 'vitest/config';
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** `npm test` runs everything below test/ but test/long; `npm run test:long` sets NSGFLOW_LONG and runs all of it. */
const long = process.env['NSGFLOW_LONG'] === '1';
const suites = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((path) => join('test', path))
  .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules'))
  .filter((path) => long || !path.startsWith(join('test', 'long')));
/** Suites that replace a module, which would stay replaced for those that follow. */
const replacing = suites.filter((path) => readFileSync(path, 'utf8').includes('vi.mock('));

/** A folder of modules of kernel/ with asserts: `node scripts/build-kernel.mjs --asserts FOLDER`. Tests load them instead of those below src/. */
const kernelAsserts = process.env['NSGFLOW_KERNEL_ASSERTS'];

/** Suites that take minutes in the long run begin first: no process is then left with one of them while the other has nothing to do. */
const largest = [
  'long/node-versions',
  'lake/flows/settle-memory',
  'query/engine.property',
  'record/record-kill',
  'lake/flows/settle-follow',
  'kernel-asserts',
  'server/bombs',
  'cli/examples',
  'cli/cli',
  'lake/flows/settle-bytes',
  'blob/append-cost',
  'lake/flows/flow-builder.property',
  'blob/folder-kill',
  'ingest/large-blob',
].map((suite) => `/test/${suite}.test.ts`);

class LargestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification): number => {
      const rank = largest.findIndex((suite) => moduleId.endsWith(suite));
      return long && rank >= 0 ? rank : largest.length;
    };
    return (await super.sort(files)).toSorted((a, b) => rankOf(a) - rankOf(b));
  }
}

export default defineConfig({
  plugins: kernelAsserts === undefined ? [] : [{ name: 'kernel-asserts', enforce: 'pre', load: loadWithAsserts }],
  test: {
    testTimeout: 600_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // One more than the cores of a small machine: suites of the everyday run often wait for a process or a file.
    maxWorkers: long ? 2 : 3,
    sequence: { sequencer: LargestFirst },
    // The built command runs as Node loads it.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      // Modules are loaded once per process, not once per suite; at full size the suites measure memory, and each has a process of its own.
      {
        extends: true,
        test: { name: 'shared', isolate: long, include: suites.filter((path) => !replacing.includes(path)) },
      },
      { extends: true, test: { name: 'alone', include: replacing } },
    ],
  },
});

function loadWithAsserts(file: string): string | undefined {
  return file.endsWith('kernel-module.ts') ? readFileSync(join(kernelAsserts!, basename(file)), 'utf8') : undefined;
}
