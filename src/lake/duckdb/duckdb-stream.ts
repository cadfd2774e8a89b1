/**
 * Answers of DuckDB in chunks, as they come. The library ends a stream that fails or is interrupted as if it were whole, and keeps the error to
 * itself; the result's type alone tells, afterwards.
 */
import type { DuckDBDataChunk, DuckDBPreparedStatement, DuckDBResult, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { FlowError } from '../../base/errors.ts';
import type { DuckdbConnection } from './connection.ts';

/** A question and where it is asked. */
export interface Asked {
  readonly connection: DuckdbConnection;
  /** One SELECT. */
  readonly sql: string;
  readonly values?: DuckDBValue[];
  readonly types?: DuckDBType[];
}

/** The chunks of an answer. @throws what {@link wholeChunks} throws, and DuckDB's errors */
export async function* streamChunks(asked: Asked): AsyncGenerator<DuckDBDataChunk> {
  yield* wholeChunks(await asked.connection.stream(asked.sql, asked.values, asked.types), asked);
}

/** The chunks of a statement that was prepared from `asked`. @throws the same */
export async function* preparedChunks(
  prepared: DuckDBPreparedStatement,
  asked: Asked,
): AsyncGenerator<DuckDBDataChunk> {
  yield* wholeChunks(await asked.connection.pass(() => prepared.stream()), asked);
}

/** The chunks of a result, to its end. @throws DuckDB's error where the stream breaks off, as far as asking again tells it; io */
async function* wholeChunks(result: DuckDBResult, asked: Asked): AsyncGenerator<DuckDBDataChunk> {
  const { ResultReturnType } = await import('./duckdb-library.ts');
  for (;;) {
    const chunk = await asked.connection.pass(() => result.fetchChunk());
    if (chunk === null || chunk.rowCount === 0) break;
    yield chunk;
  }
  if (result.returnType === ResultReturnType.INVALID) throw await reasonOf(asked);
}

/** Asks again without keeping the rows, for the error; as long as the question takes. */
async function reasonOf({ connection, sql, values, types }: Asked): Promise<unknown> {
  try {
    await connection.run(`EXPLAIN ANALYZE ${sql}`, values, types);
  } catch (error) {
    return error;
  }
  return new FlowError('io', 'the answer broke off before its end', {
    hint: 'Asked again, the question ran to its end: ask once more.',
  });
}
