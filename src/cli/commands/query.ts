import type { Command } from 'commander';
import type { AskOptions } from '../asking.ts';
import { addOutput, addSource, formatOf, print, withEngine } from '../asking.ts';

interface QueryOptions extends AskOptions {
  readonly sql: string;
}

export function define(command: Command): void {
  command.requiredOption('--sql <text>', 'one SELECT over the view flows');
  addSource(command);
  addOutput(command);
  command.addHelpText(
    'after',
    '\nColumns of the view: nsgflow query --sql "describe flows" --lake DIR\n' +
      'Nothing but the view can be read, and nothing can be written.\n',
  );
  command.action(async (options: QueryOptions) => {
    const format = formatOf(options);
    await withEngine(options, async (engine) => {
      await print(await engine.sql(options.sql), format);
    });
  });
}
