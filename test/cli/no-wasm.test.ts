import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folderAccount } from '../../src/blob/folder.ts';
import { blobName, container, madeRecord, writeBlob } from '../source/build-blobs.ts';
import { nsgflowProcess } from './nsgflow.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-no-wasm-'));
const logs = join(folder, 'logs');
const lake = join(folder, 'lake');
const env = { NODE_OPTIONS: '--jitless' };

beforeAll(async () => {
  const to = folderAccount(logs, { sync: false }).container(container);
  await writeBlob(to, blobName(), [madeRecord(0, [{ port: 1 }])]);
  expect((await nsgflowProcess(['ingest', logs, '--lake', lake])).code).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['reading flow logs', ['ingest', logs, '--lake', join(folder, 'other')]],
  ['reading flow logs', ['convert', logs, '--to', join(folder, 'records'), '--format', 'vnet']],
])('without WebAssembly, %s ends with a sentence that says so', async (what, args) => {
  const { code, err } = await nsgflowProcess(args, { env });
  expect(err).toContain(`${what} needs WebAssembly, which this Node.js process does not have`);
  expect(err).toContain('--jitless');
  expect(code).toBe(5);
});

test('without WebAssembly, settling fails with the same sentence', async () => {
  rmSync(join(lake, 'flows'), { recursive: true });
  const { code, err } = await nsgflowProcess(['lake', 'settle', '--lake', lake], { env });
  expect(err).toContain('settling needs WebAssembly, which this Node.js process does not have');
  expect(code).toBe(5);
});

// Node 22 without WebAssembly ends where a module imports node:http, before a line of ours has run.
test('commands that need no network load no HTTP module', () => {
  const program = readFileSync(join(dist, 'cli/program.js'), 'utf8');
  const ingest = /import\("(\.\.\/chunks\/ingest-[\w-]{8}\.js)"\)/.exec(program)![1] ?? '';
  const loaded = [...new Set([...staticImports('cli/program.js'), ...staticImports(join('cli', ingest))])];
  expect(loaded.length).toBeGreaterThan(5);
  expect(loaded.filter((name) => /^(?:node:)?https?$/.test(name))).toEqual([]);
});

const dist = join(import.meta.dirname, '../../dist');

/** The modules of Node and the files below dist/ that loading a file loads, itself among them. */
function staticImports(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  if (!file.endsWith('.js')) return found;
  for (const [, name] of readFileSync(join(dist, file), 'utf8').matchAll(
    /^(?:import|export) (?:[^;]*? from )?"([^"]+)";$/gm,
  )) {
    staticImports(name.startsWith('.') ? join(dirname(file), name) : name, found);
  }
  return found;
}
