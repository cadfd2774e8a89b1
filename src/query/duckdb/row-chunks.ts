/** The rows of a running question. */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { streamChunks } from '../../lake/duckdb/duckdb-stream.ts';
import type { Running } from '../engine/running.ts';

/** Rows, as `rows` makes them of a chunk; at the end, or when the reader stops, the question ends. */
export async function* rowChunks<T>(
  chunks: ReturnType<typeof streamChunks>,
  running: Running,
  wrap: (error: unknown) => unknown,
  rows: (chunk: DuckDBDataChunk) => T[][],
): AsyncGenerator<T[][]> {
  try {
    for await (const chunk of chunks) yield rows(chunk);
  } catch (error) {
    throw running.reason(error, wrap);
  } finally {
    await running.end();
  }
}
