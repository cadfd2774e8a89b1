/** The thread of settle-thread.ts: settles one lake and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { FlowError } from '../../base/errors.ts';
import { openLake } from '../lake.ts';
import type { Settled } from './settle.ts';
import { settle } from './settle.ts';

/** What became of it. */
export type SettleAnswer = { readonly settled: Settled } | { readonly error: unknown };

if (parentPort !== null) {
  const stop = new AbortController();
  parentPort.on('message', () => stop.abort());
  try {
    const lake = await openLake(String(workerData), { write: true });
    try {
      parentPort.postMessage({ settled: await settle(lake, stop.signal) } satisfies SettleAnswer, []);
    } finally {
      await lake.close();
    }
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
