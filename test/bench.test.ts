/** Benchmarks import modules of the build by name, which neither the compiler nor the linter checks. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';

it('every module that a benchmark imports exists', () => {
  const modules = readdirSync('bench').flatMap((file) =>
    Array.from(readFileSync(`bench/${file}`, 'utf8').matchAll(/\bdist\('([^']+)\.js'\)/g), ([, path]) => path),
  );
  expect(modules.length).toBeGreaterThan(10);
  expect(modules.filter((path) => !existsSync(`src/${path}.ts`))).toEqual([]);
});
