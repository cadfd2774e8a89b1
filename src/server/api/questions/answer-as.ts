/** An answer in the form that the header Accept names: JSON by column, or a stream of rows as the commands print them. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { csvCell, jsonText, rowObject } from '../../../base/row-text.ts';
import { makeTemporaryFolder } from '../../../lake/duckdb/temporary-folder.ts';
import { ApiError } from '../api-error.ts';
import type { ApiContext } from '../context.ts';
import { RawAnswer, StreamedAnswer } from '../route.ts';
import type { Question, Rows } from './desk.ts';

export const streamTypes = ['text/csv', 'application/x-ndjson', 'application/vnd.apache.parquet'] as const;

export async function answerAs(
  context: ApiContext,
  question: Question,
  gone: AbortSignal,
  accept: string | undefined,
): Promise<RawAnswer | StreamedAnswer> {
  const type = streamTypes.find((one) => accept?.toLowerCase().includes(one) === true);
  if (type === undefined)
    return new RawAnswer('application/json; charset=utf-8', await context.desk.answer(question, gone));
  const headers = { 'content-disposition': `attachment; filename="nsgflow.${endings[type]}"` };
  if (type === 'application/vnd.apache.parquet')
    return new StreamedAnswer({ type, headers, parts: await parquet(context, question, gone) });
  const parts = rowParts(context, question, gone, type === 'text/csv' ? csvParts : ndjsonParts);
  // The first part, so that a question that fails is answered with its error.
  const first = await parts.next();
  return new StreamedAnswer({ type: `${type}; charset=utf-8`, headers, parts: withFirst(first, parts) });
}

const endings = {
  'text/csv': 'csv',
  'application/x-ndjson': 'jsonl',
  'application/vnd.apache.parquet': 'parquet',
} as const;

async function* withFirst<T>(first: IteratorResult<T>, rest: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    if (first.done === true) return;
    yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

/** What `format` makes of the rows, pulled by the reader: no more is read than is sent. */
async function* rowParts(
  context: ApiContext,
  question: Question,
  gone: AbortSignal,
  format: (rows: Rows) => AsyncGenerator<string>,
): AsyncGenerator<string> {
  const rows = await context.desk.open(question, gone);
  try {
    yield* format(rows);
  } finally {
    await rows.end();
  }
}

async function* csvParts({ columns, chunks }: Rows): AsyncGenerator<string> {
  yield `${columns.map(({ name }) => csvCell(name)).join(',')}\n`;
  for await (const chunk of chunks) {
    const text = chunk.map((row) => `${row.map((value) => csvCell(value)).join(',')}\n`).join('');
    if (text !== '') yield text;
  }
}

async function* ndjsonParts({ columns, chunks }: Rows): AsyncGenerator<string> {
  const names = columns.map(({ name }) => name);
  for await (const chunk of chunks) {
    const text = chunk.map((row) => `${jsonText(rowObject(names, row))}\n`).join('');
    if (text !== '') yield text;
  }
}

/** @throws ApiError 400 for what is no tree */
async function parquet(
  context: ApiContext,
  question: Question,
  gone: AbortSignal,
): Promise<AsyncGenerator<Uint8Array>> {
  if (question.language !== 'tree')
    throw new ApiError(400, 'usage', 'Parquet is for questions of the tree; ask for text/csv or application/x-ndjson');
  const folder = await makeTemporaryFolder('console');
  const path = join(folder.path, 'answer.parquet');
  try {
    await context.desk.writeParquet(question.query, path, gone);
  } catch (error) {
    await folder.remove();
    throw error;
  }
  return (async function* () {
    try {
      yield* createReadStream(path) as AsyncIterable<Uint8Array>;
    } finally {
      await folder.remove();
    }
  })();
}
