import { flowsColumns } from '../../lake/tuples/stored-columns.ts';
import { mapRows } from '../options/group-options.ts';
import type { Result, ResultColumn } from './result.ts';
import { plainText } from '../../base/row-text.ts';

/** Tuples and conversations for people: address and port together, both directions added up, what matters most first. */
export function flowTable(answer: Result): Result {
  const at = new Map(answer.columns.map(({ name }, i) => [name, i]));
  const columns = [...first, ...rest.filter(({ name }) => at.has(name))];
  return {
    columns: columns.map(({ name, kind }) => ({ name, kind })),
    chunks: mapRows(answer.chunks, (row) => {
      const cell = (name: string): unknown => row[at.get(name) ?? -1] ?? null;
      return columns.map(({ name, of }) => (of === undefined ? cell(name) : of(cell)));
    }),
  };
}

/** Columns of tuples, as in JSON, and those that only conversations have. */
export const tupleColumns: readonly string[] = flowsColumns.map(({ name }) => name);
export const conversationColumns: readonly string[] = [
  ...tupleColumns,
  'last_time',
  'continued',
  'tuples',
  'observers',
];

type Shown = ResultColumn & { readonly of?: (cell: (name: string) => unknown) => unknown };

const first: readonly Shown[] = [
  { name: 'time', kind: 'time' },
  { name: 'access', kind: 'text' },
  { name: 'source', kind: 'text', of: (cell) => endpoint(cell('src_ip'), cell('src_port')) },
  { name: 'destination', kind: 'text', of: (cell) => endpoint(cell('dst_ip'), cell('dst_port')) },
  { name: 'protocol', kind: 'text' },
  { name: 'rule', kind: 'text' },
  { name: 'bytes', kind: 'number', of: bytes },
];

const known: readonly Shown[] = [
  { name: 'state', kind: 'text' },
  { name: 'direction', kind: 'text' },
  { name: 'nsg', kind: 'text' },
  { name: 'mac', kind: 'text' },
  { name: 'encryption', kind: 'text' },
  { name: 'last_time', kind: 'time' },
  { name: 'continued', kind: 'boolean' },
  { name: 'tuples', kind: 'number' },
  { name: 'observers', kind: 'number' },
];

/** Columns that stand elsewhere in the table. */
const placed = new Set([
  ...[...first, ...known].map(({ name }) => name),
  ...['src', 'dst'].flatMap((side) => [`${side}_ip`, `${side}_port`]),
]);

const rest: readonly Shown[] = [
  ...known,
  ...flowsColumns
    .filter(({ name, unit }) => unit === undefined && !placed.has(name))
    .map(({ name, delta }): Shown => ({ name, kind: delta === 'string' ? 'text' : 'number' })),
];

function bytes(cell: (name: string) => unknown): unknown {
  const [forward, reverse] = [cell('bytes_forward'), cell('bytes_reverse')];
  return forward === null && reverse === null ? null : Number(forward ?? 0) + Number(reverse ?? 0);
}

/** `10.0.0.4:443`, `[2001:db8::1]:443`. */
export function endpoint(address: unknown, port: unknown): string {
  const text = plainText(address);
  return text.includes(':') ? `[${text}]:${plainText(port)}` : `${text}:${plainText(port)}`;
}
