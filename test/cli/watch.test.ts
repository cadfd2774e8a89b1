import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { main, nsgflow } from './nsgflow.ts';

const work = mkdtempSync(join(tmpdir(), 'nsgflow-watch-'));
const lake = join(work, 'lake');
const examples = join(import.meta.dirname, '../../examples');

beforeAll(async () => {
  const logs = join(work, 'logs');
  const source = ['--capture', join(examples, 'traffic.pcap'), '--network', join(examples, 'network.json')];
  expect((await nsgflow(['record', ...source, '--to', logs])).code).toBe(0);
  expect((await nsgflow(['ingest', logs, '--lake', lake])).code).toBe(0);
});

afterAll(() => rmSync(work, { recursive: true, force: true }));

test.each([
  ['top', ['top', '--by', 'src.ip']],
  ['series', ['series', '--by', 'access']],
  ['flows', ['flows', 'access = deny']],
])('%s is asked again in place of the last answer until Ctrl-C', async (_, args) => {
  const terminal = join(import.meta.dirname, '../pages/as-terminal.mjs');
  const child = spawn(process.execPath, ['--import', terminal, main, ...args, '--watch', '1s', '--lake', lake]);
  let out = '';
  let err = '';
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
    if (out.split('\u001b[2J').length === 3) child.kill('SIGINT');
  });
  const [code] = (await once(child, 'close')) as [number];
  expect([code, err]).toEqual([130, expect.stringContaining('every 1s, last at ')]);
  const [, first, second] = out.split('\u001b[2J');
  expect(first.replaceAll('\u001b[H', '')).toContain(second.replaceAll('\u001b[H', '').slice(0, 40));
});

test.each([
  [['--watch', '10s'], '--watch redraws a table on a terminal'],
  [['--watch', '1ms'], '--watch takes one second or more'],
  [['--watch', 'soon'], '--watch takes a time'],
])('%j without a terminal is refused', async (args, sentence) => {
  const { code, err } = await nsgflow(['top', ...args, '--lake', lake]);
  expect([code, err]).toEqual([2, expect.stringContaining(sentence)]);
});
