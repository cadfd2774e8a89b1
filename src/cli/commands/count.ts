import type { Command } from 'commander';
import type { AskOptions } from '../question/question.ts';
import { formatOf, printObject } from '../output/print.ts';
import { withEngine } from '../question/open-engine.ts';
import { addQuestion, explain, readRange, whereOf } from '../question/question.ts';
import { allRows } from '../question/answer-rows.ts';
import { resultOf } from '../output/output.ts';

interface CountOptions extends AskOptions {
  readonly observations?: boolean;
}

export function define(command: Command): void {
  addQuestion(command);
  command.option('--observations', 'count what each NIC and log saw, not every conversation once');
  command.action(async (words: string[], options: CountOptions) => {
    const format = formatOf(options);
    const query = {
      ask: 'count' as const,
      observations: options.observations === true,
      range: readRange(options),
      ...whereOf(words),
    };
    await withEngine(options, async (engine) => {
      const startMillis = performance.now();
      const answer = await engine.ask(query);
      const [row] = await allRows(answer);
      const counts = Object.fromEntries(answer.columns.map(({ name }, i) => [name, row[i]]));
      await printObject(counts, resultOf([counts]), format);
      if (options.explain === true) explain(answer.scan, 1, performance.now() - startMillis, query.where);
    });
  });
}
