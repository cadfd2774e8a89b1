import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { errorTable } from '../src/base/errors.ts';
import { commands } from '../src/cli/commands.ts';
import { createProgram } from '../src/cli/program.ts';

/** Pages that the code writes; `npx vitest run -u test/docs.test.ts` writes them anew. */
describe('generated pages are those that are committed', () => {
  test('docs/errors.md', async () => {
    const rows = Object.entries(errorTable).map(
      ([code, { exit, status, meaning, hint }]) =>
        `| \`${code}\` | ${exit} | ${status} | ${meaning} | ${hint.replaceAll('|', '\\|')} |`,
    );
    const page = [
      '# Errors and exit codes',
      '',
      'Generated from `src/base/errors.ts`. A failure is one sentence on stderr and a hint; `--debug` adds the code, the stack and the causes.',
      '',
      '| exit code | means |',
      '|---|---|',
      '| 0 | done |',
      '| 1 | a negative answer: `convert --strict` lost something |',
      '| 2 | usage or parse error |',
      '| 3 | not found |',
      '| 4 | authentication or permission |',
      '| 5 | source or destination unavailable |',
      '| 6 | input refused beyond the limit |',
      '| 7 | incomplete data |',
      '| 8 | a fault in nsgflow |',
      '| 130 | interrupted |',
      '',
      '| code | exit | HTTP | means | what to do |',
      '|---|---|---|---|---|',
      ...rows,
      '',
    ];
    await expect(page.join('\n')).toMatchFileSnapshot('../docs/errors.md');
  });

  test('docs/cli.md', async () => {
    const program = await createProgram(() => true);
    const find = (name: string): Command =>
      name.split(' ').reduce((command, part) => command.commands.find((child) => child.name() === part)!, program);
    const help = (command: Command): string => command.configureHelp({ helpWidth: 100 }).helpInformation().trimEnd();
    const page = [
      '# The command line',
      '',
      'Generated from the commands themselves. Exit codes: [errors.md](errors.md). Filters: [filter.md](filter.md).',
      '',
      ...commands.flatMap(({ name }) => [`## nsgflow ${name}`, '', '```', help(find(name)), '```', '']),
    ];
    await expect(page.join('\n')).toMatchFileSnapshot('../docs/cli.md');
  });
});
