import type { Command } from 'commander';
import type { AskOptions } from '../question/question.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import { withEngine } from '../question/open-engine.ts';
import { addSource, explain } from '../question/question.ts';

interface QueryOptions extends AskOptions {
  readonly sql: string;
}

/** SQL of a user ends after this time where nothing else is said. */
const timeoutDefault = '10m';

export function define(command: Command): void {
  command.requiredOption('--sql <text>', 'one SELECT over the views tuples, flows and conversations');
  addSource(command);
  addOutput(command);
  command.addHelpText(
    'after',
    '\nColumns of a view: nsgflow query --sql "describe flows" --lake DIR\n' +
      `Nothing but the views can be read, and nothing can be written. Without --timeout it ends after ${timeoutDefault}.\n`,
  );
  command.action(async (options: QueryOptions) => {
    const format = formatOf(options);
    await withEngine({ ...options, timeout: options.timeout ?? timeoutDefault }, async (engine) => {
      const startMillis = performance.now();
      const answer = await engine.sql(options.sql);
      const rows = await print(answer, format);
      if (options.explain === true) explain(answer.scan, rows, performance.now() - startMillis);
    });
  });
}
