/** How numbers look in a table: exact, or with a unit on a terminal. All other formats have them exact. */
import { withoutEnd } from '../../base/text.ts';
import type { ResultColumn } from './result.ts';

/** Decimals in a table that is no terminal's; a terminal shows one for a unit and two otherwise. */
const decimalsMax = 3;
const terminalDecimalsMax = 2;

const steps: Readonly<Record<string, readonly string[]>> = {
  bytes: ['B', 'kB', 'MB', 'GB', 'TB', 'PB'],
  'bytes/s': ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s'],
  bits: ['bit', 'kbit', 'Mbit', 'Gbit', 'Tbit', 'Pbit'],
  'bits/s': ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'],
};

/** Columns whose numbers count something, and so have thousands separators; ports and priorities have none. */
const counts =
  /^(before$|difference$|bytes|packets|flows|tuples|rows|files|blobs|nics|conv|observers|denied|distinct|minutes|pending|present|quiet|missing|unknown|unread|rejected|p\d|max)/;

/** What the numbers of a column count: by its unit, else by its name. */
export function unitOf({ name, kind, unit }: ResultColumn): string | undefined {
  if (kind !== 'number') return undefined;
  if (unit !== undefined) return unit;
  if (/(^|_)bytes(_|$)/.test(name) && !name.includes('_per_')) return 'bytes';
  if (name.endsWith('_seconds')) return 'seconds';
  return counts.test(name) ? 'count' : undefined;
}

/** A number with its unit, such as `51.3 MB` or `2h 13m`. */
export function withUnit(value: number, unit: string): string {
  if (unit === 'seconds') return durationText(value);
  const names = steps[unit];
  if (names === undefined) return groupedNumber(value, Number.isInteger(value) ? 0 : 1);
  const { text, step } = scaled(value, names);
  return `${text} ${names[step]}`;
}

/** Prints the numbers of one column, so that their decimal points stand in one line. */
export function numberFormat(
  column: ResultColumn,
  sample: readonly unknown[],
  isTerminal: boolean,
): (value: number | string) => string {
  const unit = unitOf(column);
  if (isTerminal && unit === 'seconds') return (value) => durationText(Number(value));
  const names = unit === undefined || !isTerminal ? undefined : steps[unit];
  if (names !== undefined) return scaledFormat(names, sample);
  const most = isTerminal ? terminalDecimalsMax : decimalsMax;
  const decimals = Math.max(0, ...sample.map((value) => decimalsOf(value, most)));
  if (unit === undefined) return (value) => (typeof value === 'number' ? value.toFixed(decimals) : value);
  return (value) => groupedNumber(value, decimals);
}

function scaledFormat(names: readonly string[], sample: readonly unknown[]): (value: number | string) => string {
  const shown = sample.flatMap((value) =>
    value === null || value === undefined ? [] : [scaled(Number(value), names)],
  );
  const hasDecimals = shown.some(({ text }) => text.includes('.'));
  const width = Math.max(0, ...shown.map(({ step }) => names[step].length));
  return (value) => {
    const { text, step } = scaled(Number(value), names);
    const padding = hasDecimals && !text.includes('.') ? '  ' : '';
    return `${text}${padding} ${names[step].padStart(width)}`;
  };
}

/** Decimal units, as storage is priced; whole without a prefix, one decimal with one. */
function scaled(value: number, names: readonly string[]): { readonly text: string; readonly step: number } {
  let rest = value;
  let step = 0;
  // 999.95 would be printed as 1000.0.
  while (Math.abs(rest) >= (step === 0 ? 999.5 : 999.95) && step < names.length - 1) {
    rest /= 1000;
    step++;
  }
  return { text: step === 0 ? String(Math.round(rest)) : rest.toFixed(1), step };
}

function decimalsOf(value: unknown, most: number): number {
  if (typeof value !== 'number' || Number.isInteger(value)) return 0;
  const [, decimals = ''] = value.toFixed(most).split('.');
  return withoutEnd(decimals, '0').length;
}

function groupedNumber(value: number | string, decimals: number): string {
  const [whole, rest] = (typeof value === 'number' ? value.toFixed(decimals) : value).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

/** `45s`, `2h 13m`, `3d 4h`. */
export function durationText(seconds: number): string {
  const rest = Math.round(Math.abs(seconds));
  const sign = seconds < 0 ? '-' : '';
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(rest / 86_400), 'd'],
    [Math.floor(rest / 3600) % 24, 'h'],
    [Math.floor(rest / 60) % 60, 'm'],
    [rest % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0s';
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return sign + shown.map(([count, name]) => `${count}${name}`).join(' ');
}
