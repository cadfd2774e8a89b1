/** The encoding thread of a Flusher: it receives events and returns blocks, in the same order. */
import { parentPort } from 'node:worker_threads';
import type { FlowEvents } from '../flow/event.ts';
import type { Flush, FlushKey } from './flush.ts';
import { createFlushScratch, flushBlocks } from './flush.ts';
import type { RecordingPlan } from './recording-plan.ts';

/** One flush. */
export interface FlushRequest {
  readonly events: FlowEvents;
  /** Absent if the plan has not changed since the last request. */
  readonly plan: RecordingPlan | undefined;
  readonly key: FlushKey;
}

/** The result, or the error. */
export type FlushAnswer = { readonly flush: Flush } | { readonly error: unknown };

if (parentPort !== null) {
  const port = parentPort;
  const scratch = createFlushScratch();
  let plan: RecordingPlan | undefined;
  port.on('message', (request: FlushRequest) => {
    try {
      plan = request.plan ?? plan;
      if (plan === undefined) throw new Error('a flush arrived before the first plan');
      const flush = flushBlocks(request.events, plan, request.key, scratch);
      const transferred = flush.blocks.flatMap(({ bytes }) =>
        bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [],
      );
      port.postMessage({ flush } satisfies FlushAnswer, transferred);
    } catch (error) {
      port.postMessage({ error } satisfies FlushAnswer);
    }
  });
}
