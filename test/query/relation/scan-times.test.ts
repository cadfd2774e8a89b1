import { expect, test } from 'vitest';
import { extend, filter, project, scan, union } from '../../../src/query/relation/build.ts';
import type { Expression } from '../../../src/query/relation/expression.ts';
import { call, column, timeValue, whole } from '../../../src/query/relation/expression.ts';
import type { FunctionName } from '../../../src/query/relation/functions.ts';
import { scanTimes } from '../../../src/query/relation/scan-times.ts';
import { readRanges } from '../../../src/query/traffic-analytics/reduction.ts';
import { parseTrafficAnalytics } from '../../../src/query/traffic-analytics/settings.ts';
import { tableNamed } from '../traffic-analytics/table-rows.ts';

const is = (name: string, comparison: FunctionName, millis: number): Expression =>
  call(comparison, column(name), timeValue(millis));
const tuples = scan('tuples');

test('a scan without a condition reads all times', () => {
  expect(scanTimes(tuples, 'tuples')).toEqual({});
  expect(scanTimes(project(tuples, ['time']), 'tuples')).toEqual({});
});

test('conditions on the scan bound it, whatever else they ask', () => {
  const rows = filter(
    filter(tuples, is('time', 'greater_or_equal', 1000), call('equal', column('dst_port'), whole(5))),
    is('time', 'less', 5000),
    is('time', 'greater', 700),
  );
  expect(scanTimes(rows, 'tuples')).toEqual({ start: 1000, end: 5001 });
  expect(scanTimes(rows, 'flows')).toEqual({ start: Infinity, end: -Infinity });
  expect(scanTimes(filter(extend(rows, [{ name: 'n', value: whole(1) }]), is('time', 'less', 3000)), 'tuples')).toEqual(
    {
      start: 1000,
      end: 3001,
    },
  );
});

test('a condition behind a projection, one of several or one that is negated bounds nothing', () => {
  const shifted = project(tuples, [{ name: 'time', value: column('record_time') }]);
  expect(scanTimes(filter(shifted, is('time', 'less', 5)), 'tuples')).toEqual({});
  const either = call('or', is('time', 'less', 5), is('time', 'less', 9));
  expect(scanTimes(filter(tuples, either, call('not', is('time', 'less', 5))), 'tuples')).toEqual({});
});

test('of several scans, all times are read', () => {
  const [first, second] = [filter(tuples, is('time', 'less', 5)), filter(tuples, is('time', 'less_or_equal', 9))];
  expect(scanTimes(union([first, second]), 'tuples')).toEqual({ end: 10 });
  expect(scanTimes(union([first, tuples]), 'tuples')).toEqual({});
});

test('a conversation is of a range in which it has a part', () => {
  const rows = filter(scan('flows'), is('last_time', 'greater_or_equal', 100), is('time', 'less', 200));
  expect(scanTimes(rows, 'flows')).toEqual({ start: 100, end: 201 });
});

test('a range of a table of Traffic Analytics bounds the tuples', () => {
  const start = Date.parse('2024-03-04T12:00:00Z');
  const settings = ['interval=10'];
  const { times } = readRanges({ start, end: start + 600_000 }, parseTrafficAnalytics(settings));
  // Rows of 12:00 are those of the interval from 11:50, of records whose tuples may be an hour older or newer.
  expect(times).toEqual({ start: start - 70 * 60_000, end: start + 60 * 60_000 });
  const relation = tableNamed('NTANetAnalytics', settings).relation({ start, end: start + 600_000 });
  expect(scanTimes(relation, 'tuples')).toEqual({ start: times.start, end: times.end! + 1 });
});
