/** Settling in a thread of its own, so that a process that records or answers is not held up; run as it is written, without being built, in this thread. */
import { Worker } from 'node:worker_threads';
import { limits } from '../../base/limits.ts';
import { receivedError } from '../../base/sent-error.ts';
import type { SettlePlan, Settled } from './settle.ts';
import type { DatesToBuild, SettleAnswer, SettleTask } from './settle-task.ts';
import { runSettleTask } from './settle-task.ts';

const workerPlace = new URL('settle-worker.js', import.meta.url);
const canThread = import.meta.url.endsWith('.js');

/** A thread that waits for the next lake to be settled, which is then done with code that is compiled. It keeps no process alive. */
let idle: Worker | undefined;

/** Settles a lake. @throws what {@link settle} throws; interrupted */
export async function settleInThread(folder: string, stop: AbortSignal): Promise<Settled> {
  const answer = await inThread({ folder }, stop, 'gently');
  if ('settled' in answer) return answer.settled;
  throw new Error('the thread that settles gave another answer');
}

/** Builds dates of a lake for questions. The caller removes what is below `build.target`. @throws what {@link planSettling} throws; the signal's reason */
export async function buildInThread(folder: string, build: DatesToBuild, stop: AbortSignal): Promise<SettlePlan> {
  const answer = await inThread({ folder, build }, stop, 'at once');
  if ('plan' in answer) return answer.plan;
  throw new Error('the thread that settles gave another answer');
}

/** `at once`: what the thread writes is nobody's, and it need not end what it does. */
async function inThread(task: SettleTask, stop: AbortSignal, ends: 'gently' | 'at once'): Promise<SettleAnswer> {
  stop.throwIfAborted();
  if (!canThread) return await runSettleTask(task, stop);
  const worker = takeWorker();
  let interrupt = (): void => worker.postMessage('stop', []);
  let isKept = false;
  try {
    const answer = await new Promise<SettleAnswer>((resolve, reject) => {
      if (ends === 'at once') interrupt = () => reject(stop.reason as Error);
      stop.addEventListener('abort', interrupt, { once: true });
      worker.on('message', (its: SettleAnswer) => {
        if ('error' in its) reject(receivedError(its.error));
        else resolve(its);
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new Error('the thread that settles ended too early')));
      worker.postMessage(task, []);
    });
    // A thread that waits does not give back the memory of a large task.
    isKept = 'settled' in answer && answer.settled.rows <= limits.settledRowsMax;
    return answer;
  } finally {
    stop.removeEventListener('abort', interrupt);
    worker.removeAllListeners();
    if (isKept && idle === undefined) keep(worker);
    else void worker.terminate();
  }
}

function takeWorker(): Worker {
  const worker = idle ?? new Worker(workerPlace);
  idle = undefined;
  worker.removeAllListeners();
  worker.ref();
  return worker;
}

function keep(worker: Worker): void {
  idle = worker;
  const forget = (): void => {
    if (idle === worker) idle = undefined;
  };
  worker.once('error', forget);
  worker.once('exit', forget);
  worker.unref();
}
