import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatTime } from '../../base/time.ts';
import { openSource } from '../../blob/open.ts';
import { findFlowLogBlobs, logNameOf } from '../../source/flow-log-blobs.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import type { BlobOptions } from '../options/blob-options.ts';
import { addBlobOptions, readBlobSelection } from '../options/blob-options.ts';
import type { ResultColumn } from '../output/result.ts';

const columns: readonly ResultColumn[] = [
  { name: 'hour', kind: 'text' },
  { name: 'log', kind: 'text' },
  { name: 'mac', kind: 'text' },
  { name: 'bytes', kind: 'number' },
  { name: 'modified', kind: 'text' },
  { name: 'resource_id', kind: 'text' },
  { name: 'container', kind: 'text' },
  { name: 'blob', kind: 'text' },
];
const chunkRows = 1000;

export function define(command: Command): void {
  addBlobOptions(command);
  addOutput(command);
  command.action(async (source: string, options: BlobOptions & OutputOptions) => {
    const format = formatOf(options);
    const storage = await openSource(source);
    const found = findFlowLogBlobs(storage, readBlobSelection(options));
    async function* chunks(): AsyncGenerator<unknown[][]> {
      let rows: unknown[][] = [];
      for await (const { container, item, path } of found) {
        rows.push([
          `${formatTime(path.hourMillis).slice(0, 13)}:00Z`,
          logNameOf(path),
          path.mac ?? null,
          item.lengthBytes,
          formatTime(item.lastModifiedMillis),
          path.resourceId,
          container.name,
          item.name,
        ]);
        if (rows.length === chunkRows) {
          yield rows;
          rows = [];
        }
      }
      yield rows;
    }
    const count = await print({ columns, chunks: chunks(), keep: ['mac'] }, format);
    if (count === 0) throw new FlowError('not-found', `${storage.location} holds no such flow log blob`);
  });
}
