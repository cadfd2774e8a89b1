import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * A folder of src/ imports only from folders on lower floors (src/floors.json), and from packages that its floor may use.
 * Static, type-only and dynamic imports count alike.
 */
const src = join(import.meta.dirname, '..', 'src');
const kernel = join(import.meta.dirname, '..', 'kernel');
const floors = JSON.parse(readFileSync(join(src, 'floors.json'), 'utf8')) as Record<string, number>;

/** Floors of pure code: bytes and numbers in, values out. They reach no clock, no randomness and no I/O. */
const pure = ['base', 'net', 'wire', 'nsg', 'flowlog', 'flow', 'arm-template', 'parquet'];
const pureModules = ['node:crypto'];

const importPattern = /(?:from\s*|import\s*\(\s*|^\s*import\s+)['"]([^'"]+)['"]/gm;

function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(importPattern)].map((match) => match[1]);
}

function slashed(path: string): string {
  return path.replaceAll('\\', '/');
}

/** Modules of src/ that a file imports. */
function relativeImportsOf(file: string): string[] {
  return importsOf(join(src, file))
    .filter((name) => name.startsWith('.'))
    .map((name) => slashed(relative(src, join(src, dirname(file), name))));
}

/** Modules that reach each other, one sorted line a set. Source: Tarjan's strongly connected components. */
function findCircles(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const numbers = new Map<string, number>();
  const lowest = new Map<string, number>();
  const path: string[] = [];
  const circles: string[] = [];
  const visit = (file: string): void => {
    const number = numbers.size;
    numbers.set(file, number);
    lowest.set(file, number);
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      if (!numbers.has(next)) visit(next);
      if (path.includes(next)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(next)!));
    }
    if (lowest.get(file) !== number) return;
    const circle = path.splice(path.indexOf(file));
    if (circle.length > 1) circles.push(circle.sort().join(' '));
  };
  for (const file of imports.keys()) if (!numbers.has(file)) visit(file);
  return circles;
}

const kernelFiles = readdirSync(kernel, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map(slashed);

/** Modules that a file of kernel/ imports, from kernel/ on. AssemblyScript writes them without `.ts`. */
function kernelImportsOf(file: string): string[] {
  return importsOf(join(kernel, file)).map(
    (name) => `${slashed(relative(kernel, join(kernel, dirname(file), name)))}.ts`,
  );
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

describe('floors', () => {
  test('every folder of src stands on the map, and the map names no other', () => {
    const folders = readdirSync(src, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(floors).sort());
  });

  test.each(files)('%s imports from lower floors only', (file) => {
    const folder = file.split(/[\\/]/)[0];
    for (const name of importsOf(join(src, file))) {
      if (!name.startsWith('.')) {
        if (pure.includes(folder)) expect(pureModules, `${file} is pure`).toContain(name);
        continue;
      }
      const target = relative(src, join(src, dirname(file), name)).split(/[\\/]/)[0];
      expect(floors, `${file} imports ${name}`).toHaveProperty([target]);
      if (target !== folder)
        expect(floors[target], `${file} (floor ${floors[folder]}) imports ${name}`).toBeLessThan(floors[folder]);
    }
  });

  test('no modules import each other in a circle, of types or of values', () => {
    const circles = findCircles(new Map(files.map((file) => [slashed(file), relativeImportsOf(file)])));
    expect(circles).toEqual([]);
  });

  test.each(files.filter((file) => pure.includes(file.split(/[\\/]/)[0])))('%s asks no clock and no chance', (file) => {
    expect(readFileSync(join(src, file), 'utf8')).not.toMatch(
      /\bDate\.now\(|\bMath\.random\(|\bnew Date\(\)|\bperformance\./,
    );
  });
});

describe('kernel', () => {
  test('every module has a folder, whose entry has its name', () => {
    const folders = readdirSync(kernel).filter((folder) => folder !== 'base');
    for (const folder of folders) expect(kernelFiles).toContain(`${folder}/${folder}.ts`);
  });

  test.each(kernelFiles)('%s imports from its folder, from base and from layouts only', (file) => {
    const folder = file.split('/')[0];
    for (const name of kernelImportsOf(file)) {
      const isLayout = /^[a-z-]+\/memory\.ts$|^\.\.\/src\/.*kernel-layout\.ts$/.test(name) && folder !== 'base';
      expect(isLayout || [folder, 'base'].includes(name.split('/')[0]), `${file} imports ${name}`).toBe(true);
      if (!name.startsWith('..')) expect(kernelFiles).toContain(name);
    }
  });

  test('no files import each other in a circle', () => {
    const imports = kernelFiles.map((file): [string, string[]] => [
      file,
      kernelImportsOf(file).filter((name) => kernelFiles.includes(name)),
    ]);
    expect(findCircles(new Map(imports))).toEqual([]);
  });
});
