/**
 * The flows that a VNet flow log records: `enabledFilteringCriteria` and `recordTypes` of its resource.
 *
 *   criteria    conjunction || conjunction || …         or: lowest precedence
 *   conjunction condition && condition && …             and: higher precedence; no parentheses
 *   condition   field = value,value,…                   any of the values;   field != value,value,…   none of them
 *
 *   SrcIP, DstIP          10.0.0.4   10.0.0.0/8   2001:db8::/32
 *   SrcPort, DstPort      443   1024-65535
 *   Direction             Inbound   Outbound
 *   Protocol              TCP   UDP
 *   Action                Allow   Deny
 *   Encryption            X, NX, NX_FALLBACK, … (facts 3.2), and NX_ALL for all states except X
 *
 *   DstIP=20.252.145.59 && DstPort=443 || Direction=Inbound && SrcIP!=10.0.0.0/8
 *
 * Fields and values in any casing. Source: facts 3.5.
 */
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Address } from '../net/address.ts';
import type { Prefix } from '../net/prefix.ts';
import { parsePrefix, prefixContains } from '../net/prefix.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import type { TupleColumns } from './tuple.ts';
import {
  accessAllow,
  accessDeny,
  destinationFamily,
  directionInbound,
  directionOutbound,
  encryptionNames,
  sourceFamily,
  stateBegin,
  stateContinuing,
  stateDenied,
  stateEnd,
} from './tuple.ts';

/** Conjunctions, one of which must match. Plain data. */
export type FilteringCriteria = readonly (readonly Condition[])[];

interface Condition {
  readonly field: Field;
  /** `!=`: matches if none of the values does. */
  readonly isNegated: boolean;
  readonly prefixes: readonly Prefix[];
  /** `end` excluded; single numbers of a column, or port ranges. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
}

type Field = 'srcip' | 'dstip' | 'srcport' | 'dstport' | 'direction' | 'protocol' | 'action' | 'encryption';

/** Words for numbers of a column. */
const words: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  direction: { inbound: [directionInbound], outbound: [directionOutbound] },
  protocol: { tcp: [protocolTcp], udp: [protocolUdp] },
  action: { allow: [accessAllow], deny: [accessDeny] },
  encryption: {
    ...Object.fromEntries(
      encryptionNames.flatMap((name, index) => (name === '' ? [] : [[name.toLowerCase(), [index]]])),
    ),
    nx_all: encryptionNames.flatMap((name, index) => (name.startsWith('NX') ? index : [])),
  },
};

const fieldNames = 'SrcIP, SrcPort, DstIP, DstPort, Direction, Protocol, Action and Encryption';
const fields = new Set<string>(['srcip', 'dstip', 'srcport', 'dstport', ...Object.keys(words)]);

/**
 * `undefined` for an empty text, which accepts all flows.
 * @throws filter-syntax with the place of the fault
 */
export function parseFilteringCriteria(text: string): FilteringCriteria | undefined {
  if (text.trim() === '') return undefined;
  if (text.length > limits.filteringCriteriaCharsMax)
    throw fault(text.length, `it is longer than ${limits.filteringCriteriaCharsMax} characters`);
  return splitAt(text, 0, '||').map(([conjunction, at]) =>
    splitAt(conjunction, at, '&&').map(([condition, start]) => parseCondition(condition, start)),
  );
}

/** Whether a row is in the log. Its encryption must be known. */
export function criteriaHold(criteria: FilteringCriteria, columns: TupleColumns, row: number): boolean {
  return criteria.some((conjunction) => conjunction.every((condition) => conditionHolds(condition, columns, row)));
}

const letters: Readonly<Record<string, number>> = {
  B: stateBegin,
  C: stateContinuing,
  E: stateEnd,
  D: stateDenied,
};

/**
 * Bits by flow state (`1 << stateBegin`, …) of a list such as `B,E`; `undefined` for an empty list, which means all.
 * @throws filter-syntax
 */
export function parseRecordTypes(text: string): number | undefined {
  const types = text.split(',').map((type) => type.trim().toUpperCase());
  if (types.join('') === '') return undefined;
  let mask = 0;
  for (const type of types) {
    if (!Object.hasOwn(letters, type))
      throw new FlowError(
        'filter-syntax',
        `record types ${JSON.stringify(text)}: ${JSON.stringify(type)} is not a record type`,
        {
          hint: 'Record types are B (begin), C (continuing), E (end) and D (denied), separated by commas.',
        },
      );
    mask |= 1 << letters[type];
  }
  return mask;
}

/** The parts between separators, with their positions. */
function splitAt(text: string, start: number, separator: string): [string, number][] {
  let at = start;
  return text.split(separator).map((part) => {
    const found: [string, number] = [part, at];
    at += part.length + separator.length;
    return found;
  });
}

function parseCondition(text: string, start: number): Condition {
  const at = start + text.length - text.trimStart().length;
  const match = /^\s*([A-Za-z]*)\s*(!=|=)?(.*)$/s.exec(text);
  if (text.trim() === '' || match === null) throw fault(at, 'a condition is missing, such as DstPort=443');
  const [, name, operator, rest] = match;
  const field = name.toLowerCase();
  if (/[()]/.test(text)) throw fault(start + text.search(/[()]/), 'parentheses are not part of the language');
  if (!isField(field)) throw fault(at, `${JSON.stringify(name)} is not a field; the fields are ${fieldNames}`);
  if (operator === undefined) throw fault(at + name.length, `${name} must be followed by = or !=`);
  const prefixes: Prefix[] = [];
  const ranges: { start: number; end: number }[] = [];
  for (const [part, partAt] of splitAt(rest, start + text.length - rest.length, ',')) {
    const value = part.trim();
    const valueAt = partAt + part.length - part.trimStart().length;
    if (field === 'srcip' || field === 'dstip') {
      const prefix = parsePrefix(value);
      if (prefix === undefined) throw fault(valueAt, `${JSON.stringify(value)} is not an address or prefix`);
      prefixes.push(prefix);
    } else if (field === 'srcport' || field === 'dstport') {
      ranges.push(parsePorts(value, valueAt));
    } else {
      const known = words[field];
      const lower = value.toLowerCase();
      if (!Object.hasOwn(known, lower))
        throw fault(valueAt, `${JSON.stringify(value)} is not a value of ${name}: ${Object.keys(known).join(', ')}`);
      for (const number of known[lower]) ranges.push({ start: number, end: number + 1 });
    }
  }
  return { field, isNegated: operator === '!=', prefixes, ranges };
}

function isField(text: string): text is Field {
  return fields.has(text);
}

function parsePorts(text: string, at: number): { start: number; end: number } {
  const match = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(text);
  const start = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!(start <= last && last <= 65_535))
    throw fault(at, `${JSON.stringify(text)} is not a port or a range such as 1024-65535`);
  return { start, end: last + 1 };
}

function conditionHolds(condition: Condition, columns: TupleColumns, row: number): boolean {
  return condition.isNegated !== hasValue(condition, columns, row);
}

function hasValue({ field, prefixes, ranges }: Condition, columns: TupleColumns, row: number): boolean {
  switch (field) {
    case 'srcip':
      return isIn(prefixes, sourceFamily(columns.family[row]), columns.source, row);
    case 'dstip':
      return isIn(prefixes, destinationFamily(columns.family[row]), columns.destination, row);
    default: {
      const value = numberOf(field, columns, row);
      return ranges.some(({ start, end }) => start <= value && value < end);
    }
  }
}

function numberOf(field: Exclude<Field, 'srcip' | 'dstip'>, columns: TupleColumns, row: number): number {
  switch (field) {
    case 'srcport':
      return columns.sourcePort[row];
    case 'dstport':
      return columns.destinationPort[row];
    case 'direction':
      return columns.direction[row];
    case 'protocol':
      return columns.protocol[row];
    case 'action':
      return columns.access[row];
    default:
      return columns.encryption[row];
  }
}

function isIn(prefixes: readonly Prefix[], family: Address['family'], words: Uint32Array, row: number): boolean {
  const at = 4 * row;
  const address: Address = { family, words: [words[at], words[at + 1], words[at + 2], words[at + 3]] };
  return prefixes.some((prefix) => prefixContains(prefix, address));
}

function fault(at: number, what: string): FlowError {
  return new FlowError('filter-syntax', `filtering criteria, character ${at + 1}: ${what}`, {
    hint: 'Such as DstPort=443,8443 && Protocol=TCP || Direction=Inbound && SrcIP!=10.0.0.0/8.',
  });
}
