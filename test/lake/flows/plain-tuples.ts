/** Made-up tuples of few connections, so that flows of several observers meet: around midnight, minutes apart, reused ports, odd states. */
import fc from 'fast-check';
import { groupBy } from '../../../src/base/group-by.ts';
import type { PlainRecord } from '../build-flow-log.ts';
import type { PlainRow } from '../plain-rows.ts';

const midnight = Date.parse('2023-11-15T00:00:00Z');
const minute = 60_000;

const time = fc.oneof(
  fc.integer({ min: -3000, max: 3000 }).map((after) => midnight + after),
  fc.integer({ min: -4, max: 4 }).map((seconds) => midnight + 1000 * seconds),
  fc.integer({ min: -20, max: 80 }).map((minutes) => midnight + minutes * minute),
  fc.integer({ min: 30 * minute, max: 40 * minute }).map((after) => midnight + after),
  fc.integer({ min: -30 * minute, max: 120 * minute }).map((after) => midnight + after),
);
const counter = fc.option(fc.oneof(fc.constant(0), fc.nat(3000), fc.constant(2 ** 40)), { nil: null, freq: 8 });
const counters = fc.oneof(fc.constant([null, null, null, null] as const), fc.tuple(counter, counter, counter, counter));
const ends = fc.oneof(
  { arbitrary: fc.constant(['10.0.0.1', '10.0.0.2'] as const), weight: 6 },
  fc.constantFrom(
    ['10.0.0.2', '10.0.0.1'] as const,
    ['2001:db8::1', '2001:db8::'] as const,
    ['10.0.0.1', 'fe80::1'] as const,
  ),
);

const tuple: fc.Arbitrary<PlainRow> = fc
  .record({
    time,
    ends,
    srcPort: fc.constantFrom(1024, 1024, 1024, 1025),
    state: fc.constantFrom(null, 'begin', 'begin', 'continuing', 'continuing', 'end', 'denied'),
    access: fc.constantFrom('allow', 'allow', 'allow', 'deny'),
    counters,
    direction: fc.constantFrom('inbound', 'outbound'),
    mac: fc.constantFrom('000D3A000001', '000D3A000002', null),
    resource: fc.constantFrom('/R/A', '/R/B', null),
    format: fc.constantFrom('nsg2', 'nsg2', 'vnet'),
    rule: fc.constantFrom('UserRule_A', 'UserRule_B'),
    recordTime: fc.option(
      fc.nat(3).map((seconds) => midnight + 1000 * seconds),
      { nil: null },
    ),
    offset: fc.nat(3),
    blob: fc.constantFrom('c/a/PT1H.json', 'c/b/PT1H.json'),
  })
  .map(({ ends: [src, dst], counters: [a, b, c, d], ...rest }) => ({
    time: rest.time,
    src_ip: src,
    src_port: rest.srcPort,
    dst_ip: dst,
    dst_port: 443,
    protocol: 'tcp',
    direction: rest.direction,
    access: rest.state === 'denied' ? 'deny' : rest.access,
    state: rest.state,
    rule: rest.rule,
    nsg: 'NSG',
    mac: rest.mac,
    encryption: rest.format === 'vnet' ? 'X' : null,
    packets_forward: a,
    bytes_forward: b,
    packets_reverse: c,
    bytes_reverse: d,
    format: rest.state === null ? 'nsg1' : rest.format,
    resource_id: rest.resource,
    target_id: null,
    acl_id: null,
    record_time: rest.recordTime,
    blob: rest.blob,
    record_offset: 100 * rest.offset,
  }))
  .map((row) => ({ ...row, tuple_index: 0 }));

/** No two have the same place. */
export const plainTuples: fc.Arbitrary<PlainRow[]> = fc
  .array(tuple, { minLength: 1, maxLength: 40, size: 'max' })
  .map((tuples) => tuples.map((row, i) => ({ ...row, tuple_index: i })));

const alike: fc.Arbitrary<PlainRow> = fc
  .record({
    start: fc.constantFrom(0, 0, 720 * minute, 1440 * minute - 3000),
    after: fc.oneof(
      fc.nat(5),
      fc.nat(3000),
      fc.nat(30).map((minutes) => minutes * minute),
      fc.constantFrom(1999, 2000, 35 * minute - 1, 35 * minute),
    ),
    isMapped: fc.constantFrom(false, false, false, true),
    protocol: fc.constantFrom('tcp', 'tcp', 'tcp', '255'),
    state: fc.constantFrom(null, 'begin', 'continuing', 'continuing', 'continuing', 'end', 'denied'),
    access: fc.constantFrom('allow', 'allow', 'deny'),
    direction: fc.constantFrom('inbound', 'outbound'),
    mac: fc.option(
      fc.nat(18).map((number) => `0${number}`),
      { nil: null, freq: 19 },
    ),
    resource: fc.constantFrom('/R/A', '/R/a', '/R/\u{1f600}', '/R/\ufffd', null),
    format: fc.constantFrom('nsg1', 'nsg2', 'vnet'),
    recordTime: fc.option(
      fc.constantFrom(-1500, 0, 1, 999, 1000).map((after) => midnight + after),
      { nil: null },
    ),
    offset: fc.option(fc.nat(2), { nil: null }),
    tupleIndex: fc.nat(3),
    blob: fc.constantFrom('c/a', 'c/b', 'c/B', 'c/\u00e9', null),
    packets: fc.option(fc.nat(100), { nil: null }),
    bytes: fc.option(fc.constantFrom(0, 2 ** 44), { nil: null }),
  })
  .map(({ isMapped, ...rest }) => ({
    time: Math.min(midnight + rest.start + rest.after, midnight + 1440 * minute - 1),
    src_ip: '10.0.0.1',
    src_port: isMapped ? 65_535 : 0,
    dst_ip: isMapped ? '::ffff:10.0.0.2' : '10.0.0.2',
    dst_port: isMapped ? 0 : 65_535,
    protocol: rest.protocol,
    direction: rest.direction,
    access: rest.access,
    state: rest.state,
    rule: `R${rest.tupleIndex}`,
    nsg: 'NSG',
    mac: rest.mac,
    encryption: null,
    packets_forward: rest.packets,
    bytes_forward: rest.bytes,
    packets_reverse: null,
    bytes_reverse: rest.packets,
    format: rest.format,
    resource_id: rest.resource,
    target_id: null,
    acl_id: null,
    record_time: rest.recordTime,
    blob: rest.blob,
    record_offset: rest.offset,
    tuple_index: rest.tupleIndex,
  }));

/** Many tuples of one date and few connections, of hundreds of observers, which differ in the last keys of their order; no two have the same place. */
export const alikeTuples: fc.Arbitrary<PlainRow[]> = fc.uniqueArray(alike, {
  minLength: 1,
  maxLength: 250,
  size: 'max',
  selector: (row) => {
    const { time, record_time: recordTime, record_offset: offset, tuple_index: index, blob } = row;
    const second = recordTime === null ? -1 : Math.floor(Number(recordTime) / 1000);
    return [time, row['dst_ip'], row['protocol'], second, offset ?? 0, index, blob].join(' ');
  },
});

/** Records of `plainTuples`, as a blob holds them: one format and resource each. */
export const plainRecordsOfFewConnections: fc.Arbitrary<PlainRecord[]> = plainTuples.map((tuples) =>
  [...groupBy(tuples, (row) => JSON.stringify([row['format'], row['resource_id'], row['record_time']])).values()].map(
    (some, i): PlainRecord => ({
      format: some[0]['format'] as 'nsg1' | 'nsg2' | 'vnet',
      resourceId: String(some[0]['resource_id'] ?? ''),
      time: Number(some[0]['record_time'] ?? midnight),
      startByte: 1000 * i,
      tuples: some.map((row) => ({
        time: Number(row['time']),
        src: String(row['src_ip']),
        srcPort: Number(row['src_port']),
        dst: String(row['dst_ip']),
        direction: row['direction'] as 'inbound' | 'outbound',
        access: row['access'] as 'allow' | 'deny',
        state: (row['state'] ?? '') as '' | 'begin',
        rule: String(row['rule']),
        mac: String(row['mac'] ?? ''),
        ...(row['format'] === 'vnet' ? { encryption: 'X' as const, aclId: '/x/NSG' } : {}),
        ...(row['packets_forward'] === null
          ? {}
          : {
              counters: ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'].map((name) =>
                Number(row[name] ?? 0),
              ) as unknown as readonly [number, number, number, number],
            }),
      })),
    }),
  ),
);
