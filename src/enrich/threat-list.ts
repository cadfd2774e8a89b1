/**
 * Lists of addresses that a user calls threats: one address or prefix a line, with `#` before remarks; or CSV with a heading, of which a column is the
 * address and others may be `type`, `description` and `date`.
 */
import { basename } from 'node:path';
import { FlowError } from '../base/errors.ts';
import type { Prefix } from '../net/prefix.ts';
import { parsePrefix } from '../net/prefix.ts';
import { columnName, readCsv } from './csv.ts';
import { dateOfFile } from './dated.ts';
import { prefixesOfText } from './prefix-text.ts';

export interface Threat {
  /** The file's name without its ending. */
  readonly list: string;
  /** '' where the list gives none. */
  readonly type: string;
  readonly description: string;
  /** Of the entry, else of the list: that in the file's name, else when the file was written. */
  readonly date: string;
}

const addressHeadings = [
  'address',
  'ip',
  'ip_address',
  'prefix',
  'cidr',
  'network',
  'indicator',
  'value',
  'network_source_ipv4',
];
const headings = {
  type: ['type', 'threat_type', 'threattype', 'category'],
  description: ['description', 'threat_description', 'comment', 'reason'],
  date: ['date', 'last_seen', 'first_seen', 'valid_from'],
} as const;

/** @throws names-invalid */
export function readThreatList(text: string, path: string, modifiedMillis: number): (readonly [Prefix, Threat])[] {
  const list = basename(path).replace(/\.[^.]+$/, '');
  const date = new Date(dateOfFile(path) ?? modifiedMillis).toISOString().slice(0, 10);
  const rows = readCsv(text, path);
  const [first] = rows;
  if (first === undefined) return [];
  const names = first.cells.map(columnName);
  const at = names.findIndex((name) => addressHeadings.includes(name));
  if (at >= 0 && parsePrefix(first.cells[at]) === undefined) {
    const placeOf = (of: keyof typeof headings): number =>
      names.findIndex((name) => headings[of].some((one) => one === name));
    const [type, description, dated] = [placeOf('type'), placeOf('description'), placeOf('date')];
    return rows.slice(1).flatMap(({ line, cells }) => {
      const threat: Threat = {
        list,
        type: cells[type] ?? '',
        description: cells[description] ?? '',
        date: cells[dated] || date,
      };
      return prefixesIn(cells[at] ?? '', path, line).map((prefix) => [prefix, threat] as const);
    });
  }
  const threat: Threat = { list, type: '', description: '', date };
  return rows.flatMap(({ line, cells }) => {
    // Also as netsets and host files write them: the address, then a remark.
    const [word] = cells[0].split(/[\s#]/, 1);
    return prefixesIn(word, path, line).map((prefix) => [prefix, threat] as const);
  });
}

function prefixesIn(text: string, path: string, line: number): Prefix[] {
  const prefixes = prefixesOfText(text);
  if (prefixes === undefined)
    throw new FlowError(
      'names-invalid',
      `${path}:${line}: ${JSON.stringify(text.slice(0, 60))} is no address, prefix or range`,
    );
  return prefixes;
}
