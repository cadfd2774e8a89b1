import { parseAddress, sameAddress } from '../../net/address.ts';
import { parseMac } from '../../net/mac.ts';
import { parsePrefix, prefixRange } from '../../net/prefix.ts';
import { formatProtocol, parseProtocol } from '../../net/protocol.ts';
import type { Field } from './fields.ts';
import { nearest } from './nearest.ts';
import { parsePort, portNames } from './port-names.ts';
import { parseTimePoint } from './time-point.ts';
import type { Match, Order } from '../tree.ts';

/** A value that a field cannot have. The parser adds where it stands. */
export class ValueError extends Error {
  readonly suggestion: string | undefined;

  constructor(message: string, suggestion?: string) {
    super(message);
    this.suggestion = suggestion;
  }
}

/** What `field = text` and `field in (text)` ask for. `quoted` texts are taken as they are: no glob, no null. @throws ValueError */
export function valueMatch(field: Field, text: string, quoted: boolean, nowMillis: number): Match {
  if (!quoted && text.toLowerCase() === 'null') return { kind: 'absent' };
  switch (field.kind) {
    case 'address':
      return addressMatch(field, text);
    case 'port':
      return rangeMatch(text, (part) => readPort(field, part));
    case 'counter':
      return rangeMatch(text, (part) => readCount(field, part));
    case 'time':
      return { kind: 'order', operator: '=', value: readTime(field, text, nowMillis) };
    case 'protocol': {
      const number = parseProtocol(text);
      if (number === undefined)
        throw new ValueError(`"${text}" is no protocol`, nearest(text.toLowerCase(), ['tcp', 'udp']));
      return { kind: 'text', value: formatProtocol(number) };
    }
    case 'name':
      return { kind: 'text', value: readName(field, text) };
    case 'mac': {
      const mac = parseMac(text);
      if (mac !== undefined) return { kind: 'text', value: mac };
      if (!quoted && isGlob(text)) return globMatch(field, text);
      throw new ValueError(`"${text}" is no MAC address: twelve hexadecimal digits, with or without separators`);
    }
    default:
      return !quoted && isGlob(text) ? globMatch(field, text) : { kind: 'text', value: text };
  }
}

/** What `field < text` and the like ask for. @throws ValueError */
export function orderMatch(field: Field, operator: Order, text: string, nowMillis: number): Match {
  if (field.kind === 'time') return { kind: 'order', operator, value: readTime(field, text, nowMillis) };
  if (field.kind === 'port') return { kind: 'order', operator, value: readPort(field, text) };
  if (field.kind === 'counter') return { kind: 'order', operator, value: readCount(field, text) };
  throw new ValueError(`"${field.name}" has no order: use =, !=, in or like`);
}

/** What `field like text` asks for. @throws ValueError */
export function globMatch(field: Field, text: string): Match {
  if (!hasText(field)) throw new ValueError(`"${field.name}" is a number: use =, <, > or in`);
  return { kind: 'glob', pattern: text };
}

/** What `field ~ text` asks for. RE2, the engine's kind, has neither look-around nor back references. @throws ValueError */
export function regexMatch(field: Field, text: string): Match {
  if (!hasText(field)) throw new ValueError(`"${field.name}" is a number: use =, <, > or in`);
  if (/\(\?(?:[=!]|<[=!])/.test(text)) throw new ValueError('regular expressions have no look-around here');
  if (/\\[1-9]/.test(text)) throw new ValueError('regular expressions have no back references here');
  if (!isRegex(text)) throw new ValueError(`"${text}" is no regular expression`);
  return { kind: 'regex', pattern: text };
}

/** RE2 takes flags in front, (?i), (?s), (?m) and (?U), which JavaScript does not: they are no fault. */
function isRegex(text: string): boolean {
  try {
    return new RegExp(text.replace(/^\(\?[imsU]+\)/, '')) instanceof RegExp;
  } catch {
    return false;
  }
}

function hasText(field: Field): boolean {
  return field.kind !== 'port' && field.kind !== 'counter' && field.kind !== 'time';
}

function isGlob(text: string): boolean {
  return /[*?]/.test(text);
}

function addressMatch(field: Field, text: string): Match {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return { kind: 'addresses', ...prefixRange(prefix) };
  const [first, last, more] = text.split('-').map((part) => parseAddress(part));
  if (first !== undefined && last !== undefined && more === undefined) {
    if (first.family !== last.family) throw new ValueError('a range of addresses is of one family');
    if (!sameAddress(first, last) && isAfter(first.words, last.words))
      throw new ValueError('the range ends before it begins');
    return { kind: 'addresses', first, last };
  }
  if (isGlob(text)) throw new ValueError(`"${text}" is a pattern`, `${field.name} like ${text}`);
  throw new ValueError(`"${text}" is no address, block (10.0.0.0/8) or range (10.0.0.1-10.0.0.9)`);
}

function isAfter(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((word, at) => word !== b[at]);
  return i >= 0 && a[i] > b[i];
}

/** A number, or two with `-` between them. */
function rangeMatch(text: string, read: (part: string) => number): Match {
  const dash = text.indexOf('-', 1);
  const range = dash > 0 && /^[\d.]/.test(text.slice(dash + 1)) && /^[\d.]/.test(text);
  const from = read(range ? text.slice(0, dash) : text);
  const to = range ? read(text.slice(dash + 1)) : from;
  if (from > to) throw new ValueError('the range ends before it begins');
  return { kind: 'numbers', from, to };
}

function readPort(field: Field, text: string): number {
  const port = parsePort(text);
  if (port !== undefined) return port;
  if (/^\d+$/.test(text)) throw new ValueError(`port ${text} is above 65535`);
  throw new ValueError(`"${text}" is no port for "${field.name}"`, nearest(text.toLowerCase(), portNames()));
}

const unitFactors: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['k', 1e3],
  ['m', 1e6],
  ['g', 1e9],
  ['t', 1e12],
  ['kb', 1e3],
  ['mb', 1e6],
  ['gb', 1e9],
  ['tb', 1e12],
  ['ki', 2 ** 10],
  ['mi', 2 ** 20],
  ['gi', 2 ** 30],
  ['ti', 2 ** 40],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
  ['tib', 2 ** 40],
]);

/** `500`, `1.5MB` (1,500,000), `1MiB` (1,048,576). */
function readCount(field: Field, text: string): number {
  const match = /^(\d+(?:\.\d+)?)([a-z]*)$/i.exec(text);
  if (match === null) throw new ValueError(`"${text}" is no number for "${field.name}"`);
  const factor = unitFactors.get(match[2].toLowerCase());
  if (factor === undefined)
    throw new ValueError(
      `"${match[2]}" is no unit: k, M, G, T, KB, MB, GB, TB (by 1000), KiB, MiB, GiB, TiB (by 1024)`,
    );
  const value = Math.round(Number(match[1]) * factor);
  if (!Number.isSafeInteger(value)) throw new ValueError(`${text} is too large`);
  return value;
}

function readTime(field: Field, text: string, nowMillis: number): number {
  const time = parseTimePoint(text, nowMillis);
  if (time === undefined)
    throw new ValueError(
      `"${text}" is no time for "${field.name}": 2024-05-01T08:00:00Z, 2024-05-01, epoch seconds or 6h (ago)`,
    );
  return time;
}

/** What people write for a name that is longer. */
const shortNames: Readonly<Record<string, string>> = {
  in: 'inbound',
  out: 'outbound',
  allowed: 'allow',
  denied: 'deny',
};

function readName(field: Field, text: string): string {
  const lower = text.toLowerCase();
  const values = field.values ?? [];
  const value = values.find((one) => one.toLowerCase() === lower) ?? values.find((one) => one === shortNames[lower]);
  if (value !== undefined) return value;
  throw new ValueError(
    `"${text}" is no ${field.name}: ${values.join(', ')}`,
    nearest(
      lower,
      values.map((one) => one.toLowerCase()),
    ),
  );
}
