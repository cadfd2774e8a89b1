import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Package {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly repository: { readonly url: string };
}

test('an installation brings DuckDB alone: everything else is part of the bundle', () => {
  expect(Object.keys((JSON.parse(read('package.json')) as Package).dependencies)).toEqual(['@duckdb/node-bindings']);
});

test('links of the README work in the package, too: they are whole URLs, and what they name is in the repository', () => {
  const { repository } = JSON.parse(read('package.json')) as Package;
  const base = `${repository.url.replace(/^git\+|\.git$/g, '')}/blob/main/`;
  const links = [...read('README.md').matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)].map(([, link]) => link);
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) {
    if (link === 'LICENSE') continue;
    expect(link).toMatch(/^https:\/\//);
    if (link.startsWith(base)) expect([link, existsSync(join(root, link.slice(base.length)))]).toEqual([link, true]);
  }
});

test('the list of what is inside names each package with its version, license and place', () => {
  const list = JSON.parse(read('dist/sbom.json')) as {
    bomFormat: string;
    components: { name: string; group?: string; version: string; purl: string; licenses?: unknown[] }[];
    dependencies: { ref: string; dependsOn: string[] }[];
  };
  expect(list.bomFormat).toBe('CycloneDX');
  const names = list.components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`));
  for (const name of ['commander', 'fastify', '@azure/identity', '@duckdb/node-api', '@duckdb/node-bindings'])
    expect(names).toContain(name);
  expect(names).not.toContain('@azure/msal-browser');
  expect(list.components.filter(({ licenses }) => licenses === undefined)).toEqual([]);
  const refs = new Set(list.components.map((one) => (one as { 'bom-ref'?: string })['bom-ref']));
  expect(refs.size).toBe(list.components.length);
  for (const ref of list.dependencies.flatMap(({ dependsOn }) => dependsOn)) expect(refs).toContain(ref);
  for (const name of names)
    if (!name.startsWith('@duckdb/node-bindings') && name !== 'detect-libc')
      expect(read('dist/LICENSES.txt')).toContain(`\n${name} `);
});
