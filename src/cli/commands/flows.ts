import type { Command } from 'commander';
import type { AskOptions } from '../question/question.ts';
import { formatCountOf } from '../../base/format-count.ts';
import { withEngine } from '../question/open-engine.ts';
import { addQuestion, printAnswer, readRange, whereOf } from '../question/question.ts';
import { conversationColumns, flowTable } from '../output/flow-table.ts';
import { parseWhole } from '../options/options.ts';

interface FlowsOptions extends AskOptions {
  readonly tuples?: boolean;
  readonly limit?: string;
}

/** Rows shown on a terminal; into a pipe go all. */
const terminalRows = 50;

export function define(command: Command): void {
  addQuestion(command, conversationColumns);
  command
    .option('--tuples', 'every tuple as it was logged, in place of conversations')
    .option('--limit <n>', `rows at the most (default: ${terminalRows} on a terminal, all into a pipe)`);
  command.action(async (words: string[], options: FlowsOptions) => {
    const limit = readLimit(options);
    const isTuples = options.tuples === true;
    const query = {
      range: readRange(options),
      ...whereOf(words),
      ask: isTuples ? ('tuples' as const) : ('conversations' as const),
      // What is sorted by another column is cut afterwards.
      ...(limit === undefined || options.sort !== undefined ? {} : { limit }),
    };
    await withEngine(options, async (engine) => {
      await printAnswer(engine, query, options, {
        show: flowTable,
        ...(limit === undefined ? {} : { sortedLimit: limit }),
        below: (rows) => [
          rows === 0
            ? 'nothing matches'
            : `${formatCountOf(rows, isTuples ? 'tuple' : 'conversation')}${rows === limit && options.limit === undefined ? ' (--limit shows more)' : ''}`,
        ],
      });
    });
  });
}

/** Rows to show; `undefined` for all. @throws usage */
function readLimit({ limit }: FlowsOptions): number | undefined {
  if (limit !== undefined) return parseWhole('--limit', limit, 1, Number.MAX_SAFE_INTEGER);
  return process.stdout.isTTY ? terminalRows : undefined;
}
