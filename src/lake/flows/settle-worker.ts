/** The thread of settle-thread.ts: does one task and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { FlowError } from '../../base/errors.ts';
import type { SettleAnswer, SettleTask } from './settle-task.ts';
import { runSettleTask } from './settle-task.ts';

if (parentPort !== null) {
  const stop = new AbortController();
  parentPort.on('message', () => stop.abort());
  try {
    parentPort.postMessage(await runSettleTask(workerData as SettleTask, stop.signal), []);
  } catch (error) {
    parentPort.postMessage({ error: describe(error) } satisfies SettleAnswer, []);
  }
  parentPort.close();
}

/** Errors lose their class on the way: what FlowError has goes by itself. */
function describe(error: unknown): unknown {
  if (!(error instanceof FlowError)) return error;
  return { code: error.code, message: error.message, hint: error.hint };
}
