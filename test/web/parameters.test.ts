import { expect, test } from 'vitest';
import { pageAddress, readParameters, writeParameters } from '../../web/src/url/parameters.ts';
import { axisTimes, bucketOf, readRange, readTime, shiftRange, writeTime, zoomOut } from '../../web/src/url/range.ts';

const now = Date.parse('2026-11-20T15:00:00Z');
const minute = 60_000;

test('an address leaves out defaults, keeps what can be read, and is read as it was written', () => {
  const search = writeParameters({ from: '-6h', q: 'dst in 10.20.0.0/16 and not rule = "a&b"', by: 'src,dst.port' });
  expect(search).toBe('?v=1&q=dst+in+10.20.0.0/16+and+not+rule+%3D+%22a%26b%22&by=src,dst.port');
  expect(readParameters(search)).toMatchObject({
    values: { from: '-6h', q: 'dst in 10.20.0.0/16 and not rule = "a&b"', by: 'src,dst.port', top: '8' },
    unknown: [],
  });
  expect(writeParameters({ from: '-6h', to: '' })).toBe('');
});

test('parameters and versions that are not known are named, never dropped in silence', () => {
  expect(readParameters('?v=2&qq=1&from=-1h').unknown).toEqual(['v=2', 'qq']);
  expect(readParameters('?__proto__=1&constructor=2').unknown).toEqual(['__proto__', 'constructor']);
});

test('a link to another page keeps the range and the filter, and nothing of this page', () => {
  const { values } = readParameters('?v=1&from=-1h&q=access+%3D+deny&by=src&sel=3');
  expect(pageAddress('/flows', values, { sel: '9' })).toBe('/flows?v=1&from=-1h&q=access+%3D+deny&sel=9');
});

test('times of an address are relative, epoch or ISO; without a zone they are UTC', () => {
  expect(readTime('-6h', now)).toBe(now - 360 * minute);
  expect(readTime('2026-11-20', now)).toBe(Date.parse('2026-11-20T00:00:00Z'));
  expect(readTime('2026-11-20T09:00', now)).toBe(Date.parse('2026-11-20T09:00:00Z'));
  expect(readTime('2026-11-20T10:00+01:00', now)).toBe(Date.parse('2026-11-20T09:00:00Z'));
  expect(readTime('1795186651', now)).toBe(1_795_186_651_000);
  for (const wrong of ['', '6h', '-6y', 'yesterday', '2026-13-45', '-h']) expect(readTime(wrong, now)).toBeUndefined();
});

test('a range without an end ends now; an empty one is none', () => {
  expect(readRange('-1h', '', now)).toEqual({ from: now - 60 * minute, to: now });
  expect(readRange('2026-11-20T09:00Z', '2026-11-20T09:00Z', now)).toBeUndefined();
});

test('a range moves by its own length, and twice its length does not reach beyond now', () => {
  const range = { from: now - 60 * minute, to: now };
  expect(shiftRange(range, -1)).toEqual({ from: now - 120 * minute, to: now - 60 * minute });
  expect(zoomOut(range, now)).toEqual({ from: now - 120 * minute, to: now });
});

test('times are written to the minute where they are one', () => {
  expect(writeTime(now)).toBe('2026-11-20T15:00Z');
  expect(writeTime(now + 1000)).toBe('2026-11-20T15:00:01Z');
  expect(writeTime(now + 1)).toBe('2026-11-20T15:00:00.001Z');
});

test('buckets are round and at most as many as asked for; so are the times of an axis', () => {
  const range = { from: now - 360 * minute, to: now };
  expect(bucketOf(range, 360)).toBe(minute);
  expect(bucketOf(range, 120)).toBe(3 * minute);
  const times = axisTimes(range, 20);
  expect(times).toHaveLength(19);
  expect(times[1] - times[0]).toBe(20 * minute);
});
