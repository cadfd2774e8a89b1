/** The shell of `query`: statements that end with `;`, and commands that begin with a dot. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { sqlViews } from '../../query/duckdb/sql-functions.ts';
import { printable } from '../output/printable.ts';

export interface ShellInput {
  readonly input: Readable;
  readonly output: Writable;
  /** Whether both are a terminal: lines are edited, and there is a history. */
  readonly isTerminal: boolean;
  /** File of the history; `undefined` for none. */
  readonly historyFile: string | undefined;
}

/** What the shell asks. */
export interface ShellQuestions {
  /** Answers and prints one statement. */
  run(sql: string): Promise<void>;
  /** Names of the columns of all views. */
  columns(): Promise<readonly string[]>;
}

const about: Readonly<Record<(typeof sqlViews)[number], string>> = {
  tuples: 'every tuple as it was logged',
  flows: 'one row for each observer of a connection and date',
  conversations: 'the same, one row for each connection: observer = 0',
};

const dotCommands = ['.tables', '.schema', '.help', '.quit'] as const;

const helpText = `Write a SELECT statement and end it with ;
  .tables          the views
  .schema [VIEW]   columns and types of a view, or of all
  .help            this text
  .quit            leave (also Ctrl-D)
Ctrl-C stops a running question, or clears the line.
`;

const keywords = (
  'select from where group by order having limit distinct count sum min max avg and or not in like between is null as ' +
  'join on with desc asc case when then else end describe summarize'
).split(' ');

/** Runs until `.quit` or the end of the input. A statement that fails does not end the shell. */
export async function runShell(streams: ShellInput, questions: ShellQuestions): Promise<void> {
  const { output, historyFile, isTerminal } = streams;
  const history = historyFile === undefined ? [] : await readHistory(historyFile);
  const words = [...keywords, ...sqlViews, ...dotCommands, ...(await questions.columns())];
  const complete = (line: string): [string[], string] => completions(line, [...new Set(words)]);
  if (isTerminal) output.write('SQL over the views tuples, flows and conversations. .help shows the commands.\n');
  const lines = new StatementReader(streams, history, complete);
  for (;;) {
    const statement = await lines.next();
    if (statement === undefined) break;
    if (historyFile !== undefined && !statement.startsWith('.')) await addToHistory(historyFile, history, statement);
    if (!(await answer(statement, output, questions))) break;
  }
  lines.close();
}

/** @returns `false` to leave */
async function answer(statement: string, output: Writable, questions: ShellQuestions): Promise<boolean> {
  const [word, argument] = statement.split(/\s+/);
  try {
    if (word === '.quit' || word === '.exit') return false;
    if (word === '.help') output.write(helpText);
    else if (word === '.tables') for (const view of sqlViews) output.write(`${view.padEnd(14)} ${about[view]}\n`);
    else if (word === '.schema')
      for (const view of argument === undefined ? sqlViews : [argument.replace(/;$/, '')])
        await questions.run(
          `select column_name as ${JSON.stringify(view)}, column_type as type from (describe ${quoted(view)})`,
        );
    else if (word.startsWith('.')) output.write(`there is no command ${printable(word)}: ${dotCommands.join(', ')}\n`);
    else await questions.run(statement);
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    output.write(`${printable(error.code === 'interrupted' ? 'stopped' : error.message)}\n`);
    if (error.hint !== '' && error.code !== 'interrupted') output.write(`  ${printable(error.hint)}\n`);
  }
  return true;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Reads statements. On a terminal, it lets go of the terminal between two of them, for a pager and for Ctrl-C. */
class StatementReader {
  readonly #streams: ShellInput;
  readonly #history: readonly string[];
  readonly #complete: (line: string) => [string[], string];
  readonly #waiting: string[] = [];
  #isOver = false;

  constructor(streams: ShellInput, history: readonly string[], complete: (line: string) => [string[], string]) {
    this.#streams = streams;
    this.#history = history;
    this.#complete = complete;
  }

  /** The next statement without its `;`, or a command; `undefined` at the end. */
  async next(): Promise<string | undefined> {
    let text = '';
    const waiting = (): string | undefined => {
      for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
        const isDot = text === '' && line.trim().startsWith('.');
        if (text === '' && line.trim() === '') continue;
        text = text === '' ? line : `${text}\n${line}`;
        if (isDot || /;\s*$/.test(text)) return text.trim().replace(/(?:\s*;\s*)+$/, '');
      }
      return undefined;
    };
    const known = waiting();
    if (known !== undefined || this.#isOver) return known ?? this.#rest(text);
    const { input, output, isTerminal } = this.#streams;
    const reader = createInterface({
      input,
      output: isTerminal ? output : undefined,
      terminal: isTerminal,
      history: [...this.#history].reverse(),
      historySize: limits.queryHistoryMax,
      completer: this.#complete,
    });
    const prompt = (): void => {
      reader.setPrompt(text === '' ? 'sql> ' : '...> ');
      if (isTerminal) reader.prompt();
    };
    return await new Promise((resolve) => {
      let found: string | undefined;
      reader.on('line', (line) => {
        this.#waiting.push(line);
        if (found !== undefined) return;
        found = waiting();
        if (found === undefined) prompt();
        else if (isTerminal) reader.close();
      });
      // The line is shown as it was, and a new one begins.
      reader.on('SIGINT', () => {
        text = '';
        output.write('\n');
        reader.write(null, { ctrl: true, name: 'u' });
        prompt();
      });
      reader.on('close', () => {
        if (found === undefined || !isTerminal) this.#isOver = true;
        if (isTerminal && found === undefined) output.write('\n');
        resolve(found ?? this.#rest(text));
      });
      prompt();
    });
  }

  close(): void {
    this.#streams.input.pause();
  }

  /** What stands at the end without a `;`: a statement of a pipe, and of a terminal nothing. */
  #rest(text: string): string | undefined {
    return this.#streams.isTerminal || text.trim() === '' ? undefined : text.trim();
  }
}

/** What may stand in place of the last word of a line. */
export function completions(line: string, words: readonly string[]): [string[], string] {
  const typed = line.split(/[^\w.]/).at(-1) ?? '';
  const isFirst = line.trim() === typed;
  const found = words.filter(
    (word) =>
      word.startsWith(typed.toLowerCase()) && (word.startsWith('.') ? isFirst && typed.startsWith('.') : typed !== ''),
  );
  return [found, typed];
}

/** `$XDG_STATE_HOME/nsgflow/query-history`, else below `~/.local/state`. */
export function historyPath(): string {
  const state = process.env['XDG_STATE_HOME'] ?? '';
  return join(state === '' ? join(homedir(), '.local', 'state') : state, 'nsgflow', 'query-history');
}

/** Statements of before, the oldest first; none if there is no such file. */
async function readHistory(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

/** A history that cannot be written is no reason to fail. */
async function addToHistory(path: string, history: string[], statement: string): Promise<void> {
  const line = `${statement.replaceAll(/\s*\n\s*/g, ' ')};`;
  if (statement.includes('--') || history.at(-1) === line) return;
  history.push(line);
  if (history.length > limits.queryHistoryMax) history.splice(0, history.length - limits.queryHistoryMax);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, `${history.join('\n')}\n`, { mode: 0o600 });
    await chmod(path, 0o600);
  } catch {
    return;
  }
}
