/** How every command prints its result. */
import { once } from 'node:events';
import { type Command, Option } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { stop } from '../interrupt.ts';
import type { OutputFormat, Result } from './output.ts';
import { outputFormats, parseOutputFormat, writeResult } from './output.ts';
import type { Pager } from './pager.ts';
import { openPager } from './pager.ts';
import { jsonText, tell } from './printable.ts';
import { yamlText } from './yaml-text.ts';

export interface OutputOptions {
  readonly output?: string;
}

/** How the running command shows its output; options of addOutput set it. */
const appearance = { color: 'auto', pager: true };

export function addOutput(command: Command): void {
  command
    .option('-o, --output <format>', `${outputFormats.join(', ')} (default: table on a terminal, jsonl into a pipe)`)
    .addOption(
      new Option('--color <when>', 'auto, always or never').argParser((when: string) => {
        if (!['auto', 'always', 'never'].includes(when))
          throw new FlowError('usage', `--color takes auto, always or never, not ${JSON.stringify(when)}`);
        return when;
      }),
    )
    .option('--no-pager', 'write straight to the terminal, however long');
  command.hook('preAction', (_, self) => {
    const { color = 'auto', pager } = self.opts<{ color?: string; pager?: boolean }>();
    appearance.color = color;
    appearance.pager = pager !== false;
  });
}

/** The format asked for; on a terminal a table. @throws usage */
export function formatOf({ output }: OutputOptions): OutputFormat {
  return parseOutputFormat(output, process.stdout.isTTY);
}

/** Writes a result to stdout in the format asked for; with `follow`, each chunk as it comes. @returns the number of rows */
export async function print(result: Result, format: OutputFormat, mode: 'all' | 'follow' = 'all'): Promise<number> {
  if (format === 'parquet') {
    const { writeParquet } = await import('./parquet.ts');
    return writeParquet(result, process.stdout);
  }
  const isTerminal = process.stdout.isTTY;
  const pager = isTerminal && appearance.pager && mode === 'all' ? await openPager() : undefined;
  const notes: string[] = [];
  try {
    const shown = pager === undefined ? result : { ...result, chunks: whileRead(result.chunks, pager) };
    return await writeResult(shown, format, pager?.out ?? process.stdout, {
      width: isTerminal ? process.stdout.columns : 0,
      isTerminal,
      color: appearance.color === 'always' || (appearance.color === 'auto' && isTerminal && !process.env['NO_COLOR']),
      signal: stop.signal,
      note: (sentence) => notes.push(sentence),
      atOnce: mode === 'follow',
    });
  } finally {
    await pager?.close();
    for (const note of notes) tell(note);
  }
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
  if (format === 'json' || format === 'jsonl') {
    const text = jsonText(value, format === 'json' ? 2 : undefined);
    if (!process.stdout.write(`${text}\n`)) await once(process.stdout, 'drain');
  } else if (format === 'yaml') {
    process.stdout.write(await yamlText(value));
  } else await print(result, format);
}
