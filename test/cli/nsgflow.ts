import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import type { run as runCommand } from '../../src/cli/program.ts';

const dist = join(import.meta.dirname, '..', '..', 'dist', 'cli');
/** The built command. */
export const main = join(dist, 'nsgflow.cjs');

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface RunOptions {
  /** Standard input; nothing if absent. */
  readonly input?: string | Uint8Array;
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Width of a terminal, which both streams write to. Only for nsgflowHere. */
  readonly columns?: number;
  /** Adds standard error to `out`, in the order of writing, as `2>&1` does; it is not a terminal then. Only for nsgflowHere. */
  readonly joined?: boolean;
}

/**
 * Runs the built command: in the long run as a process of its own; else inside this process, one command after the other, which takes a fifth of the
 * processor time.
 */
export async function nsgflow(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  if (process.env['NSGFLOW_LONG'] === '1') return nsgflowProcess(args, options);
  const turn = last.then(() => nsgflowHere(args, options));
  last = turn.catch(() => undefined);
  return turn;
}

let last: Promise<unknown> = Promise.resolve();

/** Runs the built command as a process of its own. */
export function nsgflowProcess(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], {
      env: { ...process.env, ...noAccount, ...options.env },
      cwd: options.cwd,
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

const noAccount = { AZURE_STORAGE_CONNECTION_STRING: '' };

/** Runs the module that the process would run, with streams of its own. One call at a time. */
export async function nsgflowHere(
  args: readonly string[],
  { input = '', env, cwd, columns, joined }: RunOptions,
): Promise<Ran> {
  const program = pathToFileURL(join(dist, 'program.js')).href;
  const { run } = (await import(program)) as { readonly run: typeof runCommand };
  const out = captured(columns);
  const err = joined === true ? captured(undefined, out.chunks) : captured(columns);
  const undo = [
    replaced(process, 'stdin', Readable.from(input.length === 0 ? [] : [Buffer.from(input)], { objectMode: false })),
    replaced(process, 'stdout', out.stream),
    replaced(process, 'stderr', err.stream),
    ...Object.entries({ ...noAccount, ...env }).map(([name, value]) => replaced(process.env, name, value)),
  ];
  const [codeBefore, folderBefore] = [process.exitCode, process.cwd()];
  process.exitCode = undefined;
  if (cwd !== undefined) process.chdir(cwd);
  try {
    return { code: await run(args), out: textOf(out), err: joined === true ? '' : textOf(err) };
  } finally {
    process.chdir(folderBefore);
    process.exitCode = codeBefore;
    for (const restore of undo) restore();
  }
}

interface Captured {
  readonly stream: Writable;
  readonly chunks: Buffer[];
}

/** A stream that keeps what is written to it; a terminal if it has columns. */
function captured(columns: number | undefined, chunks: Buffer[] = []): Captured {
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  if (columns !== undefined) Object.assign(stream, { isTTY: true, columns, rows: 1000 });
  return { stream, chunks };
}

function textOf({ chunks }: Captured): string {
  return Buffer.concat(chunks).toString();
}

/** Gives a property another value. @returns a function that undoes it */
function replaced(object: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value, configurable: true, writable: true, enumerable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(object, name);
    else Object.defineProperty(object, name, before);
  };
}
