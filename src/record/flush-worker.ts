/** The second thread of a Flusher: events in, blocks out, in the same order. */
import { parentPort } from 'node:worker_threads';
import type { FlowEvents } from '../flow/event.ts';
import type { Flush, FlushKey } from './flush.ts';
import { createFlushScratch, flushBlocks } from './flush.ts';
import type { RecordingPlan } from './recording-plan.ts';

/** One flush to do. */
export interface FlushRequest {
  readonly events: FlowEvents;
  /** Absent while it is the one sent last. */
  readonly plan: RecordingPlan | undefined;
  readonly key: FlushKey;
}

/** What came of it, or why nothing did. */
export type FlushAnswer = { readonly flush: Flush } | { readonly error: unknown };

if (parentPort !== null) {
  const port = parentPort;
  const scratch = createFlushScratch();
  let plan: RecordingPlan | undefined;
  port.on('message', (request: FlushRequest) => {
    try {
      plan = request.plan ?? plan;
      if (plan === undefined) throw new Error('a flush came before the first plan');
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
