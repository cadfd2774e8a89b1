import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exampleLake } from './example-lake.ts';
import { main, nsgflow } from './nsgflow.ts';

const { lake } = exampleLake();

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
  expect(err).not.toMatch(/nothing matches|ask again/);
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
