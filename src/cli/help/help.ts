/** How the help of a command looks: its own options first, then those that many commands share, then examples. */
import type { Command, Option } from 'commander';
import { openPager } from '../output/pager.ts';
import { examples } from './examples.ts';

/** Headings of shared options, in their order, by the long names of the flags. */
const sharedOptions: readonly (readonly [string, readonly string[]])[] = [
  ['Source:', ['lake', 'input', 'engine']],
  ['Names:', ['geo', 'tags', 'inventory', 'threats', 'names', 'application']],
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

/** Writes help, its paragraphs as wide as the terminal; by the pager where it is longer than the terminal. */
export async function showHelp(text: string): Promise<void> {
  const { isTTY, rows, columns } = process.stdout;
  const spaced = text.replaceAll(/\n{3,}/g, '\n\n');
  const shown = isTTY && columns > 0 ? paragraphs(spaced, columns) : spaced;
  const isLong = isTTY && shown.split('\n').length > rows;
  const pager = isLong ? await openPager(false) : undefined;
  (pager?.out ?? process.stdout).write(shown);
  await pager?.close();
}

/** Paragraphs in lines of at most `width`. Indented lines are lists and commands, which stay. */
export function paragraphs(text: string, width: number): string {
  return text.replaceAll(/^(?! ).+(?:\n(?! ).+)*/gm, (paragraph) => {
    const lines: string[] = [];
    for (const word of paragraph.split(/\s+/)) {
      const longer = `${lines.at(-1) ?? ''} ${word}`;
      if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines.join('\n');
  });
}
