/**
 * A series as bars of blocks, one band for each group, all on one scale:
 *
 *   ■ allow  7.9 MB, at most 482 kB at 09:56:30
 *   482 kB │  ▂█
 *          │▄▇██▅
 *        0 └┬─────
 *           09:54
 */
import { dayMillis, hourMillis, minuteMillis } from '../../base/time.ts';
import { isPlainTerminal } from './sparkline.ts';
import { printableCell } from './printable.ts';
import { durationText, withUnit } from './units.ts';

/** One value of one group; null if nothing was counted. */
export interface SeriesPoint {
  /** Start of the bucket. */
  readonly millis: number;
  readonly group: string;
  readonly value: number | null;
}

export interface PictureStyle {
  /** Columns of the terminal. */
  readonly width: number;
  readonly color: boolean;
  /** IANA name of the zone of the times. */
  readonly zone: string;
  /** No more than ASCII. */
  readonly isPlain?: boolean;
}

export interface SeriesOf {
  /** What is drawn, such as `bytes`. */
  readonly name: string;
  /** As `withUnit` takes it. */
  readonly unit: string;
  readonly bucketMillis: number;
  /** Whether values of several buckets may be added. */
  readonly isSum: boolean;
}

/** Bands that are drawn; further groups are counted in a line. */
const bandsMax = 20;
/** Rows of all bands together, as far as each has two. */
const rowsOfAll = 18;
const rowsMax = 8;

const unicode = { levels: [...'▁▂▃▄▅▆▇█'], left: '│', corner: '└', line: '─', tick: '┬', mark: '■' };
const ascii = { levels: [...'._-=+*%#'], left: '|', corner: '+', line: '-', tick: '+', mark: '*' };
const palette = [34, 33, 35, 36, 32, 31, 94, 95];

/** Lines of the picture; none without points. */
export function seriesPicture(points: readonly SeriesPoint[], of: SeriesOf, style: PictureStyle): string[] {
  if (points.length === 0) return [];
  const glyphs = (style.isPlain ?? isPlainTerminal()) ? ascii : unicode;
  const groups = [...byGroup(points)];
  const first = Math.min(...points.map(({ millis }) => millis));
  const last = Math.max(...points.map(({ millis }) => millis));
  const buckets = Math.round((last - first) / of.bucketMillis) + 1;
  const most = Math.max(0, ...points.map(({ value }) => value ?? 0));
  const top = withUnit(most, of.unit);
  const margin = Math.max(top.length, 1);
  const plot = Math.max(10, style.width - margin - 3);
  const merged = Math.ceil(buckets / plot);
  const bars = Math.ceil(buckets / merged);
  const columnOf = (bar: number): number => Math.floor((bar * plot) / bars);
  const rows = Math.max(2, Math.min(rowsMax, Math.floor(rowsOfAll / Math.min(groups.length, bandsMax))));
  const time = timeFormat(of.bucketMillis, last - first, style.zone);
  const axis = axisOf({ first, barMillis: merged * of.bucketMillis, bars, columnOf, time });

  const lines = [
    `${of.name}, ${durationText(of.bucketMillis / 1000)} each; ${rangeText(first, last + of.bucketMillis, style.zone)}`,
  ];
  for (const [i, [group, own]] of groups.slice(0, bandsMax).entries()) {
    const paint = painted(style.color ? (colorOf(group) ?? palette[i % palette.length]) : undefined);
    if (groups.length > 1 || group !== '')
      lines.push(`${paint(glyphs.mark)} ${printableCell(group)}  ${summaryOf(own, of, time)}`);
    const values = Array.from({ length: bars }, () => 0);
    for (const { millis, value } of own) {
      const at = Math.floor(Math.round((millis - first) / of.bucketMillis) / merged);
      values[at] = Math.max(values[at], value ?? 0);
    }
    for (let row = rows - 1; row >= 0; row--) {
      const label = row === rows - 1 ? top : '';
      const cells = values
        .map((value, bar) => cellOf(value, most, row, rows, glyphs.levels).repeat(columnOf(bar + 1) - columnOf(bar)))
        .join('');
      lines.push(`${label.padStart(margin)} ${glyphs.left}${paint(cells.trimEnd())}`);
    }
    const ticks = [...glyphs.line.repeat(plot)];
    for (const { at } of axis) ticks[at] = glyphs.tick;
    lines.push(`${'0'.padStart(margin)} ${glyphs.corner}${ticks.join('')}`);
  }
  lines.push(`${' '.repeat(margin + 2)}${labelsOf(axis, plot)}`.trimEnd());
  if (merged > 1) lines.push(`each column is the largest of ${merged} buckets`);
  if (groups.length > bandsMax) lines.push(`${groups.length - bandsMax} more groups are not drawn (-o csv has all)`);
  return lines;
}

function byGroup(points: readonly SeriesPoint[]): Map<string, SeriesPoint[]> {
  const groups = new Map<string, SeriesPoint[]>();
  for (const point of points) {
    const own = groups.get(point.group);
    if (own === undefined) groups.set(point.group, [point]);
    else own.push(point);
  }
  return groups;
}

/** `2026-11-20 09:54:00 to 10:07:00 UTC`. */
function rangeText(start: number, end: number, zone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const [from, to] = [format.format(start), format.format(end)];
  return `${from} to ${from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to} ${zone}`;
}

function painted(color: number | undefined): (text: string) => string {
  return (text) => (color === undefined || text === '' ? text : `\u001b[${color}m${text}\u001b[0m`);
}

/** Red what was denied, green what was allowed, as in tables. */
function colorOf(group: string): number | undefined {
  return /^deny\b/i.test(group) ? 31 : /^allow\b/i.test(group) ? 32 : undefined;
}

function cellOf(value: number, most: number, row: number, rows: number, levels: readonly string[]): string {
  if (value <= 0 || most <= 0) return ' ';
  // A value is never so small that nothing is seen of it.
  const eighths = Math.max(1, Math.round((value / most) * rows * levels.length)) - row * levels.length;
  return eighths <= 0 ? ' ' : levels[Math.min(levels.length, eighths) - 1];
}

function summaryOf(points: readonly SeriesPoint[], of: SeriesOf, time: (millis: number) => string): string {
  const counted = points.filter(({ value }) => value !== null);
  if (counted.length === 0) return 'not counted';
  const peak = counted.reduce((best, point) => (point.value! > best.value! ? point : best));
  const sum = counted.reduce((all, { value }) => all + value!, 0);
  const total = of.isSum ? `${withUnit(sum, of.unit)}, ` : '';
  return `${total}at most ${withUnit(peak.value!, of.unit)} at ${time(peak.millis)}`;
}

/** Times as short as the range and the buckets permit. */
function timeFormat(bucketMillis: number, spanMillis: number, zone: string): (millis: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const [start, end] = [
    spanMillis >= dayMillis ? 5 : 11,
    bucketMillis >= dayMillis ? 10 : bucketMillis % minuteMillis === 0 ? 16 : 19,
  ];
  return (millis) => format.format(millis).slice(start, end);
}

const steps = [1, 2, 5, 10, 15, 30]
  .map((seconds) => seconds * 1000)
  .concat([1, 2, 5, 10, 15, 30].map((minutes) => minutes * minuteMillis))
  .concat([1, 2, 3, 6, 12].map((hours) => hours * hourMillis))
  .concat([1, 2, 7, 14, 28, 56, 112, 364].map((days) => days * dayMillis));

interface Tick {
  /** Column of the plot. */
  readonly at: number;
  readonly label: string;
}

/** Ticks at whole steps of time, far enough from each other for their labels. */
function axisOf(of: {
  readonly first: number;
  readonly barMillis: number;
  readonly bars: number;
  readonly columnOf: (bar: number) => number;
  readonly time: (millis: number) => string;
}): Tick[] {
  const room = of.time(of.first).length + 3;
  const step = steps.find((one) => one % of.barMillis === 0 && of.columnOf(one / of.barMillis) >= room);
  const ticks: Tick[] = [];
  for (let bar = 0; bar < of.bars; bar++) {
    const millis = of.first + bar * of.barMillis;
    if (step === undefined ? bar === 0 : millis % step === 0)
      ticks.push({ at: of.columnOf(bar), label: of.time(millis) });
  }
  return ticks.length > 0 ? ticks : [{ at: 0, label: of.time(of.first) }];
}

function labelsOf(ticks: readonly Tick[], plot: number): string {
  let line = '';
  for (const { at, label } of ticks) if (at + label.length <= plot) line = line.padEnd(at) + label;
  return line;
}
