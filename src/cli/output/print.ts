/** How every command prints its result. */
import { once } from 'node:events';
import { type Command, Option } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCountOf } from '../../base/format-count.ts';
import { stop } from '../interrupt.ts';
import type { OutputFormat } from './output.ts';
import type { Result } from './result.ts';
import { outputNames, parseOutputFormat, writeResult } from './output.ts';
import type { Pager } from './pager.ts';
import { openPager } from './pager.ts';
import { jsonText } from '../../base/row-text.ts';
import { tell } from './printable.ts';
import type { Shape } from './shape.ts';
import { parseColumns, parseSort, pickedKeys, shaped } from './shape.ts';
import type { PictureStyle } from './series-picture.ts';
import { inTimeZone, readTimeZone } from './time-zone.ts';
import { yamlText } from './yaml-text.ts';

export interface OutputOptions {
  readonly output?: string;
  readonly columns?: string;
  readonly sort?: string;
  readonly verbose?: boolean;
}

interface Appearance extends Pick<Shape, 'columns' | 'sort'> {
  readonly color: string;
  readonly pager: boolean;
  readonly wide: boolean;
  readonly header: boolean;
  readonly verbose: boolean;
  readonly zone: string;
}

/** How this process shows its output; options of addOutput set it. */
let appearance: Appearance = { color: 'auto', pager: true, wide: false, header: true, verbose: false, zone: 'UTC' };

/** Names that `--columns` and `--sort` of a command take, for completion. */
const columnNames = new WeakMap<Command, readonly string[]>();

export function columnNamesOf(command: Command): readonly string[] {
  return columnNames.get(command) ?? [];
}

/** Adds how the result is printed. `names` are columns that completion offers. */
export function addOutput(command: Command, names: readonly string[] = []): void {
  columnNames.set(command, names);
  command
    .option('-o, --output <format>', `${outputNames.join(', ')} (default: table on a terminal, jsonl into a pipe)`)
    .option('--columns <names>', 'print these columns, with commas; names are the keys of -o json')
    .option('--sort <column>', 'sort the rows by a column; column:desc is the largest first')
    .option('--no-header', 'print no line of names in table, csv and tsv')
    .addOption(
      new Option('--color <when>', 'auto, always or never').argParser((when: string) => {
        if (!['auto', 'always', 'never'].includes(when))
          throw new FlowError('usage', `--color takes auto, always or never, not ${JSON.stringify(when)}`);
        return when;
      }),
    )
    .option('--no-pager', 'write straight to the terminal, however long')
    .option('--timezone <zone>', 'of times in tables: Europe/Berlin, local (default: UTC)')
    .option('-v, --verbose', 'say more below a table');
  command.hook('preAction', (_, self) => {
    const options = self.opts<
      OutputOptions & { color?: string; pager?: boolean; header?: boolean; timezone?: string }
    >();
    appearance = {
      color: options.color ?? 'auto',
      pager: options.pager !== false,
      wide: options.output === 'wide',
      header: options.header !== false,
      verbose: options.verbose === true,
      zone: options.timezone === undefined ? 'UTC' : readTimeZone(options.timezone),
      ...(options.columns === undefined ? {} : { columns: parseColumns(options.columns) }),
      ...(options.sort === undefined ? {} : { sort: parseSort(options.sort) }),
    };
  });
}

/** Written before the next result: what clears the screen for it. No pager opens then. */
let clearing: string | undefined;

/** Lets the next result take the place of what is on the screen. */
export function redrawNext(sequence: string): void {
  clearing = sequence;
}

/** The format asked for; on a terminal a table. @throws usage */
export function formatOf({ output }: OutputOptions): OutputFormat {
  return parseOutputFormat(output, process.stdout.isTTY);
}

/** Whether a picture is printed where a command has one: on a terminal, unless options ask for the table. */
export function isPicture(format: OutputFormat): boolean {
  return format === 'table' && process.stdout.isTTY && !appearance.wide && !isShaped();
}

/** How a command has its result printed. */
export interface Printing {
  /** Each chunk as it comes, without a pager. */
  readonly follow?: boolean;
  /** Rows to print of a result that `--sort` orders; it is not applied without `--sort`. */
  readonly sortedLimit?: number;
  /** The table for people, in place of the columns of the result; `--columns` does without it. */
  readonly show?: (result: Result) => Result | Promise<Result>;
  /** A picture in place of a table on a terminal, of what `show` would show; `-o wide`, `--columns` and `--sort` do without it. */
  readonly draw?: (result: Result, style: PictureStyle) => Promise<readonly string[]>;
  /** The line below a table, in parts; for `rows` that were printed. */
  readonly below?: (rows: number) => readonly string[];
  /** What -v adds, a line each. */
  readonly details?: (rows: number) => readonly string[];
}

/** Writes a result to stdout in the format asked for. @returns the number of rows */
export async function print(result: Result, format: OutputFormat, printing: Printing = {}): Promise<number> {
  const isTable = format === 'table';
  if (clearing !== undefined) {
    process.stdout.write(clearing);
    clearing = undefined;
    appearance = { ...appearance, pager: false };
  }
  const { columns, sort } = appearance;
  const limit = printing.sortedLimit;
  let asked = shaped(result, {
    ...(sort === undefined ? {} : { sort }),
    ...(limit === undefined ? {} : { limit }),
  });
  if (printing.draw !== undefined && isPicture(format)) return drawn(asked, printing);
  if (columns !== undefined) asked = shaped(asked, { columns });
  else if ((isTable || format === 'md') && printing.show !== undefined) asked = await printing.show(asked);
  if ((isTable || format === 'md') && appearance.zone !== 'UTC') asked = inTimeZone(asked, appearance.zone);
  if (format === 'parquet') {
    const { writeParquet } = await import('./parquet.ts');
    return writeParquet(asked, process.stdout);
  }
  const isTerminal = process.stdout.isTTY;
  const pager =
    isTerminal && appearance.pager && printing.follow !== true ? await openPager(appearance.wide) : undefined;
  let leftOut: readonly string[] = [];
  let date: string | undefined;
  let rows = 0;
  try {
    const shown = pager === undefined ? asked : { ...asked, chunks: whileRead(asked.chunks, pager) };
    rows = await writeResult(shown, format, pager?.out ?? process.stdout, {
      width: isTerminal && !appearance.wide ? process.stdout.columns : 0,
      isTerminal,
      color: isColored(isTerminal),
      signal: stop.signal,
      noHeader: !appearance.header,
      noHeaderAlone: printing.below !== undefined,
      onLeftOut: (names) => (leftOut = names),
      onDate: (day) => (date = day),
      atOnce: printing.follow === true,
    });
  } finally {
    await pager?.close();
  }
  // Not after a failure or an interrupt: the rows are not all then, and an answer without rows is not empty.
  if (isTable) tellBelow(rows, printing, date, leftOut);
  return rows;
}

/** Writes a picture. @returns the rows that it is of */
async function drawn(result: Result, printing: Printing): Promise<number> {
  let rows = 0;
  const chunks = (async function* () {
    for await (const chunk of result.chunks) {
      rows += chunk.length;
      yield chunk;
    }
  })();
  const style = { width: process.stdout.columns, color: isColored(true), zone: appearance.zone };
  const lines = await printing.draw!({ ...result, chunks }, style);
  const pager = appearance.pager && lines.length > process.stdout.rows ? await openPager(false) : undefined;
  const out = pager?.out ?? process.stdout;
  if (lines.length > 0 && !out.write(`${lines.join('\n')}\n`)) await once(out, 'drain');
  await pager?.close();
  tellBelow(rows, printing, undefined, []);
  return rows;
}

function isColored(isTerminal: boolean): boolean {
  return appearance.color === 'always' || (appearance.color === 'auto' && isTerminal && !process.env['NO_COLOR']);
}

/** One line on stderr below a table; with -v, further ones. */
function tellBelow(
  rows: number,
  { below, details }: Printing,
  date: string | undefined,
  leftOut: readonly string[],
): void {
  const hidden =
    leftOut.length === 0 || rows === 0 ? [] : [`${formatCountOf(leftOut.length, 'column')} hidden (-o wide)`];
  const parts = [...(below?.(rows) ?? []), ...(date === undefined ? [] : [`${date} ${appearance.zone}`]), ...hidden];
  if (parts.length > 0) tell(parts.join('; '));
  if (!appearance.verbose) return;
  for (const line of details?.(rows) ?? []) tell(line);
  if (leftOut.length > 0) tell(`hidden columns: ${leftOut.join(', ')}`);
}

/** Whether `--columns` or `--sort` changes what is printed. */
export function isShaped(): boolean {
  return appearance.columns !== undefined || appearance.sort !== undefined;
}

/** What `--columns` and `--sort` ask for, and the rows to print after sorting. */
export function shapeOf({ sortedLimit }: Pick<Printing, 'sortedLimit'>): Shape {
  const { columns, sort } = appearance;
  return {
    ...(columns === undefined ? {} : { columns }),
    ...(sort === undefined ? {} : { sort }),
    ...(sortedLimit === undefined ? {} : { limit: sortedLimit }),
  };
}

/** Chunks until the reader has left. */
async function* whileRead(chunks: Result['chunks'], pager: Pager): AsyncGenerator<readonly unknown[][]> {
  for await (const chunk of chunks) {
    if (pager.hasLeft) return;
    yield chunk;
  }
}

/** Writes one object: as it stands in json, jsonl and yaml, else as a table of one row. */
export async function printObject(value: Record<string, unknown>, result: Result, format: OutputFormat): Promise<void> {
  const picked = appearance.columns === undefined ? value : pickedKeys(value, appearance.columns);
  if (format === 'json' || format === 'jsonl') {
    const text = jsonText(picked, format === 'json' ? 2 : undefined);
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
  } else if (format === 'yaml') {
    process.stdout.write(await yamlText(picked));
  } else await print(result, format);
}
