/**
 * Where the language service runs: in a thread of its own, which starts with the first text and stays. Its first analysis takes 2 seconds, and no
 * analysis may hold up the main thread.
 */
import { Worker } from 'node:worker_threads';
import { assert } from '../../../base/assert.ts';
import { FlowError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import type { Analysis, Completions, DeclaredTable, LanguageAnswer, LanguageRequest } from './syntax.ts';

const workerPlace = new URL('language-worker.js', import.meta.url);
/** Run as it is written, without being built, there is no file that a thread could run. */
const canThread = import.meta.url.endsWith('.js');

/** The syntax tree of a text, with its errors. @throws kql-invalid, bug, and the reason of the signal */
export async function analyzeText(
  text: string,
  tables: readonly DeclaredTable[],
  signal?: AbortSignal,
): Promise<Analysis> {
  checkLength(text);
  return (await ask({ ask: 'analyze', text, tables }, signal)) as Analysis;
}

/** What may stand at a position of a text. @throws the same */
export async function completeText(
  text: string,
  position: number,
  tables: readonly DeclaredTable[],
  signal?: AbortSignal,
): Promise<Completions> {
  checkLength(text);
  return (await ask({ ask: 'complete', text, position, tables }, signal)) as Completions;
}

function checkLength(text: string): void {
  if (text.length > limits.kqlCharsMax)
    throw new FlowError('kql-invalid', `the query has ${text.length} characters, more than ${limits.kqlCharsMax}`);
}

async function ask(request: LanguageRequest, signal: AbortSignal | undefined): Promise<Analysis | Completions> {
  signal?.throwIfAborted();
  const answer = canThread ? await askThread(request, signal) : (await import('./analyze.ts')).answerLanguage(request);
  if ('result' in answer) return answer.result;
  throw new FlowError('kql-invalid', `the query cannot be analyzed: ${answer.fault}`, {
    hint: 'Shorten the query, or nest its brackets less deeply.',
  });
}

interface Waiting {
  readonly request: LanguageRequest;
  readonly resolve: (answer: LanguageAnswer) => void;
  readonly reject: (error: unknown) => void;
}

const waiting: Waiting[] = [];
let underWay: Waiting | undefined;
let worker: Worker | undefined;

async function askThread(request: LanguageRequest, signal: AbortSignal | undefined): Promise<LanguageAnswer> {
  return await new Promise<LanguageAnswer>((resolve, reject) => {
    const one: Waiting = {
      request,
      resolve: (answer) => {
        signal?.removeEventListener('abort', abort);
        resolve(answer);
      },
      reject: (error) => {
        signal?.removeEventListener('abort', abort);
        reject(error);
      },
    };
    // A text that the library does not come to an end with takes its thread along; the next text has a new one.
    const abort = (): void => {
      const at = waiting.indexOf(one);
      if (at >= 0) waiting.splice(at, 1);
      one.reject(signal?.reason);
      if (underWay !== one) return;
      underWay = undefined;
      void worker?.terminate();
      worker = undefined;
      next();
    };
    signal?.addEventListener('abort', abort);
    waiting.push(one);
    next();
  });
}

function next(): void {
  if (underWay !== undefined) return;
  underWay = waiting.shift();
  if (underWay === undefined) return;
  worker ??= start();
  worker.ref();
  worker.postMessage(underWay.request, []);
}

function start(): Worker {
  const started = new Worker(workerPlace, {
    resourceLimits: { maxOldGenerationSizeMb: limits.kqlMemoryMegabytesMax, stackSizeMb: limits.kqlStackMegabytes },
  });
  const done = (settle: (one: Waiting) => void): void => {
    if (worker !== started) return;
    const one = underWay;
    underWay = undefined;
    assert(one !== undefined, 'the thread answers what it was asked');
    settle(one);
    if (waiting.length === 0) started.unref();
    next();
  };
  started.on('message', (answer: LanguageAnswer) => done(({ resolve }) => resolve(answer)));
  started.on('error', (error: NodeJS.ErrnoException) => {
    if (worker !== started) return;
    if (underWay !== undefined)
      done(({ resolve, reject }) => {
        worker = undefined;
        if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve({ fault: 'it needs too much memory' });
        else reject(new FlowError('bug', `the language service failed: ${error.message.slice(0, 300)}`));
      });
    else worker = undefined;
  });
  return started;
}
