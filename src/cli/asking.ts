import { once } from 'node:events';
import type { Command } from 'commander';
import { FlowError } from '../base/errors.ts';
import { openLake } from '../lake/lake.ts';
import { readLogs } from '../pipeline/read-logs.ts';
import type { Engine } from '../query/engine.ts';
import { openLakeEngine, openMemoryEngine } from '../query/engine.ts';
import { parseFilter } from '../query/filter.ts';
import { parseTimePoint } from '../query/time-point.ts';
import type { QueryRange } from '../query/tree.ts';
import { collect } from './options.ts';
import type { OutputFormat, Result } from './output.ts';
import { outputFormats, parseOutputFormat, writeResult } from './output.ts';
import { createProgress } from './progress.ts';

/** What every command that asks has in common: where the tuples are, which of them, and how the answer is printed. */
export interface AskOptions extends OutputOptions {
  readonly lake?: string;
  readonly input?: readonly string[];
  readonly from?: string;
  readonly to?: string;
}

export interface OutputOptions {
  readonly output?: string;
}

export function addOutput(command: Command): void {
  command.option(
    '-o, --output <format>',
    `${outputFormats.join(', ')} (default: table on a terminal, jsonl into a pipe)`,
  );
}

/** Adds `--lake` and `-i`. */
export function addSource(command: Command): void {
  command
    .option('--lake <dir>', 'ask the table in this folder')
    .option(
      '-i, --input <source>',
      'ask flow logs without a lake: folder, file, glob, URL, -; may be repeated',
      collect,
    );
}

/** Adds a trailing filter, `--lake`, `-i`, times and the output format. */
export function addQuestion(command: Command): void {
  command.argument('[filter...]', 'filter expression, such as: access = deny and dst.port = 22');
  addSource(command);
  command
    .option('--from <time>', 'tuples at or after: 6h, 2026-11-20, 2026-11-20T10:00:00Z, epoch')
    .option('--to <time>', 'tuples before this time');
  addOutput(command);
}

/** The filter's words as one expression; `undefined` selects all. @throws filter-syntax */
export function readFilter(words: readonly string[]): ReturnType<typeof parseFilter> {
  return parseFilter(words.join(' '), Date.now());
}

/** @throws usage */
export function readRange({ from, to }: AskOptions): QueryRange {
  const point = (name: string, text: string): number => {
    const millis = parseTimePoint(text, Date.now());
    if (millis === undefined)
      throw new FlowError('usage', `${name} ${JSON.stringify(text)} is no time`, {
        hint: 'Such as 6h (ago), 2026-11-20, 2026-11-20T10:00:00Z, or epoch seconds.',
      });
    return millis;
  };
  const start = from === undefined ? undefined : point('--from', from);
  const end = to === undefined ? undefined : point('--to', to);
  if (start !== undefined && end !== undefined && start > end)
    throw new FlowError('usage', '--from is later than --to', { hint: 'Exchange them.' });
  return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
}

/** Opens the lake, or reads the logs named by `-i`, and lets `ask` have the engine. @throws usage, and what reading throws */
export async function withEngine<T>(options: AskOptions, ask: (engine: Engine) => Promise<T>): Promise<T> {
  if ((options.lake === undefined) === (options.input === undefined))
    throw new FlowError('usage', 'name what to ask: --lake DIR, or -i SOURCE', { hint: 'One of the two.' });
  if (options.input === undefined) {
    const lake = await openLake(options.lake!);
    try {
      const engine = await openLakeEngine(await lake.snapshot());
      try {
        return await ask(engine);
      } finally {
        await engine.close();
      }
    } finally {
      await lake.close();
    }
  }
  const progress = createProgress('reading');
  const logs = await readLogs(options.input, (bytes) => progress.update(bytes, undefined)).finally(() =>
    progress.end(),
  );
  try {
    if (logs.rejected > 0)
      process.stderr.write(
        `warning: ${logs.rejected} byte ranges could not be used; the first: ${logs.firstRejection}\n`,
      );
    const engine = await openMemoryEngine(logs.table);
    try {
      return await ask(engine);
    } finally {
      await engine.close();
    }
  } finally {
    await logs.table.close();
  }
}

/** The format asked for; on a terminal a table. @throws usage */
export function formatOf({ output }: OutputOptions): OutputFormat {
  return parseOutputFormat(output, process.stdout.isTTY);
}

/** Writes a result to stdout in the format asked for. @returns the number of rows */
export async function print(result: Result, format: OutputFormat): Promise<number> {
  if (format === 'parquet') {
    const { writeParquet } = await import('./parquet.ts');
    return writeParquet(result, process.stdout);
  }
  return writeResult(result, format, process.stdout, process.stdout.isTTY ? process.stdout.columns : 0);
}

/** Writes one object: as it stands in json, jsonl and yaml, else as a table of one row. */
export async function printObject(value: Record<string, unknown>, result: Result, format: OutputFormat): Promise<void> {
  if (format === 'json' || format === 'jsonl') {
    const text = format === 'json' ? JSON.stringify(value, undefined, 2) : JSON.stringify(value);
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
  } else if (format === 'yaml') {
    const { stringify } = await import('yaml');
    process.stdout.write(stringify(value, { lineWidth: 0 }));
  } else await print(result, format);
}
