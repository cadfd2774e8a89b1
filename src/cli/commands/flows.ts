import type { Command } from 'commander';
import type { AskOptions } from '../question/question.ts';
import { formatOf } from '../output/print.ts';
import { withEngine } from '../question/open-engine.ts';
import { addQuestion, printAnswer, readRange, whereOf } from '../question/question.ts';
import { flowTable } from '../output/flow-table.ts';
import { parseWhole } from '../options/options.ts';
import { tell } from '../output/printable.ts';

interface FlowsOptions extends AskOptions {
  readonly tuples?: boolean;
  readonly limit?: string;
}

/** Rows shown on a terminal; into a pipe go all. */
const terminalRows = 50;

export function define(command: Command): void {
  addQuestion(command);
  command
    .option('--tuples', 'every tuple as it was logged, in place of conversations')
    .option('--limit <n>', `rows at the most (default: ${terminalRows} on a terminal, all into a pipe)`);
  command.action(async (words: string[], options: FlowsOptions) => {
    const format = formatOf(options);
    const limit =
      options.limit !== undefined
        ? parseWhole('--limit', options.limit, 1, Number.MAX_SAFE_INTEGER)
        : process.stdout.isTTY
          ? terminalRows
          : undefined;
    const selection = { range: readRange(options), ...whereOf(words), ...(limit === undefined ? {} : { limit }) };
    await withEngine(options, async (engine) => {
      const { rows } = await printAnswer(
        engine,
        { ...selection, ask: options.tuples === true ? 'tuples' : 'conversations' },
        options,
        flowTable,
      );
      if (format === 'table' && rows === limit && options.limit === undefined)
        tell(`${rows} rows shown; --limit shows more`);
      if (format === 'table' && rows === 0) tell('nothing matches');
    });
  });
}
