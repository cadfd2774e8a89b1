/** Settling in a thread of its own, so that a process that records or answers is not held up; run as it is written, without being built, in this thread. */
import { Worker } from 'node:worker_threads';
import { FlowError } from '../../base/errors.ts';
import { openLake } from '../lake.ts';
import type { Settled } from './settle.ts';
import { settle } from './settle.ts';
import type { SettleAnswer } from './settle-worker.ts';

const workerPlace = new URL('settle-worker.js', import.meta.url);
const canThread = import.meta.url.endsWith('.js');

/** Settles a lake. @throws what {@link settle} throws; interrupted */
export async function settleInThread(folder: string, stop: AbortSignal): Promise<Settled> {
  if (!canThread) {
    const lake = await openLake(folder, { write: true });
    try {
      return await settle(lake, stop);
    } finally {
      await lake.close();
    }
  }
  const worker = new Worker(workerPlace, { workerData: folder });
  const interrupt = (): void => worker.postMessage('stop', []);
  stop.addEventListener('abort', interrupt, { once: true });
  try {
    return await new Promise<Settled>((resolve, reject) => {
      worker.on('message', (answer: SettleAnswer) => {
        if ('settled' in answer) resolve(answer.settled);
        else reject(errorOf(answer.error));
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new Error('the thread that settles ended too early')));
    });
  } finally {
    stop.removeEventListener('abort', interrupt);
  }
}

function errorOf(error: unknown): unknown {
  const { code, message, hint } = error as Partial<FlowError>;
  if (error instanceof Error || code === undefined || message === undefined) return error;
  return new FlowError(code, message, hint === undefined ? {} : { hint });
}
