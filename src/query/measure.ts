import { FlowError } from '../base/errors.ts';
import type { Field } from './filter/fields.ts';
import { fields, findField } from './filter/fields.ts';
import { nearest } from './filter/nearest.ts';
import { findNameColumn } from './names/columns.ts';
import type { CounterName, Measure } from './tree.ts';

/**
 * Measures as people write them, and as columns are called:
 *
 *   flows, denied, tuples, first, last          flows, denied, tuples, first_time, last_time
 *   bytes, packets, bytes.forward, …            bytes, packets, bytes_forward, …
 *   bytes/s, bits/s (or bps)                    bytes_per_second, bits_per_second
 *   distinct:dst.ip                             distinct_dst_ip
 *   p95:bytes, p99.9:bytes, max:bytes           p95_bytes, p99_9_bytes, max_bytes
 */
const plainKinds = ['flows', 'denied', 'tuples', 'first', 'last'] as const;

const counterNames: readonly CounterName[] = [
  'bytes',
  'packets',
  'bytes.forward',
  'bytes.reverse',
  'packets.forward',
  'packets.reverse',
];

/** What may stand for a measure: for help and completion. */
export const measureExamples: readonly string[] = [
  ...plainKinds,
  ...counterNames,
  'bits/s',
  'bytes/s',
  'packets/s',
  'distinct:src.ip',
  'distinct:dst.ip',
  'distinct:dst.port',
  'p50:bytes',
  'p95:bytes',
  'p99:bytes',
  'max:bytes',
];

/** Reads a measure. @throws usage */
export function parseMeasure(text: string): Measure {
  const word = text.trim().toLowerCase();
  const plain = plainKinds.find((kind) => kind === word);
  if (plain !== undefined) return { kind: plain };
  const sum = counterOf(word);
  if (sum !== undefined) return { kind: 'sum', of: sum };
  const bits = /^(?:bps|bits?(\.forward|\.reverse)?\/s)$/.exec(word);
  if (bits !== null) return { kind: 'rate', of: counterOf(`bytes${bits[1] ?? ''}`)!, isBits: true };
  const rate = word.endsWith('/s') ? counterOf(word.slice(0, -2)) : undefined;
  if (rate !== undefined) return { kind: 'rate', of: rate };
  const [kind, name, more] = word.split(':');
  if (kind === 'distinct' && name !== undefined && more === undefined)
    return { kind: 'distinct', field: groupField(name).name };
  const of = name === undefined || more !== undefined ? undefined : counterOf(name);
  const permille = permilleOf(kind);
  if (of !== undefined && permille !== undefined) return { kind: 'percentile', of, permille };
  const meant = nearest(word, measureExamples);
  throw new FlowError(
    'usage',
    `${JSON.stringify(text)} is no measure${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    {
      hint: `Measures: ${plainKinds.join(', ')}, bytes, packets (.forward, .reverse), bytes/s, bits/s, distinct:FIELD, p95:bytes, max:bytes.`,
    },
  );
}

/** The name of a measure's column. */
export function measureColumn(measure: Measure): string {
  switch (measure.kind) {
    case 'sum':
      return underscored(measure.of);
    case 'rate':
      return `${underscored(rateName(measure))}_per_second`;
    case 'distinct':
      return `distinct_${underscored(measure.field)}`;
    case 'percentile':
      return measure.permille === 1000
        ? `max_${underscored(measure.of)}`
        : `p${underscored(String(measure.permille / 10))}_${underscored(measure.of)}`;
    case 'first':
    case 'last':
      return `${measure.kind}_time`;
    default:
      return measure.kind;
  }
}

/** What a rate counts: `bytes`, `bits`, `bits.forward`. */
export function rateName({ of, isBits }: Extract<Measure, { kind: 'rate' }>): string {
  return isBits === true ? of.replace('bytes', 'bits') : of;
}

/** Fields whose values may be grouped by. */
export function groupFields(): readonly Field[] {
  return fields.filter((field) => field.groupable || field.join === 'either');
}

/** A field to group by, by any of its names. @throws usage */
export function groupField(name: string): Field {
  const field = findField(name.trim());
  if (field !== undefined && groupFields().includes(field)) return field;
  const ofFlows = groupFields().filter(isOfFlows);
  const hint = `Fields to group by: ${ofFlows.map((one) => one.name).join(', ')}; and names such as src.country (docs/reference/names.md).`;
  if (field !== undefined) throw new FlowError('usage', `"${field.name}" cannot be grouped by`, { hint });
  const meant = nearest(
    name.trim().toLowerCase(),
    groupFields().flatMap((one) => one.names),
  );
  throw new FlowError(
    'usage',
    `unknown field ${JSON.stringify(name)} to group by${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    { hint },
  );
}

/** Names of addresses are many: messages do not list them. */
function isOfFlows({ columns }: Field): boolean {
  return !columns.some((column) => findNameColumn(column) !== undefined);
}

function counterOf(text: string): CounterName | undefined {
  return counterNames.find((name) => name === text || underscored(name) === text);
}

/** Thousandths of `p95`, `p99.9` and `max`. */
function permilleOf(text: string): number | undefined {
  if (text === 'max') return 1000;
  const match = /^p(\d{1,2})(?:\.(\d))?$/.exec(text);
  const permille = match === null ? 0 : 10 * Number(match[1]) + Number(match[2] ?? 0);
  return permille === 0 ? undefined : permille;
}

function underscored(name: string): string {
  return name.replaceAll('.', '_');
}
