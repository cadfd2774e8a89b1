/** Questions that take long show on a terminal how many rows they have read. */
import { formatCount } from '../../base/format-count.ts';
import type { AskSettings, Engine } from '../../query/engine/engine.ts';
import type { Query } from '../../query/tree.ts';
import type { Progress } from '../output/progress.ts';
import { createProgress } from '../output/progress.ts';

/** Shorter questions show nothing. */
const silentMillis = 1000;

/** An engine with a line of progress for each question; the line goes before the first row comes. */
export function tellingProgress(engine: Engine, open: () => Progress = openProgress): Engine {
  if (!open().isShown) return engine;
  return {
    ...(engine.timesOf === undefined ? {} : { timesOf: (range) => engine.timesOf!(range) }),
    ask: (query, settings) => told(open(), settings, (more) => engine.ask(query, more)),
    sql: (text, settings) => told(open(), settings, (more) => engine.sql(text, more)),
    relate: (question, settings) => told(open(), settings, (more) => engine.relate(question, more)),
    ...(engine.writeParquet === undefined
      ? {}
      : {
          writeParquet: async (query: Query, path: string, settings?: AskSettings) => {
            const line = open();
            const more = { ...settings, onProgress: (done: number, total: number) => line.update(done, total) };
            return await engine.writeParquet!(query, path, more).finally(() => line.end());
          },
        }),
    close: () => engine.close(),
  };
}

function openProgress(): Progress {
  const format = (rows: number): string => formatCount(Math.round(rows));
  return createProgress('rows read', process.stderr, { format, silentMillis, hasRate: false });
}

async function told<C, A extends { readonly chunks: AsyncIterable<C[][]> }>(
  line: Progress,
  settings: AskSettings | undefined,
  ask: (settings: AskSettings) => Promise<A>,
): Promise<A> {
  let isOver = false;
  const end = (): void => {
    if (!isOver) line.end();
    isOver = true;
  };
  const onProgress = (done: number, total: number): void => {
    if (!isOver) line.update(done, total);
  };
  try {
    const answer = await ask({ ...settings, onProgress });
    return { ...answer, chunks: endingBefore(answer.chunks, end) };
  } catch (error) {
    end();
    throw error;
  }
}

async function* endingBefore<C>(chunks: AsyncIterable<C[][]>, end: () => void): AsyncGenerator<C[][]> {
  try {
    for await (const chunk of chunks) {
      end();
      yield chunk;
    }
  } finally {
    end();
  }
}
