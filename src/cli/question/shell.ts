/** The shell of `query`: questions that end with `;`, and commands that begin with a dot. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { printable } from '../output/printable.ts';
import type { Completed, ShellLanguage } from './shell-language.ts';

export interface ShellInput {
  readonly input: Readable;
  readonly output: Writable;
  /** Whether both are a terminal: lines are edited, and there is a history. */
  readonly isTerminal: boolean;
  /** File of the history; `undefined` for none. */
  readonly historyFile: string | undefined;
}

const dotCommands = ['.tables', '.schema', '.help', '.quit'] as const;

const helpText = `  .tables          the tables
  .schema [TABLE]  columns and types of a table, or of all
  .help            this text
  .quit            leave (also Ctrl-D)
Ctrl-C stops a running question, or clears the line.
`;

/** Runs until `.quit` or the end of the input; `run` answers one question and prints. A question that fails does not end the shell. */
export async function runShell(
  streams: ShellInput,
  language: ShellLanguage,
  run: (text: string) => Promise<void>,
): Promise<void> {
  const { output, historyFile, isTerminal } = streams;
  const history = historyFile === undefined ? [] : await readHistory(historyFile);
  if (isTerminal) output.write(`${language.greeting} .help shows the commands.\n`);
  const lines = new StatementReader(streams, history, language);
  for (;;) {
    const statement = await lines.next();
    if (statement === undefined) break;
    if (historyFile !== undefined && !statement.startsWith('.')) await addToHistory(historyFile, history, statement);
    if (!(await answer(statement, output, language, run))) break;
  }
  lines.close();
}

/** @returns `false` to leave */
async function answer(
  statement: string,
  output: Writable,
  language: ShellLanguage,
  run: (text: string) => Promise<void>,
): Promise<boolean> {
  const [word, argument] = statement.split(/\s+/);
  const { about, tables } = language;
  const wide = Math.max(...tables.map(({ name }) => name.length));
  try {
    if (word === '.quit' || word === '.exit') return false;
    if (word === '.help') output.write(`${about}\n${helpText}`);
    else if (word === '.tables') for (const one of tables) output.write(`${one.name.padEnd(wide)}  ${one.about}\n`);
    else if (word === '.schema')
      for (const table of argument === undefined ? tables.map(({ name }) => name) : [argument.replace(/;$/, '')])
        await run(language.schema(table));
    else if (word.startsWith('.')) output.write(`there is no command ${printable(word)}: ${dotCommands.join(', ')}\n`);
    else await run(statement);
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    output.write(`${printable(error.code === 'interrupted' ? 'stopped' : error.message)}\n`);
    if (error.hint !== '' && error.code !== 'interrupted') output.write(`  ${printable(error.hint)}\n`);
  }
  return true;
}

/** Reads statements. On a terminal, it lets go of the terminal between two of them, for a pager and for Ctrl-C. */
class StatementReader {
  readonly #streams: ShellInput;
  readonly #history: readonly string[];
  readonly #language: ShellLanguage;
  readonly #waiting: string[] = [];
  #isOver = false;

  constructor(streams: ShellInput, history: readonly string[], language: ShellLanguage) {
    this.#streams = streams;
    this.#history = history;
    this.#language = language;
  }

  /** The next statement without its `;`, or a command; `undefined` at the end. */
  async next(): Promise<string | undefined> {
    let text = '';
    const waiting = (): string | undefined => {
      for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
        const isDot = text === '' && line.trim().startsWith('.');
        if (text === '' && line.trim() === '') continue;
        text = text === '' ? line : `${text}\n${line}`;
        if (isDot || (/;\s*$/.test(text) && this.#language.isWhole(text)))
          return text.trim().replace(/(?:\s*;\s*)+$/, '');
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
      completer: (line: string, done: (error: null, found: Completed) => void) =>
        void completions(text, line, this.#language).then((found) => done(null, found)),
    });
    const prompt = (): void => {
      reader.setPrompt(text === '' ? `${this.#language.name}> ` : '...> ');
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

/** What may stand at the end of a line, behind the lines `before` of the same question. A text that cannot be read has nothing. */
export async function completions(before: string, line: string, language: ShellLanguage): Promise<Completed> {
  if (before === '' && line.startsWith('.')) return [dotCommands.filter((word) => word.startsWith(line)), line];
  const text = before === '' ? line : `${before}\n${line}`;
  const [words, typed] = await language.complete(text).catch((): Completed => [[], '']);
  return line.endsWith(typed) ? [words, typed] : [[], ''];
}

/** `$XDG_STATE_HOME/nsgflow/LANGUAGE-history`, else below `~/.local/state`. */
export function historyPath(language: ShellLanguage['name']): string {
  const state = process.env['XDG_STATE_HOME'] ?? '';
  return join(state === '' ? join(homedir(), '.local', 'state') : state, 'nsgflow', `${language}-history`);
}

/** Statements of before, the oldest first; none if there is no such file. */
async function readHistory(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => line !== '');
}

/** A history that cannot be written is no reason to fail. */
async function addToHistory(path: string, history: string[], statement: string): Promise<void> {
  const line = `${statement.replaceAll(/\s*\n\s*/g, ' ')};`;
  if (/--|\/\//.test(statement) || history.at(-1) === line) return;
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
