/**
 * The plain twins of encoder and decoder, oracles of the tests: whole JSON values, one object a tuple, read and written as the formats
 * are described, without a thought to speed.
 */
import { formatRecordTime } from '../../src/base/time.ts';
import type { Address } from '../../src/net/address.ts';
import { formatWords, parseAddress } from '../../src/net/address.ts';
import { packCounter, unpackCounter } from '../../src/flowlog/counter.ts';
import type { RecordHeader, RuleGroup } from '../../src/flowlog/encode.ts';
import type { FlowLog } from '../../src/flowlog/record.ts';
import type { FlowLogFormat, TupleColumns } from '../../src/flowlog/tuple.ts';
import {
  accessAllow,
  accessDeny,
  createTupleColumns,
  destinationFamily,
  directionInbound,
  directionOutbound,
  encryptionNames,
  family4to6,
  family6to4,
  sourceFamily,
  stateBegin,
  stateContinuing,
  stateDenied,
  stateEnd,
  stateNone,
} from '../../src/flowlog/tuple.ts';

export type Counter = number | bigint;

/** A tuple with all that its record and group say, texts as in a log. */
export interface PlainTuple {
  timeMillis: number;
  source: string;
  destination: string;
  sourcePort: number;
  destinationPort: number;
  protocol: number;
  direction: number;
  access: number;
  state: number;
  encryption: number;
  /** NaN where not given; those that a double does not say exactly are bigints. */
  counters: [Counter, Counter, Counter, Counter];
  rule: string;
  aclId: string;
  mac: string;
}

export interface PlainRecord {
  format: FlowLogFormat;
  time: string;
  resourceId: string;
  systemId: string;
  macAddress: string;
  flowLogGuid: string;
  targetResourceId: string;
  tuples: PlainTuple[];
}

const notGiven: PlainTuple['counters'] = [Number.NaN, Number.NaN, Number.NaN, Number.NaN];

/** The tuple of a text, `undefined` where it is none. */
export function decodePlainTuple(text: string): Omit<PlainTuple, 'rule' | 'aclId' | 'mac'> | undefined {
  return decodeFields(text.split(',')) ?? decodeFields(mendedFields(text));
}

/** What was left out or is too much where nothing was said. */
function mendedFields(text: string): string[] {
  const fields = text
    .split(/[\r\n]+/)
    .join('')
    .split(',');
  const counters = fields.splice(9);
  while (counters.length > 4 && counters.at(-1) === '') counters.pop();
  const given = counters.some((counter) => counter !== '') || counters.length === 0 ? counters : ['', '', '', ''];
  if (/^\d+$/.test(fields[5] ?? '') && !['6', '17'].includes(String(Number(fields[5]))))
    for (const port of [3, 4]) fields[port] ||= '0';
  return [...fields, ...given];
}

function decodeFields(fields: readonly string[]): Omit<PlainTuple, 'rule' | 'aclId' | 'mac'> | undefined {
  const [time, source, destination, sourcePort, destinationPort, protocol, direction, ...tail] = fields;
  const from = parseAddress(source ?? '');
  const to = parseAddress(destination ?? '');
  if (!/^\d{1,14}$/.test(time) || from === undefined || to === undefined) return undefined;
  if (!isNumber(sourcePort, 5, 65_535) || !isNumber(destinationPort, 5, 65_535)) return undefined;
  const nsg = protocol === 'T' || protocol === 'U';
  if (!nsg && !isNumber(protocol, 3, 255)) return undefined;
  if (direction !== 'I' && direction !== 'O') return undefined;
  const ends = nsg ? decodeNsgTail(tail) : decodeVnetTail(tail);
  if (ends === undefined) return undefined;
  return {
    timeMillis: time.length <= 11 ? Number(time) * 1000 : Number(time),
    source: canonical(from),
    destination: canonical(to),
    sourcePort: Number(sourcePort),
    destinationPort: Number(destinationPort),
    protocol: protocol === 'T' ? 6 : protocol === 'U' ? 17 : Number(protocol),
    direction: direction === 'I' ? directionInbound : directionOutbound,
    ...ends,
  };
}

type Tail = Pick<PlainTuple, 'access' | 'state' | 'encryption' | 'counters'>;

function decodeNsgTail([decision, state, ...counters]: string[]): Tail | undefined {
  if (decision !== 'A' && decision !== 'D') return undefined;
  const access = decision === 'A' ? accessAllow : accessDeny;
  if (state === undefined) return { access, state: stateNone, encryption: 0, counters: notGiven };
  const states: Record<string, number> = {
    B: decision === 'D' ? stateDenied : stateBegin,
    C: stateContinuing,
    E: stateEnd,
  };
  const given = decodeCounters(counters, state === 'B');
  if (states[state] === undefined || given === undefined) return undefined;
  return { access, state: states[state], encryption: 0, counters: given };
}

function decodeVnetTail([state, encryption, ...counters]: string[]): Tail | undefined {
  const states: Record<string, number> = { B: stateBegin, C: stateContinuing, E: stateEnd, D: stateDenied };
  if (states[state] === undefined || encryption === undefined) return undefined;
  const given = decodeCounters(counters, state === 'B' || state === 'D');
  if (given === undefined) return undefined;
  const known = (encryptionNames as readonly string[]).indexOf(encryption);
  return {
    access: state === 'D' ? accessDeny : accessAllow,
    state: states[state],
    encryption: Math.max(known, 0),
    counters: given,
  };
}

function decodeCounters(texts: string[], zeroIsNotGiven: boolean): PlainTuple['counters'] | undefined {
  if (texts.length === 0) return notGiven;
  if (texts.length !== 4 || !texts.every((text) => /^\d*$/.test(text))) return undefined;
  const [a, b, c, d] = texts.map((text) => (text === '' ? Number.NaN : counterOf(BigInt(text))));
  return zeroIsNotGiven && [a, b, c, d].every((value) => value === 0) ? notGiven : [a, b, c, d];
}

function counterOf(value: bigint): Counter {
  if (value >= 2n ** 63n) return Number.NaN;
  return value > Number.MAX_SAFE_INTEGER ? value : Number(value);
}

function isNumber(text: string | undefined, digitsMax: number, max: number): boolean {
  return text !== undefined && /^\d+$/.test(text) && text.length <= digitsMax && Number(text) <= max;
}

function canonical(address: Address): string {
  return formatWords(address.family, ...address.words);
}

interface JsonGroup {
  rule?: string;
  aclID?: string;
  mac?: string;
  flowTuples?: string[];
  flows?: JsonGroup[];
  flowGroups?: JsonGroup[];
}

/** An element of `records` as JSON.parse gives it. */
export interface JsonRecord {
  time?: string;
  systemId?: string;
  macAddress?: string;
  resourceId?: string;
  flowLogResourceID?: string;
  flowLogGUID?: string;
  targetResourceID?: string;
  flowLogVersion?: number;
  properties?: { Version?: number; flows?: JsonGroup[] };
  flowRecords?: { flows?: JsonGroup[] };
}

/** Reads well-formed logs: an envelope, an array, a record, or one of them a line. Tuples that are none are left out. */
export function decodePlain(text: string): PlainRecord[] {
  return parseJson(text.replace(/^\uFEFF/, '')).map((record) => {
    const macAddress = record.macAddress ?? '';
    const tuples: PlainTuple[] = [];
    const flows = record.properties?.flows ?? record.flowRecords?.flows ?? [];
    for (const flow of flows) collect(flow, { rule: '', aclId: '', mac: '' });
    function collect(group: JsonGroup, outer: { rule: string; aclId: string; mac: string }): void {
      const own = {
        rule: group.rule ?? outer.rule,
        aclId: group.aclID ?? outer.aclId,
        mac: (group.mac ?? outer.mac) || macAddress,
      };
      for (const inner of [...(group.flows ?? []), ...(group.flowGroups ?? [])]) collect(inner, own);
      for (const tupleText of group.flowTuples ?? []) {
        const tuple = decodePlainTuple(tupleText);
        if (tuple !== undefined) tuples.push({ ...tuple, ...own });
      }
    }
    return {
      format: record.flowLogVersion !== undefined ? 'vnet' : record.properties?.Version === 1 ? 'nsg1' : 'nsg2',
      time: record.time ?? '',
      resourceId: record.flowLogResourceID ?? record.resourceId ?? '',
      systemId: record.systemId ?? '',
      macAddress,
      flowLogGuid: record.flowLogGUID ?? '',
      targetResourceId: record.targetResourceID ?? '',
      tuples,
    };
  });
}

function parseJson(text: string): JsonRecord[] {
  try {
    const value = JSON.parse(text) as JsonRecord | JsonRecord[] | { records: JsonRecord[] };
    return Array.isArray(value) ? value : 'records' in value ? value.records : [value];
  } catch (error) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length < 2) throw error;
    return lines.flatMap(parseJson);
  }
}

/** What the decoder gave, in the form of its twin. */
export function plainOf(log: FlowLog): PlainRecord[] {
  const records: PlainRecord[] = log.records.map((record) => ({
    format: record.format,
    time: record.time,
    resourceId: record.resourceId,
    systemId: record.systemId,
    macAddress: record.macAddress,
    flowLogGuid: record.flowLogGuid,
    targetResourceId: record.targetResourceId,
    tuples: [],
  }));
  for (const [row, tuple] of plainTuples(log.tuples).entries()) {
    const { record, rule, aclId, mac } = log.groups[log.tuples.group[row]];
    records[record].tuples.push({ ...tuple, rule, aclId, mac });
  }
  return records;
}

/** The rows of columns, one object each. */
export function plainTuples(columns: TupleColumns): Omit<PlainTuple, 'rule' | 'aclId' | 'mac'>[] {
  return Array.from({ length: columns.count }, (_, row) => {
    const source = columns.source.subarray(row * 4, row * 4 + 4);
    const destination = columns.destination.subarray(row * 4, row * 4 + 4);
    return {
      timeMillis: columns.timeMillis[row],
      source: formatWords(sourceFamily(columns.family[row]), source[0], source[1], source[2], source[3]),
      destination: formatWords(
        destinationFamily(columns.family[row]),
        destination[0],
        destination[1],
        destination[2],
        destination[3],
      ),
      sourcePort: columns.sourcePort[row],
      destinationPort: columns.destinationPort[row],
      protocol: columns.protocol[row],
      direction: columns.direction[row],
      access: columns.access[row],
      state: columns.state[row],
      encryption: columns.encryption[row],
      counters: [
        counterIn(columns.packetsForward[row]),
        counterIn(columns.bytesForward[row]),
        counterIn(columns.packetsReverse[row]),
        counterIn(columns.bytesReverse[row]),
      ],
    };
  });
}

function counterIn(value: number): Counter {
  return Number.isNaN(value) ? value : counterOf(unpackCounter(value));
}

/** Columns of tuples; `groupOf` gives the group of each. */
export function columnsOf<Tuple extends Omit<PlainTuple, 'rule' | 'aclId' | 'mac'>>(
  tuples: readonly Tuple[],
  groupOf: (tuple: Tuple) => number,
): TupleColumns {
  const columns = createTupleColumns(tuples.length);
  for (const [row, tuple] of tuples.entries()) {
    const source = parseAddress(tuple.source);
    const destination = parseAddress(tuple.destination);
    if (source === undefined || destination === undefined) throw new Error('an address of a test is none');
    columns.timeMillis[row] = tuple.timeMillis;
    columns.family[row] =
      source.family === destination.family ? source.family : source.family === 4 ? family4to6 : family6to4;
    columns.source.set(source.words, row * 4);
    columns.destination.set(destination.words, row * 4);
    columns.sourcePort[row] = tuple.sourcePort;
    columns.destinationPort[row] = tuple.destinationPort;
    columns.protocol[row] = tuple.protocol;
    columns.direction[row] = tuple.direction;
    columns.access[row] = tuple.access;
    columns.state[row] = tuple.state;
    columns.encryption[row] = tuple.encryption;
    [columns.packetsForward[row], columns.bytesForward[row], columns.packetsReverse[row], columns.bytesReverse[row]] =
      tuple.counters.map((value) => (typeof value === 'bigint' ? packCounter(value) : value));
    columns.group[row] = groupOf(tuple);
  }
  columns.count = tuples.length;
  return columns;
}

/** The record of a header and its tuples, as `encodeRecord` writes it; `undefined` where no tuple can be said in the format. */
export function encodePlain(
  header: RecordHeader,
  tuples: readonly (Omit<PlainTuple, 'rule' | 'aclId' | 'mac'> & RuleGroup)[],
): string | undefined {
  const time = formatRecordTime(header.timeMillis);
  const resourceId = header.resourceId.toUpperCase();
  const sayable = tuples.filter((tuple) => encodePlainTuple(header.format, tuple) !== undefined);
  if (sayable.length === 0) return undefined;
  const mac = header.macAddress === '' ? {} : { macAddress: header.macAddress };
  if (header.format === 'vnet')
    return JSON.stringify({
      time,
      flowLogVersion: 4,
      flowLogGUID: header.flowLogGuid,
      ...mac,
      category: 'FlowLogFlowEvent',
      flowLogResourceID: resourceId,
      targetResourceID: header.targetResourceId,
      operationName: 'FlowLogFlowEvent',
      flowRecords: {
        flows: runs(sayable, (tuple) => tuple.aclId).map((ofAcl) => ({
          aclID: ofAcl[0].aclId,
          flowGroups: runs(ofAcl, (tuple) => tuple.rule).map((ofRule) => ({
            rule: ofRule[0].rule,
            flowTuples: ofRule.map((tuple) => encodePlainTuple('vnet', tuple)),
          })),
        })),
      },
    });
  return JSON.stringify({
    time,
    systemId: header.systemId,
    ...mac,
    category: 'NetworkSecurityGroupFlowEvent',
    resourceId,
    operationName: 'NetworkSecurityGroupFlowEvents',
    properties: {
      Version: header.format === 'nsg1' ? 1 : 2,
      flows: runs(sayable, (tuple) => tuple.rule).map((ofRule) => ({
        rule: ofRule[0].rule,
        flows: [{ mac: header.macAddress, flowTuples: ofRule.map((tuple) => encodePlainTuple(header.format, tuple)) }],
      })),
    },
  });
}

/** Neighbours with the same key. */
function runs<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const all: T[][] = [];
  let key: string | undefined;
  for (const item of items) {
    if (keyOf(item) !== key) all.push([]);
    key = keyOf(item);
    all[all.length - 1].push(item);
  }
  return all;
}

function encodePlainTuple(
  format: FlowLogFormat,
  tuple: Omit<PlainTuple, 'rule' | 'aclId' | 'mac'>,
): string | undefined {
  const ends = [tuple.source, tuple.destination, tuple.sourcePort, tuple.destinationPort];
  const direction = tuple.direction === directionInbound ? 'I' : 'O';
  const deny = tuple.access === accessDeny || tuple.state === stateDenied;
  const counted = tuple.state === stateContinuing || tuple.state === stateEnd;
  const letter = tuple.state === stateContinuing ? 'C' : tuple.state === stateEnd ? 'E' : 'B';
  if (format === 'vnet') {
    const time = String(Math.floor(tuple.timeMillis)).padStart(13, '0');
    const missing = deny || !counted ? '0' : '';
    const counters = tuple.counters.map((value) => (Number.isNaN(value) ? missing : String(value)));
    const encryption = encryptionNames[tuple.encryption] || 'NX';
    return [time, ...ends, tuple.protocol, direction, deny ? 'D' : letter, encryption, ...counters].join(',');
  }
  if (tuple.protocol !== 6 && tuple.protocol !== 17) return undefined;
  const head = [Math.floor(tuple.timeMillis / 1000), ...ends, tuple.protocol === 6 ? 'T' : 'U', direction];
  const decision = deny ? 'D' : 'A';
  if (format === 'nsg1') return counted ? undefined : [...head, decision].join(',');
  const counters = tuple.counters.map((value) => (Number.isNaN(value) || !counted ? '' : String(value)));
  return [...head, decision, letter, ...counters].join(',');
}
