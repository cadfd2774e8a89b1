/** What ECharts draws of series over time: a pure function of the series, the colors and the size. */
import type { EChartsCoreOption } from 'echarts/core';
import { axisLabel } from '../format/time.ts';
import { axisNumber } from '../format/number.ts';
import type { Range } from '../url/range.ts';
import { axisTimes } from '../url/range.ts';
import type { Palette } from './palette.ts';
import type { Scale } from './scale.ts';
import { scaleOf } from './scale.ts';

export type TimeShape = 'stacked' | 'share' | 'lines' | 'bars' | 'outline';

export interface DrawnSeries {
  readonly key: string;
  readonly color: string;
  readonly isOther: boolean;
  readonly values: readonly number[];
}

export interface TimeModel {
  readonly range: Range;
  readonly times: readonly number[];
  readonly bucketMillis: number;
  /** From the bottom of a stack upwards. */
  readonly series: readonly DrawnSeries[];
  readonly shape: TimeShape;
  /** The sum of the period before, on the same buckets. */
  readonly before?: readonly number[] | undefined;
  /** Of the axis; absent where values are counts. */
  readonly unit?: string;
  /** The same scale as other charts. */
  readonly scale?: Scale;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Pixels around the plot: what lies above the canvas is placed by them, too. */
export const plotMargins = { left: 52, right: 14, top: 10, bottom: 26 } as const;

const labelWidth = 62;

export function timeOption(model: TimeModel, palette: Palette, { width }: Size): EChartsCoreOption {
  const { range, shape, unit = '', before } = model;
  const scale = model.scale ?? timeScale(model);
  const plotWidth = Math.max(1, width - plotMargins.left - plotMargins.right);
  const labels = axisTimes(range, Math.max(2, Math.floor(plotWidth / labelWidth)));
  return {
    animation: false,
    grid: { ...plotMargins },
    xAxis: {
      type: 'value',
      min: range.from,
      max: range.to,
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: {
        customValues: labels,
        color: palette.muted,
        fontSize: 11,
        fontFamily: 'Inter Variable, sans-serif',
        formatter: (time: number) => axisLabel(time, range),
        hideOverlap: true,
      },
    },
    yAxis: {
      type: 'value',
      min: 0,
      max: scale.max,
      interval: scale.step,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: {
        color: palette.muted,
        fontSize: 11,
        fontFamily: 'Inter Variable, sans-serif',
        formatter: (value: number) => (shape === 'share' ? `${Math.round(100 * value)} %` : axisNumber(value, unit)),
      },
      splitLine: { lineStyle: { color: palette.line } },
    },
    series: [
      ...drawnSeries(model, palette, plotWidth),
      ...(before === undefined ? [] : [beforeSeries(model, before, palette)]),
    ],
  };
}

export function timeScale({ shape, series, before, times }: TimeModel): Scale {
  if (shape === 'share') return { max: 1, step: 0.25 };
  const isStacked = shape === 'stacked' || shape === 'bars' || shape === 'outline';
  const tops = times.map((_, i) =>
    isStacked
      ? series.reduce((sum, { values }) => sum + values[i], 0)
      : series.reduce((most, { values }) => Math.max(most, values[i]), 0),
  );
  return scaleOf([...tops, ...(before ?? [])].reduce((most, value) => Math.max(most, value), 0));
}

function drawnSeries(model: TimeModel, palette: Palette, plotWidth: number): object[] {
  const { shape, series, times, bucketMillis, range } = model;
  const sums = shape === 'share' ? times.map((_, i) => series.reduce((sum, { values }) => sum + values[i], 0)) : [];
  if (shape === 'bars') {
    const barWidth = Math.max(1, Math.floor(((0.82 * bucketMillis) / (range.to - range.from)) * plotWidth));
    return series.map(({ key, values, color, isOther }) => ({
      id: key,
      type: 'bar',
      stack: 'all',
      silent: true,
      barWidth,
      itemStyle: { color, opacity: isOther ? 1 : 0.88 },
      data: values.map((value, i) => [times[i] + bucketMillis / 2, value]),
    }));
  }
  const points = (values: readonly number[]): [number, number][] => {
    const list = values.map((value, i): [number, number] => [
      Math.max(times[i], range.from),
      sums.length === 0 ? value : sums[i] === 0 ? 0 : value / sums[i],
    ]);
    // The last bucket reaches to the end of the range.
    if (list.length > 0) list.push([range.to, list.at(-1)![1]]);
    return list;
  };
  return series.map(({ key, values, color, isOther }) => ({
    id: key,
    type: 'line',
    symbol: 'none',
    silent: true,
    data: points(values),
    ...(shape === 'lines'
      ? { lineStyle: { color, width: 1.75, type: isOther ? 'dotted' : 'solid' } }
      : shape === 'outline'
        ? { stack: 'all', lineStyle: { color, width: 1.5 }, areaStyle: { color, opacity: 0.16 } }
        : {
            stack: 'all',
            lineStyle: { color: isOther ? palette.before : palette.surface, width: 1 },
            areaStyle: { color, opacity: isOther ? 1 : 0.85 },
          }),
  }));
}

function beforeSeries({ times }: TimeModel, before: readonly number[], palette: Palette): object {
  return {
    id: 'before',
    type: 'line',
    symbol: 'none',
    silent: true,
    z: 5,
    lineStyle: { color: palette.before, width: 1.25, type: [4, 3] },
    data: before.map((value, i) => [times[i], value]),
  };
}
