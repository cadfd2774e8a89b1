import { expect, test } from 'vitest';
import { parsePrefer } from '../../../src/server/logs/prefer.ts';
import { parseTimespan } from '../../../src/server/logs/time-span.ts';

const now = Date.UTC(2024, 2, 31, 12);
const at = (text: string): number => Date.parse(text);

test.each([
  ['PT1H', '2024-03-31T11:00Z', '2024-03-31T12:00Z'],
  ['P1D', '2024-03-30T12:00Z', '2024-03-31T12:00Z'],
  ['p1w', '2024-03-24T12:00Z', '2024-03-31T12:00Z'],
  ['P1Y', '2023-03-31T12:00Z', '2024-03-31T12:00Z'],
  ['P1DT12H30M', '2024-03-29T23:30Z', '2024-03-31T12:00Z'],
  ['PT0.5S', '2024-03-31T11:59:59.500Z', '2024-03-31T12:00Z'],
  ['2024-03-01/2024-03-02', '2024-03-01T00:00Z', '2024-03-02T00:00Z'],
  ['2024-03-01T00:00:00.000Z/2024-03-02T06:00:00.000Z', '2024-03-01T00:00Z', '2024-03-02T06:00Z'],
  ['2024-03-01T02:00:00+02:00/PT12H', '2024-03-01T00:00Z', '2024-03-01T12:00Z'],
  ['PT12H/2024-03-02T00:00Z', '2024-03-01T12:00Z', '2024-03-02T00:00Z'],
  ['P99999Y', '1970-01-01T00:00Z', '2024-03-31T12:00Z'],
])('the timespan %s is from %s to %s', (text, start, end) => {
  expect(parseTimespan(text, now)).toEqual({ start: at(start), end: at(end) });
});

test.each([
  '',
  'P',
  'PT',
  'P1DT',
  '1h',
  'PT1H/PT2H',
  'P1M1D1',
  '2024-03-02/2024-03-01',
  '2024-13-01/2024-03-01',
  'a/b/c',
  'P1D/',
  '/',
  `P${'9'.repeat(400)}D`,
])('the timespan "%s" is refused', (text) => {
  expect(() => parseTimespan(text, now)).toThrow(
    expect.objectContaining({ code: 'BadArgumentError', inner: expect.objectContaining({ code: 'InvalidTimespan' }) }),
  );
});

test('preferences are read in any order, and what is not known or not a number has no effect', () => {
  const defaults = { waitSeconds: 180, statistics: false, render: false };
  expect(parsePrefer(undefined)).toEqual(defaults);
  expect(parsePrefer('wait=30, include-statistics=true;include-render=true')).toEqual({
    waitSeconds: 30,
    statistics: true,
    render: true,
  });
  expect(parsePrefer('Include-Statistics=TRUE,wait=5000')).toEqual({ ...defaults, statistics: true, waitSeconds: 600 });
  expect(parsePrefer('wait=-1,response-v1=true,ai.response-thinning=false,,=')).toEqual(defaults);
});
