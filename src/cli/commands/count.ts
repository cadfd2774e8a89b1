import type { Command } from 'commander';
import type { AskOptions } from '../asking.ts';
import { addQuestion, formatOf, printObject, readFilter, readRange, withEngine } from '../asking.ts';
import { resultOf } from '../output.ts';

interface CountOptions extends AskOptions {
  readonly observations?: boolean;
}

export function define(command: Command): void {
  addQuestion(command);
  command.option('--observations', 'count what each NIC and log saw, not every conversation once');
  command.action(async (words: string[], options: CountOptions) => {
    const format = formatOf(options);
    const where = readFilter(words);
    await withEngine(options, async (engine) => {
      const answer = await engine.ask({
        ask: 'count',
        observations: options.observations === true,
        range: readRange(options),
        ...(where === undefined ? {} : { where }),
      });
      const counts: Record<string, unknown> = {};
      for await (const chunk of answer.chunks)
        for (const row of chunk) answer.columns.forEach(({ name }, i) => (counts[name] = row[i]));
      await printObject(counts, resultOf([counts]), format);
    });
  });
}
