import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { measureColumn } from '../../query/measure.ts';
import { withEngine } from '../question/open-engine.ts';
import { printAnswer, readRange, whereOf } from '../question/question.ts';
import type { GroupOptions } from '../options/group-options.ts';
import { addGroups, readFields, readMeasures, summaryDetails, summaryParts } from '../options/group-options.ts';
import { parseWhole } from '../options/options.ts';
import type { Result } from '../output/result.ts';
import { plainText } from '../output/printable.ts';

interface MatrixOptions extends GroupOptions {
  readonly by: string;
  readonly limit: string;
}

export function define(command: Command): void {
  addGroups(command, 'bytes');
  command
    .option('--by <field,field>', 'the field of the rows and the field of the columns', 'src.ip,dst.ip')
    .option('-n, --limit <n>', 'rows and columns at the most', '8');
  command.addHelpText('after', '\nTables and markdown have one column a value; all other formats one row a pair.\n');
  command.action(async (words: string[], options: MatrixOptions) => {
    const by = readFields('--by', options.by);
    if (by.length !== 2) throw new FlowError('usage', '--by takes two fields, such as src.ip,dst.port');
    if (options.compare !== undefined)
      throw new FlowError('usage', 'a matrix is not compared: use top --by FIELD,FIELD');
    const limit = parseWhole('--limit', options.limit, 1, 1000);
    const measures = readMeasures(options.metric);
    const column = measureColumn(measures[0]);
    await withEngine(options, async (engine) => {
      await printAnswer(
        engine,
        {
          range: readRange(options),
          ...whereOf(words),
          ask: 'groups',
          axes: by.map((field) => ({ by: [field], limit })),
          measures,
          observations: options.observations === true,
        },
        options,
        { show: (answer) => crossed(answer, column), below: summaryParts, details: summaryDetails },
      );
    });
  });
}

/** Pairs as a table: one row a value of the first field, one column a value of the second, in their order of size. */
async function crossed(answer: Result, measure: string): Promise<Result> {
  const at = answer.columns.findIndex(({ name }) => name === measure);
  const pairs: (readonly unknown[])[] = [];
  for await (const chunk of answer.chunks) pairs.push(...chunk);
  const totals = new Map<string, number>();
  for (const row of pairs) totals.set(plainText(row[1]), (totals.get(plainText(row[1])) ?? 0) + Number(row[at] ?? 0));
  const names = [...totals.keys()].sort((a, b) => totals.get(b)! - totals.get(a)!);
  const rows = new Map<string, unknown[]>();
  for (const row of pairs) {
    const key = plainText(row[0]);
    const cells = rows.get(key) ?? [key, ...names.map(() => null)];
    cells[1 + names.indexOf(plainText(row[1]))] = row[at];
    rows.set(key, cells);
  }
  return {
    columns: [
      { name: answer.columns[0].name, kind: 'text' },
      ...names.map((name) => ({ ...answer.columns[at], name, isValue: true })),
    ],
    chunks: [[...rows.values()]],
  };
}
