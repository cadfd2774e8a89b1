/**
 * Where row groups are encoded: in this thread, or, where there is a second core, in a second one, so that the next rows are decoded meanwhile. The
 * pages are the same.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ColumnValues, EncodedColumn, PhysicalType } from '../../parquet/column-values.ts';
import type { EncodeAnswer, EncodeRequest } from './encode-worker.ts';
import { encodeRowGroup } from '../../parquet/row-group.ts';

/** Rows from which on a second thread pays: its start costs as much as encoding so many. */
const threadRowsMin = 100_000;
const workerPlace = new URL('encode-worker.js', import.meta.url);
/** Run as it is written, without being built, there is no file that a thread could run. */
const canThread = import.meta.url.endsWith('.js') && availableParallelism() > 1;

interface UnderWay {
  readonly resolve: (columns: EncodedColumn[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One for all that is written; it ends with the process, and keeps none alive that waits for nothing of it. */
let thread: { readonly worker: Worker; readonly underWay: UnderWay[] } | undefined;

/** The columns of a row group, in order, with the row `order[i]` in place i. The values must stand until it is done. */
export async function encodeColumns(
  types: readonly PhysicalType[],
  values: readonly ColumnValues[],
  count: number,
  order?: Uint32Array,
): Promise<EncodedColumn[]> {
  if (!canThread || count < threadRowsMin) return encodeRowGroup(types, values, count, order);
  const { worker, underWay } = (thread ??= start());
  return await new Promise<EncodedColumn[]>((resolve, reject) => {
    underWay.push({ resolve, reject });
    worker.ref();
    worker.postMessage({ types, values, count, order } satisfies EncodeRequest, []);
  });
}

function start(): { worker: Worker; underWay: UnderWay[] } {
  const worker = new Worker(workerPlace);
  const underWay: UnderWay[] = [];
  const fail = (error: unknown): void => {
    if (thread?.worker === worker) thread = undefined;
    for (const { reject } of underWay.splice(0)) reject(error);
  };
  worker.on('message', (answer: EncodeAnswer) => {
    const first = underWay.shift();
    if (underWay.length === 0) worker.unref();
    if ('error' in answer) first?.reject(answer.error);
    else first?.resolve(answer.columns);
  });
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('the thread that encodes rows ended too early')));
  return { worker, underWay };
}
