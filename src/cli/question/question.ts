import { once } from 'node:events';
import { type Command, Option } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCount } from '../../base/format-count.ts';
import { tuplesKeptFrom } from '../../lake/flows/frozen.ts';
import type { Lake } from '../../lake/lake.ts';
import { openLake } from '../../lake/lake.ts';
import type { AskSettings, Engine } from '../../query/engine.ts';
import { parseFilter } from '../../query/filter.ts';
import type { QuestionView } from '../../query/question-view.ts';
import type { Answer, Scan } from '../../query/result.ts';
import { parseTimePoint, timeExamples } from '../../query/time-point.ts';
import type { Query, QueryRange } from '../../query/tree.ts';
import { parseBytes, parseDuration } from '../options/amount.ts';
import { tellingGoneTuples } from './gone-tuples.ts';
import { stopGently } from '../interrupt.ts';
import { collect } from '../options/options.ts';
import type { OutputFormat, Result } from '../output/output.ts';
import { outputFormats, parseOutputFormat, writeResult } from '../output/output.ts';
import type { Pager } from '../output/pager.ts';
import { openPager } from '../output/pager.ts';
import { jsonText, tell } from '../output/printable.ts';
import { createProgress, formatBytes } from '../output/progress.ts';
import { tellUnread } from '../output/unread.ts';
import { yamlText } from '../output/yaml-text.ts';

/** What every command that asks has in common: where the tuples are, which of them, and how the answer is printed. */
export interface AskOptions extends OutputOptions {
  readonly lake?: string;
  readonly input?: readonly string[];
  readonly engine?: string;
  readonly from?: string;
  readonly to?: string;
  readonly timeout?: string;
  readonly memory?: string;
  readonly explain?: boolean;
}

export interface OutputOptions {
  readonly output?: string;
}

/** How this process shows its output; options of addOutput set it. */
const appearance = { color: 'auto', pager: true };
/** Ends what the command asks, and the wait for a reader that takes no more. */
const stop = new AbortController();

export function addOutput(command: Command): void {
  command
    .option('-o, --output <format>', `${outputFormats.join(', ')} (default: table on a terminal, jsonl into a pipe)`)
    .addOption(
      new Option('--color <when>', 'auto, always or never').argParser((when: string) => {
        if (!['auto', 'always', 'never'].includes(when))
          throw new FlowError('usage', `--color takes auto, always or never, not ${JSON.stringify(when)}`);
        appearance.color = when;
        return when;
      }),
    )
    .option('--no-pager', 'write straight to the terminal, however long');
  command.hook('preAction', (_, self) => {
    appearance.pager = self.opts<{ pager?: boolean }>().pager !== false;
  });
}

/** Adds `--lake`, `-i`, `--engine`, `--timeout`, `--memory` and `--explain`. */
export function addSource(command: Command): void {
  command
    .option('--lake <dir>', 'ask the table in this folder (default: $NSGFLOW_LAKE)')
    .option(
      '-i, --input <source>',
      'ask flow logs without a lake: folder, file, glob, URL, -; may be repeated',
      collect,
    )
    .option('--engine <url>', 'have clickhouse://HOST:PORT answer over the same table (docs/scale-out.md)')
    .option('--timeout <time>', 'give up after this time: 30s, 5m')
    .option(
      '--memory <bytes>',
      'memory that the question may use before it spills to disk: 500MB, 4GiB (default: 1GiB)',
    )
    .option('--explain', 'say on stderr what was read and how long it took');
}

/** Adds a trailing filter, the source, times and the output format. */
export function addQuestion(command: Command): void {
  command.argument('[filter...]', 'filter expression, such as: access = deny and dst.port = 22');
  addSource(command);
  addTimes(command);
  addOutput(command);
}

export function addTimes(command: Command): void {
  command
    .option('--from <time>', `tuples at or after: ${timeExamples}`)
    .option('--to <time>', 'tuples before this time');
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
export function readRange({ from, to }: AskOptions): QueryRange {
  const point = (name: string, text: string): number => {
    const millis = parseTimePoint(text, Date.now());
    if (millis === undefined)
      throw new FlowError('usage', `${name} ${JSON.stringify(text)} is not a time`, {
        hint: `Such as ${timeExamples}.`,
      });
    return millis;
  };
  const start = from === undefined ? undefined : point('--from', from);
  const end = to === undefined ? undefined : point('--to', to);
  if (start !== undefined && end !== undefined && start > end)
    throw new FlowError('usage', '--from is later than --to', { hint: 'Exchange them.' });
  return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
}

/**
 * Opens the lake, or reads the logs named by `-i`, and lets `ask` have the engine. SIGINT and `--timeout` end whatever it asks.
 * @throws usage, interrupted, timeout, and what reading throws
 */
export async function withEngine<T>(options: AskOptions, ask: (engine: Engine) => Promise<T>): Promise<T> {
  const timeoutMillis = options.timeout === undefined ? undefined : parseDuration('--timeout', options.timeout);
  const memoryBytes = options.memory === undefined ? undefined : parseBytes('--memory', options.memory);
  const opened = await openEngine(options);
  const undo = stopGently(() =>
    stop.abort(
      new FlowError('interrupted', 'interrupted', { hint: 'A question changes nothing: ask again at any time.' }),
    ),
  );
  const timer =
    timeoutMillis === undefined
      ? undefined
      : setTimeout(
          () => stop.abort(new FlowError('timeout', `no answer within ${options.timeout}: given up`)),
          timeoutMillis,
        );
  try {
    const bounds = memoryBytes === undefined ? undefined : { memoryBytes };
    const engine = withSettings(opened.engine, { signal: stop.signal, bounds });
    return await ask(tellingGoneTuples(engine, opened.tuplesFrom ?? ''));
  } finally {
    clearTimeout(timer);
    undo();
    // Who pressed Ctrl-C does not wait until memory is given back piece by piece: the process ends, and all of it goes.
    if (!isInterrupted(stop.signal)) await opened.close();
  }
}

function isInterrupted({ reason }: AbortSignal): boolean {
  return reason instanceof FlowError && reason.code === 'interrupted';
}

/** An engine of which each question has these settings. */
function withSettings(engine: Engine, settings: AskSettings): Engine {
  return {
    ask: (query) => engine.ask(query, settings),
    sql: (text) => engine.sql(text, settings),
    ...(engine.timesOf === undefined ? {} : { timesOf: (range: QueryRange) => engine.timesOf!(range) }),
    ...(engine.writeParquet === undefined
      ? {}
      : { writeParquet: (query: Query, path: string) => engine.writeParquet!(query, path, settings) }),
    close: () => engine.close(),
  };
}

interface OpenEngine {
  readonly engine: Engine;
  /** The first date of which a lake has all tuples; '' where none were removed. */
  readonly tuplesFrom?: string;
  /** Ends the engine and what it is over. */
  close(): Promise<void>;
}

async function openEngine(options: AskOptions): Promise<OpenEngine> {
  const folder = options.lake ?? (options.input === undefined ? process.env['NSGFLOW_LAKE'] : undefined);
  if ((folder === undefined) === (options.input === undefined))
    throw new FlowError('usage', 'name what to ask: --lake DIR, or -i SOURCE', {
      hint: 'One of the two; NSGFLOW_LAKE names a lake for all commands.',
    });
  if (options.engine !== undefined) {
    if (folder === undefined) throw new FlowError('usage', '--engine asks a lake: --lake goes with it');
    const url = options.engine;
    const { openClickhouseEngine } = await import('../../query/clickhouse-engine.ts');
    const { isLakeHere } = await import('../../query/clickhouse-place.ts');
    if (isLakeHere(folder)) {
      const lake = await openLake(folder);
      const open = async (): Promise<Engine> =>
        openClickhouseEngine(url, folder, process.env, await viewOf(lake, tell));
      return await engineOver(lake, open, () => lake.close());
    }
    const engine = openClickhouseEngine(url, folder, process.env);
    tell('note: the lake is not on this machine: conversations are those that were settled last (nsgflow lake settle)');
    return { engine, close: () => engine.close() };
  }
  if (folder !== undefined) {
    const lake = await openLake(folder);
    return await engineOver(
      lake,
      () => duckdbOver(lake, tell),
      () => lake.close(),
    );
  }
  const { readLogs } = await import('../../ingest/read-logs.ts');
  const progress = createProgress('reading');
  const logs = await readLogs(options.input!, (bytes) => progress.update(bytes, undefined)).finally(() =>
    progress.end(),
  );
  tellUnread(logs.unread);
  if (logs.rejected > 0)
    tell(`warning: ${logs.rejected} byte ranges could not be used; the first: ${logs.firstRejection}`);
  if (logs.mended > 0) tell(`note: ${logs.mended} tuples are written as no format has them, and were mended`);
  return await engineOver(
    logs.lake,
    () => duckdbOver(logs.lake, undefined),
    () => logs.close(),
  );
}

type OnNotice = ((sentence: string) => void) | undefined;

/** DuckDB over the newest version of a lake. */
async function duckdbOver(lake: Lake, onNotice: OnNotice): Promise<Engine> {
  const { openLakeEngine } = await import('../../query/lake-engine.ts');
  return openLakeEngine(lake, onNotice === undefined ? {} : { onNotice });
}

/** The newest version of a lake. */
async function viewOf(lake: Lake, onNotice: OnNotice): Promise<QuestionView> {
  const { LakeView } = await import('../../lake/flows/view.ts');
  return LakeView.open(lake, onNotice === undefined ? {} : { onNotice });
}

/** An engine over a lake, both closed as one. */
async function engineOver(lake: Lake, open: () => Promise<Engine>, close: () => Promise<void>): Promise<OpenEngine> {
  try {
    const engine = await open();
    return {
      engine,
      tuplesFrom: tuplesKeptFrom(lake.tuples.state),
      close: async () => {
        await engine.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The format asked for; on a terminal a table. @throws usage */
export function formatOf({ output }: OutputOptions): OutputFormat {
  return parseOutputFormat(output, process.stdout.isTTY);
}

/**
 * Asks a question and prints the answer; `show` may turn it into another one for people.
 * @returns the rows printed, and the answer's summary
 */
export async function printAnswer(
  engine: Engine,
  query: Query,
  options: AskOptions,
  show: (answer: Answer) => Result | Promise<Result> = (answer) => answer,
): Promise<{ rows: number; summary: Answer['summary'] }> {
  const startMillis = performance.now();
  const format = formatOf(options);
  let rows: number;
  let summary: Answer['summary'];
  let scan: Scan;
  if (format === 'parquet' && engine.writeParquet !== undefined) {
    const { withTemporary } = await import('../output/parquet.ts');
    ({ rows, scan } = await withTemporary(process.stdout, (path) => engine.writeParquet!(query, path)));
  } else {
    const answer = await engine.ask(query);
    ({ summary, scan } = answer);
    rows = await print(format === 'table' || format === 'md' ? await show(answer) : answer, format);
  }
  if (options.explain === true) explain(scan, rows, performance.now() - startMillis);
  return { rows, summary };
}

/** Says on stderr what a question read. */
export function explain(scan: Scan, rows: number, millis: number): void {
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
  const where = scan.version === undefined ? 'on the server' : `version ${scan.version} of the lake`;
  tell(`${scan.files === 0 ? `${lines.at(-1)}` : lines.join('\n')}  (${where})`);
}

/** Writes a result to stdout in the format asked for; with `follow`, each chunk as it comes. @returns the number of rows */
export async function print(result: Result, format: OutputFormat, mode: 'all' | 'follow' = 'all'): Promise<number> {
  if (format === 'parquet') {
    const { writeParquet } = await import('../output/parquet.ts');
    return writeParquet(result, process.stdout);
  }
  const isTerminal = process.stdout.isTTY;
  const pager = isTerminal && appearance.pager && mode === 'all' ? await openPager() : undefined;
  const notes: string[] = [];
  try {
    const shown = pager === undefined ? result : { ...result, chunks: whileRead(result.chunks, pager) };
    return await writeResult(shown, format, pager?.out ?? process.stdout, {
      width: isTerminal ? process.stdout.columns : 0,
      isTerminal,
      color: appearance.color === 'always' || (appearance.color === 'auto' && isTerminal && !process.env['NO_COLOR']),
      signal: stop.signal,
      note: (sentence) => notes.push(sentence),
      atOnce: mode === 'follow',
    });
  } finally {
    await pager?.close();
    for (const note of notes) tell(note);
  }
}

/** Chunks until the reader has left. */
async function* whileRead(chunks: Result['chunks'], pager: Pager): AsyncGenerator<readonly unknown[][]> {
  for await (const chunk of chunks) {
    if (pager.hasLeft) return;
    yield chunk;
  }
}

/** Writes one object: as it stands in json, jsonl and yaml, else as a table of one row. */
export async function printObject(value: Record<string, unknown>, result: Result, format: OutputFormat): Promise<void> {
  if (format === 'json' || format === 'jsonl') {
    const text = jsonText(value, format === 'json' ? 2 : undefined);
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
  } else if (format === 'yaml') {
    process.stdout.write(await yamlText(value));
  } else await print(result, format);
}
