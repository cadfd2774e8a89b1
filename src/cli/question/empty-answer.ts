/** Why an answer is empty: the times that the lake has, values that do not occur in it, and what matches at any time. */
import { formatCountOf } from '../../base/format-count.ts';
import { limits } from '../../base/limits.ts';
import { formatTime } from '../../base/time.ts';
import { listSeparator } from '../../enrich/attribute.ts';
import { continentOf } from '../../enrich/continent.ts';
import { formatAddress } from '../../net/address.ts';
import type { Engine } from '../../query/engine/engine.ts';
import { findField } from '../../query/filter/fields.ts';
import { nearest } from '../../query/filter/nearest.ts';
import { findNameColumn } from '../../query/names/columns.ts';
import type { Condition, Query, Test } from '../../query/tree.ts';
import { allRows, spanOf } from './answer-rows.ts';

/**
 * Sentences for people. Asks at most `limits.emptyTestsMax` tests of the filter whether they hold anywhere, and for each that does not, for
 * the most frequent values of its field.
 */
export async function explainEmpty(engine: Engine, { range = {}, where }: Query): Promise<string[]> {
  const span = engine.timesOf?.({}) ?? (await spanOf(engine, {}));
  if (span === undefined) return ['the lake is empty: nsgflow ingest fills it'];
  const sentences = [`the lake has flows from ${timeText(span.firstMillis)} to ${timeText(span.lastMillis)} UTC`];
  const isBounded = range.start !== undefined || range.end !== undefined;
  if (isBounded) {
    const matching = await countOf(engine, where);
    sentences.push(
      matching === 0
        ? 'nothing matches at any other time'
        : `${formatCountOf(matching, 'conversation')} ${matching === 1 ? 'matches' : 'match'} without --from and --to`,
    );
    if (matching > 0) return sentences;
  }
  if (where === undefined) return sentences;
  for (const { test, text } of namedValues(where).slice(0, limits.emptyTestsMax)) {
    if ((await countOf(engine, test)) > 0) continue;
    const none = `no flow has ${test.field} ${text}`;
    sentences.push(
      noCountry(test.field, text) ?? `${none}${insteadOf(text, test.field, await valuesOf(engine, test.field))}`,
    );
  }
  return sentences;
}

/** What occurs instead, behind `no flow has …`: the nearest value, else the most frequent ones; of names, where they come from. */
function insteadOf(text: string, field: string, values: readonly string[]): string {
  const near = nearest(text.toLowerCase(), new Set(values.map((value) => value.toLowerCase())));
  const like = values.find((value) => value.toLowerCase() === near);
  if (like !== undefined) return `; did you mean ${like}?`;
  if (values.length === 0)
    return attributeOf(field) === undefined
      ? ''
      : `, and nothing is known of ${field}: docs/reference/names.md says what gives it`;
  if (isAddress(field)) return '';
  const few = values.slice(0, limits.emptyNamesMax).join(', ');
  if (values.length > limits.emptyNamesMax) return `; the most frequent are ${few}`;
  return values.length === 1 ? `; the only one is ${few}` : `; there are ${few}`;
}

/** A sentence for a country that is none, as no flow can have it. */
function noCountry(field: string, text: string): string | undefined {
  if (attributeOf(field) !== 'country' || continentOf(text.toUpperCase()) !== undefined) return undefined;
  return `${text} is no country: ${field} is a code of ISO 3166, such as DE or US`;
}

function isAddress(field: string): boolean {
  return findField(field)?.kind === 'address';
}

/** What names say of an address that a field asks for; `undefined` for a field of flows. */
function attributeOf(field: string): string | undefined {
  const [column = ''] = findField(field)?.columns ?? [];
  const from = findNameColumn(column)?.from;
  return from?.kind === 'address' ? from.attribute : undefined;
}

async function countOf(engine: Engine, where: Condition | undefined): Promise<number> {
  const answer = await engine.ask({
    ask: 'groups',
    axes: [],
    measures: [{ kind: 'flows' }],
    ...(where === undefined ? {} : { where }),
  });
  const [row] = await allRows(answer);
  return Number(row?.[0] ?? 0);
}

/** The values of a field, the most frequent first; members of lists, and rules without their kind. */
async function valuesOf(engine: Engine, field: string): Promise<string[]> {
  const axes = [{ by: [field], limit: limits.emptyValuesMax }];
  const rows = await allRows(await engine.ask({ ask: 'groups', axes, measures: [{ kind: 'flows' }] }));
  const isList = findField(field)?.kind === 'list';
  const values = rows.flatMap(([value]) => (typeof value === 'string' ? [value] : []));
  return [...new Set(values.flatMap((value) => (isList ? value.split(listSeparator) : [bareName(value)])))];
}

/** Tests of one text or one address, of fields that can be grouped by. */
function namedValues(where: Condition): { readonly test: Test; readonly text: string }[] {
  switch (where.kind) {
    case 'and':
    case 'or':
      return where.items.flatMap(namedValues);
    case 'test': {
      const field = findField(where.field);
      if (field === undefined || field.values !== undefined || !(field.groupable || field.join === 'either')) return [];
      return where.any.flatMap((match) => {
        const test: Test = { ...where, any: [match] };
        if (match.kind === 'text') return [{ test, text: match.value }];
        if (match.kind !== 'addresses') return [];
        const [first, last] = [formatAddress(match.first), formatAddress(match.last)];
        return first === last ? [{ test, text: first }] : [];
      });
    }
    default:
      return [];
  }
}

/** A rule as filters name it. */
function bareName(value: string): string {
  return value.replace(/^(?:UserRule|DefaultRule)_/, '');
}

function timeText(millis: number): string {
  return formatTime(millis).slice(0, 19).replace('T', ' ');
}
