import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMemory, instantiate } from '../src/base/wasm.ts';
import { kernelModule } from '../src/flow/kernel-module.ts';
import { addresses, memoryLength, rowsMax } from '../src/flowlog/scan-kernel-layout.ts';
import { scanKernelModule } from '../src/flowlog/scan-kernel-module.ts';
import { tupleKernelModule } from '../src/flowlog/tuple-kernel-module.ts';
import { settleKernelModule } from '../src/lake/flows/settle-kernel-module.ts';
import { readKernelModule } from '../src/lake/tuples/read-kernel-module.ts';
import { pageKernelModule } from '../src/parquet/page-kernel-module.ts';

/**
 * The modules of kernel/ have no asserts in production. In the long run they are built with asserts, and their property tests run once more with
 * these modules: an access beyond a column, or text beyond its room, then traps.
 */
const root = join(import.meta.dirname, '..');
const loadedFrom = process.env['NSGFLOW_KERNEL_ASSERTS'];
const isLong = process.env['NSGFLOW_LONG'] === '1' && loadedFrom === undefined;

const propertyTests = [
  'test/kernel-asserts.test.ts',
  'test/flow/kernel.test.ts',
  'test/flowlog/tuple-kernel.test.ts',
  'test/flowlog/tuple-scanner.test.ts',
  'test/parquet/kinds.test.ts',
  'test/parquet/differences.test.ts',
  'test/parquet/zstd.test.ts',
  'test/lake/tuples/unzstd.test.ts',
  'test/lake/tuples/native-rows.property.test.ts',
  'test/lake/flows/flow-builder.test.ts',
  'test/lake/flows/flow-builder.property.test.ts',
];

const modules = {
  'kernel-module.ts': kernelModule,
  'tuple-kernel-module.ts': tupleKernelModule,
  'scan-kernel-module.ts': scanKernelModule,
  'page-kernel-module.ts': pageKernelModule,
  'read-kernel-module.ts': readKernelModule,
  'settle-kernel-module.ts': settleKernelModule,
};

describe.runIf(loadedFrom !== undefined)('with asserts', () => {
  test.each(Object.entries(modules))('%s is loaded from the folder', (file, module) => {
    expect(readFileSync(join(loadedFrom!, file), 'utf8')).toContain(module);
  });

  test('a row beyond a column traps', () => {
    const instance = instantiate(scanKernelModule, createMemory(memoryLength))!;
    const { window } = addresses;
    new TextEncoder().encodeInto('"1700000000,10.0.0.1,10.0.0.2,1,2,T,I,A"', new Uint8Array(instance.buffer, window));
    const { scan } = instance.exports as {
      scan: (open: number, end: number, row: number, rowEnd: number, group: number) => number;
    };
    expect(() => scan(window, window + 100, rowsMax, rowsMax + 1, 0)).toThrow('unreachable');
  });
});

describe.runIf(isLong)('property tests', () => {
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nsgflow-kernel-asserts-'));
    await promisify(execFile)(process.execPath, ['scripts/build-kernel.mjs', '--asserts', folder], { cwd: root });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('pass with modules that have asserts', async () => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST')));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', ...propertyTests],
      { cwd: root, env: { ...env, NSGFLOW_LONG: '', NSGFLOW_KERNEL_ASSERTS: folder }, maxBuffer: 1 << 26 },
    );
    for (const file of propertyTests) expect(stdout).toContain(basename(file));
  });
});
