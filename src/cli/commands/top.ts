import { type Command, Option } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { parseMeasure } from '../../query/measure.ts';
import type { AskOptions } from '../asking.ts';
import { addQuestion, formatOf, print, readFilter, readRange, withEngine } from '../asking.ts';
import { parseWhole } from '../options.ts';

interface TopOptions extends AskOptions {
  readonly by: string;
  readonly metric: string;
  readonly limit: string;
  readonly observations?: boolean;
}

export function define(command: Command): void {
  addQuestion(command);
  command
    .requiredOption('--by <fields>', 'fields to group by, with commas: src.ip,dst.port')
    .addOption(
      new Option('--metric <metric>', 'what makes a group large')
        .choices(['bytes', 'packets', 'flows'])
        .default('bytes'),
    )
    .option('--limit <n>', 'groups at the most', '10')
    .option('--observations', 'count every tuple, not every conversation once');
  command.action(async (words: string[], options: TopOptions) => {
    const format = formatOf(options);
    const where = readFilter(words);
    const by = options.by.split(',').map((field) => field.trim());
    if (by.includes('')) throw new FlowError('usage', `--by ${JSON.stringify(options.by)} has an empty field`);
    await withEngine(options, async (engine) => {
      const answer = await engine.ask({
        ask: 'groups',
        axes: [{ by, limit: parseWhole('--limit', options.limit, 1, 1_000_000) }],
        measures: [options.metric, 'flows', 'packets', 'bytes']
          .filter((name, i, all) => all.indexOf(name) === i)
          .map(parseMeasure),
        observations: options.observations === true,
        range: readRange(options),
        ...(where === undefined ? {} : { where }),
      });
      const rows = await print(answer, format);
      if (format !== 'table') return;
      const { summary } = answer;
      if (rows === 0) process.stderr.write('nothing matches\n');
      else if (summary !== undefined) {
        const number = (value: number): string => value.toLocaleString('en-US');
        process.stderr.write(
          summary.basis === 'conversations'
            ? `${number(summary.counted)} of ${number(summary.flows)} conversations carry counters; each counts once (--observations counts every tuple)\n`
            : `${number(summary.counted)} of ${number(summary.flows)} tuples carry counters; every observation counts\n`,
        );
      }
    });
  });
}
