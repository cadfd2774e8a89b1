/**
 * Made-up conversations with their rows of `tuples` and `flows`, from small worlds so that things meet. The tuples of each flow are given, and
 * so is which flows are one conversation: how tuples become flows is no matter of questions.
 */
import fc from 'fast-check';
import { signedHalf } from '../../../src/lake/tuples/schema.ts';
import { parseAddress } from '../../../src/net/address.ts';
import { counterColumns, tableColumns } from '../../../src/query/relation/tables.ts';
import type { Row, Value } from '../../../src/query/relation/value.ts';

export const dayMillis = 86_400_000;
export const firstDate = Date.parse('2023-11-14T00:00:00Z');
const secondDate = firstDate + dayMillis;

const ipv4 = ['10.0.0.1', '10.0.0.2', '10.255.0.1', '192.168.1.7', '203.0.113.9'];
const ipv6 = [
  '2001:db8::1',
  '2001:db8::',
  '2001:db8:0:0:8000::',
  'fe80::1',
  '::ffff:a00:1',
  'ffff:ffff:ffff:ffff:8000::',
];
const rules = [
  'UserRule_AllowHttp',
  'DefaultRule_DenyAllInBound',
  'UserRule_allowssh',
  'Block%_high',
  'AllowHttp',
  "'; drop table x; --",
  'naïve_規則😀',
];
const nsgs = ['WEB-NSG', 'db-nsg'];

export type Counters = Readonly<Record<(typeof counterColumns)[number], bigint | null>>;

/** One tuple, and the place where it was logged. */
export interface MadeTuple {
  readonly timeMillis: number;
  readonly state: string | null;
  readonly counters: Counters;
}

/** What one observer saw, in order of time. */
export interface MadeFlow {
  readonly texts: Readonly<Record<string, string | null>>;
  readonly access: string;
  readonly offset: number;
  readonly recordMillis: number;
  readonly tuples: readonly MadeTuple[];
}

export interface MadeConversation {
  readonly src: string;
  readonly srcPort: number;
  readonly dst: string;
  readonly dstPort: number;
  readonly protocol: string;
  readonly continued: boolean;
  readonly flows: readonly MadeFlow[];
}

const counter = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 3000n }), fc.constant(2n ** 40n));
const uncounted: Counters = { packets_forward: null, bytes_forward: null, packets_reverse: null, bytes_reverse: null };
const counters: fc.Arbitrary<Counters> = fc.oneof(
  {
    arbitrary: fc.record({
      packets_forward: counter,
      bytes_forward: counter,
      packets_reverse: counter,
      bytes_reverse: counter,
    }),
    weight: 3,
  },
  fc.constant(uncounted),
  fc.record({
    packets_forward: fc.option(counter),
    bytes_forward: fc.option(counter),
    packets_reverse: fc.constant(null),
    bytes_reverse: fc.option(counter),
  }),
);

/** Minutes around midnight, and whole milliseconds at which ranges and buckets end. */
const step = fc.oneof(
  fc.nat(240_000),
  fc.nat(700_000),
  fc.nat(24).map((n) => n * 10_000),
  fc.constant(0),
);

const flow = (state: readonly (string | null)[]): fc.Arbitrary<Omit<MadeFlow, 'recordMillis' | 'offset'>> =>
  fc
    .record({
      gaps: fc.array(fc.tuple(step, counters, fc.constantFrom(...state)), { minLength: 1, maxLength: 4 }),
      startMillis: step,
      access: fc.constantFrom('allow', 'allow', 'deny'),
      direction: fc.constantFrom('inbound', 'outbound'),
      rule: fc.constantFrom(...rules),
      nsg: fc.option(fc.constantFrom(...nsgs)),
      mac: fc.option(fc.constantFrom('000D3A000001', '000D3A000002'), { freq: 4 }),
      encryption: fc.option(fc.constantFrom('X', 'NX')),
      format: fc.constantFrom('nsg1', 'nsg2', 'vnet'),
      resource_id: fc.constantFrom('/resource/a', '/resource/b'),
      target_id: fc.option(fc.constantFrom('/target/a')),
      acl_id: fc.option(fc.constantFrom('/acl/a', 'unspecified')),
    })
    .map(({ gaps, startMillis, access, ...texts }) => {
      let timeMillis = startMillis;
      return {
        access,
        texts,
        tuples: gaps.map(([gap, of, one], i) => {
          timeMillis += i === 0 ? 0 : gap;
          return { timeMillis, counters: of, state: one };
        }),
      };
    });

const conversation: fc.Arbitrary<MadeConversation> = fc
  .record({
    ends: fc.oneof(
      { arbitrary: fc.constant(['10.0.0.1', '10.0.0.2'] as const), weight: 3 },
      fc.tuple(fc.constantFrom(...ipv4), fc.constantFrom(...ipv4)),
      fc.tuple(fc.constantFrom(...ipv6), fc.constantFrom(...ipv6)),
    ),
    srcPort: fc.constantFrom(1024, 1025, 443),
    dstPort: fc.oneof(fc.constant(443), fc.constantFrom(22, 53, 443, 65_535)),
    protocol: fc.constantFrom('tcp', 'tcp', 'udp'),
    date: fc.constantFrom(firstDate + dayMillis - 600_000, secondDate, secondDate + 300_000),
    continued: fc.boolean(),
    flows: fc.array(flow(['begin', 'continuing', 'end', 'denied', null]), { minLength: 1, maxLength: 3 }),
  })
  .map(({ ends: [src, dst], date, flows, ...rest }) => ({
    ...rest,
    src,
    dst,
    // A flow has one date.
    flows: flows.map((one, i) => ({
      ...one,
      offset: i,
      recordMillis: 0,
      tuples: one.tuples.map((tuple) => ({
        ...tuple,
        timeMillis: Math.min(date + tuple.timeMillis, Math.floor(date / dayMillis) * dayMillis + dayMillis - 1),
      })),
    })),
  }));

/** Conversations, each flow with a place of its own in a blob. */
export const conversations: fc.Arbitrary<readonly MadeConversation[]> = fc
  .array(conversation, { minLength: 1, maxLength: 12, size: 'max' })
  .map((all) =>
    all.map((one, i) => ({
      ...one,
      flows: one.flows.map((flow, j) => ({
        ...flow,
        offset: 1000 * i + 100 * j,
        recordMillis: flow.tuples.at(-1)!.timeMillis + 60_000,
      })),
    })),
  );

export interface MadeTables {
  readonly tuples: readonly Row[];
  readonly flows: readonly Row[];
}

export function tablesOf(all: readonly MadeConversation[]): MadeTables {
  return {
    tuples: all.flatMap((one) => one.flows.flatMap((flow) => tupleRows(one, flow))),
    flows: all.flatMap((one, i) => flowRows(one, BigInt(i + 1))),
  };
}

const micros = (millis: number): bigint => BigInt(millis) * 1000n;

function placed({ src, srcPort, dst, dstPort, protocol }: MadeConversation): Row {
  return {
    src_ip: src,
    src_port: BigInt(srcPort),
    dst_ip: dst,
    dst_port: BigInt(dstPort),
    protocol,
    ...halves('src', src),
    ...halves('dst', dst),
  };
}

function halves(side: string, text: string): Row {
  const { family, words } = parseAddress(text)!;
  const value = (i: number): Value => (family === 4 ? null : signedHalf(words[i], words[i + 1]));
  return { [`${side}_ipv6_high`]: value(0), [`${side}_ipv6_low`]: value(2) };
}

function tupleRows(of: MadeConversation, { texts, access, offset, recordMillis, tuples }: MadeFlow): Row[] {
  return tuples.map((tuple, i) =>
    ordered('tuples', {
      ...placed(of),
      ...texts,
      ...tuple.counters,
      time: micros(tuple.timeMillis),
      state: tuple.state,
      access,
      record_time: micros(recordMillis),
      blob: 'blob',
      record_offset: BigInt(offset),
      tuple_index: BigInt(i),
    }),
  );
}

/** Null where nothing was counted. */
export function sumOf(values: readonly (bigint | null)[]): bigint | null {
  const some = values.filter((value) => value !== null);
  return some.length === 0 ? null : some.reduce((sum, value) => sum + value, 0n);
}

export function sumsOf(all: readonly Counters[]): Counters {
  return Object.fromEntries(counterColumns.map((name) => [name, sumOf(all.map((one) => one[name]))])) as Counters;
}

export function isCounted(of: Counters): boolean {
  return counterColumns.some((name) => of[name] !== null);
}

/** Order of flows by what each is, null last. */
function byKeys(keys: (flow: MadeFlow) => readonly (string | number | null)[]) {
  return (a: MadeFlow, b: MadeFlow): number => {
    const [left, right] = [keys(a), keys(b)];
    for (const [i, one] of left.entries()) {
      const other = right[i];
      if (one === other) continue;
      if (one === null || other === null) return one === null ? 1 : -1;
      return one < other ? -1 : 1;
    }
    return 0;
  };
}

const countingKeys = ({ texts, tuples }: MadeFlow): (string | number | null)[] => [
  tuples.some((tuple) => isCounted(tuple.counters)) ? 0 : 1,
  texts['direction'] === 'outbound' ? 0 : 1,
  tuples[0].timeMillis,
  texts['resource_id'],
  texts['mac'],
  texts['format'],
];

/** The observers of a conversation in the order in which they are shown. */
export function shownOrder({ flows }: MadeConversation): MadeFlow[] {
  return [...flows].sort(byKeys((flow) => [flow.access === 'deny' ? 0 : 1, ...countingKeys(flow)]));
}

/** The observer whose counters the conversation has. */
export function countingFlow({ flows }: MadeConversation): MadeFlow {
  return [...flows].sort(byKeys(countingKeys))[0];
}

/** The counted tuples of a flow, each with the time of the tuple before it; null where that is on an earlier date. */
export function reportsOf(
  { tuples }: MadeFlow,
  continued: boolean,
): { beforeMillis: number | null; tuple: MadeTuple }[] {
  return tuples.flatMap((tuple, i) => {
    const beforeMillis = i > 0 ? tuples[i - 1].timeMillis : continued ? null : tuple.timeMillis;
    return isCounted(tuple.counters) ? [{ beforeMillis, tuple }] : [];
  });
}

function flowRows(of: MadeConversation, id: bigint): Row[] {
  const shown = shownOrder(of);
  const counting = countingFlow(of);
  const times = of.flows.flatMap(({ tuples }) => tuples.map(({ timeMillis }) => timeMillis));
  const isSeveral = shown.length > 1;
  /** Earlier builds wrote all own values of several observers. */
  const isEarlier = id % 3n === 0n;
  const ownOrNull = (value: Value, shared: Value): Value =>
    isSeveral && (isEarlier || value !== shared) ? value : null;
  const listOf = (flow: MadeFlow): Row[] =>
    reportsOf(flow, of.continued).map(({ beforeMillis, tuple }) => ({
      before: beforeMillis === null ? null : micros(beforeMillis),
      time: micros(tuple.timeMillis),
      ...tuple.counters,
    }));
  return shown.map((flow, i) => {
    const { tuples } = flow;
    const [first, last] = [micros(tuples[0].timeMillis), micros(tuples.at(-1)!.timeMillis)];
    const reports = listOf(flow);
    const isWhole = reports.length === 1 && reports[0]['before'] === first && reports[0]['time'] === last;
    const own = sumsOf(tuples.map((tuple) => tuple.counters));
    const shared = {
      ...sumsOf(counting.tuples.map((tuple) => tuple.counters)),
      time: micros(Math.min(...times)),
      last_time: micros(Math.max(...times)),
      access: of.flows.some((one) => one.access === 'deny') ? 'deny' : 'allow',
      tuples: BigInt(times.length),
    };
    const isCountSame = counterColumns.every((name) => own[name] === shared[name]) && flow.access === shared.access;
    const hasCounters = isSeveral && (isEarlier || !isCountSame);
    return ordered('flows', {
      ...placed(of),
      ...flow.texts,
      ...shared,
      continued: of.continued,
      observer: BigInt(i),
      observers: BigInt(shown.length),
      conversation: isSeveral ? id : null,
      state: tuples.at(-1)!.state,
      observer_time: ownOrNull(first, shared.time),
      observer_last_time: ownOrNull(last, shared.last_time),
      observer_access: hasCounters ? flow.access : null,
      observer_tuples: ownOrNull(BigInt(tuples.length), shared.tuples),
      ...Object.fromEntries(counterColumns.map((name) => [`observer_${name}`, hasCounters ? own[name] : null])),
      reports: reports.length === 0 || isWhole ? null : reports,
      counting_reports: i === 0 && counting !== flow ? listOf(counting) : null,
      record_time: micros(flow.recordMillis),
      blob: 'blob',
      record_offset: BigInt(flow.offset),
      tuple_index: 0n,
    });
  });
}

/** A row with all columns of a table, in order. */
function ordered(table: keyof typeof tableColumns, row: Row): Row {
  return Object.fromEntries(
    tableColumns[table].map(({ name }) => {
      if (row[name] === undefined) throw new Error(`the made row has no ${name}`);
      return [name, row[name]];
    }),
  );
}
