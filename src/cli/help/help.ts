/** How the help of a command looks: its own options first, then those that many commands share, then examples. */
import type { Command, Option } from 'commander';
import { openPager } from '../output/pager.ts';
import { examples } from './examples.ts';

/** Headings of shared options, in their order, by the long names of the flags. */
const sharedOptions: readonly (readonly [string, readonly string[]])[] = [
  ['Source:', ['lake', 'input', 'engine']],
  ['Time:', ['from', 'to', 'since', 'until']],
  [
    'Output:',
    [
      'output',
      'columns',
      'sort',
      'limit',
      'first',
      'last',
      'no-header',
      'color',
      'no-pager',
      'timezone',
      'verbose',
      'stats',
    ],
  ],
  ['Service or Azure:', ['server', 'data', 'azure', 'subscription']],
  ['Limits:', ['timeout', 'memory', 'explain']],
];

export function arrangeHelp(command: Command, name: string): void {
  const groupOf = ({ long }: Option): number => {
    const at = sharedOptions.findIndex(([, flags]) => flags.includes(long?.slice(2) ?? ''));
    return name === 'serve' ? -1 : at;
  };
  for (const option of command.options) {
    const at = groupOf(option);
    if (at >= 0) option.helpGroup(sharedOptions[at][0]);
  }
  (command.options as Option[]).sort((a, b) => groupOf(a) - groupOf(b));
  const lines = examples[name];
  if (lines !== undefined)
    command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  nsgflow ${line}\n`).join('')}`);
}

/** Writes help; by the pager where it is longer than the terminal. */
export async function showHelp(text: string): Promise<void> {
  const { isTTY, rows } = process.stdout;
  const isLong = isTTY && text.split('\n').length > rows;
  const pager = isLong ? await openPager(false) : undefined;
  (pager?.out ?? process.stdout).write(text);
  await pager?.close();
}
