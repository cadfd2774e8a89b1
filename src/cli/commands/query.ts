import { type Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import type { Engine } from '../../query/engine/engine.ts';
import { stopGently } from '../interrupt.ts';
import { parseDelay } from '../options/amount.ts';
import { allRows } from '../question/answer-rows.ts';
import { collect, readInput, readText } from '../options/options.ts';
import type { OutputFormat } from '../output/output.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import { withEngine } from '../question/open-engine.ts';
import { addSource, addTimes, explain } from '../question/question.ts';
import type { KqlOptions } from '../question/kql-tables.ts';
import type { ShellLanguage } from '../question/shell-language.ts';
import { sqlLanguage } from '../question/shell-language.ts';

interface QueryOptions extends KqlOptions {
  readonly sql?: string | true;
  readonly file?: string;
  readonly save?: string;
}

/** A text of a user ends after this time where nothing else is said. */
const timeoutDefault = '10m';

export function define(command: Command): void {
  command
    .argument('[text...]', 'the query in KQL; without it standard input, or a shell on a terminal')
    .option('--sql [text]', 'the text is SQL: one SELECT over the views tuples, flows and conversations')
    .option('-f, --file <file>', 'read the text from a file; - is standard input')
    .option('--param <Name=value>', 'fill in {Name} of a workbook query; may be repeated', collect)
    .option(
      '--traffic-analytics <name=value>',
      "a setting of Traffic Analytics' tables, such as interval=10; may be repeated",
      collect,
    )
    .option('--save <name>', 'also keep the query: nsgflow query NAME asks it again');
  addSource(command);
  addTimes(command);
  addOutput(command);
  command.addHelpText(
    'after',
    `
KQL has the tables Tuples, Flows and Conversations, and those of Traffic Analytics: NTANetAnalytics,
AzureNetworkAnalytics_CL and others (docs/reference/traffic-analytics.md). A query that names no table needs no lake.
SQL has the views tuples, flows and conversations. Nothing else can be read, and nothing can be written.
Without --timeout, a question ends after ${timeoutDefault}.

Examples:
  nsgflow query "Conversations | summarize sum(bytes_forward) by dst_port | top 10 by sum_bytes_forward" --lake ./lake
  nsgflow query -f workbook.kql --param "TimeRange=> ago(1d)" --lake ./lake
  nsgflow query "Tuples | where access == 'deny' | summarize count() by src_ip" --save denied --lake ./lake
  nsgflow query --sql "select dst_port, count(*) from conversations group by all" --lake ./lake
`,
  );
  command.action(async (words: string[], options: QueryOptions) => {
    const format = formatOf(options);
    const text = await readQuestion(words, options);
    if (options.sql === undefined) await askKql(text, format, options);
    else await askSql(text, format, options);
  });
}

async function askKql(text: string | undefined, format: OutputFormat, options: QueryOptions): Promise<void> {
  const { answerKql, kqlShell, printKql } = await import('../question/kql-question.ts');
  if (text === undefined)
    return await shell(
      options,
      () => Promise.resolve(kqlShell(options)),
      (engine, asked, signal) => printKql(engine, asked, format, options, { signal }),
    );
  const timed = { ...options, timeout: options.timeout ?? timeoutDefault };
  await withEngine(timed, (engine) => answerKql(engine, text, format, options), 'optional');
}

async function askSql(text: string | undefined, format: OutputFormat, options: QueryOptions): Promise<void> {
  const { param, save, trafficAnalytics, from, to, since, until } = options;
  if (
    [param, save, trafficAnalytics].some((of) => of !== undefined) ||
    [from, to, since, until].some((time) => time !== undefined)
  )
    throw new FlowError(
      'usage',
      '--param, --save, --traffic-analytics and times are for KQL: in SQL, write the values into the text',
    );
  const ask = async (engine: Engine, sql: string, signal?: AbortSignal): Promise<void> => {
    const startMillis = performance.now();
    const answer = await engine.sql(sql, signal === undefined ? {} : { signal });
    const rows = await print(answer, format);
    if (options.explain === true) explain(answer.scan, rows, performance.now() - startMillis);
  };
  if (text !== undefined)
    return await withEngine({ ...options, timeout: options.timeout ?? timeoutDefault }, (engine) => ask(engine, text));
  await shell(
    options,
    async (engine) => {
      const answer = await engine.sql('select distinct column_name from duckdb_columns() where not internal');
      return sqlLanguage((await allRows(answer)).flatMap(([name]) => (typeof name === 'string' ? [name] : [])));
    },
    ask,
  );
}

/** Asks what a user writes, until the end. The time limit is that of one question. */
async function shell(
  options: QueryOptions,
  languageOf: (engine: Engine) => Promise<ShellLanguage>,
  ask: (engine: Engine, text: string, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const timeoutMillis = parseDelay('--timeout', options.timeout ?? timeoutDefault);
  const { timeout: _timeout, ...unlimited } = options;
  await withEngine(unlimited, async (engine) => {
    const { historyPath, runShell } = await import('../question/shell.ts');
    const language = await languageOf(engine);
    const historyFile = historyPath(language.name);
    const streams = { input: process.stdin, output: process.stdout, isTerminal: true, historyFile };
    await runShell(streams, language, (text) => stoppable(timeoutMillis, (signal) => ask(engine, text, signal)));
  });
}

/** The text; `undefined` for the shell. @throws usage, not-found */
async function readQuestion(words: readonly string[], { sql, file, input }: QueryOptions): Promise<string | undefined> {
  const given = [
    ...(typeof sql === 'string' ? ['--sql'] : []),
    ...(words.length > 0 ? ['the arguments'] : []),
    ...(file === undefined ? [] : ['--file']),
  ];
  if (given.length > 1) throw new FlowError('usage', `the text stands in ${given.join(' and in ')}: give it once`);
  if (typeof sql === 'string') return sql;
  if (words.length > 0) return words.join(' ');
  const isInput = file === '-' || (file === undefined && !process.stdin.isTTY);
  if (isInput && input?.includes('-') === true)
    throw new FlowError('usage', 'standard input has the logs of -i -: name the text of the question');
  if (isInput) return readInput();
  return file === undefined ? undefined : readText(file);
}

/** Runs one question of the shell; Ctrl-C and the time limit end only this one. */
async function stoppable(timeoutMillis: number, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const undo = stopGently(() => stop.abort(new FlowError('interrupted', 'interrupted')));
  const timer = setTimeout(
    () => stop.abort(new FlowError('timeout', 'no answer within the time limit')),
    timeoutMillis,
  );
  try {
    await run(stop.signal);
  } finally {
    clearTimeout(timer);
    undo();
  }
}
