/** What `render` of a query asks for, as a picture for terminals. */
import type { KqlPlan } from '../../query/kql/lower/lower.ts';
import type { Bar } from '../output/bars-picture.ts';
import { barsPicture } from '../output/bars-picture.ts';
import { plainText } from '../../base/row-text.ts';
import { printableCell } from '../output/printable.ts';
import type { Result } from '../output/result.ts';
import type { PictureStyle, SeriesPoint } from '../output/series-picture.ts';
import { seriesPicture } from '../output/series-picture.ts';
import { withUnit } from '../output/units.ts';

type Draw = (result: Result, style: PictureStyle) => Promise<readonly string[]>;

/** Places of columns. */
interface Axes {
  readonly x: number;
  readonly y: readonly number[];
  /** Columns whose values together name a series. */
  readonly series: readonly number[];
}

const overTime = new Set(
  'timechart areachart linechart stackedareachart anomalychart columnchart scatterchart'.split(' '),
);
const asBars = new Set('barchart columnchart piechart areachart linechart stackedareachart scatterchart'.split(' '));
const numbers: ReadonlySet<string> = new Set(['int', 'long', 'real', 'decimal']);

/** How a plan is drawn; `undefined` if its chart is a table, is none that can be drawn, or has nothing to draw. */
export function drawingOf(plan: KqlPlan): Draw | undefined {
  const chart = plan.render?.chart.toLowerCase() ?? 'table';
  if (chart === 'card') return drawCard;
  const axes = axesOf(plan, chart);
  if (axes === undefined) return undefined;
  const title = plan.render?.properties['title'];
  const name = title ?? axes.y.map((at) => plan.columns[at].name).join(', ');
  const isTime = ['datetime', 'dynamic'].includes(plan.columns[axes.x].type);
  if (overTime.has(chart) && isTime) return async (result, style) => drawSeries(plan, axes, name, result, style);
  if (!asBars.has(chart)) return undefined;
  return async (result, style) => drawBars(plan, axes, name, chart === 'piechart', result, style);
}

/** By the properties of `render`; else the first column that fits, as Azure's charts do. */
function axesOf({ columns, render }: KqlPlan, chart: string): Axes | undefined {
  const properties = new Map(
    Object.entries(render?.properties ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const named = (property: string): number[] =>
    (properties.get(property) ?? '')
      .split(',')
      .map((name) => columns.findIndex((one) => one.name === name.trim()))
      .filter((at) => at >= 0);
  const time = overTime.has(chart) ? columns.findIndex(({ type }) => type === 'datetime') : -1;
  const lists = columns.flatMap(({ type }, at) => (type === 'dynamic' ? [at] : []));
  // make-series gives lists: values, and behind them their times.
  const isLists = overTime.has(chart) && time < 0 && lists.length > 1;
  const [x = isLists ? lists[lists.length - 1] : Math.max(time, 0)] = named('xcolumn');
  const values = columns.flatMap(({ type }, at) =>
    at !== x && (isLists ? type === 'dynamic' : numbers.has(type)) ? [at] : [],
  );
  const asked = named('ycolumns');
  const y = asked.length > 0 ? asked : values;
  if (y.length === 0) return undefined;
  const given = named('series');
  const rest = columns.flatMap(({ type }, at) => (at !== x && !y.includes(at) && !numbers.has(type) ? [at] : []));
  return { x, y, series: given.length > 0 ? given : rest };
}

async function drawSeries(
  plan: KqlPlan,
  axes: Axes,
  name: string,
  result: Result,
  style: PictureStyle,
): Promise<string[]> {
  const points: SeriesPoint[] = [];
  for await (const chunk of result.chunks)
    for (const row of chunk) {
      const times = listOf(row[axes.x]);
      for (const at of axes.y) {
        const values = listOf(row[at]);
        for (const [i, time] of times.entries()) {
          const millis = Date.parse(plainText(time));
          if (!Number.isNaN(millis))
            points.push({ millis, group: groupOf(plan, axes, row, at), value: numberOf(values[i]) });
        }
      }
    }
  const bucketMillis = widthOf(points);
  return orNothing(
    seriesPicture(points, { name: printableCell(name), unit: unitOf(plan, axes), bucketMillis, isSum: false }, style),
  );
}

async function drawBars(
  plan: KqlPlan,
  axes: Axes,
  name: string,
  isWhole: boolean,
  result: Result,
  style: PictureStyle,
): Promise<string[]> {
  const bars: Bar[] = [];
  for await (const chunk of result.chunks)
    for (const row of chunk)
      for (const at of axes.y) {
        // A chart of one row of numbers has no labels.
        const label = axes.y.includes(axes.x) || numbersOnly(plan, axes) ? '' : plainText(row[axes.x] ?? '-');
        const parts = [label, groupOf(plan, axes, row, at)].filter((part) => part !== '');
        bars.push({ label: parts.join(' ') || plan.columns[at].name, value: numberOf(row[at]) });
      }
  return orNothing(barsPicture(bars, { name, unit: unitOf(plan, axes), isWhole }, style));
}

function numbersOnly({ columns }: KqlPlan, { y }: Axes): boolean {
  return columns.length === y.length;
}

/** The values of the first row, one a line. */
async function drawCard({ columns, chunks }: Result, { color }: PictureStyle): Promise<string[]> {
  let first: readonly unknown[] | undefined;
  let rows = 0;
  for await (const chunk of chunks) {
    first ??= chunk[0];
    rows += chunk.length;
  }
  if (first === undefined) return orNothing([]);
  const lines = columns.map(({ name, kind }, at) => {
    const value = first[at] ?? '-';
    const text =
      kind === 'number' && typeof value !== 'string'
        ? withUnit(Number(value), unitOfName(name))
        : printableCell(plainText(value));
    return `${color ? `\u001b[1m${text}\u001b[0m` : text}  ${printableCell(name)}`;
  });
  return rows > 1 ? [...lines, `a card shows the first row of ${rows} (-o csv has all)`] : lines;
}

function groupOf(plan: KqlPlan, { y, series }: Axes, row: readonly unknown[], at: number): string {
  const parts = series.map((one) => plainText(row[one] ?? '-'));
  return [...parts, ...(y.length > 1 ? [plan.columns[at].name] : [])].join(' ');
}

/** The least distance of two times, so that each has a place of its own. */
function widthOf(points: readonly SeriesPoint[]): number {
  const times = [...new Set(points.map(({ millis }) => millis))].sort((a, b) => a - b);
  const width = times.slice(1).reduce((least, time, i) => Math.min(least, time - times[i]), Infinity);
  return Number.isFinite(width) ? width : 60_000;
}

function unitOf({ columns }: KqlPlan, { y }: Axes): string {
  const units = new Set(y.map((at) => unitOfName(columns[at].name)));
  return units.size === 1 ? [...units][0] : 'count';
}

function unitOfName(name: string): string {
  return /bytes/i.test(name) ? 'bytes' : 'count';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function numberOf(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const number = Number(value);
  return Number.isNaN(number) ? null : number;
}

function orNothing(lines: string[]): string[] {
  return lines.length > 0 ? lines : ['no rows to draw'];
}
