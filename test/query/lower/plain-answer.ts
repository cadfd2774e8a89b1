/**
 * Every question answered in plain words over made-up conversations, without a tree and without rows of `flows`: what the pages
 * docs/reference/query.md and docs/reference/filter.md say. The lowering is compared with it.
 */
import { nameColumns } from '../../../src/query/names/columns.ts';
import type { Query, QueryRange, RowOrder } from '../../../src/query/tree.ts';
import type { PlainRow } from '../../lake/plain-rows.ts';
import { applicationOf, namesAt, plainFlowType } from '../made-names.ts';
import { holds, sum } from '../plain-condition.ts';
import type { Counters, MadeConversation, MadeFlow } from './arbitrary-flows.ts';
import { countingFlow, dayMillis, firstDate, isCounted, reportsOf, shownOrder } from './arbitrary-flows.ts';
import type { PlainFlow, PlainReport, Value } from './plain-groups.ts';
import { plainGroups } from './plain-groups.ts';

const counters = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'] as const;

export const shownNames = (
  'time src_ip src_port dst_ip dst_port protocol direction access state rule nsg mac encryption ' + counters.join(' ')
).split(' ');

/** The rows of the answer, in order; times are epoch milliseconds. */
export function plainAnswer(query: Query, all: readonly MadeConversation[]): Value[][] {
  const range = query.range ?? {};
  const { start, end } = range;
  const selects = ({ row }: PlainFlow): boolean => query.where === undefined || holds(query.where, row) === true;
  const tuplesOf = (within: QueryRange): PlainFlow[] =>
    all
      .flatMap((one) => tupleFlows(one, all))
      .filter((one) => isWithin(within, Number(one.row['time'])) && selects(one));
  const conversationsOf = (within: QueryRange): PlainFlow[] =>
    all.flatMap((one) => conversationOf(one, within, selects));
  if (query.ask === 'groups') {
    const rowsOf = query.observations === true ? tuplesOf : conversationsOf;
    const shift = query.compareMillis;
    if (shift === undefined) return plainGroups(query, [rowsOf(range)]);
    const before = {
      ...(start === undefined ? {} : { start: start - shift }),
      ...(end === undefined ? {} : { end: end - shift }),
    };
    return plainGroups(query, [rowsOf(range), rowsOf(before)]);
  }
  if (query.ask === 'count') {
    const flows =
      query.observations === true
        ? all.flatMap((one) => one.flows.map((flow) => ownFlow(one, flow, range)))
        : conversationsOf(range);
    const some = query.observations === true ? flows.filter((one) => overlaps(one, range) && selects(one)) : flows;
    return [[tuplesOf(range).length, some.reduce((total, { weight }) => total + weight, 0)]];
  }
  if (query.ask === 'tuples') {
    const rows = ordered(tuplesOf(range), ['time', 'record_second', 'record_offset', 'tuple_index']);
    return taken(rows, query).map(({ row }) => [...shownNames, ...(query.names ?? [])].map((name) => row[name]));
  }
  const order = 'time src_ip src_port dst_ip dst_port protocol last_time record_offset'.split(' ');
  const names = [...shownNames, 'last_time', 'continued', 'tuples', ...(query.names ?? []), 'observers'];
  return taken(ordered(conversationsOf(range), order), query).map(({ row, continued }) =>
    names.map((name) => (name === 'continued' ? continued === true : row[name])),
  );
}

function taken<T>(rows: readonly T[], { limit = rows.length, newest, descending }: RowOrder): readonly T[] {
  const some = newest === true ? rows.slice(Math.max(0, rows.length - limit)) : rows.slice(0, limit);
  return descending === true ? some.toReversed() : some;
}

function isWithin({ start = -Infinity, end = Infinity }: QueryRange, millis: number): boolean {
  return millis >= start && millis < end;
}

function overlaps({ row }: PlainFlow, { start = -Infinity, end = Infinity }: QueryRange): boolean {
  return Number(row['time']) < end && Number(row['last_time']) >= start;
}

/** A conversation counts on the date on which it began; one that continues also on the first date that is asked for. */
function weightOf(continued: boolean, timeMillis: number, { start = -Infinity }: QueryRange): number {
  const first = Math.max(firstDate, Math.floor(start / dayMillis) * dayMillis);
  return continued && timeMillis >= first + dayMillis ? 0 : 1;
}

function fixed(one: MadeConversation, flow: MadeFlow): PlainRow {
  const { src, srcPort, dst, dstPort, protocol, flows } = one;
  const first = Math.min(...flows.flatMap(({ tuples }) => tuples.map(({ timeMillis }) => timeMillis)));
  const ends = { src_ip: src, dst_ip: dst, dst_port: dstPort, protocol };
  return {
    ...named(ends, first),
    src_ip: src,
    src_port: srcPort,
    dst_ip: dst,
    dst_port: dstPort,
    protocol,
    ...flow.texts,
    record_time: flow.recordMillis,
    record_second: Math.floor(flow.recordMillis / 1000),
    record_offset: flow.offset,
    blob: 'blob',
  };
}

/** What names say of both sides and of the port, at a time. */
function named(row: PlainRow, millis: number): PlainRow {
  const of = { src: namesAt(String(row['src_ip']), millis), dst: namesAt(String(row['dst_ip']), millis) };
  return Object.fromEntries(
    nameColumns.map(({ name, from }) => {
      if (from.kind === 'address') return [name, of[from.side][from.attribute] ?? null];
      return [name, from.kind === 'application' ? applicationOf(row) : plainFlowType(of.src, of.dst)];
    }),
  );
}

function plainReports(flow: MadeFlow, continued: boolean, range: QueryRange): PlainReport[] {
  return reportsOf(flow, continued).flatMap(({ beforeMillis, tuple }) =>
    isWithin(range, tuple.timeMillis)
      ? [{ beforeMillis, timeMillis: tuple.timeMillis, counters: numbers(tuple.counters) }]
      : [],
  );
}

function numbers(of: Counters): Record<string, number | null> {
  return Object.fromEntries(counters.map((name) => [name, of[name] === null ? null : Number(of[name])]));
}

function sums(reports: readonly PlainReport[]): PlainRow {
  return Object.fromEntries(counters.map((name) => [name, sum(reports.map((report) => report.counters[name]))]));
}

/** The conversation, if the filter holds of one of its observers: the first of them is shown. */
function conversationOf(one: MadeConversation, range: QueryRange, selects: (flow: PlainFlow) => boolean): PlainFlow[] {
  const times = one.flows.flatMap(({ tuples }) => tuples.map(({ timeMillis }) => timeMillis));
  const reports = plainReports(countingFlow(one), one.continued, range);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const found = shownOrder(one)
    .map((flow): PlainFlow => ({
      row: {
        ...fixed(one, flow),
        ...sums(reports),
        time: first,
        last_time: last,
        access: one.flows.some(({ access }) => access === 'deny') ? 'deny' : 'allow',
        state: flow.tuples.at(-1)!.state,
        tuples: times.length,
        observers: one.flows.length,
      },
      weight: weightOf(one.continued, first, range),
      continued: one.continued,
      reports,
    }))
    .find((flow) => overlaps(flow, range) && selects(flow));
  return found === undefined ? [] : [found];
}

/** What one observer saw, on its own. */
function ownFlow(one: MadeConversation, flow: MadeFlow, range: QueryRange): PlainFlow {
  const reports = plainReports(flow, one.continued, range);
  const [first, last] = [flow.tuples[0].timeMillis, flow.tuples.at(-1)!.timeMillis];
  return {
    row: {
      ...fixed(one, flow),
      ...sums(reports),
      time: first,
      last_time: last,
      access: flow.access,
      state: flow.tuples.at(-1)!.state,
    },
    weight: weightOf(one.continued, first, range),
    reports,
  };
}

/** The tuples of a conversation, each with the time of the tuple that the same observer logged before, if that is near. */
function tupleFlows(one: MadeConversation, all: readonly MadeConversation[]): PlainFlow[] {
  return one.flows.flatMap((flow) =>
    flow.tuples.map((tuple, i): PlainFlow => {
      const own = placeOf(flow, i);
      const before = all
        .flatMap((other) => other.flows.filter((same) => keyOf(other, same) === keyOf(one, flow)))
        .flatMap((same) => same.tuples.map((_, j) => placeOf(same, j)))
        .filter((place) => comparePlaces(place, own) < 0)
        .sort(comparePlaces)
        .at(-1);
      const { timeMillis } = tuple;
      const isNear =
        before !== undefined &&
        before[0] >= Math.floor(timeMillis / dayMillis) * dayMillis &&
        before[0] >= timeMillis - 35 * 60_000;
      const opens = tuple.state === null || tuple.state === 'begin' || tuple.state === 'denied';
      const row = {
        ...fixed(one, flow),
        ...numbers(tuple.counters),
        ...named(fixed(one, flow), timeMillis),
        time: timeMillis,
        last_time: timeMillis,
        access: flow.access,
        state: tuple.state,
        tuples: 1,
        tuple_index: i,
      };
      const report = {
        beforeMillis: opens ? timeMillis : isNear ? before[0] : null,
        timeMillis,
        counters: numbers(tuple.counters),
      };
      return { row, weight: 1, reports: isCounted(tuple.counters) ? [report] : [] };
    }),
  );
}

/** Time, second of the record, and place in the blob. */
function placeOf({ tuples, recordMillis, offset }: MadeFlow, i: number): number[] {
  return [tuples[i].timeMillis, Math.floor(recordMillis / 1000), offset, i];
}

function comparePlaces(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((value, at) => value !== b[at]);
  return i < 0 ? 0 : a[i] - b[i];
}

function keyOf({ src, srcPort, dst, dstPort, protocol }: MadeConversation, { access, texts }: MadeFlow): string {
  const observer = ['resource_id', 'mac', 'direction', 'format'].map((name) => texts[name]);
  return JSON.stringify([src, srcPort, dst, dstPort, protocol, access, ...observer]);
}

function ordered(rows: readonly PlainFlow[], names: readonly string[]): PlainFlow[] {
  return [...rows].sort((a, b) => {
    for (const name of names) {
      const [left, right] = [a.row[name], b.row[name]];
      if (left === right) continue;
      if (left === null || right === null) return left === null ? 1 : -1;
      return left < right ? -1 : 1;
    }
    return 0;
  });
}
