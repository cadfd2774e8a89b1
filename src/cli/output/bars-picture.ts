/**
 * Values as bars that lie beside their labels:
 *
 *   10.20.1.4    7.9 MB  ████████████████
 *   10.20.1.5    2.1 MB  ████▎
 */
import { isPlainTerminal } from './sparkline.ts';
import { printableCell } from './printable.ts';
import type { PictureStyle } from './series-picture.ts';
import { withUnit } from './units.ts';

export interface Bar {
  readonly label: string;
  /** null if nothing was counted. */
  readonly value: number | null;
}

export interface BarsOf {
  /** What is drawn. */
  readonly name: string;
  /** As `withUnit` takes it. */
  readonly unit: string;
  /** Whether the bars are parts of a whole: each has its share. */
  readonly isWhole: boolean;
}

/** Bars that are drawn; further ones are counted in a line. */
const barsMax = 40;
const barMin = 10;
const eighths = [...'▏▎▍▌▋▊▉█'];

/** Lines of the picture; none without bars. */
export function barsPicture(bars: readonly Bar[], { name, unit, isWhole }: BarsOf, style: PictureStyle): string[] {
  if (bars.length === 0) return [];
  const isPlain = style.isPlain ?? isPlainTerminal();
  const drawn = bars.slice(0, barsMax);
  const most = Math.max(0, ...drawn.map(({ value }) => value ?? 0));
  const sum = bars.reduce((all, { value }) => all + Math.max(0, value ?? 0), 0);
  const texts = drawn.map(({ value }) => valueText(value, unit, isWhole && sum > 0 ? sum : undefined));
  const right = Math.max(...texts.map((text) => text.length));
  const room = Math.max(8, style.width - right - barMin - 4);
  const labels = drawn.map(({ label }) => shortened(printableCell(label), Math.min(room, 60), isPlain));
  const left = Math.max(...labels.map((label) => label.length));
  const plot = Math.max(barMin, style.width - left - right - 4);
  const lines = drawn.map(({ value }, i) => {
    const bar = barOf(value ?? 0, most, plot, isPlain);
    const painted = style.color && bar !== '' ? `\u001b[34m${bar}\u001b[0m` : bar;
    return `${labels[i].padEnd(left)}  ${texts[i].padStart(right)}  ${painted}`.trimEnd();
  });
  if (bars.length > barsMax) lines.push(`${bars.length - barsMax} more bars are not drawn (-o csv has all)`);
  return [printableCell(name), ...lines];
}

function valueText(value: number | null, unit: string, sum: number | undefined): string {
  if (value === null) return '-';
  const text = Number.isFinite(value) ? withUnit(value, unit) : String(value);
  if (sum === undefined) return text;
  return `${text} ${((Math.max(0, value) / sum) * 100).toFixed(1).padStart(5)} %`;
}

function shortened(label: string, width: number, isPlain: boolean): string {
  const end = isPlain ? '...' : '…';
  return label.length <= width ? label : label.slice(0, width - end.length) + end;
}

/** A value is never so small that nothing is seen of it. */
function barOf(value: number, most: number, width: number, isPlain: boolean): string {
  if (!(value > 0) || !Number.isFinite(most)) return '';
  const steps = Math.max(1, Math.round((value / most) * width * (isPlain ? 1 : eighths.length)));
  if (isPlain) return '#'.repeat(steps);
  return eighths[7].repeat(Math.floor(steps / 8)) + (steps % 8 === 0 ? '' : eighths[(steps % 8) - 1]);
}
