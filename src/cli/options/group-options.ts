import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCount, formatCountOf } from '../../base/format-count.ts';
import { groupFields, measureColumn, measureExamples, parseMeasure } from '../../query/measure.ts';
import type { Answer } from '../../query/engine/result.ts';
import type { GroupQuery, Measure, QueryRange } from '../../query/tree.ts';
import { parseDuration } from './amount.ts';
import type { AskOptions } from '../question/question.ts';
import { addQuestion } from '../question/question.ts';
import type { Result } from '../output/result.ts';

/** What commands that add up have in common: top, series, matrix. */
export interface GroupOptions extends AskOptions {
  readonly metric: string;
  readonly observations?: boolean;
  readonly compare?: string | true;
}

/** Adds the question, `--metric`, `--observations` and `--compare`. */
export function addGroups(command: Command, metric: string): void {
  addQuestion(command, [
    ...groupFields().map(({ name, columns, join }) => (join === 'one' ? columns[0] : name)),
    ...measureExamples.map((text) => measureColumn(parseMeasure(text))),
  ]);
  command
    .option(
      '--metric <measures>',
      `what to add up, with commas; the first decides the order: ${measureExamples.slice(0, 7).join(', ')}, bytes/s, distinct:dst.ip, p95:bytes`,
      metric,
    )
    .option('--observations', 'count every tuple, not every conversation once')
    .option('--compare [time]', 'also the period before, or so much earlier (7d), and the difference; with --from');
}

/** @throws usage */
export function readMeasures(text: string): Measure[] {
  const measures = text.split(',').map(parseMeasure);
  const names = measures.map(measureColumn);
  return measures.filter((_, i) => names.indexOf(names[i]) === i);
}

/** Fields of `--by` and the like. @throws usage */
export function readFields(name: string, text: string): string[] {
  const fields = text.split(',').map((field) => field.trim());
  if (fields.includes('')) throw new FlowError('usage', `${name} ${JSON.stringify(text)} has an empty field`);
  return fields;
}

/** The range and what it is compared with; where it is compared, its end is now at the latest. @throws usage */
export function readPeriods(range: QueryRange, { compare }: GroupOptions): Pick<GroupQuery, 'range' | 'compareMillis'> {
  if (compare === undefined) return { range };
  const { start, end = Date.now() } = range;
  if (start === undefined)
    throw new FlowError('usage', '--compare needs a period: --from, and perhaps --to', {
      hint: 'Such as --from 1d --compare.',
    });
  const compareMillis =
    compare === true
      ? end - start
      : parseDuration(
          '--compare',
          compare.replace(/(\d+)w$/, (_, n) => `${7 * Number(n)}d`),
        );
  if (compareMillis <= 0) throw new FlowError('usage', 'the period to compare is empty');
  return { range: { start, end }, compareMillis };
}

/** Of the answer, for people: `(other)` in place of a column that says so. */
export function showOther(answer: Result): Result {
  const at = answer.columns.findIndex(({ name }) => name === 'other');
  if (at < 0) return answer;
  const key = answer.columns[0].name === 'time' ? 1 : 0;
  return {
    ...answer,
    columns: answer.columns.filter((_, i) => i !== at),
    chunks: mapRows(answer.chunks, (row) => {
      const cells = row[at] === true ? row.map((cell, i) => (i === key ? '(other)' : cell)) : [...row];
      return cells.filter((_, i) => i !== at);
    }),
  };
}

export async function* mapRows(
  chunks: Result['chunks'],
  map: (row: readonly unknown[]) => unknown[],
): AsyncGenerator<unknown[][]> {
  for await (const chunk of chunks) yield chunk.map(map);
}

/** The line below a table of groups: what their rows stand for. */
export function summaryParts(rows: number, summary: Answer['summary']): readonly string[] {
  if (rows === 0) return ['nothing matches'];
  if (summary === undefined) return [];
  const { basis, flows, counted } = summary;
  const what = formatCountOf(flows, basis === 'conversations' ? 'conversation' : 'tuple');
  return [counted === undefined || counted === flows ? what : `${what}, ${formatCount(counted)} with byte counts`];
}

/** What -v adds to it. */
export function summaryDetails(summary: Answer['summary']): readonly string[] {
  if (summary === undefined) return [];
  return [
    summary.basis === 'conversations'
      ? 'each conversation counts once, though several NICs and logs saw it (--observations counts every tuple)'
      : 'every tuple of every NIC and log counts',
    'sums of bytes and packets leave out flows without counters: denied ones, and all of version 1',
  ];
}
