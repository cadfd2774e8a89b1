/** The thread of settle-thread.ts: does one task after another. */
import { parentPort } from 'node:worker_threads';
import { sentError } from '../../base/sent-error.ts';
import type { SettleAnswer, SettleTask } from './settle-task.ts';
import { runSettleTask } from './settle-task.ts';

if (parentPort !== null) {
  const port = parentPort;
  let stop = new AbortController();
  port.on('message', (task: SettleTask | 'stop') => {
    if (task === 'stop') {
      stop.abort();
      return;
    }
    stop = new AbortController();
    void answer(task, stop.signal).then((its) => port.postMessage(its, []));
  });
}

async function answer(task: SettleTask, signal: AbortSignal): Promise<SettleAnswer> {
  try {
    return await runSettleTask(task, signal);
  } catch (error) {
    return { error: sentError(error) };
  }
}
