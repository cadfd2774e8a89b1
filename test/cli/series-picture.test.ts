import { describe, expect, test } from 'vitest';
import type { SeriesPoint } from '../../src/cli/output/series-picture.ts';
import { seriesPicture } from '../../src/cli/output/series-picture.ts';

const start = Date.UTC(2026, 10, 20, 9, 54);
const minute = 60_000;
const bytes = { name: 'bytes', unit: 'bytes', bucketMillis: minute, isSum: true };

function points(group: string, values: readonly (number | null)[]): SeriesPoint[] {
  return values.map((value, i) => ({ millis: start + i * minute, group, value }));
}

describe('a series as a picture', () => {
  test('has a scale, bars as wide as the terminal, and times below', () => {
    const lines = seriesPicture(points('', [1000, 500, 0, 250]), bytes, { width: 40, color: false, zone: 'UTC' });
    expect(lines).toEqual([
      'bytes, 1m each; 2026-11-20 09:54:00 to 09:58:00 UTC',
      '1.0 kB │███████',
      '       │███████',
      '       │███████',
      '       │███████',
      '       │███████████████',
      '       │███████████████',
      '       │███████████████        ████████',
      '       │███████████████        ████████',
      '     0 └┬──────────────┬───────────────',
      '        09:54          09:56',
    ]);
  });

  test('draws one band a group, on one scale, with what was not counted said so', () => {
    const style = { width: 50, color: true, zone: 'Europe/Berlin' };
    const lines = seriesPicture([...points('allow', [2_000_000, 8]), ...points('deny', [null, null])], bytes, style);
    expect(lines[1]).toBe('\u001b[32m■\u001b[0m allow  2.0 MB, at most 2.0 MB at 10:54');
    expect(lines.filter((line) => line.includes('\u001b[31m'))).toEqual(['\u001b[31m■\u001b[0m deny  not counted']);
    // A value that is small beside the largest is seen.
    expect(lines.filter((line) => line.includes('▁')).length).toBe(1);
  });

  test('merges buckets where there are more of them than columns', () => {
    const lines = seriesPicture(
      points(
        '',
        Array.from({ length: 500 }, (_, i) => i),
      ),
      bytes,
      {
        width: 80,
        color: false,
        zone: 'UTC',
      },
    );
    expect(lines.at(-1)).toBe('each column is the largest of 7 buckets');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test('is plain ASCII where the terminal is dumb, and names of the data cannot act on the terminal', () => {
    const style = { width: 60, color: false, zone: 'UTC', isPlain: true };
    const text = seriesPicture(points('a\u001b[2J', [1, 2]), { ...bytes, isSum: false }, style).join('\n');
    expect(text.replaceAll('·', '')).toMatch(/^[\x20-\x7e\n]*$/);
  });

  test('has no more than twenty bands', () => {
    const many = Array.from({ length: 30 }, (_, i) => points(`rule${i}`, [i])).flat();
    const lines = seriesPicture(many, bytes, { width: 80, color: false, zone: 'UTC' });
    expect(lines.at(-1)).toBe('10 more groups are not drawn (-o csv has all)');
    expect(lines.filter((line) => line.startsWith('■')).length).toBe(20);
  });
});
