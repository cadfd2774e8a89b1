import { expect, test } from 'vitest';
import type { FlowRow } from '../../web/src/pages/flows/row.ts';
import { flowRows, joinTuples, readFlowKey, tupleText } from '../../web/src/pages/flows/row.ts';
import { lanesOf } from '../../web/src/pages/flows/lanes.ts';
import { fieldErrors } from '../../web/src/pages/flow-logs/field-errors.ts';
import { compareHour, newSources, wokenRules } from '../../web/src/pages/overview/changed.ts';
import { ruleRows } from '../../web/src/pages/rules/rows.ts';
import { partsOf } from '../../web/src/query-bar/terms.ts';
import { entityAddress } from '../../web/src/values/entities.ts';

const hour = 3_600_000;
const day = 24 * hour;
const columns = [
  'time',
  'src_ip',
  'src_port',
  'dst_ip',
  'dst_port',
  'protocol',
  'direction',
  'access',
  'state',
  'rule',
  'nsg',
  'mac',
  'packets_forward',
  'bytes_forward',
  'packets_reverse',
  'bytes_reverse',
  'blob',
];

function rowsOf(rows: readonly (readonly (string | number | null)[])[]): FlowRow[] {
  return flowRows({
    columns: columns.map((name) => ({ name, kind: 'text' })),
    data: columns.map((_, i) => rows.map((row) => row[i])),
    rows: rows.length,
    range: { from: 0, to: 1 },
    millis: 0,
    cached: false,
  });
}

const blob = 'insights-logs-networksecuritygroupflowevent/resourceId=/x/PT1H.json';
const five = ['10.20.1.4', 41822, '10.20.2.4', 5432, 'tcp'] as const;
const tuples = rowsOf([
  ['2026-11-20T14:44:59.000Z', ...five, 'inbound', 'allow', 'begin', 'R', 'N', 'M', null, null, null, null, blob],
  ['2026-11-20T14:50:00.000Z', ...five, 'inbound', 'allow', 'continuing', 'R', 'N', 'M', 3, 300, 2, 200, blob],
  ['2026-11-20T14:57:31.000Z', ...five, 'inbound', 'allow', 'end', 'R', 'N', 'M', 214, 9310, 402, 41_776, blob],
  ['2026-11-20T14:44:59.000Z', ...five, 'outbound', 'deny', 'denied', 'S', 'O', 'P', null, null, null, null, blob],
]);

test('a tuple is written as its log writes it; what was not counted stays empty', () => {
  expect(tupleText(tuples[2])).toBe('1795186651,10.20.1.4,10.20.2.4,41822,5432,T,I,A,E,214,9310,402,41776');
  expect(tupleText(tuples[0])).toBe('1795185899,10.20.1.4,10.20.2.4,41822,5432,T,I,A,B,,,,');
});

test('the key of a row in an address is its five-tuple and its time', () => {
  expect(readFlowKey(tuples[0].key)).toEqual({
    time: Date.parse('2026-11-20T14:44:59.000Z'),
    filter: 'src = 10.20.1.4 and src.port = 41822 and dst = 10.20.2.4 and dst.port = 5432 and protocol = tcp',
  });
  expect(readFlowKey('x')).toBeUndefined();
  expect(readFlowKey('a,b,c,d,e,f')).toBeUndefined();
});

test("a conversation that is not among the rows has one observer's sums, and is denied where one denied it", () => {
  expect(joinTuples(tuples)).toMatchObject({ bytesSent: 9610, bytesReceived: 41_976, access: 'deny', state: 'end' });
  expect(joinTuples([])).toBeUndefined();
});

test('a lane for each observer: marks at the tuples, and between them what was counted', () => {
  const lanes = lanesOf(tuples);
  expect(lanes).toHaveLength(2);
  expect(lanes[0].marks.map(({ letter }) => letter).join('')).toBe('BCE');
  expect(lanes[0].intervals.map(({ sent, received }) => [sent, received])).toEqual([
    [300, 200],
    [9310, 41_776],
  ]);
  expect(lanes[0].isOpen).toBe(false);
  expect(lanes[1].marks).toMatchObject([{ isDenied: true }]);
});

test('an error of the service stands at its field, or above the form where the form has no such field', () => {
  const body = { code: 'x', message: 'The account is in northeurope.', hint: 'Choose one in westeurope.' };
  const at = fieldErrors({ ...body, field: '/account/id' });
  expect([at.of('account'), at.of('name'), at.isElsewhere]).toEqual([
    'The account is in northeurope. Choose one in westeurope.',
    undefined,
    false,
  ]);
  expect(fieldErrors({ ...body, field: '/watcher' }).isElsewhere).toBe(true);
  expect(fieldErrors(body).isElsewhere).toBe(true);
});

test('new is what was not seen before, woke up is a rule that was not hit before', () => {
  const seen = [
    { value: '203.0.113.66', flows: 12, denied: 12 },
    { value: '10.0.0.1', flows: 5, denied: 0 },
  ];
  expect(newSources(seen, new Set(['10.0.0.1']))).toMatchObject([
    { subject: '203.0.113.66', sentence: 'is new: 12 flows, all denied.', filter: 'ip = 203.0.113.66' },
  ]);
  expect(wokenRules([{ value: 'UserRule_A', flows: 2, denied: 0 }], new Set())).toMatchObject([
    { subject: 'A', filter: 'rule = UserRule_A' },
  ]);
});

test('unusual is outside of median ± 5 MAD of the same hour of 14 days; with fewer than 7 it is learning', () => {
  const earlier = Array.from({ length: 14 }, (_, i) => ({ time: 20 * day - (i + 1) * day, value: 100 + (i % 3) }));
  expect(compareHour({ time: 20 * day, value: 106 }, earlier)).toEqual({ state: 'usual', median: 101 });
  expect(compareHour({ time: 20 * day, value: 107 }, earlier)).toEqual({ state: 'unusual', median: 101 });
  expect(compareHour({ time: 20 * day + hour, value: 1 }, earlier)).toEqual({ state: 'learning', hours: 0 });
  expect(compareHour({ time: 20 * day, value: 1 }, earlier.slice(0, 6))).toEqual({ state: 'learning', hours: 6 });
});

test('rules that are defined and rules that logs name are one list, in any case and without prefixes', () => {
  const definition = {
    name: 'AllowHttp',
    direction: 'inbound',
    priority: 100,
    access: 'allow',
    protocol: 'Tcp',
    source: 'Any',
    destination: 'Any',
    ports: '80',
    isDefault: false,
  } as const;
  const names = ['rule', 'direction', 'access', 'flows', 'bytes', 'last_time'];
  const rows = [
    ['UserRule_allowhttp', 'inbound', 'allow', 7, null, '2026-11-20T14:57:00Z'],
    ['DefaultRule_DenyAllInBound', 'inbound', 'deny', 3, null, '2026-11-20T14:58:00Z'],
  ];
  const found = ruleRows(
    {
      columns: names.map((name) => ({ name, kind: 'text' })),
      data: names.map((_, i) => rows.map((row) => row[i])),
      rows: 2,
      range: { from: 0, to: 1 },
      millis: 0,
      cached: false,
    },
    [definition, { ...definition, name: 'Unused', priority: 200 }],
  );
  expect(found.map(({ name, hits, isDefault }) => [name, hits, isDefault])).toEqual([
    ['AllowHttp', 7, false],
    ['Unused', 0, false],
    ['DenyAllInBound', 3, true],
  ]);
});

test('tests of a filter stand on chips, also in a filter that is not finished', () => {
  const shown = (text: string): string[] =>
    partsOf(text).map(({ from, to, kind }) => `${kind} ${text.slice(from, to)}`);
  expect(shown('dst in 10.0.0.0/8 and not dst.port in (22, 3389) or rule = "a and b"')).toEqual([
    'test dst in 10.0.0.0/8',
    'word and',
    'word not',
    'test dst.port in (22, 3389)',
    'word or',
    'test rule = "a and b"',
  ]);
  expect(shown('(access = deny) and dst.port not in (1')).toEqual([
    'word (',
    'test access = deny',
    'word )',
    'word and',
    'test dst.port not in (1',
  ]);
  expect(shown('"open')).toEqual(['test "open']);
  expect(shown('')).toEqual([]);
});

test('values of either side have the page of the thing itself', () => {
  expect(entityAddress('dst', '2001:db8::1')).toBe('/entity/ip/2001%3Adb8%3A%3A1');
  expect(entityAddress('src.country', 'DE')).toBe('/entity/country/DE');
  expect(entityAddress('rule', '<b>/..')).toBe('/entity/rule/%3Cb%3E%2F..');
  expect(entityAddress('access', 'deny')).toBeUndefined();
});
