import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { FlowError } from '../../base/errors.ts';
import type { Result, ResultColumn, TableStyle } from './result.ts';
import { csvCell, escapeUnits, jsonText, plainText, quoteCsv, rowObject } from '../../base/row-text.ts';
import { printableCell, unsafeInText } from './printable.ts';
import { renderTable } from './table.ts';
import { yamlText } from './yaml-text.ts';

/**
 * The one renderer: every command hands a result here and gets all formats. Data goes to stdout; progress and summaries to stderr.
 */
export const outputFormats = ['table', 'json', 'jsonl', 'csv', 'tsv', 'yaml', 'md', 'parquet'] as const;
export type OutputFormat = (typeof outputFormats)[number];
/** As typed: `wide` is a table with all columns, however long its lines are. */
export const outputNames = ['table', 'wide', ...outputFormats.slice(1)] as const;
/** Parquet is binary and has a file of its own (parquet.ts). */
export type TextFormat = Exclude<OutputFormat, 'parquet'>;

/** `text` as an output format; without it, table on a terminal and jsonl into a pipe. @throws usage */
export function parseOutputFormat(text: string | undefined, isTerminal: boolean): OutputFormat {
  if (text === undefined) return isTerminal ? 'table' : 'jsonl';
  const format = text === 'wide' ? 'table' : outputFormats.find((known) => known === text);
  if (format === undefined)
    throw new FlowError('usage', `unknown output format ${JSON.stringify(text)}`, {
      hint: `One of ${outputNames.join(', ')}.`,
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
    ...result,
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
  csv: (result, style) =>
    renderDelimited(
      result,
      ',',
      style.isTerminal === true ? (text) => quoteCsv(printableCell(text)) : quoteCsv,
      style.noHeader === true,
    ),
  tsv: (result, style) => renderDelimited(result, '\t', escapeTsv, style.noHeader === true),
  yaml: renderYaml,
  md: renderMarkdown,
};

function namesOf(columns: readonly ResultColumn[]): string[] {
  return columns.map(({ name }) => name);
}

async function* renderJson({ columns, chunks }: Result): AsyncGenerator<string> {
  const names = namesOf(columns);
  let separator = '[\n  ';
  for await (const chunk of chunks) {
    let text = '';
    for (const row of chunk) {
      text += separator + jsonText(rowObject(names, row));
      separator = ',\n  ';
    }
    if (text !== '') yield text;
  }
  yield separator.startsWith('[') ? '[]\n' : '\n]\n';
}

async function* renderJsonl({ columns, chunks }: Result): AsyncGenerator<string> {
  const names = namesOf(columns);
  for await (const chunk of chunks) {
    let text = '';
    for (const row of chunk) text += `${jsonText(rowObject(names, row))}\n`;
    if (text !== '') yield text;
  }
}

async function* renderDelimited(
  { columns, chunks }: Result,
  delimiter: string,
  quote: (text: string) => string,
  noHeader: boolean,
): AsyncGenerator<string> {
  if (!noHeader) yield `${columns.map(({ name }) => quote(name)).join(delimiter)}\n`;
  for await (const chunk of chunks) {
    let text = '';
    for (const row of chunk) text += `${row.map((value) => csvCell(value, quote)).join(delimiter)}\n`;
    if (text !== '') yield text;
  }
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
  const names = namesOf(columns);
  let any = false;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    any = true;
    yield await yamlText(chunk.map((row) => rowObject(names, row)));
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
