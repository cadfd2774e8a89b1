import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { FlowError } from '../../base/errors.ts';
import { escapeUnits, jsonText, printableCell, unsafeInText } from './printable.ts';
import { yamlText } from './yaml-text.ts';

/**
 * The one renderer: every command hands a result here and gets all formats. Data goes to stdout; progress and summaries to stderr.
 */
export const outputFormats = ['table', 'json', 'jsonl', 'csv', 'tsv', 'yaml', 'md', 'parquet'] as const;
export type OutputFormat = (typeof outputFormats)[number];
/** Parquet is binary and has a file of its own (parquet.ts). */
export type TextFormat = Exclude<OutputFormat, 'parquet'>;

export interface ResultColumn {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'time' | 'boolean' | 'object';
}

/** Rows come in chunks, so that a result need not fit in memory. Values: string, number, boolean, null, or plain objects. */
export interface Result {
  readonly columns: readonly ResultColumn[];
  readonly chunks: AsyncIterable<readonly unknown[][]> | Iterable<readonly unknown[][]>;
}

/** Rows that decide the widths of a table's columns; later rows that are wider are cut to them. */
const tableSampleRows = 1000;

/** `text` as an output format; without it, table on a terminal and jsonl into a pipe. @throws usage */
export function parseOutputFormat(text: string | undefined, isTerminal: boolean): OutputFormat {
  if (text === undefined) return isTerminal ? 'table' : 'jsonl';
  const format = outputFormats.find((known) => known === text);
  if (format === undefined)
    throw new FlowError('usage', `unknown output format ${JSON.stringify(text)}`, {
      hint: `One of ${outputFormats.join(', ')}.`,
    });
  return format;
}

/** Makes a result of plain objects; columns are the keys of the first. */
export function resultOf(rows: readonly Record<string, unknown>[], names = Object.keys(rows[0] ?? {})): Result {
  return {
    columns: names.map((name) => ({ name, kind: kindOf(rows.find((row) => row[name] != null)?.[name]) })),
    chunks: [rows.map((row) => names.map((name) => row[name] ?? null))],
  };
}

function kindOf(value: unknown): ResultColumn['kind'] {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'object' && value !== null ? 'object' : 'text';
}

/** How a table looks. */
export interface TableStyle {
  /** Columns of the terminal, which a table is made to fit; 0 for no limit. */
  readonly width: number;
  readonly color: boolean;
  /** A terminal shows it: no format may send unsafe characters of the data there. */
  readonly isTerminal?: boolean;
  /** The first chunk decides the widths, and no later one is waited for. */
  readonly atOnce?: boolean;
  /** Ends the wait for a stream that is full. */
  readonly signal?: AbortSignal | undefined;
  /** Told what a table leaves out to fit. */
  readonly note?: (sentence: string) => void;
}

/** Writes a result. Waits when the stream is full. @returns the number of rows written @throws the reason of the style's signal */
export async function writeResult(
  result: Result,
  format: TextFormat,
  out: Writable,
  style: TableStyle = { width: 0, color: false },
): Promise<number> {
  let rows = 0;
  for await (const text of renderers[format](
    counted(result, (n) => (rows += n)),
    style,
  )) {
    if (!out.write(text)) await drained(out, style.signal);
  }
  return rows;
}

async function drained(out: Writable, signal: AbortSignal | undefined): Promise<void> {
  try {
    await once(out, 'drain', signal === undefined ? {} : { signal });
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : error;
  }
}

function counted(result: Result, add: (rows: number) => void): Result {
  return {
    columns: result.columns,
    chunks: (async function* () {
      for await (const chunk of result.chunks) {
        add(chunk.length);
        yield chunk;
      }
    })(),
  };
}

const renderers: Record<TextFormat, (result: Result, style: TableStyle) => AsyncGenerator<string>> = {
  table: renderTable,
  json: renderJson,
  jsonl: renderJsonl,
  csv: (result, { isTerminal }) =>
    renderDelimited(result, ',', isTerminal === true ? (text) => quoteCsv(printableCell(text)) : quoteCsv),
  tsv: (result) => renderDelimited(result, '\t', escapeTsv),
  yaml: renderYaml,
  md: renderMarkdown,
};

async function* renderTable({ columns, chunks }: Result, style: TableStyle): AsyncGenerator<string> {
  const sample: string[][] = [];
  let widths: readonly number[] | undefined;
  let dates: readonly (string | undefined)[] = [];
  const line = (cells: readonly string[], paint: (text: string, column: number) => string): string =>
    `${widths!
      .map((width, i) => {
        const text = dates[i] === undefined || !cells[i].startsWith(dates[i]) ? cells[i] : cells[i].slice(11);
        return paint(fitCell(text, width, columns[i].kind === 'number', i === widths!.length - 1), i);
      })
      .join('  ')
      .trimEnd()}\n`;
  const body = (cells: readonly string[]): string =>
    line(cells, (text, i) => (style.color ? colored(text, columns[i].name, cells[i]) : text));
  const header = columns.map(({ name }) => printableCell(name).toUpperCase());
  const start = function* (): Generator<string> {
    dates = columns.map(({ kind }, i) => (kind === 'time' && style.width > 0 ? commonDate(sample, i) : undefined));
    const shown = sample.map((row) => row.map((cell, i) => (dates[i] === undefined ? cell : cell.slice(11))));
    widths = tableWidths([header, ...shown], style.width);
    const out = columns.slice(widths.length).map(({ name }) => name);
    if (out.length > 0) style.note?.(leftOut(out, style.width));
    const date = dates.find((one) => one !== undefined);
    if (date !== undefined && sample.length > 0) style.note?.(`times are of ${date.trim()}, UTC`);
    yield line(header, (text) => (style.color ? `\u001b[1m${text}\u001b[0m` : text));
    for (const row of sample) yield body(row);
  };
  for await (const chunk of chunks) {
    let text = '';
    for (const row of chunk) {
      const cells = row.map((value, i) => tableCell(value, columns[i]));
      if (widths !== undefined) text += body(cells);
      else if (sample.push(cells) === tableSampleRows) yield* start();
    }
    if (text !== '') yield text;
    if (style.atOnce === true && widths === undefined) yield* start();
  }
  if (widths === undefined) yield* start();
}

/** Says which columns are not shown, on one line where that is possible. */
function leftOut(names: readonly string[], width: number): string {
  const line = (named: number): string => {
    const more = named < names.length ? `${named === 0 ? '' : ' and '}${names.length - named} more` : '';
    return `not shown: ${names.slice(0, named).join(', ')}${more} (-o csv has all)`;
  };
  let named = names.length;
  while (named > 0 && line(named).length > width) named--;
  return line(named);
}

/** `2026-11-20 ` where all times of a column are of that day. */
function commonDate(rows: readonly string[][], column: number): string | undefined {
  const [first] = rows;
  const date = first?.[column].slice(0, 11);
  if (date === undefined || !/^\d{4}-\d\d-\d\d $/.test(date)) return undefined;
  return rows.every((row) => row[column].startsWith(date)) ? date : undefined;
}

/** A column gives way to no less than this, which an IPv4 address fits in; where that is not enough, columns are left out, the last first. */
const columnWidthMin = 15;

/** Widths of columns so that a line fits in `width`: fewer than there are columns where even narrow ones do not. */
function tableWidths(rows: readonly string[][], width: number): number[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  if (width === 0) return widths;
  const line = (columns: readonly number[]): number => columns.reduce((sum, w) => sum + w + 2, -2);
  while (widths.length > 1 && line(widths.map((w) => Math.min(w, columnWidthMin))) > width) widths.pop();
  for (let over = line(widths) - width; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest] > 1) widths[widest]--;
  }
  return widths;
}

/** Pads a cell, or cuts its middle, where resource ids and rule names differ least. */
function fitCell(cell: string, width: number, right: boolean, last: boolean): string {
  if (cell.length > width) {
    const head = Math.ceil((width - 1) / 2);
    return `${cell.slice(0, head)}…${cell.slice(cell.length - (width - 1 - head))}`;
  }
  if (right) return cell.padStart(width);
  return last ? cell : cell.padEnd(width);
}

/** Red what was denied, green what was allowed, so that it is also said by the word. */
function colored(text: string, column: string, cell: string): string {
  if (column !== 'access') return text;
  const code = /^deny$/i.test(cell) ? 31 : /^allow$/i.test(cell) ? 32 : 0;
  return code === 0 ? text : `\u001b[${code}m${text}\u001b[0m`;
}

function tableCell(value: unknown, column: ResultColumn): string {
  if (value === null || value === undefined) return '-';
  if (
    column.kind === 'number' &&
    typeof value === 'number' &&
    /^(bytes|packets|flows|tuples|rows|files|conv|denied|distinct|p\d|max|before$|difference$)/.test(column.name)
  )
    return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
  if (column.kind === 'time' && typeof value === 'string')
    return value.replace(
      /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/,
      (_, date: string, time: string, part = '') => `${date} ${time}${/^\.0+$/.test(String(part)) ? '' : String(part)}`,
    );
  return printableCell(plainText(value));
}

/** A cell as text: objects as JSON. */
export function plainText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function asObject(columns: readonly ResultColumn[], row: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null]));
}

async function* renderJson({ columns, chunks }: Result): AsyncGenerator<string> {
  let separator = '[\n  ';
  for await (const chunk of chunks) {
    let text = '';
    for (const row of chunk) {
      text += separator + jsonText(asObject(columns, row));
      separator = ',\n  ';
    }
    if (text !== '') yield text;
  }
  yield separator.startsWith('[') ? '[]\n' : '\n]\n';
}

async function* renderJsonl({ columns, chunks }: Result): AsyncGenerator<string> {
  for await (const chunk of chunks) {
    let text = '';
    for (const row of chunk) text += `${jsonText(asObject(columns, row))}\n`;
    if (text !== '') yield text;
  }
}

async function* renderDelimited(
  { columns, chunks }: Result,
  delimiter: string,
  quote: (text: string) => string,
): AsyncGenerator<string> {
  yield `${columns.map(({ name }) => quote(name)).join(delimiter)}\n`;
  for await (const chunk of chunks) {
    let text = '';
    for (const row of chunk)
      text += `${row.map((value) => (value === null || value === undefined ? '' : quote(plainText(value)))).join(delimiter)}\n`;
    if (text !== '') yield text;
  }
}

/** RFC 4180. */
function quoteCsv(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Safe for `cut` and for a terminal: no tab, line break or unsafe character in a value, and yet nothing is lost. */
function escapeTsv(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replace(unsafeInText, escapeUnits);
}

async function* renderYaml({ columns, chunks }: Result): AsyncGenerator<string> {
  let any = false;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    any = true;
    yield await yamlText(chunk.map((row) => asObject(columns, row)));
  }
  if (!any) yield '[]\n';
}

async function* renderMarkdown({ columns, chunks }: Result): AsyncGenerator<string> {
  const escape = (text: string): string => printableCell(text.replaceAll(/\r?\n/g, ' ')).replaceAll('|', '\\|');
  yield `| ${columns.map(({ name }) => escape(name)).join(' | ')} |\n`;
  yield `| ${columns.map(({ kind }) => (kind === 'number' ? '---:' : '---')).join(' | ')} |\n`;
  for await (const chunk of chunks) {
    let text = '';
    for (const row of chunk)
      text += `| ${row.map((value) => (value === null || value === undefined ? '' : escape(plainText(value)))).join(' | ')} |\n`;
    if (text !== '') yield text;
  }
}
