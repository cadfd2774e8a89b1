import { once } from 'node:events';
import { type Command, Option } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { openSource } from '../../blob/open.ts';
import { readBlocks, wrapRecords } from '../../source/blob-blocks.ts';
import { findOneBlob } from '../../source/flow-log-blobs.ts';
import type { BlobOptions } from '../options/blob-options.ts';
import { addBlobOptions, readBlobSelection } from '../options/blob-options.ts';
import { parseWhole } from '../options/options.ts';
import { escapeJson } from '../../base/row-text.ts';
import { printable } from '../output/printable.ts';

interface ShowOptions extends BlobOptions {
  readonly block?: string;
  readonly since?: string;
  readonly output: 'json' | 'raw';
}

/** Source: Azure Blob Storage, limits of block blobs. */
const blockIndexMax = 50_000;

export function define(command: Command): void {
  addBlobOptions(command);
  command
    .option('--block <n>', 'only this block, by its index in `blob blocks`')
    .option('--since <n>', 'the blocks from this one on: what came after n blocks were read')
    .addOption(
      new Option('-o, --output <format>', 'json: records as a whole flow log; raw: the bytes as they are')
        .choices(['json', 'raw'])
        .default('json'),
    );
  command.action(async (source: string, options: ShowOptions) => {
    if (options.block !== undefined && options.since !== undefined)
      throw new FlowError('usage', '--block and --since exclude each other');
    const index = (name: string, text: string | undefined): number | undefined =>
      text === undefined ? undefined : parseWhole(name, text, 0, blockIndexMax);
    const range = { block: index('--block', options.block), since: index('--since', options.since) };
    const { container, name } = await findOneBlob(await openSource(source), readBlobSelection(options));
    const bytes = await readBlocks(container, name, range);
    const isPart = range.block !== undefined || range.since !== undefined;
    const shown = options.output === 'json' && isPart ? wrapRecords(bytes) : bytes;
    const end = options.output === 'json' ? '\n' : '';
    for (const part of process.stdout.isTTY ? printableParts(shown) : [shown])
      if (!process.stdout.write(part)) await once(process.stdout, 'drain');
    process.stdout.write(end);
  });
}

const partBytes = 1 << 16;

/** The text of a blob for a terminal: JSON keeps its meaning, and what no JSON has is shown as a dot. */
function* printableParts(bytes: Uint8Array): Generator<string> {
  const decoder = new TextDecoder();
  for (let at = 0; at < bytes.length; at += partBytes) {
    const text = decoder.decode(bytes.subarray(at, at + partBytes), { stream: true });
    yield printable(escapeJson(text.replace(/[\t\r]/g, ' ')));
  }
}
