import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCount } from '../../base/format-count.ts';
import type { Engine } from '../../query/engine/engine.ts';
import { parseFilter } from '../../query/filter/filter.ts';
import { formatFilter } from '../../query/filter/format-filter.ts';
import type { Answer, Scan } from '../../query/engine/result.ts';
import { parseTimePoint, timeExamples } from '../../query/filter/time-point.ts';
import type { Condition, Query, QueryRange } from '../../query/tree.ts';
import type { NameOptions } from '../options/name-options.ts';
import { addNames } from '../options/name-options.ts';
import { collect } from '../options/options.ts';
import type { OutputOptions, Printing } from '../output/print.ts';
import { explainEmpty } from './empty-answer.ts';
import { addOutput, formatOf, isShaped, print, shapeOf } from '../output/print.ts';
import { tell } from '../output/printable.ts';
import { formatBytes } from '../output/progress.ts';

/** What every command that asks has in common: where the tuples are, which of them, and how the answer is printed. */
export interface AskOptions extends OutputOptions, NameOptions {
  readonly lake?: string;
  readonly input?: readonly string[];
  readonly engine?: string;
  readonly from?: string;
  readonly to?: string;
  /** Other names of `from` and `to`. */
  readonly since?: string;
  readonly until?: string;
  readonly timeout?: string;
  readonly memory?: string;
  readonly explain?: boolean;
}

/** Adds `--lake`, `-i`, `--engine`, `--timeout`, `--memory`, `--explain` and files of names. */
export function addSource(command: Command): void {
  command
    .option('--lake <dir>', 'ask the table in this folder (default: $NSGFLOW_LAKE)')
    .option(
      '-i, --input <source>',
      'ask flow logs without a lake: folder, file, glob, URL, -; may be repeated',
      collect,
    )
    .option('--engine <url>', 'have clickhouse://HOST:PORT answer over the same table (docs/tasks/scale-out.md)')
    .option('--timeout <time>', 'give up after this time: 30s, 5m')
    .option(
      '--memory <bytes>',
      'memory that the question may use before it spills to disk: 500MB, 4GiB (default: 1GiB)',
    )
    .option('--explain', 'say on stderr what the filter became, what was read and how long it took');
  addNames(command);
}

/** Adds a trailing filter, the source, times and the output format. */
export function addQuestion(command: Command, names: readonly string[] = []): void {
  command.argument('[filter...]', 'filter expression, such as: access = deny and dst.port = 22');
  addSource(command);
  addTimes(command);
  addOutput(command, names);
}

export function addTimes(command: Command): void {
  command
    .option('--from <time>', `tuples at or after: ${timeExamples}`)
    .option('--to <time>', 'tuples before this time')
    .option('--since <time>', 'the same as --from')
    .option('--until <time>', 'the same as --to');
}

/** The filter's words as one expression; `undefined` selects all. @throws filter-syntax */
export function readFilter(words: readonly string[]): ReturnType<typeof parseFilter> {
  return parseFilter(words.join(' '), Date.now());
}

/** The filter of a query, absent where it selects all. @throws filter-syntax */
export function whereOf(words: readonly string[]): Pick<Query, 'where'> {
  const where = readFilter(words);
  return where === undefined ? {} : { where };
}

/** @throws usage */
export function readRange(options: AskOptions): QueryRange {
  const from = eitherOf(options, 'from', 'since');
  const to = eitherOf(options, 'to', 'until');
  const point = (name: string, text: string): number => {
    const millis = parseTimePoint(text, Date.now());
    if (millis === undefined)
      throw new FlowError('usage', `${name} ${JSON.stringify(text)} is not a time`, {
        hint: `Such as ${timeExamples}.`,
      });
    return millis;
  };
  const start = from === undefined ? undefined : point(from.name, from.text);
  const end = to === undefined ? undefined : point(to.name, to.text);
  if (start !== undefined && end !== undefined && start > end)
    throw new FlowError('usage', '--from is later than --to', { hint: 'Exchange them.' });
  return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
}

/** The value of an option with two names, and the name that is given. @throws usage where both are given */
function eitherOf(
  options: AskOptions,
  name: 'from' | 'to',
  other: 'since' | 'until',
): { readonly name: string; readonly text: string } | undefined {
  if (options[name] !== undefined && options[other] !== undefined)
    throw new FlowError('usage', `--${name} and --${other} are the same: give one of them`);
  const given = options[name] === undefined ? other : name;
  const text = options[given];
  return text === undefined ? undefined : { name: `--${given}`, text };
}

/**
 * Asks a question and prints the answer. An empty one is explained on stderr if that is a terminal, or with -v.
 * @returns the rows printed, and the answer's summary
 */
export async function printAnswer(
  engine: Engine,
  query: Query,
  options: AskOptions,
  printing: AnswerPrinting = {},
): Promise<{ rows: number; summary: Answer['summary'] }> {
  const startMillis = performance.now();
  const format = formatOf(options);
  let rows: number;
  let summary: Answer['summary'];
  let scan: Scan;
  if (format === 'parquet' && engine.writeParquet !== undefined) {
    const { shapeParquet, withTemporary } = await import('../output/parquet.ts');
    ({ rows, scan } = await withTemporary(process.stdout, async (path) => {
      const written = await engine.writeParquet!(query, path);
      return isShaped() ? { ...written, rows: await shapeParquet(path, shapeOf(printing)) } : written;
    }));
  } else {
    const answer = await engine.ask(query);
    ({ summary, scan } = answer);
    const { below, details, ...rest } = printing;
    rows = await print(answer, format, {
      ...rest,
      ...(below === undefined ? {} : { below: (count) => below(count, summary) }),
      ...(details === undefined ? {} : { details: () => details(summary) }),
    });
  }
  if (options.explain === true) explain(scan, rows, performance.now() - startMillis, query.where);
  if (rows === 0 && (process.stderr.isTTY || options.verbose === true))
    for (const sentence of await explainEmpty(engine, query)) tell(sentence);
  return { rows, summary };
}

/** How a question has its answer printed. */
export interface AnswerPrinting extends Pick<Printing, 'sortedLimit' | 'show' | 'draw'> {
  readonly below?: (rows: number, summary: Answer['summary']) => readonly string[];
  readonly details?: (summary: Answer['summary']) => readonly string[];
}

/** Says on stderr what a filter became, and what a question read. */
export function explain(scan: Scan, rows: number, millis: number, where?: Condition): void {
  if (where !== undefined) tell(`filter ${formatFilter(where)}`);
  const number = (value: number | undefined): string => (value === undefined ? '?' : formatCount(value));
  const { unfiltered, built } = scan;
  const filters = unfiltered === 0 ? '' : `; ${number(unfiltered)} have no sound address filter and are read whole`;
  const unsettled = built === 0 ? '' : `; ${number(built)} were built for tuples that are not settled`;
  const lines = [
    `files  ${number(scan.filesRead)} of ${number(scan.files)} read, ${number(scan.files - scan.filesRead)} pruned${unsettled}${filters}`,
    `bytes  ${formatBytes(scan.bytesRead)} of ${formatBytes(scan.bytes)}`,
    `rows   ${number(scan.rowsRead)} of ${number(scan.rows)} in those files; ${number(rows)} in the answer`,
    `time   ${number(Math.round(millis))} ms`,
  ];
  const place = scan.version === undefined ? 'on the server' : `version ${scan.version} of the lake`;
  tell(`${scan.files === 0 ? `${lines.at(-1)}` : lines.join('\n')}  (${place})`);
}
