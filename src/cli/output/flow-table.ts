import { flowsColumns } from '../../lake/tuples/stored-columns.ts';
import type { Answer, Cell } from '../../query/engine/result.ts';
import { mapRows } from '../options/group-options.ts';
import type { Result, ResultColumn } from './output.ts';
import { plainText } from './output.ts';

/**
 * Tuples and conversations for people: address and port together, both directions added up, what matters most first, since a narrow terminal
 * leaves out the last columns.
 */
export function flowTable(answer: Pick<Answer, 'columns' | 'chunks'>): Result {
  const at = new Map(answer.columns.map(({ name }, i) => [name, i]));
  const columns = [...ends, ...rest.filter(({ name, of }) => of !== undefined || at.has(name))];
  return {
    columns: columns.map(({ name, kind }) => ({ name, kind })),
    chunks: mapRows(answer.chunks, (row) => {
      const cell = (name: string): Cell => row[at.get(name) ?? -1] ?? null;
      return columns.map(({ name, of }) => (of === undefined ? cell(name) : of(cell)));
    }),
  };
}

type Shown = ResultColumn & { readonly of?: (cell: (name: string) => Cell) => Cell };

const ends: readonly Shown[] = [
  { name: 'time', kind: 'time' },
  { name: 'source', kind: 'text', of: (cell) => endpoint(cell('src_ip'), cell('src_port')) },
  { name: 'destination', kind: 'text', of: (cell) => endpoint(cell('dst_ip'), cell('dst_port')) },
];

/** What matters most first. */
const known: readonly Shown[] = [
  { name: 'protocol', kind: 'text' },
  { name: 'access', kind: 'text' },
  { name: 'bytes', kind: 'number', of: bytes },
  { name: 'rule', kind: 'text' },
  { name: 'state', kind: 'text' },
  { name: 'direction', kind: 'text' },
  { name: 'nsg', kind: 'text' },
  { name: 'mac', kind: 'text' },
  { name: 'encryption', kind: 'text' },
  { name: 'last_time', kind: 'time' },
  { name: 'continued', kind: 'boolean' },
  { name: 'tuples', kind: 'number' },
  { name: 'observations', kind: 'number' },
];

/** Columns that are shown in two others. */
const joined = new Set(['time', ...['src', 'dst'].flatMap((side) => [`${side}_ip`, `${side}_port`])]);

const rest: readonly Shown[] = [
  ...known,
  ...flowsColumns
    .filter(({ name, unit }) => unit === undefined && !joined.has(name) && known.every((one) => one.name !== name))
    .map(({ name, delta }): Shown => ({ name, kind: delta === 'string' ? 'text' : 'number' })),
];

function bytes(cell: (name: string) => Cell): Cell {
  const [forward, reverse] = [cell('bytes_forward'), cell('bytes_reverse')];
  return forward === null && reverse === null ? null : Number(forward ?? 0) + Number(reverse ?? 0);
}

/** `10.0.0.4:443`, `[2001:db8::1]:443`. */
export function endpoint(address: Cell, port: Cell): string {
  const text = plainText(address);
  return text.includes(':') ? `[${text}]:${plainText(port)}` : `${text}:${plainText(port)}`;
}
