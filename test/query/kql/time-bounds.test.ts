import { expect, test } from 'vitest';
import { lakeTables } from '../../../src/query/kql/lake-tables.ts';
import { planKql } from '../../../src/query/kql/kql.ts';
import type { KqlTable } from '../../../src/query/kql/table.ts';
import { withTimeBounds } from '../../../src/query/kql/time-bounds.ts';
import { extend, filter, limit, project, sort } from '../../../src/query/relation/build.ts';
import type { Expression } from '../../../src/query/relation/expression.ts';
import { call, column, no, timeValue, whole } from '../../../src/query/relation/expression.ts';
import type { Relation } from '../../../src/query/relation/relation.ts';
import { scanTimes } from '../../../src/query/relation/scan-times.ts';
import { trafficAnalyticsTables } from '../../../src/query/traffic-analytics/tables.ts';

const hour = 3_600_000;
const noon = Date.parse('2024-03-04T12:00:00Z');
const tables: readonly KqlTable[] = [...lakeTables, ...trafficAnalyticsTables()];
const tuples = tables.find(({ name }) => name === 'Tuples')!.relation({});
const rows = project(tuples, [{ name: 'c1', value: column('time') }, 'dst_port']);
const at = (hours: number): Expression => timeValue(noon + hours * hour);
const after = call('greater_or_equal', column('c1'), at(0));
const before = call('less', column('c1'), at(1));
const times = (relation: Relation): unknown => scanTimes(withTimeBounds(relation), 'tuples');

test.each<[string, Relation, object]>([
  ['a condition above a projection', filter(rows, after), { start: noon }],
  ['two of them', filter(rows, call('and', after, before)), { start: noon, end: noon + hour + 2 }],
  ['one behind the other', filter(filter(rows, after), before), { start: noon, end: noon + hour + 2 }],
  ['with the time on the right', filter(rows, call('less', at(0), column('c1'))), { start: noon }],
  ['that is false where it is unknown', filter(rows, call('coalesce', after, no)), { start: noon }],
  ['behind another column', filter(extend(rows, [{ name: 'c2', value: whole(1) }]), after), { start: noon }],
  ['of sorted rows', filter(sort(rows, 'c1'), after), { start: noon }],
  ['of a time that is computed', filter(rows, call('greater', column('c1'), call('second', at(0)))), { start: noon }],
  ['of the first rows: others would come first', filter(limit(rows, 5), after), {}],
  ['one of two', filter(rows, call('or', after, before)), {}],
  ['of another column', filter(extend(rows, [{ name: 'c2', value: at(0) }]), call('less', column('c2'), at(1))), {}],
  [
    'of a time that was changed',
    filter(project(rows, [{ name: 'c1', value: call('second', column('c1')) }]), after),
    {},
  ],
  [
    'beyond all times',
    filter(rows, call('less', column('c1'), { kind: 'literal', type: 'time', value: '253402300799999999' })),
    {},
  ],
])('%s', (_, relation, expected) => {
  expect(times(relation)).toEqual(expected);
});

test.each([
  // The rows of 12:00 are of records from 11:00 on, whose tuples may be an hour older.
  ['NTANetAnalytics | where TimeGenerated >= datetime(2024-03-04 12:00) | count', { start: noon - 2 * hour }],
  ['NTAIpDetails | where TimeGenerated >= ago(1h) | distinct Ip', { start: noon - 3 * hour }],
  [
    'AzureNetworkAnalytics_CL | where TimeGenerated between (datetime(2024-03-04 12:00) .. 2h) | take 5',
    { start: noon - 2 * hour, end: noon + 3 * hour + 1 },
  ],
  [
    `let T = Tuples | where ['time'] > ago(1d) and access == "deny"; T | summarize count() by rule`,
    { start: noon - 24 * hour },
  ],
  [`Tuples | where access == "deny" | project-rename t = ['time'] | where t < ago(0s)`, { end: noon + 2 }],
  [`Tuples | summarize ['time'] = max(['time']) by rule | where ['time'] > ago(1h)`, {}],
  [`union (Tuples | where ['time'] > ago(1h)), (Tuples | where ['time'] > ago(3h))`, { start: noon - 3 * hour }],
])('%s', async (text, expected) => {
  const { relation } = await planKql(text, { tables, nowMillis: noon }, undefined, () => Promise.resolve([]));
  expect(scanTimes(relation, 'tuples')).toEqual(expected);
});

test('conversations that have a part behind the bound are read', async () => {
  const text = `Conversations | where ['time'] > ago(1h) | count`;
  const { relation } = await planKql(text, { tables, nowMillis: noon }, undefined, () => Promise.resolve([]));
  expect(scanTimes(relation, 'flows')).toEqual({ start: noon - hour });
});
