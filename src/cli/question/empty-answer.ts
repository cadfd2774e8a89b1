/** Why an answer is empty: the times that the lake has, values that do not occur in it, and what matches at any time. */
import { formatCountOf } from '../../base/format-count.ts';
import { limits } from '../../base/limits.ts';
import { formatTime } from '../../base/time.ts';
import { formatAddress } from '../../net/address.ts';
import type { Engine } from '../../query/engine/engine.ts';
import { findField } from '../../query/filter/fields.ts';
import { nearest } from '../../query/filter/nearest.ts';
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
    const values = (await valuesOf(engine, test.field)).map(bareName);
    const near = nearest(text.toLowerCase(), new Set(values.map((value) => value.toLowerCase())));
    const like = values.find((value) => value.toLowerCase() === near);
    sentences.push(`no flow has ${test.field} ${text}${like === undefined ? '' : `; did you mean ${like}?`}`);
  }
  return sentences;
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

async function valuesOf(engine: Engine, field: string): Promise<string[]> {
  const axes = [{ by: [field], limit: limits.emptyValuesMax }];
  const rows = await allRows(await engine.ask({ ask: 'groups', axes, measures: [{ kind: 'flows' }] }));
  return rows.flatMap(([value]) => (typeof value === 'string' ? [value] : []));
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
