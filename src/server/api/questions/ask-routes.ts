/** Questions: one, or the panels of a view together. */
import { Type } from 'typebox';
import { limits } from '../../../base/limits.ts';
import { parseFilter } from '../../../query/filter/filter.ts';
import type { Query, QueryRange } from '../../../query/tree.ts';
import { ApiError, apiErrorBody, describeApiFailure } from '../api-error.ts';
import type { ApiContext } from '../context.ts';
import { StreamedAnswer, defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import type { Question } from './desk.ts';
import { querySchema, readQuery } from './query-schema.ts';
import { answerAs, streamTypes } from './answer-as.ts';
import { rangeSchema, readRange } from './time-range.ts';

const text = (charsMax: number) => Type.String({ maxLength: charsMax });
const filter = Type.Optional(text(limits.filterCharsMax));

const treeFields = { query: querySchema, filter, ...rangeSchema };
const kqlFields = {
  kql: text(limits.kqlCharsMax),
  ...rangeSchema,
  parameters: Type.Optional(Type.Record(Type.String(), text(10_000))),
};
const sqlFields = { sql: text(limits.kqlCharsMax) };

const panel = Type.Union([
  Type.Object({ id: text(100), ...treeFields }),
  Type.Object({ id: text(100), ...kqlFields }),
  Type.Object({ id: text(100), ...sqlFields }),
]);

/** Columns of values: `data[2][0]` is the first row's value in the third column. */
export const answerSchema = Type.Object({
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      kind: Type.String(),
      unit: Type.Optional(Type.String()),
      label: Type.Optional(Type.String()),
    }),
  ),
  data: Type.Array(Type.Array(Type.Unknown())),
  rows: Type.Integer(),
  cut: Type.Optional(Type.Boolean({ description: 'Whether there are more rows than one answer has.' })),
  summary: Type.Optional(
    Type.Object({ basis: Type.String(), flows: Type.Integer(), counted: Type.Optional(Type.Integer()) }),
  ),
  scan: Type.Object({
    files: Type.Integer(),
    filesRead: Type.Integer(),
    rowsRead: Type.Optional(Type.Integer()),
    bytesRead: Type.Integer(),
    version: Type.Optional(Type.Integer()),
  }),
  range: Type.Object({ from: Type.Optional(Type.Integer()), to: Type.Optional(Type.Integer()) }),
  render: Type.Optional(Type.Unknown()),
  millis: Type.Integer(),
  cached: Type.Boolean(),
});

interface TreeBody {
  readonly query: unknown;
  readonly filter?: string | undefined;
  readonly from?: number | string | undefined;
  readonly to?: number | string | undefined;
}

/** @throws ApiError, filter-syntax */
export function treeOf({ query, filter: written = '', from, to }: TreeBody, nowMillis: number, field = ''): Query {
  const range = readRange({ from, to }, nowMillis, field);
  const tree = readQuery(query, `${field}/query`);
  checkBuckets(tree, range, `${field}/query/bucketMillis`);
  const where = atField(`${field}/filter`, () => parseFilter(written, nowMillis));
  return { ...tree, range, ...(where === undefined ? {} : { where }) };
}

/** @throws ApiError */
function checkBuckets(tree: Query, { start, end }: QueryRange, field: string): void {
  if (tree.ask !== 'groups' || tree.bucketMillis === undefined || start === undefined || end === undefined) return;
  const buckets = Math.ceil((end - start) / tree.bucketMillis);
  if (buckets > limits.seriesBucketsMax)
    throw new ApiError(
      400,
      'usage',
      `the series has ${buckets} buckets; at most ${limits.seriesBucketsMax} are permitted`,
      {
        field,
        hint: 'Take wider buckets, or a shorter range.',
      },
    );
}

/** @throws ApiError at this field where `read` fails for the text in it */
function atField<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw describeApiFailure(error, field);
  }
}

type Panel = { readonly id: string } & Partial<TreeBody> & {
    readonly kql?: string;
    readonly sql?: string;
    readonly parameters?: Readonly<Record<string, string>>;
  };

function questionOf(given: Panel, nowMillis: number, field: string): Question {
  if (given.sql !== undefined) return { language: 'sql', text: given.sql };
  if (given.kql !== undefined) {
    const { kql, parameters = {} } = given;
    return { language: 'kql', text: kql, parameters, range: readRange(given, nowMillis, field) };
  }
  return { language: 'tree', query: treeOf({ ...given, query: given.query }, nowMillis, field) };
}

async function answerPanel(context: ApiContext, given: Panel, at: number, gone: AbortSignal): Promise<string> {
  const field = `/panels/${at}`;
  const id = JSON.stringify(given.id);
  try {
    const question = questionOf(given, context.now(), field);
    return `{"id":${id},"answer":${await context.desk.answer(question, gone)}}\n`;
  } catch (error) {
    gone.throwIfAborted();
    const textField = given.kql === undefined ? `${field}/sql` : `${field}/kql`;
    const failure = describeApiFailure(error, textField);
    if (failure.status === 500) context.onFault(error);
    return `{"id":${id},${JSON.stringify(apiErrorBody(failure)).slice(1)}\n`;
  }
}

/** Lines as the panels are ready, whichever is first. */
async function* inOrderOfEnd(lines: readonly Promise<string>[]): AsyncGenerator<string> {
  const waiting = new Map(lines.map((line, at) => [at, line.then((text) => ({ at, text }))]));
  while (waiting.size > 0) {
    const { at, text: line } = await Promise.race(waiting.values());
    waiting.delete(at);
    yield line;
  }
}

export const askRoutes: readonly Route[] = [
  defineRoute(
    {
      method: 'POST',
      path: '/ask',
      about: 'Answers a question, as JSON by column, or as CSV, NDJSON or Parquet by the header Accept.',
      access: 'viewer',
      body: Type.Object(treeFields),
      answer: answerSchema,
      streams: streamTypes,
    },
    async (context, { body, gone, request }) =>
      await answerAs(context, { language: 'tree', query: treeOf(body, context.now()) }, gone, request.headers.accept),
  ),
  defineRoute(
    {
      method: 'POST',
      path: '/ask/batch',
      about: 'Answers the panels of a view: a line of NDJSON for each as it is ready, {id, answer} or {id, error}.',
      access: 'viewer',
      body: Type.Object({ panels: Type.Array(panel, { minItems: 1, maxItems: limits.consolePanelsMax }) }),
      streams: ['application/x-ndjson'],
    },
    (context, { body: { panels }, gone }) => {
      const lines = panels.map((one, at) => answerPanel(context, one, at, gone));
      // One that fails while another is written: its failure is thrown when its turn comes.
      for (const line of lines) line.catch(() => undefined);
      return new StreamedAnswer({ type: 'application/x-ndjson; charset=utf-8', parts: inOrderOfEnd(lines) });
    },
  ),
  defineRoute(
    {
      method: 'POST',
      path: '/kql',
      about: 'Answers a query in KQL.',
      access: 'viewer',
      body: Type.Object({
        text: text(limits.kqlCharsMax),
        ...rangeSchema,
        parameters: Type.Optional(Type.Record(Type.String(), text(10_000))),
      }),
      answer: answerSchema,
      streams: streamTypes.slice(0, 2),
      textField: '/text',
    },
    async (context, { body, gone, request }) => {
      const range = readRange(body, context.now());
      const question = { language: 'kql', text: body.text, range, parameters: body.parameters ?? {} } as const;
      return await answerAs(context, question, gone, request.headers.accept);
    },
  ),
  defineRoute(
    {
      method: 'POST',
      path: '/sql',
      about: 'Answers one SELECT over the views tuples, flows and conversations, in a process of its own.',
      access: 'viewer',
      body: Type.Object({ text: text(limits.kqlCharsMax) }),
      answer: answerSchema,
      streams: streamTypes.slice(0, 2),
      textField: '/text',
    },
    async (context, { body, gone, request }) => {
      if (body.text.trim() === '') throw new ApiError(400, 'usage', 'the text is empty', { field: '/text' });
      return await answerAs(context, { language: 'sql', text: body.text }, gone, request.headers.accept);
    },
  ),
];
