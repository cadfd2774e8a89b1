import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
