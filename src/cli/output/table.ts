/**
 * Tables for people. Nothing is cut: if the terminal is too narrow, columns of less use are left out (table-columns.ts), and then cells go
 * on in further lines (wrap.ts). If that is not enough, each cell has a line (record-lines.ts).
 */
import type { Result, ResultColumn, TableStyle } from './result.ts';
import { plainText } from '../../base/row-text.ts';
import { printableCell } from './printable.ts';
import { recordLines } from './record-lines.ts';
import { leftOutFirst, wrapSteps } from './table-columns.ts';
import { numberFormat, unitOf } from './units.ts';
import { longestAddress, rowLines, tableGap, wrapCell } from './wrap.ts';

/** Rows that decide the widths of columns; later rows that are wider wrap, or move what is right of them. */
const tableSampleRows = 1000;
/** The width of an IPv4 address. */
const valueHeaderMax = 15;
/** Of `255.255.255.255/32`. */
const addressWidthMax = 18;

export async function* renderTable({ columns, chunks, keep = [] }: Result, style: TableStyle): AsyncGenerator<string> {
  let layout: Layout | undefined;
  const sample: (readonly unknown[])[] = [];
  const start = function* (): Generator<string> {
    layout = layoutOf(columns, sample, style, keep);
    const isAlone = sample.length === 0 && style.noHeaderAlone === true;
    if (style.noHeader !== true && !isAlone) yield layout.header();
    for (const row of sample) yield layout.row(row);
  };
  for await (const chunk of chunks) {
    let text = '';
    for (const row of chunk) {
      if (layout !== undefined) text += layout.row(row);
      else if (sample.push(row) === tableSampleRows) yield* start();
    }
    if (text !== '') yield text;
    if (style.atOnce === true && layout === undefined) yield* start();
  }
  if (layout === undefined) yield* start();
}

interface Layout {
  header(): string;
  row(values: readonly unknown[]): string;
}

interface Shown {
  readonly column: ResultColumn;
  /** Its place in a row. */
  readonly at: number;
  readonly header: string;
  readonly isRight: boolean;
  readonly text: (value: unknown) => string;
}

function layoutOf(
  columns: readonly ResultColumn[],
  sample: readonly (readonly unknown[])[],
  style: TableStyle,
  keep: readonly string[],
): Layout {
  const isTerminal = style.isTerminal === true;
  let date: string | undefined;
  const all = columns.map((column, at): Shown => {
    const values = sample.map((row) => row[at]);
    const own = isTerminal && column.kind === 'time' ? commonDate(values) : undefined;
    date ??= own;
    const common = own === date ? own : undefined;
    return {
      column,
      at,
      header: headerOf(column, isTerminal),
      isRight: column.kind === 'number',
      text: cellFormat(column, values, isTerminal, common),
    };
  });
  const cellWidths = all.map(({ text, at }) => Math.max(1, ...sample.map((row) => text(row[at]).length)));
  const headed = (headerWidth: (one: Shown) => number): number[] =>
    cellWidths.map((width, i) => (style.noHeader === true ? width : Math.max(width, headerWidth(all[i]))));
  const full = headed(({ header }) => header.length);
  const isRoomyFor = (some: readonly Shown[]): boolean =>
    style.width === 0 || lineWidth(some.map(({ at }) => full[at])) <= style.width;
  const narrow = headed(narrowHeader);
  const shown = isRoomyFor(all) ? all : fitting(all, narrow, style.width, keep);
  const isRoomy = isRoomyFor(shown);
  const out = all.filter((one) => !shown.includes(one)).map(({ column }) => column.name);
  if (out.length > 0) style.onLeftOut?.(out);
  if (date !== undefined && sample.length > 0) style.onDate?.(date.trim());
  const widths = shown.map(({ at }) => (isRoomy ? full : narrow)[at]);
  if (!isRoomy) {
    const addresses = shown.map(({ at, text }) => Math.max(0, ...sample.map((row) => shortAddress(text(row[at])))));
    giveWay(widths, shown, style.width, addresses);
    for (const [i, { header, at, isRight, text }] of shown.entries()) {
      if (isRight) continue;
      const cells = [style.noHeader === true ? '' : header, ...sample.map((row) => text(row[at]))];
      const lengths = cells.flatMap((cell) => wrapCell(cell, widths[i]).map(({ length }) => length));
      // An address that is longer has a line of its own.
      widths[i] = Math.max(1, ...lengths.filter((length) => length <= widths[i]));
    }
  }
  const bold = (text: string): string => (style.color ? `\u001b[1m${text}\u001b[0m` : text);
  const painted =
    (cells: readonly string[]) =>
    (text: string, i: number): string =>
      style.color ? colored(text, shown[i].column, cells[i]) : text;
  const cellsOf = (values: readonly unknown[]): string[] => shown.map(({ text, at }) => text(values[at]));
  if (!isRoomy && lineWidth(widths) > style.width) {
    const names = style.noHeader === true ? [] : shown.map(({ header }) => header);
    return {
      header: () => '',
      row: (values) => {
        // Without the spaces that align decimals.
        const cells = cellsOf(values).map((cell, i) => (shown[i].isRight ? cell.replaceAll(/ +/g, ' ') : cell));
        return recordLines(names, cells, style.width, bold, painted(cells));
      },
    };
  }
  const starts = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width + tableGap, 0));
  const line = (
    cells: readonly string[],
    paint: (text: string, i: number) => string,
    isWrapping: (i: number) => boolean,
  ): string =>
    rowLines(
      cells.map((cell, i) => ({
        lines: isWrapping(i) ? wrapCell(cell, widths[i]) : [cell],
        start: starts[i],
        width: widths[i],
        isRight: shown[i].isRight,
        isWrapping: isWrapping(i),
      })),
      style.width,
      paint,
    );
  return {
    header: () =>
      line(
        shown.map(({ header }) => header),
        bold,
        () => !isRoomy,
      ),
    row: (values) => {
      const cells = cellsOf(values);
      return line(cells, painted(cells), (i) => style.width > 0 && !shown[i].isRight);
    },
  };
}

function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + tableGap, -tableGap);
}

/** The longest part of a header that breaks behind `_`; values of the data break beyond the width of an IPv4 address, but not inside an address. */
function narrowHeader({ header, column }: Shown): number {
  if (column.isValue === true) return Math.min(header.length, Math.max(valueHeaderMax, longestAddress(header)));
  return Math.max(...header.split(/(?<=_)/).map(({ length }) => length));
}

/** The columns that a line has room for: those of less use are left out first, then the last ones of values of the data. */
function fitting(all: readonly Shown[], natural: readonly number[], width: number, keep: readonly string[]): Shown[] {
  let shown = [...all];
  const isOver = (): boolean => shown.length > 1 && lineWidth(shown.map(({ at }) => natural[at])) > width;
  const leave = (one: Shown): void => void (shown = shown.filter((other) => other !== one));
  for (const name of leftOutFirst)
    for (const one of all) if (one.column.name === name && !keep.includes(name) && isOver()) leave(one);
  for (const one of [...all].reverse()) if (one.column.isValue === true && isOver()) leave(one);
  return shown;
}

/** The length of an address that a column keeps room for: IPv4 with its prefix length, or as short. Longer ones have a line of their own. */
function shortAddress(cell: string): number {
  const length = longestAddress(cell);
  return length <= addressWidthMax ? length : 0;
}

/** Narrows columns whose cells wrap, so that a line fits into the terminal if that is enough; short addresses give way late. */
function giveWay(widths: number[], shown: readonly Shown[], width: number, addresses: readonly number[]): void {
  let over = lineWidth(widths) - width;
  for (const { columns, min, keepsAddresses, isLast } of wrapSteps(shown.map(({ column }) => column))) {
    const spare = (i: number): number => Math.max(0, widths[i] - Math.max(min, keepsAddresses ? addresses[i] : 0));
    if (isLast && columns.reduce((sum, i) => sum + spare(i), 0) < over) return;
    while (over > 0) {
      const widest = columns.reduce((most, i) => (spare(i) > 0 && widths[i] > (widths[most] ?? 0) ? i : most), -1);
      if (widest < 0) break;
      widths[widest]--;
      over--;
    }
  }
}

/** Red what was denied, green what was allowed, so that it is also said by the word. */
function colored(text: string, column: ResultColumn, cell: string): string {
  const code = column.name === 'access' ? accessColor(cell) : column.colorOf?.(cell);
  return code === undefined ? text : `\u001b[${code}m${text}\u001b[0m`;
}

function accessColor(cell: string): number | undefined {
  return /^deny$/i.test(cell) ? 31 : /^allow$/i.test(cell) ? 32 : undefined;
}

function headerOf(column: ResultColumn, isTerminal: boolean): string {
  const { name, isValue } = column;
  const shown = isTerminal && unitOf(column) === 'seconds' ? name.replace(/_seconds$/, '') : name;
  return isValue === true ? printableCell(shown) : printableCell(shown).toUpperCase();
}

function cellFormat(
  column: ResultColumn,
  sample: readonly unknown[],
  isTerminal: boolean,
  date: string | undefined,
): (value: unknown) => string {
  const number = column.kind === 'number' ? numberFormat(column, sample, isTerminal) : undefined;
  return (value) => {
    if (value === null || value === undefined) return '-';
    if (number !== undefined && isDigits(value)) return number(value);
    const text = printableCell(
      column.kind === 'time' && typeof value === 'string' ? spacedTime(value) : plainText(value),
    );
    return date !== undefined && text.startsWith(date) ? text.slice(date.length) : text;
  };
}

/** Numbers beyond 2^53 come as their digits. */
function isDigits(value: unknown): value is number | string {
  return typeof value === 'number'
    ? Number.isFinite(value)
    : typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value);
}

/** `2026-11-20 10:00:00`, of an ISO 8601 text. */
function spacedTime(text: string): string {
  return text.replace(
    /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/,
    (_, date: string, time: string, part = '') => `${date} ${time}${/^\.0+$/.test(String(part)) ? '' : String(part)}`,
  );
}

/** `2026-11-20 ` where all times of a column are of that day. */
function commonDate(values: readonly unknown[]): string | undefined {
  const first = values.find((value) => value !== null && value !== undefined);
  const date = typeof first === 'string' ? spacedTime(first).slice(0, 11) : '';
  if (!/^\d{4}-\d\d-\d\d $/.test(date)) return undefined;
  return values.every(
    (value) =>
      value === null || value === undefined || (typeof value === 'string' && spacedTime(value).startsWith(date)),
  )
    ? date
    : undefined;
}
