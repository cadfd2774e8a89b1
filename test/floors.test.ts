import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * A folder of src/ imports only from folders on lower floors (src/floors.json), and from packages that its floor may use.
 * Static, type-only and dynamic imports count alike.
 */
const src = join(import.meta.dirname, '..', 'src');
const floors = JSON.parse(readFileSync(join(src, 'floors.json'), 'utf8')) as Record<string, number>;

/** Floors of pure code: bytes and numbers in, values out. They reach no clock, no randomness and no I/O. */
const pure = ['base', 'net', 'wire', 'nsg', 'flowlog', 'flow', 'arm-template'];
const pureModules = ['node:crypto'];

const importPattern = /(?:from\s*|import\s*\(\s*|^\s*import\s+)['"]([^'"]+)['"]/gm;

function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(importPattern)].map((match) => match[1]);
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

  test.each(files.filter((file) => pure.includes(file.split(/[\\/]/)[0])))('%s asks no clock and no chance', (file) => {
    expect(readFileSync(join(src, file), 'utf8')).not.toMatch(
      /\bDate\.now\(|\bMath\.random\(|\bnew Date\(\)|\bperformance\./,
    );
  });
});
