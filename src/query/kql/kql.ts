/**
 * KQL over a lake:
 *
 *   const { answer, plan } = await askKql(engine, 'Tuples | summarize count() by access', { tables: kqlTables });
 *   for await (const rows of answer.chunks) …
 *
 * A text is read by the language service in a thread (language/), becomes a relational tree (lower/), and is asked as any other tree is.
 */
import { FlowError } from '../../base/errors.ts';
import { nearest } from '../filter/nearest.ts';
import type { AskSettings, Engine, RelationAnswer } from '../engine/engine.ts';
import type { ExactCell } from '../engine/result.ts';
import { columnsOf } from '../relation/check.ts';
import type { Relation } from '../relation/relation.ts';
import type { QueryRange } from '../tree.ts';
import { analyzeText } from './language/language-thread.ts';
import type { DeclaredTable, Diagnostic } from './language/syntax.ts';
import { KqlError } from './lower/kql-error.ts';
import { kqlAggregates, kqlFunctions } from './functions/kql-functions.ts';
import { withViews } from './views.ts';
import { inexactTime } from './inexact-times.ts';
import type { KqlPlan } from './lower/lower.ts';
import { operatorAliases, operatorNames } from './lower/operators/operator-names.ts';
import { lowerKql } from './lower/lower.ts';
import { RowsNeeded } from './lower/query.ts';
import { limits } from '../../base/limits.ts';
import type { KqlParameters } from './parameters.ts';
import { fillParameters, unfilled } from './parameters.ts';
import type { KqlTable } from './table.ts';
import { withTimeBounds } from './time-bounds.ts';

export interface KqlSettings {
  readonly tables: readonly KqlTable[];
  /** Times of the rows of tables; also those of macros. */
  readonly range?: QueryRange;
  readonly parameters?: KqlParameters;
  /** What `now()` is, epoch milliseconds. */
  readonly nowMillis?: number;
}

export interface KqlAnswer {
  readonly plan: KqlPlan;
  readonly answer: RelationAnswer;
}

/** Answers a text. @throws KqlError, and what {@link Engine.relate} throws */
export async function askKql(
  engine: Engine,
  text: string,
  settings: KqlSettings,
  asking: AskSettings = {},
): Promise<KqlAnswer> {
  const plan = await planKql(text, settings, asking.signal, async (relation) => {
    const columns = columnsOf(relation).map(({ name }) => ({ name, column: name }));
    const { chunks } = await engine.relate({ relation, columns }, asking);
    const rows: ExactCell[][] = [];
    for await (const chunk of chunks) {
      rows.push(...chunk);
      if (rows.length > limits.kqlColumnsMax)
        throw new FlowError('kql-unsupported', `the data gives more than ${limits.kqlColumnsMax} columns`);
    }
    return rows;
  });
  const { relation, columns } = plan;
  return { plan, answer: await engine.relate({ relation, columns }, asking) };
}

/** A text as a tree. `rowsOf` is asked where values of the data name columns. @throws KqlError, FlowError */
export async function planKql(
  text: string,
  { tables, range = {}, parameters = new Map(), nowMillis = Date.now() }: KqlSettings,
  signal: AbortSignal | undefined,
  rowsOf: (relation: Relation) => Promise<readonly (readonly ExactCell[])[]>,
): Promise<KqlPlan> {
  const filled = withViews(fillParameters(text, parameters, range), tables);
  const analysis = await analyzeText(filled, tables.map(declared), signal);
  const [error] = analysis.errors;
  if (error !== undefined) throw refusal(filled, error, tables);
  const inexact = analysis.tree === undefined ? undefined : inexactTime(analysis.tree);
  if (inexact !== undefined)
    throw new KqlError(
      'kql-unsupported',
      filled,
      inexact,
      'datetimes have microseconds: the last digit would be lost',
      {
        hint: 'Write at most six digits behind the point.',
      },
    );
  const known = new Map<string, readonly (readonly ExactCell[])[]>();
  const settings = { text: filled, analysis, tables, nowMicros: BigInt(nowMillis) * 1000n, range, known };
  for (;;)
    try {
      return withBounds(lowerKql(settings));
    } catch (fault) {
      if (!(fault instanceof RowsNeeded)) throw fault;
      known.set(fault.key, await rowsOf(fault.relation));
    }
}

function withBounds(plan: KqlPlan): KqlPlan {
  return { ...plan, relation: withTimeBounds(plan.relation) };
}

export function declared({ name, columns }: KqlTable): DeclaredTable {
  return { name, columns: columns.map((one) => ({ name: one.name, type: one.type })) };
}

/** The error of the language service for people: with its place, and what is near. */
function refusal(
  text: string,
  { code, isSyntax, message, start, length }: Diagnostic,
  tables: readonly KqlTable[],
): KqlError {
  const place = { start, end: start + Math.max(length, 1) };
  const open = unfilled(text);
  if (open !== undefined)
    return new KqlError('kql-invalid', text, open, `the parameter {${open.name}} has no value`, {
      hint: `Name one: --param ${open.name}=VALUE.`,
      isSyntax: true,
    });
  if (code === 'command')
    return new KqlError('kql-unsupported', text, place, 'commands that begin with a dot are not supported', {
      hint: 'A query begins with a table: Tuples | take 10.',
      isSyntax: true,
    });
  const operator = unknownHyphenated(text, place.end);
  if (operator !== undefined) {
    const at = { start: operator.start, end: operator.start + operator.word.length };
    return noOperator(text, at, operator.word);
  }
  if (/^query operator expected/i.test(message)) {
    const [word = ''] = /^[\w-]+/.exec(text.slice(start)) ?? [];
    return noOperator(text, { start, end: Math.max(place.end, start + word.length) }, word);
  }
  const [, name] = /^The name '(.*)' does not refer to any known/.exec(message) ?? [];
  if (name === undefined) return new KqlError('kql-invalid', text, place, sentenceOf(message), { isSyntax });
  if (code === unknownFunction) {
    const near = nearest(name, [...Object.keys(kqlFunctions), ...Object.keys(kqlAggregates)]);
    const missing = { kind: 'function', name } as const;
    return new KqlError('kql-invalid', text, place, sentenceOf(message), {
      missing,
      hint: near === undefined ? 'docs/reference/kql.md lists the functions.' : `Did you mean ${near}?`,
    });
  }
  const names = tables.map((table) => table.name);
  if (isTablePlace(text, start)) {
    const near = nearest(name, names);
    const meant = near === undefined ? '' : `Did you mean ${near}? `;
    return new KqlError('kql-invalid', text, place, `there is no table ${name}`, {
      hint: `${meant}The tables are ${names.join(', ')}.`,
      missing: { kind: 'table', name },
    });
  }
  const read = tables.filter((table) => new RegExp(`\\b${table.name}\\b`).test(text));
  const near = nearest(
    name,
    new Set([...wordsBefore(text, start), ...read.flatMap((table) => table.columns.map((one) => one.name))]),
  );
  return new KqlError('kql-invalid', text, place, `there is no column ${name}`, {
    hint:
      near === undefined ? `Show the columns of a table: nsgflow query "TABLE | getschema".` : `Did you mean ${near}?`,
    missing: { kind: 'column', name },
  });
}

function noOperator(text: string, place: { readonly start: number; readonly end: number }, word: string): KqlError {
  const near = word === '' ? undefined : nearest(word.toLowerCase(), [...operatorNames, ...operatorAliases]);
  return new KqlError(
    'kql-invalid',
    text,
    place,
    word === '' ? 'an operator is missing behind |' : `there is no operator ${word}`,
    {
      hint: near === undefined ? 'docs/reference/kql.md lists the operators.' : `Did you mean ${near}?`,
      isSyntax: true,
    },
  );
}

/** The first word with a hyphen behind a `|` that is no operator: the language service takes `project-awy` as `project` and a minus. */
function unknownHyphenated(text: string, end: number): { readonly word: string; readonly start: number } | undefined {
  const blank = (of: string): string => ' '.repeat(of.length);
  const plain = text.replaceAll(/\/\/.*$|@"[^"]*"|@'[^']*'|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/gm, blank);
  for (const found of plain.matchAll(/\|\s*([a-z]+(?:-[a-z]+)+)/gi)) {
    const [all, word] = found;
    const start = found.index + all.length - word.length;
    if (start < end && !operatorNames.includes(word) && !languageOperators.has(word)) return { word, start };
  }
  return undefined;
}

/** Operators of the language that nsgflow refuses by their names. */
const languageOperators: ReadonlySet<string> = new Set(
  'assert-schema execute-and-cache graph-mark-components graph-match graph-merge graph-shortest-paths graph-to-table graph-where-edges graph-where-nodes macro-expand make-graph'.split(
    ' ',
  ),
);

/** The language service's code of a call of no function. */
const unknownFunction = 'KS211';

/** Names that the query has used before. */
function wordsBefore(text: string, start: number): Set<string> {
  return new Set([...text.slice(0, start).matchAll(/[A-Za-z_]\w{2,}/g)].map(([word]) => word));
}

/** Whether rows stand at a place: at the beginning of a statement or of brackets that have an operator behind them. */
function isTablePlace(text: string, start: number): boolean {
  const before = text
    .slice(0, start)
    .replaceAll(/\/\/.*$/gm, '')
    .trimEnd();
  if (!/^[\w.]+\s*(?:\||\)|,|$|;)/.test(text.slice(start))) return before === '';
  const [, word] = /(\w*)\s*\($/.exec(before) ?? [];
  if (word !== undefined) return word === '' || tableBrackets.has(word.toLowerCase());
  return before === '' || /(?:[;{]|\bunion(?:\s+\w+\s*=\s*\w+)*(?:\s+\w+\s*,)*|\blet\s+\w+\s*=)$/i.test(before);
}

/** Words before a bracket in which rows stand: operators, and the values of their `kind`. */
const tableBrackets: ReadonlySet<string> = new Set(
  'join lookup union toscalar materialize inner innerunique leftouter rightouter fullouter leftsemi leftanti anti semi'.split(
    ' ',
  ),
);

function sentenceOf(message: string): string {
  const trimmed = message.trim().replace(/\.$/, '');
  return trimmed.charAt(0).toLowerCase() + trimmed.slice(1);
}
