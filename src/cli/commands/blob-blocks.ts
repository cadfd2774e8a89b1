import type { Command } from 'commander';
import { openSource } from '../../blob/open.ts';
import { placeBlocks } from '../../source/blob-blocks.ts';
import { findOneBlob } from '../../source/flow-log-blobs.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import type { BlobOptions } from '../options/blob-options.ts';
import { addBlobOptions, readBlobSelection } from '../options/blob-options.ts';
import { resultOf } from '../output/output.ts';

export function define(command: Command): void {
  addBlobOptions(command);
  addOutput(command);
  command.addHelpText(
    'after',
    '\nBlock 0 opens the blob, the last one closes it; each one between is what one flush added.\n',
  );
  command.action(async (source: string, options: BlobOptions & OutputOptions) => {
    const format = formatOf(options);
    const { container, name } = await findOneBlob(await openSource(source), readBlobSelection(options));
    const rows = (await placeBlocks(container, name)).map(({ index, id, startByte, lengthBytes }) => ({
      index,
      id,
      offset: startByte,
      length: lengthBytes,
    }));
    await print(resultOf(rows), format);
  });
}
