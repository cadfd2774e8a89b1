import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { findNameColumn, nameColumns } from '../../query/names/columns.ts';
import { parseTimePoint } from '../../query/filter/time-point.ts';
import type { AskOptions } from '../question/question.ts';
import { formatCountOf } from '../../base/format-count.ts';
import { withEngine } from '../question/open-engine.ts';
import type { WatchOptions } from '../question/watch.ts';
import { addWatch, watched } from '../question/watch.ts';
import { addQuestion, printAnswer, readRange, whereOf } from '../question/question.ts';
import { conversationColumns, flowTable } from '../output/flow-table.ts';
import { parseColumns, parseSort } from '../output/shape.ts';
import { parseWhole } from '../options/options.ts';

interface FlowsOptions extends AskOptions, WatchOptions {
  readonly tuples?: boolean;
  readonly limit?: string;
  readonly last?: string;
  readonly first?: boolean;
}

/** Rows shown on a terminal; into a pipe go all. */
const terminalRows = 50;

export function define(command: Command): void {
  addQuestion(command, [...conversationColumns, ...nameColumns.map(({ name }) => name)]);
  command
    .option('--tuples', 'every tuple as it was logged, in place of conversations')
    .option('-n, --limit <n>', `the newest rows, n at most (default: ${terminalRows} on a terminal, all into a pipe)`)
    .option('--last <n>', 'the same as --limit')
    .option('--first', 'the oldest rows, and the oldest first');
  addWatch(command);
  command.action((words: string[], options: FlowsOptions) => watched(options, () => ask(words, options)));
}

async function ask(words: string[], options: FlowsOptions): Promise<void> {
  const limit = readLimit(options);
  const isTuples = options.tuples === true;
  const query = {
    range: readRange(options),
    ...whereOf(words),
    ask: isTuples ? ('tuples' as const) : ('conversations' as const),
    newest: options.first !== true,
    descending: options.first !== true,
    names: namesAsked(options),
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
          : `${formatCountOf(rows, isTuples ? 'tuple' : 'conversation')}${rows === limit && options.limit === undefined && options.last === undefined ? ' (--limit shows more)' : ''}`,
      ],
    });
  });
}

/** Columns of names are looked up only if they are printed or sort the rows. */
function namesAsked({ columns, sort }: FlowsOptions): string[] {
  const asked = [
    ...(columns === undefined ? [] : parseColumns(columns)),
    ...(sort === undefined ? [] : [parseSort(sort).column]),
  ];
  return [...new Set(asked)].filter((name) => findNameColumn(name) !== undefined);
}

/** Rows to show; `undefined` for all. @throws usage */
function readLimit({ limit, last }: FlowsOptions): number | undefined {
  if (limit !== undefined && last !== undefined)
    throw new FlowError('usage', '--last is another name of --limit: give one of the two');
  if (last !== undefined && !/^\d+$/.test(last) && parseTimePoint(last, Date.now()) !== undefined)
    throw new FlowError('usage', `--last takes a number of rows, not ${JSON.stringify(last)}`, {
      hint: `For the rows of a time: --since ${last}.`,
    });
  const text = limit ?? last;
  if (text !== undefined)
    return parseWhole(limit === undefined ? '--last' : '--limit', text, 1, Number.MAX_SAFE_INTEGER);
  return process.stdout.isTTY ? terminalRows : undefined;
}
