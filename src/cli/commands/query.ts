import { type Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import type { Engine } from '../../query/engine/engine.ts';
import { stopGently } from '../interrupt.ts';
import { parseDuration } from '../options/amount.ts';
import { allRows } from '../question/answer-rows.ts';
import { readInput, readText } from '../options/options.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import { withEngine } from '../question/open-engine.ts';
import type { AskOptions } from '../question/question.ts';
import { addSource, explain } from '../question/question.ts';

interface QueryOptions extends AskOptions {
  readonly sql?: string | true;
  readonly file?: string;
}

/** SQL of a user ends after this time where nothing else is said. */
const timeoutDefault = '10m';

export function define(command: Command): void {
  command
    .argument('[text...]', 'the question; without it standard input, or a shell on a terminal')
    .option('--sql [text]', 'the text is SQL: one SELECT over the views tuples, flows and conversations')
    .option('-f, --file <file>', 'read the text from a file; - is standard input');
  addSource(command);
  addOutput(command);
  command.addHelpText(
    'after',
    `
tuples has every tuple as logged, flows one row for each observer of a connection, conversations one for each connection.
Nothing but these views can be read, and nothing can be written. Without --timeout, a question ends after ${timeoutDefault}.

Examples:
  nsgflow query --sql "describe flows" --lake ./lake
  nsgflow query --sql "select dst_port, count(*) from conversations group by all" --lake ./lake
  nsgflow query --sql --lake ./lake < question.sql
  nsgflow query --sql --lake ./lake
`,
  );
  command.action(async (words: string[], options: QueryOptions) => {
    const format = formatOf(options);
    const text = await readQuestion(words, options);
    if (options.sql === undefined)
      throw new FlowError('usage', 'without --sql the language is KQL, which this version does not read yet', {
        hint: 'For SQL: nsgflow query --sql "select ...".',
      });
    const ask = async (engine: Engine, sql: string, signal?: AbortSignal): Promise<void> => {
      const startMillis = performance.now();
      const answer = await engine.sql(sql, signal === undefined ? {} : { signal });
      const rows = await print(answer, format);
      if (options.explain === true) explain(answer.scan, rows, performance.now() - startMillis);
    };
    if (text !== undefined)
      return await withEngine({ ...options, timeout: options.timeout ?? timeoutDefault }, (engine) =>
        ask(engine, text),
      );
    const timeoutMillis = parseDuration('--timeout', options.timeout ?? timeoutDefault);
    const { timeout: _timeout, ...unlimited } = options;
    await withEngine(unlimited, async (engine) => {
      const { historyPath, runShell } = await import('../question/sql-shell.ts');
      const streams = { input: process.stdin, output: process.stdout, isTerminal: true, historyFile: historyPath() };
      await runShell(streams, {
        run: (sql) => stoppable(timeoutMillis, (signal) => ask(engine, sql, signal)),
        columnsOf: async (view) =>
          (await allRows(await engine.sql(`describe ${view}`))).flatMap(([name]) =>
            typeof name === 'string' ? [name] : [],
          ),
      });
    });
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
