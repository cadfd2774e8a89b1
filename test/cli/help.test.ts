import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { paragraphs } from '../../src/cli/help/help.ts';
import { wrapLines } from '../../src/cli/output/printable.ts';
import { nsgflowHere } from './nsgflow.ts';

test('paragraphs are as wide as the terminal; lists and commands stay', () => {
  const text =
    'One two three\nfour five.\n\nExamples:\n  nsgflow top --by src.ip --lake lake\n\nincomprehensibilities a\n';
  expect(paragraphs(text, 14)).toBe(
    'One two three\nfour five.\n\nExamples:\n  nsgflow top --by src.ip --lake lake\n\nincomprehensibilities\na\n',
  );
  expect(paragraphs(text, 80)).toBe(
    'One two three four five.\n\nExamples:\n  nsgflow top --by src.ip --lake lake\n\nincomprehensibilities a\n',
  );
});

test('at 80 columns, only commands in help are longer than the terminal', async () => {
  for (const { name } of commands) {
    const { out } = await nsgflowHere([...name.split(' '), '--help'], { columns: 80, env: { PAGER: 'cat' } });
    const long = out
      .split('\n')
      .filter((line) => line.length > 80 && !/^ {2}(?:\S+ +)?(?:nsgflow|az|eval) /.test(line));
    expect(long, name).toEqual([]);
    expect(out).not.toContain('\n\n\n');
  }
});

test('messages on a terminal wrap at spaces; what a caret points at does not wrap', () => {
  expect(wrapLines('one two three four\n  five six seven', 10)).toBe('one two\nthree four\n  five six\n  seven');
  expect(wrapLines('', 10)).toBe('');
  const long = 'x: one two three\n\n  four five six\n       ^^^^\n  seven eight';
  expect(wrapLines(long, 10)).toBe('x: one two\nthree\n\n  four five six\n       ^^^^\n  seven\n  eight');
});
