/**
 * The plain twin of the engine: every question answered row by row over objects, as docs/lake.md says it in words. Slow and short.
 */
import type { Address } from '../../src/net/address.ts';
import { parseAddress } from '../../src/net/address.ts';
import type { Condition, Match, Query, Test } from '../../src/query/tree.ts';
import type { PlainRow } from '../lake/plain-rows.ts';

const counters = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'] as const;

/** True, false, or undefined for unknown. */
export function holds(condition: Condition, row: PlainRow): boolean | undefined {
  switch (condition.kind) {
    case 'not': {
      const value = holds(condition.item, row);
      return value === undefined ? undefined : !value;
    }
    case 'and':
    case 'or': {
      const decides = condition.kind === 'or';
      const values = condition.items.map((item) => holds(item, row));
      if (values.includes(decides)) return decides;
      return values.includes(undefined) ? undefined : !decides;
    }
    case 'fields': {
      const left = valueOf(condition.left, row);
      const right = valueOf(condition.right, row);
      if (left === null || right === null) return isCounter(condition.left) ? undefined : false;
      return compare(left, condition.operator, right);
    }
    default:
      return testHolds(condition, row);
  }
}

function testHolds({ field, any }: Test, row: PlainRow): boolean | undefined {
  const names = field === 'ip' ? ['src.ip', 'dst.ip'] : field === 'port' ? ['src.port', 'dst.port'] : [field];
  const values = names.flatMap((name) => any.map((match) => matches(name, match, valueOf(name, row))));
  return values.includes(true) ? true : values.includes(undefined) ? undefined : false;
}

function matches(field: string, match: Match, value: string | number | null): boolean | undefined {
  if (match.kind === 'absent') return value === null;
  if (value === null) return isCounter(field) ? undefined : false;
  const texts =
    field === 'rule' ? [String(value), String(value).replace(/^(UserRule|DefaultRule)_/i, '')] : [String(value)];
  switch (match.kind) {
    case 'addresses':
      return within(parseAddress(String(value))!, match.first, match.last);
    case 'numbers':
      return Number(value) >= match.from && Number(value) <= match.to;
    case 'order':
      return compare(value, match.operator, match.value);
    case 'text':
      return texts.some((text) => text.toLowerCase() === match.value.toLowerCase());
    case 'glob': {
      const source = match.pattern
        .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
        .replaceAll('*', '.*')
        .replaceAll('?', '.');
      return texts.some((text) => new RegExp(`^${source}$`, 'is').test(text));
    }
    default:
      return new RegExp(match.pattern).test(String(value));
  }
}

function within(address: Address, first: Address, last: Address): boolean {
  const number = ({ words }: Address): bigint => words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return address.family === first.family && number(address) >= number(first) && number(address) <= number(last);
}

function compare(left: string | number, operator: string, right: string | number): boolean {
  if (operator === '=') return left === right;
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}

function isCounter(field: string): boolean {
  return /^(bytes|packets)/.test(field);
}

const columnOfField: Readonly<Record<string, string>> = { resource: 'resource_id', target: 'target_id', acl: 'acl_id' };

function valueOf(field: string, row: PlainRow): string | number | null {
  if (field === 'bytes' || field === 'packets') return sum([row[`${field}_forward`], row[`${field}_reverse`]]);
  return row[columnOfField[field] ?? field.replace('.', '_')];
}

/** Null where nothing was counted. */
function sum(values: readonly (string | number | null)[]): number | null {
  const counted = values.filter((value) => value !== null);
  return counted.length === 0 ? null : counted.reduce<number>((total, value) => total + Number(value), 0);
}

const fiveTuple = ['src_ip', 'src_port', 'dst_ip', 'dst_port', 'protocol'];
const observer = ['resource_id', 'mac', 'direction', 'format'];
const slackMillis = 2000;

function grouped<T extends PlainRow>(rows: readonly T[], names: readonly string[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const key = JSON.stringify(names.map((name) => row[name]));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

/** Orders rows by columns, each ascending (with `-` before it, descending), null last. */
function ordered<T extends PlainRow>(rows: readonly T[], names: readonly string[]): T[] {
  return [...rows].sort((a, b) => {
    for (const name of names) {
      const key = name.replace(/^-/, '');
      const [left, right] = [a[key], b[key]];
      if (left === right) continue;
      if (left === null || right === null) return left === null ? 1 : -1;
      return left < right === name.startsWith('-') ? 1 : -1;
    }
    return 0;
  });
}

const timeOrder = ['time', 'record_second', 'record_offset', 'tuple_index'];

/** One row a flow that one observer saw. */
function observed(rows: readonly PlainRow[]): PlainRow[] {
  return grouped(rows, [...fiveTuple, ...observer, 'access']).flatMap((same) => {
    const flows: PlainRow[][] = [];
    for (const row of ordered(same, timeOrder))
      if (flows.length === 0 || row['state'] === null || row['state'] === 'begin' || row['state'] === 'denied')
        flows.push([row]);
      else flows.at(-1)!.push(row);
    return flows.map((tuples, number) => ({
      ...tuples[0],
      state: tuples.at(-1)!['state'],
      ...Object.fromEntries(counters.map((name) => [name, sum(tuples.map((row) => row[name]))])),
      last_time: tuples.at(-1)!['time'],
      record_time: Math.min(...tuples.map((row) => Number(row['record_time']))),
      tuples: tuples.length,
      flow_number: number,
    }));
  });
}

/** Groups of observed flows that are one conversation. */
function matched(flows: readonly PlainRow[]): PlainRow[][] {
  return grouped(flows, fiveTuple).flatMap((same) => {
    const islands: PlainRow[][] = [];
    let end = -Infinity;
    for (const flow of ordered(same, ['time', 'last_time', ...observer, 'access', 'flow_number'])) {
      if (Number(flow['time']) > end + slackMillis) islands.push([]);
      islands.at(-1)!.push(flow);
      end = Math.max(end, Number(flow['last_time']));
    }
    return islands.flatMap((island) => {
      const perObserver = grouped(island, observer).map((some) =>
        ordered(some, ['time', 'last_time', 'access', 'flow_number']),
      );
      const most = Math.max(...perObserver.map((some) => some.length));
      return Array.from({ length: most }, (_, nth) => perObserver.flatMap((some) => some.slice(nth, nth + 1)));
    });
  });
}

function conversationOf(observations: readonly PlainRow[]): PlainRow {
  const ranked = observations.map((flow): PlainRow => ({
    ...flow,
    uncounted: counters.every((name) => flow[name] === null) ? 1 : 0,
    inbound: flow['direction'] === 'outbound' ? 0 : 1,
  }));
  const tail = ['uncounted', 'inbound', 'time', 'resource_id', 'mac'];
  const [shown] = ordered(ranked, ['-access', ...tail]);
  const [counted] = ordered(ranked, tail);
  return {
    ...shown,
    ...Object.fromEntries(counters.map((name) => [name, counted[name]])),
    time: Math.min(...observations.map((flow) => Number(flow['time']))),
    last_time: Math.max(...observations.map((flow) => Number(flow['last_time']))),
    tuples: sum(observations.map((flow) => flow['tuples'])),
    observations: observations.length,
  };
}

export const flowsNames = [
  'time',
  ...fiveTuple,
  'direction',
  'access',
  'state',
  'rule',
  'nsg',
  'mac',
  'encryption',
  ...counters,
];

/** The answer's rows, in order; times as epoch milliseconds. Ties that the engine leaves open are for the caller. */
export function plainAnswer(query: Query, all: readonly PlainRow[]): (string | number | null)[][] {
  const { start = -Infinity, end = Infinity } = query.range ?? {};
  const rows = all
    .filter((row) => Number(row['time']) >= start && Number(row['time']) < end)
    .map((row): PlainRow => ({ ...row, record_second: Math.floor(Number(row['record_time']) / 1000) }));
  const selects = (row: PlainRow): boolean => query.where === undefined || holds(query.where, row) === true;
  const tuples = ordered(rows.filter(selects), timeOrder);
  const flows = observed(rows).filter(selects);
  const cells = (row: PlainRow, names: readonly string[]): (string | number | null)[] => names.map((name) => row[name]);
  if (query.ask === 'count')
    return [[tuples.length, query.observations === true ? flows.length : matched(flows).length]];
  if (query.ask === 'tuples') return tuples.slice(0, query.limit).map((row) => cells(row, flowsNames));
  const conversations = ordered(matched(flows).map(conversationOf), ['time', ...fiveTuple]);
  if (query.ask === 'conversations')
    return conversations
      .slice(0, query.limit)
      .map((row) => cells(row, [...flowsNames, 'last_time', 'tuples', 'observations']));
  const names = query.by.map((name) => name.replace('.', '_'));
  const groups = grouped(query.observations === true ? tuples : conversations, names).map((some): PlainRow => ({
    ...some[0],
    flows: some.length,
    packets: sum(some.map((row) => sum([row['packets_forward'], row['packets_reverse']]))),
    bytes: sum(some.map((row) => sum([row['bytes_forward'], row['bytes_reverse']]))),
  }));
  return ordered(groups, [`-${query.metric}`, ...names])
    .slice(0, query.limit)
    .map((row) => cells(row, [...names, 'flows', 'packets', 'bytes']));
}
