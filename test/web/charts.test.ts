import { expect, test } from 'vitest';
import type { Answer } from '../../web/src/api/ask.ts';
import { cellKey, matrixModel } from '../../web/src/charts/matrix.ts';
import type { Palette } from '../../web/src/charts/palette.ts';
import { sankeyModel, sankeyOption } from '../../web/src/charts/sankey-option.ts';
import { scaleOf } from '../../web/src/charts/scale.ts';
import { assignColors, pivot, statisticsOf, totalsOf } from '../../web/src/charts/series.ts';
import type { TimeModel } from '../../web/src/charts/time-option.ts';
import { timeOption, timeScale } from '../../web/src/charts/time-option.ts';

const start = Date.parse('2026-11-20T09:00:00Z');
const minute = 60_000;
const range = { from: start, to: start + 4 * minute };

const palette: Palette = {
  text: 'text',
  muted: 'muted',
  surface: 'surface',
  line: 'line',
  allow: 'allow',
  deny: 'deny',
  warning: 'warning',
  before: 'before',
  other: 'other',
  series: ['one', 'two', 'three'],
  sequence: [],
};

/** An answer in rows, as it is easier to read. */
function answerOf(names: readonly string[], rows: readonly (readonly (string | number | boolean | null)[])[]): Answer {
  return {
    columns: names.map((name) => ({ name, kind: 'text' })),
    data: names.map((_, column) => rows.map((row) => row[column])),
    rows: rows.length,
    range,
    millis: 1,
    cached: false,
  };
}

const time = (minutes: number): string => new Date(start + minutes * minute).toISOString();
const answer = answerOf(
  ['time', 'dst_ip', 'other', 'flows'],
  [
    [time(0), '10.0.0.1', false, 3],
    [time(2), '10.0.0.1', false, '9007199254740993'],
    [time(0), null, true, 100],
    [time(1), '10.0.0.2', false, 5],
    [time(9), '10.0.0.2', false, 77],
    [time(3), null, false, 1],
  ],
);
const settings = { columns: ['dst_ip'], measure: 'flows', bucketMillis: minute, range };

test('a series for each group: the largest first, all others last, an absent value is a group, and buckets without rows are zero', () => {
  const { times, series } = pivot(answer, settings);
  expect(times).toEqual([0, 1, 2, 3].map((i) => start + i * minute));
  expect(series.map(({ group, isOther, values }) => [group, isOther, values])).toEqual([
    [['10.0.0.1'], false, [3, 0, 9_007_199_254_740_992, 0]],
    [['10.0.0.2'], false, [0, 5, 0, 0]],
    [[null], false, [0, 0, 0, 1]],
    [[], true, [100, 0, 0, 0]],
  ]);
});

test('a factor makes counts of a bucket counts of a minute, and totals are the sums of the buckets', () => {
  const set = pivot(answer, { ...settings, columns: [], factor: 2, bucketMillis: 2 * minute });
  expect(totalsOf({ ...set, series: set.series.filter(({ isOther }) => isOther) })).toEqual([200, 0]);
});

test('series keep their color while they are shown; new ones take those that are free', () => {
  const before = assignColors(['a', 'b', 'c'], 3, new Map());
  expect([...before.values()]).toEqual([0, 1, 2]);
  expect([...assignColors(['c', 'd', 'a'], 3, before)]).toEqual([
    ['c', 2],
    ['d', 1],
    ['a', 0],
  ]);
});

test('the percentile is of the nearest rank', () => {
  const values = Array.from({ length: 20 }, (_, i) => 20 - i);
  expect(statisticsOf(values)).toEqual({ average: 10.5, p95: 19, max: 20 });
  expect(statisticsOf([])).toEqual({ average: 0, p95: 0, max: 0 });
});

test('an axis of values begins at zero and has at most four round steps', () => {
  expect(scaleOf(3636)).toEqual({ max: 4000, step: 1000 });
  expect(scaleOf(0)).toEqual({ max: 1, step: 1 });
  expect(scaleOf(7)).toEqual({ max: 8, step: 2 });
  for (const largest of [1, 2, 3, 9, 10, 11, 99, 1e9, 0.03]) {
    const { max, step } = scaleOf(largest);
    expect(max).toBeGreaterThanOrEqual(largest);
    expect(max / step).toBeLessThanOrEqual(5);
  }
});

const model: TimeModel = {
  range,
  times: [0, 1, 2, 3].map((i) => start + i * minute),
  bucketMillis: minute,
  shape: 'stacked',
  series: [
    { key: 'a', color: 'one', isOther: false, values: [1, 2, 3, 4] },
    { key: 'other', color: 'other', isOther: true, values: [4, 0, 1, 0] },
  ],
  before: [1, 1, 1, 9],
};

test.each(['stacked', 'share', 'lines', 'bars', 'outline'] as const)(
  'what is drawn of series over time: %s',
  (shape) => {
    const drawn = JSON.parse(JSON.stringify(timeOption({ ...model, shape }, palette, { width: 600, height: 300 }))) as {
      series: unknown;
    };
    expect(drawn.series).toMatchSnapshot();
  },
);

test('the scale has room for the stack, and for the period before', () => {
  expect(timeScale(model)).toEqual(scaleOf(9));
  expect(timeScale({ ...model, before: undefined })).toEqual(scaleOf(5));
  expect(timeScale({ ...model, shape: 'lines', before: undefined })).toEqual(scaleOf(4));
});

test('a Sankey has the largest nodes of each column; links of all others go to one node, and no value is lost', () => {
  const links = Array.from({ length: 30 }, (_, i) => ({
    source: `10.0.0.${i}`,
    rule: i % 2 === 0 ? 'UserRule_Allow' : 'UserRule_Deny',
    destination: '10.1.0.1',
    value: 30 - i,
    isDenied: i % 2 === 1,
  }));
  const { nodes, links: sums } = sankeyModel(links);
  expect(nodes.filter(({ name }) => name.startsWith('s:'))).toHaveLength(13);
  expect(nodes.find(({ name }) => name === 's:')).toEqual({ name: 's:', label: 'Other' });
  expect(nodes.find(({ name }) => name === 'r:UserRule_Allow')).toMatchObject({ label: 'Allow', field: 'rule' });
  const total = links.reduce((sum, { value }) => sum + value, 0);
  expect(sums.filter(({ source }) => source.startsWith('s:')).reduce((sum, { value }) => sum + value, 0)).toBe(total);
  const [series] = sankeyOption({ nodes, links: sums }, palette)['series'] as {
    links: { lineStyle: { color: string } }[];
  }[];
  expect(new Set(series.links.map(({ lineStyle }) => lineStyle.color))).toEqual(new Set(['allow', 'deny']));
});

test('a matrix has levels by the logarithm of what is allowed; where all is denied there is none', () => {
  const { sources, cells } = matrixModel(
    answerOf(
      ['src_ip', 'dst_ip', 'flows', 'denied'],
      [
        ['a', 'x', 1_000_000, 0],
        ['b', 'x', 1, 0],
        ['b', 'y', 5, 5],
        [null, 'y', 5, 0],
      ],
    ),
  );
  expect(sources).toEqual(['a', 'b']);
  expect(cells.get(cellKey('a', 'x'))?.level).toBe(7);
  expect(cells.get(cellKey('b', 'x'))?.level).toBe(1);
  expect(cells.get(cellKey('b', 'y'))).toEqual({ flows: 5, denied: 5, level: 0 });
});
