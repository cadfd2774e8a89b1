import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCountOf } from '../../base/format-count.ts';
import { findConfiguration, readConfiguration } from '../options/configuration.ts';
import { commandsBelow, configure, problemsOf } from '../options/configure.ts';
import { show, tell } from '../output/printable.ts';

export function define(command: Command): void {
  command.argument('[file]', 'the file (default: the one that commands read)');
  command.action(async (file: string | undefined) => {
    const given = command.optsWithGlobals<{ config?: string }>().config;
    const found = file === undefined ? await findConfiguration(given) : await readConfiguration(file);
    if (found === undefined)
      throw new FlowError('not-found', 'there is no nsgflow.yaml here, and --config and NSGFLOW_CONFIG name none', {
        hint: 'docs/reference/configuration.md says what it holds.',
      });
    const commands = commandsBelow(command.parent!.parent!);
    const problems = problemsOf(found, commands);
    for (const [name, one] of commands) {
      for (const setting of found.settings.filter(({ command: of }) => of === name || of === ''))
        try {
          configure(one, name, { path: found.path, settings: [setting] });
        } catch (error) {
          if (!(error instanceof FlowError)) throw error;
          problems.push(error.message);
        }
    }
    for (const problem of new Set(problems)) tell(problem);
    if (problems.length > 0)
      throw new FlowError('usage', `${found.path} has ${formatCountOf(new Set(problems).size, 'error')}`, { hint: '' });
    show(`${found.path}: ${formatCountOf(found.settings.length, 'setting')}, all known\n`);
  });
}
