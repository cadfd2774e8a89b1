/** Answers SQL of a user in this process. Questions are asked by sql-process.ts. */
import { preparedChunks } from '../../lake/duckdb/duckdb-stream.ts';
import { openDuckdb } from '../../lake/duckdb/duckdb.ts';
import { questionGate } from '../../lake/duckdb/gates.ts';
import { sqlError } from '../engine/engine-error.ts';
import type { AskSettings } from '../engine/engine.ts';
import type { AnswerColumn, Cell, SqlNames } from '../engine/result.ts';
import { Running } from '../engine/running.ts';
import { columnsOfPrepared, rowsOf } from './duckdb-result.ts';
import { rowChunks } from './row-chunks.ts';
import { prepareQuestion, questionText } from './sql-guard.ts';
import type { SandboxFiles } from './sql-sandbox.ts';
import { lockConnection } from './sql-sandbox.ts';

/** An SQL text and what it may use. */
export interface SqlTask {
  readonly text: string;
  readonly files: SandboxFiles;
  readonly memoryBytes: number;
  readonly spillBytes: number;
  /** A private folder of the caller, who removes it; '' where there is none. Absent: a folder of its own. */
  readonly spillFolder?: string;
}

export interface SqlAnswer {
  readonly columns: readonly AnswerColumn[];
  readonly names: SqlNames;
  /** May be read once. @throws what {@link sqlError} makes of it, and the reason of the signal */
  readonly chunks: AsyncIterable<Cell[][]>;
  /** Ends the question, also before its end. */
  close(): Promise<void>;
}

/** @throws sql-refused, sql-failed, memory, disk-full, io, lake-invalid, and the reason of the signal */
export async function answerSql(
  { text, files, memoryBytes, spillBytes, spillFolder }: SqlTask,
  { signal, onProgress }: Pick<AskSettings, 'signal' | 'onProgress'>,
): Promise<SqlAnswer> {
  const duckdb = await openDuckdb(memoryBytes, questionGate, signal, spillFolder);
  const running = new Running(await duckdb.connect(), signal, () => duckdb.close());
  try {
    const { connection } = running;
    if (onProgress !== undefined) await running.report(onProgress);
    await lockConnection(connection, files, spillBytes);
    const { prepared, names } = await prepareQuestion(connection, text);
    const chunks = preparedChunks(prepared, { connection, sql: questionText(text) });
    return {
      columns: columnsOfPrepared(prepared),
      names,
      chunks: rowChunks(chunks, running, sqlError, rowsOf),
      close: () => running.close(),
    };
  } catch (error) {
    await running.end();
    throw running.reason(error, sqlError);
  }
}
