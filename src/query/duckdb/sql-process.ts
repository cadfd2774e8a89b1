/**
 * SQL of users in a process of its own: DuckDB looks for an interruption between chunks of rows only, and holds its limit of memory for blocks of rows
 * only. One expression over one row can take hours and any memory. A process can be ended at any time.
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { receivedError } from '../../base/sent-error.ts';
import { makeSpillFolder } from '../../lake/duckdb/duckdb.ts';
import type { AskSettings } from '../engine/engine.ts';
import type { Cell } from '../engine/result.ts';
import type { SqlAnswer, SqlTask } from './sql-answer.ts';
import type { FromSqlProcess, ToSqlProcess } from './sql-messages.ts';

const childPlace = new URL('sql-child.js', import.meta.url);
/** Code that is run as it is written, without being built, answers in its own process. */
const canFork = import.meta.url.endsWith('.js');

/** Answers an SQL text. @throws what {@link answerSql} throws; unavailable */
export async function askSql(task: SqlTask, settings: SqlSettings): Promise<SqlAnswer> {
  settings.signal?.throwIfAborted();
  if (!canFork) return await (await import('./sql-answer.ts')).answerSql(task, settings);
  const spill = await makeSpillFolder();
  const process = new SqlProcess({ ...task, spillFolder: spill?.path ?? '' }, settings, async () => spill?.remove());
  return await process.answer();
}

type SqlSettings = Pick<AskSettings, 'signal' | 'onProgress'>;

class SqlProcess {
  readonly #child: ChildProcess;
  readonly #settings: SqlSettings;
  readonly #received: FromSqlProcess[] = [];
  /** When it resolves, the process and its files are gone. */
  readonly #ended: Promise<void>;
  readonly #kill = (): void => void this.#child.kill('SIGKILL');
  #isClosed = false;
  #wake = (): void => undefined;

  constructor(task: SqlTask, settings: SqlSettings, onEnd: () => Promise<void>) {
    this.#settings = settings;
    this.#child = start(task.memoryBytes);
    this.#child.on('message', (message: FromSqlProcess) => this.#receive(message));
    this.#ended = untilEnd(this.#child).then(async (error) => {
      settings.signal?.removeEventListener('abort', this.#kill);
      await onEnd();
      this.#receive({ error: this.#isClosed ? new FlowError('interrupted', 'the question was ended') : error });
    });
    settings.signal?.addEventListener('abort', this.#kill, { once: true });
    this.#send(task);
  }

  /** @throws what the question throws before its first row */
  async answer(): Promise<SqlAnswer> {
    const first = await this.#next();
    if (!('columns' in first)) throw new Error('the process of an SQL text began without columns');
    return { ...first, chunks: this.#chunks(), close: () => this.#close() };
  }

  async *#chunks(): AsyncGenerator<Cell[][]> {
    try {
      for (let next = await this.#next(); 'rows' in next; next = await this.#next()) {
        this.#send('more');
        yield next.rows;
      }
    } finally {
      await this.#close();
    }
  }

  /** The next message but progress. @throws the reason of the signal, and the error that the process sent, when the process has ended */
  async #next(): Promise<FromSqlProcess> {
    const { signal } = this.#settings;
    while (this.#received.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (signal?.aborted !== true && !this.#isClosed && !('error' in this.#received[0])) return this.#received.shift()!;
    await this.#close();
    signal?.throwIfAborted();
    throw receivedError(this.#received.map((message) => 'error' in message && message.error).find(Boolean));
  }

  #receive(message: FromSqlProcess): void {
    if ('progress' in message) this.#settings.onProgress?.(...message.progress);
    else this.#received.push(message);
    this.#wake();
  }

  /** If the process has ended, its error comes. */
  #send(message: ToSqlProcess): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#kill();
    await this.#ended;
  }
}

/** Processes that are to end with this one. */
const underWay = new Set<ChildProcess>();

function endAll(): void {
  for (const child of underWay) child.kill('SIGKILL');
}

/** @throws unavailable */
function start(memoryBytes: number): ChildProcess {
  // Before temporary folders are removed.
  if (!process.listeners('exit').includes(endAll)) process.prependListener('exit', endAll);
  const heapMegabytes = Math.ceil((memoryBytes + limits.sqlProcessMemoryBytes) / 1_048_576);
  try {
    const child = fork(childPlace, [], {
      // In a session of its own: Ctrl-C is for the process that asks. On Windows, it would have a window.
      detached: process.platform !== 'win32',
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [`--max-old-space-size=${heapMegabytes}`],
    });
    underWay.add(child);
    return child;
  } catch (error) {
    throw notStarted(error);
  }
}

/** Why a process ended, when all that it sent has come. */
async function untilEnd(child: ChildProcess): Promise<FlowError> {
  const read = new Promise((resolve) => child.once('disconnect', resolve));
  const error = await new Promise<FlowError>((resolve) => {
    child.once('exit', (code, signal) => void read.then(() => resolve(endError(signal ?? `code ${code}`))));
    child.on('error', (cause) => {
      if (child.pid === undefined) resolve(notStarted(cause));
    });
  });
  underWay.delete(child);
  return error;
}

function endError(how: string): FlowError {
  // V8 and the allocator abort for lack of memory, and the system kills.
  return /^(?:SIGKILL|SIGABRT|SIGTRAP)$/.test(how)
    ? new FlowError('memory', `the process of the question ended by ${how}, as it does for lack of memory`)
    : new FlowError('sql-failed', `the process of the question ended with ${how}`);
}

function notStarted(cause: unknown): FlowError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FlowError('unavailable', `the process of the question did not start: ${reason}`, {
    cause,
    hint: 'SQL of users runs in a process of its own: the system must allow one more.',
  });
}
