/** Made-up logs, conditions and questions, from small worlds so that things meet. */
import fc from 'fast-check';
import { parseAddress } from '../../src/net/address.ts';
import { parsePrefix, prefixRange } from '../../src/net/prefix.ts';
import { fields, findField } from '../../src/query/filter/fields.ts';
import { nameColumns } from '../../src/query/names/columns.ts';
import { measureColumn } from '../../src/query/measure.ts';
import type { Axis, Condition, CounterName, Match, Measure, Query } from '../../src/query/tree.ts';
import type { PlainRecord, PlainTuple } from '../lake/build-flow-log.ts';
import { plainResource } from '../lake/build-flow-log.ts';

const startMillis = Date.parse('2023-11-14T23:59:00Z');
const spanMillis = 120_000;

const ipv4 = ['10.0.0.1', '10.0.0.2', '10.255.0.1', '192.168.1.7', '203.0.113.9'];
const ipv6 = [
  '2001:db8::1',
  '2001:db8::',
  '2001:db8:0:0:8000::',
  '2001:db8:0:1::',
  'fe80::1',
  '::ffff:10.0.0.1',
  'ffff:ffff:ffff:ffff:8000::',
];
const ports = [22, 53, 443, 1024, 65_535];
const rules = ['UserRule_AllowHttp', 'DefaultRule_DenyAllInBound', 'UserRule_allowssh', 'Block%_high', 'AllowHttp'];
const macs = ['000D3A000001', '000D3A000002'];
const acls = [
  '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/web-nsg',
  '',
  'unspecified',
];
const resources = [plainResource, plainResource.replace('WEB', 'DB'), ''];

const counter = fc.oneof(fc.constant(0), fc.nat(3000), fc.constant(2 ** 40));
const time = fc.oneof(
  fc.nat(spanMillis).map((after) => startMillis + after),
  fc.nat(spanMillis / 1000).map((after) => startMillis + 1000 * after),
);

const tuple: fc.Arbitrary<PlainTuple> = fc
  .record({
    time,
    ends: fc.oneof(
      { arbitrary: fc.constant(['10.0.0.1', '10.0.0.2'] as const), weight: 4 },
      fc.tuple(fc.constantFrom(...ipv4), fc.constantFrom(...ipv4)),
      fc.tuple(fc.constantFrom(...ipv6), fc.constantFrom(...ipv6)),
    ),
    srcPort: fc.constantFrom(1024, 1024, 1025),
    dstPort: fc.oneof({ arbitrary: fc.constant(443), weight: 4 }, fc.constantFrom(...ports)),
    protocol: fc.constantFrom('tcp' as const, 'tcp' as const, 'udp' as const),
    direction: fc.constantFrom('inbound' as const, 'outbound' as const),
    state: fc.constantFrom('' as const, 'begin' as const, 'continuing' as const, 'end' as const, 'denied' as const),
    counters: fc.option(fc.oneof(fc.constant([0, 0, 0, 0] as const), fc.tuple(counter, counter, counter, counter)), {
      nil: undefined,
    }),
    rule: fc.constantFrom(...rules),
    mac: fc.constantFrom(...macs),
    aclId: fc.constantFrom(...acls),
    encryption: fc.constantFrom('X' as const, 'NX' as const, 'NX_FALLBACK' as const),
  })
  .map(({ ends: [src, dst], counters, ...rest }) => ({
    ...rest,
    src,
    dst,
    access: rest.state === 'denied' ? ('deny' as const) : ('allow' as const),
    ...(counters === undefined ? {} : { counters }),
  }));

/** Records whose tuples often share a five-tuple, seen by several NICs and logs. */
export const plainRecords: fc.Arbitrary<PlainRecord[]> = fc
  .array(
    fc.record({
      format: fc.constantFrom('nsg1' as const, 'nsg2' as const, 'vnet' as const),
      resourceId: fc.constantFrom(...resources),
      tuples: fc.array(tuple, { minLength: 1, maxLength: 12, size: 'max' }),
    }),
    { minLength: 1, maxLength: 20, size: 'max' },
  )
  .map((records) =>
    records.map((record, i) => ({
      ...record,
      startByte: 1000 * i,
      tuples: record.tuples.map(({ encryption, aclId, ...rest }) =>
        record.format === 'vnet' ? { ...rest, encryption: encryption!, aclId: aclId! } : rest,
      ),
    })),
  );

const order = fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const);
const operator = fc.oneof(fc.constant('=' as const), order);
const blocks = [
  '10.0.0.0/8',
  '10.0.0.1',
  '0.0.0.0/0',
  '192.168.0.0/23',
  '2001:db8::/32',
  '::/0',
  '::/1',
  '8000::/1',
  'fe80::/10',
  'ffff:ffff:ffff:ffff:8000::/65',
  '::ffff:0:0/96',
];

const addressMatch: fc.Arbitrary<Match> = fc.oneof(
  fc.constantFrom(...blocks).map((text): Match => ({ kind: 'addresses', ...prefixRange(parsePrefix(text)!) })),
  fc.tuple(fc.constantFrom(...ipv6), fc.constantFrom(...ipv6)).map(([a, b]): Match => {
    const [first, last] = [parseAddress(a)!, parseAddress(b)!].sort((x, y) => {
      const i = x.words.findIndex((word, at) => word !== y.words[at]);
      return i < 0 ? 0 : x.words[i] - y.words[i];
    });
    return { kind: 'addresses', first, last };
  }),
);

const numberMatch = (values: fc.Arbitrary<number>): fc.Arbitrary<Match> =>
  fc.tuple(values, values).map(([a, b]) => ({ kind: 'numbers', from: Math.min(a, b), to: Math.max(a, b) }));

const glob = fc.constantFrom('*', 'Allow*', '*http', '??0D*', '10.*', '*%*', '*_*', 'user*', 'web-nsg', '*nsg');
const regex = fc.constantFrom('^10[.]', 'Allow', 'H(t|x)tp$', '[0-9a-f]+::', '^$', 'nsg$');
const absent: fc.Arbitrary<Match> = fc.constant({ kind: 'absent' });

function listOf(match: fc.Arbitrary<Match>): fc.Arbitrary<readonly Match[]> {
  return fc.array(match, { minLength: 1, maxLength: 3 });
}

function texts(...values: readonly string[]): fc.Arbitrary<Match> {
  return fc.constantFrom(...values).map((value): Match => ({ kind: 'text', value }));
}

/** What can be asked of a field; globs and expressions stand alone, as the grammar has them. */
function matchesOf(name: string): fc.Arbitrary<readonly Match[]> {
  const field = findField(name)!;
  const orderOf = (
    value: fc.Arbitrary<number>,
    operators: fc.Arbitrary<'=' | '<' | '<=' | '>' | '>='>,
  ): fc.Arbitrary<readonly Match[]> =>
    fc
      .tuple(operators, value)
      .map(([sign, number]): readonly Match[] => [{ kind: 'order', operator: sign, value: number }]);
  const patterns: fc.Arbitrary<readonly Match[]> = fc.oneof(
    glob.map((pattern): readonly Match[] => [{ kind: 'glob', pattern }]),
    regex.map((pattern): readonly Match[] => [{ kind: 'regex', pattern }]),
  );
  switch (field.kind) {
    case 'time':
      return fc.oneof(orderOf(time, operator), listOf(absent));
    case 'address':
      return fc.oneof(listOf(addressMatch), listOf(addressMatch), patterns);
    case 'port':
      return fc.oneof(listOf(numberMatch(fc.constantFrom(...ports))), orderOf(fc.constantFrom(...ports), order));
    case 'counter':
      return fc.oneof(listOf(fc.oneof(numberMatch(counter), absent)), orderOf(counter, order));
    case 'protocol':
      return fc.oneof(listOf(texts('tcp', 'udp', 'icmp')), patterns);
    case 'name':
      return fc.oneof(listOf(fc.oneof(texts(...(field.values ?? [])), absent)), patterns);
    case 'mac':
      return fc.oneof(listOf(texts(...macs, '000000000000')), patterns);
    default:
      return fc.oneof(
        listOf(fc.oneof(texts(...rules, 'au', 'US', 'allowhttp', 'web-nsg', 'WEB-NSG', "'; drop table x; --"), absent)),
        patterns,
      );
  }
}

const test: fc.Arbitrary<Condition> = fc
  .constantFrom(...fields.map((field) => field.name))
  .chain((field) => matchesOf(field).map((any): Condition => ({ kind: 'test', field, any })));

const comparison: fc.Arbitrary<Condition> = fc.oneof(
  fc.constant<Condition>({ kind: 'fields', left: 'src.ip', operator: '=', right: 'dst.ip' }),
  operator.map((sign): Condition => ({ kind: 'fields', left: 'src.port', operator: sign, right: 'dst.port' })),
  operator.map((sign): Condition => ({
    kind: 'fields',
    left: 'bytes.forward',
    operator: sign,
    right: 'bytes.reverse',
  })),
  operator.map((sign): Condition => ({ kind: 'fields', left: 'packets', operator: sign, right: 'bytes' })),
  operator.map((sign): Condition => ({ kind: 'fields', left: 'time', operator: sign, right: 'record.time' })),
);

export const condition: fc.Arbitrary<Condition> = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    test,
    test,
    comparison,
    tie('condition').map((item): Condition => ({ kind: 'not', item })),
    fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map((items): Condition => ({ kind: 'and', items })),
    fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map((items): Condition => ({ kind: 'or', items })),
  ),
})).condition;

export const range = fc.record({ start: time, end: time }, { requiredKeys: [] });
const groupable = fields.filter((field) => field.groupable).map((field) => field.name);

const counterName = fc.constantFrom<CounterName>('bytes', 'packets', 'bytes.forward', 'packets.reverse');
const measure: fc.Arbitrary<Measure> = fc.oneof(
  { arbitrary: counterName.map((of): Measure => ({ kind: 'sum', of })), weight: 3 },
  fc.constantFrom<Measure>(
    { kind: 'flows' },
    { kind: 'denied' },
    { kind: 'tuples' },
    { kind: 'first' },
    { kind: 'last' },
  ),
  counterName.map((of): Measure => ({ kind: 'rate', of })),
  fc
    .constantFrom('bytes' as const, 'bytes.forward' as const)
    .map((of): Measure => ({ kind: 'rate', of, isBits: true })),
  fc.constantFrom(...groupable).map((field): Measure => ({ kind: 'distinct', field })),
  fc
    .tuple(counterName, fc.constantFrom(1, 500, 550, 950, 999, 1000))
    .map(([of, permille]): Measure => ({ kind: 'percentile', of, permille })),
);

const limit = fc.integer({ min: 1, max: 5 });
const axes: fc.Arbitrary<readonly Axis[]> = fc
  .tuple(
    fc.uniqueArray(fc.oneof(fc.constantFrom(...groupable), fc.constantFrom('ip', 'port', 'country')), { maxLength: 4 }),
    fc.boolean(),
    fc.array(fc.record({ limit, other: fc.boolean() }), { minLength: 2, maxLength: 2 }),
    fc.option(listOf(addressMatch), { nil: undefined }),
  )
  .map(([by, one, settings, among]) => {
    const split = one ? by.length : Math.ceil(by.length / 2);
    return [by.slice(0, split), by.slice(split)]
      .filter((some) => some.length > 0)
      .map((some, i): Axis => ({
        by: some,
        ...settings[i],
        ...(among !== undefined && some.length === 1 && some[0] === 'ip' ? { among } : {}),
      }));
  });

/** Questions for aggregates. */
export const groups = fc
  .record({
    ask: fc.constant('groups' as const),
    axes,
    measures: fc.uniqueArray(measure, { minLength: 1, maxLength: 3, selector: (one) => measureColumn(one) }),
    bucketMillis: fc.option(fc.constantFrom(1000, 7000, 60_000, 3_600_000), { nil: undefined }),
    atReport: fc.boolean(),
    observations: fc.boolean(),
    compareMillis: fc.option(fc.constantFrom(30_000, 60_000), { nil: undefined, freq: 3 }),
    changes: fc.boolean(),
  })
  .map(({ bucketMillis, compareMillis, changes, ...rest }) => {
    const [first] = rest.measures;
    const isOfChanges =
      changes &&
      compareMillis !== undefined &&
      rest.axes.length === 1 &&
      first.kind !== 'first' &&
      first.kind !== 'last';
    return {
      ...rest,
      ...(bucketMillis === undefined || isOfChanges ? {} : { bucketMillis }),
      ...(compareMillis === undefined ? {} : { compareMillis }),
      ...(isOfChanges ? { changes, axes: rest.axes.map((axis) => ({ ...axis, other: false })) } : {}),
    };
  });

export const query: fc.Arbitrary<Query> = fc
  .tuple(
    fc.oneof(
      fc.record(
        {
          ask: fc.constant('tuples' as const),
          limit: fc.nat(9).map((n) => n + 1),
          newest: fc.boolean(),
          descending: fc.boolean(),
          names: fc.subarray(nameColumns.map(({ name }) => name)),
        },
        { requiredKeys: ['ask'] },
      ),
      fc.record(
        {
          ask: fc.constant('conversations' as const),
          limit: fc.nat(9).map((n) => n + 1),
          newest: fc.boolean(),
          descending: fc.boolean(),
          names: fc.subarray(nameColumns.map(({ name }) => name)),
        },
        { requiredKeys: ['ask'] },
      ),
      fc.record({ ask: fc.constant('count' as const), observations: fc.boolean() }),
      { arbitrary: groups, weight: 4 },
    ),
    fc.option(condition, { nil: undefined }),
    fc.option(range, { nil: undefined }),
  )
  .map(([asked, where, within]) => ({
    ...asked,
    ...(where === undefined ? {} : { where }),
    ...(within === undefined ? {} : { range: within }),
  }));
