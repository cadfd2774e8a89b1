import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { errorTable } from '../src/base/errors.ts';
import { commands } from '../src/cli/commands.ts';
import { createProgram } from '../src/cli/program.ts';

/** Generated pages. To update them: `npx vitest run test/docs.test.ts -u`. */
describe('generated pages are those that are committed', () => {
  test('docs/reference/errors.md', async () => {
    const rows = Object.entries(errorTable).map(
      ([code, { exit, status, meaning, hint }]) =>
        `| \`${code}\` | ${exit} | ${status} | ${meaning} | ${hint.replaceAll('|', '\\|')} |`,
    );
    const page = [
      '# Errors and exit codes',
      '',
      'Generated from `src/base/errors.ts`. A failed command prints one sentence and a hint on stderr. `--debug` adds the',
      'code, the stack and the causes.',
      '',
      '| exit code | meaning |',
      '|---|---|',
      '| 0 | success |',
      '| 1 | `convert --strict` lost data, `lake retain` cannot keep its budget, `flow-log coverage` found gaps or duplicates, `nsg eval --expect` got the other answer, or `doctor` found a problem or a flow that is in no log |',
      '| 2 | wrong usage, or input that cannot be parsed |',
      '| 3 | not found |',
      '| 4 | authentication or permission failed |',
      '| 5 | source or destination unavailable |',
      '| 6 | input refused beyond the limit |',
      '| 7 | incomplete data |',
      '| 8 | a bug in nsgflow |',
      '| 130 | interrupted |',
      '',
      '| code | exit | HTTP | meaning | what to do |',
      '|---|---|---|---|---|',
      ...rows,
      '',
    ];
    await expect(page.join('\n')).toMatchFileSnapshot('../docs/reference/errors.md');
  });

  test('docs/reference/cli.md', async () => {
    const program = await createProgram(() => true);
    const find = (name: string): Command =>
      name.split(' ').reduce((command, part) => command.commands.find((child) => child.name() === part)!, program);
    const help = (command: Command): string => command.configureHelp({ helpWidth: 100 }).helpInformation().trimEnd();
    const page = [
      '# The command line',
      '',
      'Generated from the commands. Exit codes: [errors.md](errors.md). Filters: [filter.md](filter.md).',
      '',
      ...outputSection,
      ...commands.flatMap(({ name }) => [`## nsgflow ${name}`, '', '```', help(find(name)), '```', '']),
    ];
    await expect(page.join('\n')).toMatchFileSnapshot('../docs/reference/cli.md');
  });
});

/** What holds for the output of every command. */
const outputSection = [
  '## Output',
  '',
  'Logs can contain characters that act on a terminal: escape sequences, DEL, C1 controls, characters that reverse or hide',
  'text, line separators, halves of surrogate pairs. No command sends them to a terminal. Errors, warnings, summaries,',
  'progress lines and the log of `serve` show `·` instead. Completion omits values with such characters. Formats:',
  '',
  '| format | for | such a character in a name or value |',
  '|---|---|---|',
  '| `table`, `wide`, `md` | people | `·` |',
  '| `json`, `jsonl` | programs | `\\u202e`: the same value |',
  '| `yaml` | programs | quoted, `\\u202e` or `\\U000e0041`: the same value |',
  '| `tsv` | programs | `\\t`, `\\n`, `\\r`, `\\\\`, `\\u202e`: decode these to get the value |',
  '| `csv` | programs | unchanged in a file or a pipe; `·` on a terminal |',
  '| `parquet` | programs | unchanged; never on a terminal |',
  '',
  '`blob show` writes the bytes of a blob unchanged into a file or a pipe, and escapes them on a terminal.',
  '',
  'CSV cells that begin with `=`, `+`, `-` or `@` are not changed. A spreadsheet may run such a cell as a formula. Azure',
  'permits no rule or resource with such a name, but a forged log can contain one. If you do not trust the logs, import CSV',
  'as text.',
  '',
];
