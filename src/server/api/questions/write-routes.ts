/** What helps to write a question: the check of filters, completion, fields, measures, and what the lake has. */
import { Type } from 'typebox';
import { FlowError } from '../../../base/errors.ts';
import { limits } from '../../../base/limits.ts';
import type { Cell } from '../../../query/engine/result.ts';
import { completeFilter } from '../../../query/filter/complete-filter.ts';
import type { Field } from '../../../query/filter/fields.ts';
import { fields, findField } from '../../../query/filter/fields.ts';
import { parseFilter } from '../../../query/filter/filter.ts';
import { scanFilter } from '../../../query/filter/filter-lexer.ts';
import { formatFilter } from '../../../query/filter/format-filter.ts';
import { declared } from '../../../query/kql/kql.ts';
import { completeText } from '../../../query/kql/language/language-thread.ts';
import { groupFields, measureColumn, measureExamples, parseMeasure } from '../../../query/measure.ts';
import { logsTables } from '../../logs/lake-logs.ts';
import type { ApiContext } from '../context.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import { words } from '../schema.ts';
import { lakeState } from './lake-state.ts';

interface Term {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** The parts of a filter that `and` joins at its outermost level; with `or` there, the whole. */
export function termsOf(text: string): Term[] {
  const tokens = scanFilter(text).slice(0, -1);
  const parts: { from: number; to: number }[] = [];
  let depth = 0;
  let isOpen = false;
  for (const { kind, text: word, start, end } of tokens) {
    const lower = kind === 'text' ? '' : word.toLowerCase();
    if (depth === 0 && ['or', '||'].includes(lower)) return [whole(text)];
    if (depth === 0 && ['and', '&&'].includes(lower)) {
      isOpen = false;
      continue;
    }
    if (lower === '(') depth++;
    if (lower === ')') depth--;
    if (isOpen) parts.at(-1)!.to = end;
    else parts.push({ from: start, to: end });
    isOpen = true;
  }
  return parts.map(({ from, to }) => ({ from, to, text: text.slice(from, to) }));
}

function whole(text: string): Term {
  const from = text.length - text.trimStart().length;
  const to = text.trimEnd().length;
  return { from, to, text: text.slice(from, to) };
}

const item = Type.Object({
  label: Type.String(),
  apply: Type.Optional(Type.String({ description: 'What is inserted, if it is not the label.' })),
  detail: Type.Optional(Type.String()),
  kind: Type.String({ description: 'field, operator, value, keyword, table, column or function' }),
});

interface Item {
  readonly label: string;
  readonly apply?: string;
  readonly detail?: string;
  readonly kind: string;
}

interface Completed {
  readonly from: number;
  readonly to: number;
  readonly items: readonly Item[];
}

async function ofFilter(context: ApiContext, text: string, offset: number, gone: AbortSignal): Promise<Completed> {
  const before = text.slice(0, offset);
  const live = (field: Field, beginning: string): Promise<string[]> => liveValues(context, field, beginning, gone);
  const { start, words: found } = await completeFilter(before, live, limits.consoleCompletionsMax * 4);
  const items = found.map((label): Item => {
    const field = findField(label);
    if (field?.name === label) return { label, kind: 'field', detail: field.kind };
    if (['and', 'or', 'not', 'in', 'like'].includes(label)) return { label, kind: 'keyword' };
    return { label, kind: /^[=!<>~]+$/.test(label) ? 'operator' : 'value' };
  });
  return { from: start, to: offset, items };
}

/** The most frequent values of a field; none if that takes long. */
async function liveValues(
  { desk, now }: ApiContext,
  field: Field,
  beginning: string,
  gone: AbortSignal,
): Promise<string[]> {
  if (!groupFields().includes(field)) return [];
  const late = AbortSignal.timeout(limits.consoleCompletionMillisMax);
  const where =
    beginning === '' || /[*?]/.test(beginning)
      ? {}
      : {
          where: {
            kind: 'test' as const,
            field: field.name,
            any: [{ kind: 'glob' as const, pattern: `${beginning}*` }],
          },
        };
  // The last day at hours, so that the next key asks the same question again.
  const hour = 3_600_000;
  const end = Math.ceil(now() / hour) * hour;
  const query = {
    ask: 'groups' as const,
    axes: [{ by: [field.name], limit: limits.consoleCompletionsMax }],
    measures: [{ kind: 'flows' as const }],
    range: { start: end - 24 * hour, end },
    ...where,
  };
  try {
    const answer = await desk.answer({ language: 'tree', query }, AbortSignal.any([gone, late]));
    // The desk writes what `answerSchema` says.
    const { data } = JSON.parse(answer) as { data: readonly (readonly Cell[])[] };
    return (data[0] ?? []).flatMap((value) => (typeof value === 'string' ? [value] : []));
  } catch (error) {
    if (late.aborted && !gone.aborted) return [];
    if (error instanceof FlowError && error.code !== 'interrupted') return [];
    throw error;
  }
}

async function ofKql(text: string, offset: number, gone: AbortSignal): Promise<Completed> {
  const { items, start, length } = await completeText(text, offset, logsTables.map(declared), gone);
  const typed = text.slice(start, offset).toLowerCase();
  const found = items
    .filter(({ label }) => label.toLowerCase().startsWith(typed))
    .slice(0, limits.consoleCompletionsMax);
  return {
    from: start,
    to: start + length,
    items: found.map(({ label, before, kind }): Item => ({
      label,
      ...(before.trimEnd() === label ? {} : { apply: before }),
      kind: kind.toLowerCase(),
    })),
  };
}

const sqlWords =
  'select from where group by order having limit as and or not in like between is null distinct count sum min max avg join on with union all asc desc case when then else end date_trunc'.split(
    ' ',
  );

function ofSql(text: string, offset: number): Completed {
  let start = offset;
  while (start > 0 && /[\w.]/.test(text[start - 1])) start--;
  const typed = text.slice(start, offset);
  const columns = [...new Set(logsTables.slice(0, 3).flatMap((table) => table.columns.map(({ name }) => name)))];
  const items: Item[] = [
    ...['tuples', 'flows', 'conversations'].map((label) => ({ label, kind: 'table' })),
    ...columns.map((label) => ({ label, kind: 'column' })),
    ...sqlWords.map((label) => ({ label, kind: 'keyword' })),
  ];
  const found = items.filter(({ label }) => label.startsWith(typed.toLowerCase()));
  return { from: offset - typed.length, to: offset, items: found.slice(0, limits.consoleCompletionsMax) };
}

const fieldAnswer = Type.Array(
  Type.Object({
    name: Type.String(),
    names: Type.Array(Type.String()),
    kind: Type.String(),
    values: Type.Optional(Type.Array(Type.String())),
    groupable: Type.Boolean(),
    about: Type.String(),
  }),
);

const tableSize = Type.Object({
  version: Type.Integer(),
  rows: Type.Integer(),
  files: Type.Integer(),
  bytes: Type.Integer(),
});

export const writeRoutes: readonly Route[] = [
  defineRoute(
    {
      method: 'POST',
      path: '/filter',
      about: 'Checks a filter: its condition, its canonical form, and the terms that and joins.',
      access: 'viewer',
      body: Type.Object({ text: Type.String({ maxLength: limits.filterCharsMax }) }),
      answer: Type.Object({
        condition: Type.Unknown(),
        canonical: Type.String(),
        terms: Type.Array(Type.Object({ from: Type.Integer(), to: Type.Integer(), text: Type.String() })),
      }),
      textField: '/text',
    },
    (context, { body: { text } }) => {
      const condition = parseFilter(text, context.now());
      return {
        condition: condition ?? null,
        canonical: condition === undefined ? '' : formatFilter(condition),
        terms: termsOf(text),
      };
    },
  ),
  defineRoute(
    {
      method: 'POST',
      path: '/complete',
      about: 'What may stand at a place of a text.',
      access: 'viewer',
      body: Type.Object({
        language: words(['filter', 'kql', 'sql']),
        text: Type.String({ maxLength: limits.kqlCharsMax }),
        offset: Type.Integer({ minimum: 0, maximum: limits.kqlCharsMax }),
      }),
      answer: Type.Object({ from: Type.Integer(), to: Type.Integer(), items: Type.Array(item) }),
      textField: '/text',
    },
    async (context, { body: { language, text, offset }, gone }) => {
      const at = Math.min(offset, text.length);
      if (language === 'filter') return await ofFilter(context, text, at, gone);
      return language === 'kql' ? await ofKql(text, at, gone) : ofSql(text, at);
    },
  ),
  defineRoute(
    { method: 'GET', path: '/fields', about: 'What a filter can name.', access: 'viewer', answer: fieldAnswer },
    () => {
      const grouping = new Set(groupFields());
      return fields.map((field) => {
        const { name, names, kind, values, columns } = field;
        const about = columns.length > 1 ? `${kind}: ${columns.join(' or ')}` : kind;
        return {
          name,
          names,
          kind,
          ...(values === undefined ? {} : { values }),
          groupable: grouping.has(field),
          about,
        };
      });
    },
  ),
  defineRoute(
    {
      method: 'GET',
      path: '/measures',
      about: 'Examples of what can be counted, as commands write it and as the tree has it.',
      access: 'viewer',
      answer: Type.Array(Type.Object({ text: Type.String(), column: Type.String(), measure: Type.Unknown() })),
    },
    () =>
      measureExamples.map((text) => {
        const measure = parseMeasure(text);
        return { text, column: measureColumn(measure), measure };
      }),
  ),
  defineRoute(
    {
      method: 'GET',
      path: '/lake',
      about: 'Versions, rows, files and bytes of the lake, and which time it covers.',
      access: 'viewer',
      answer: Type.Object({
        tuples: tableSize,
        flows: tableSize,
        first: Type.Optional(Type.String()),
        last: Type.Optional(Type.String()),
        lagSeconds: Type.Optional(Type.Integer()),
      }),
    },
    (context) => lakeState(context),
  ),
];
