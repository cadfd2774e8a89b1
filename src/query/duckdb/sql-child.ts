/**
 * The process of sql-process.ts: answers one SQL text. It ends by a signal, whatever DuckDB does: when the other process ends it or is gone, or when it
 * needs more memory than it may.
 */
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { sentError } from '../../base/sent-error.ts';
import type { SqlTask } from './sql-answer.ts';
import { answerSql } from './sql-answer.ts';
import type { FromSqlProcess, ToSqlProcess } from './sql-messages.ts';

/** A busy process gets a few hundred megabytes in this time. */
const memoryEveryMillis = 20;

// process.exit would wait for DuckDB's threads.
const end = (): void => void process.kill(process.pid, 'SIGKILL');
if (!process.connected) end();
process.on('disconnect', end);

/** Chunks that may be sent, and what is called when there is one more. */
const ahead = { chunks: limits.sqlChunksAheadMax as number, wake: (): void => undefined };

process.on('message', (message: ToSqlProcess) => {
  if (message === 'more') {
    ahead.chunks++;
    ahead.wake();
  } else void answer(message);
});

async function answer(task: SqlTask): Promise<void> {
  watchMemory(task.memoryBytes);
  try {
    const onProgress = (done: number, total: number): void => send({ progress: [done, total] });
    const { columns, names, chunks } = await answerSql(task, { onProgress });
    send({ columns, names });
    for await (const rows of chunks) {
      if (ahead.chunks === 0) await new Promise<void>((resolve) => (ahead.wake = resolve));
      ahead.chunks--;
      send({ rows });
    }
    send({ end: true });
  } catch (error) {
    send({ error: sentError(error) });
  }
}

/** Lists of one row are not within DuckDB's limit of memory. */
function watchMemory(memoryBytes: number): void {
  const bytesMax = limits.sqlProcessMemoryFactorMax * memoryBytes + limits.sqlProcessMemoryBytes;
  setInterval(() => {
    if (process.memoryUsage.rss() <= bytesMax) return;
    const error = new FlowError('memory', 'the question needs more memory than it may use');
    process.send?.({ error: sentError(error) }, undefined, undefined, end);
  }, memoryEveryMillis);
}

function send(message: FromSqlProcess): void {
  process.send?.(message);
}
