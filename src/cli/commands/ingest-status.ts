import type { Command } from 'commander';
import type { FlowError } from '../../base/errors.ts';
import { formatTime } from '../../base/time.ts';
import { parseResourceId } from '../../flowlog/blob-path.ts';
import { openLake } from '../../lake/lake.ts';
import { ingestStatus } from '../../advise/ingest-status.ts';
import { selectsAll } from '../../source/selection.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import { lakeOf } from '../options/lake-option.ts';
import { resultOf } from '../output/output.ts';
import { tell } from '../output/printable.ts';

export function define(command: Command): void {
  command
    .argument('[source...]', 'also list these, and say what of them is not read yet')
    .option('--lake <dir>', 'folder of the lake (default: $NSGFLOW_LAKE)');
  addOutput(command);
  command.addHelpText(
    'after',
    '\nlag_seconds: from the newest record to now. tuples_minute: in the hour that ends with it.\n',
  );
  command.action(async (sources: string[], _: unknown, self: Command) => {
    const format = formatOf(self.opts<OutputOptions>());
    const lake = await openLake(lakeOf(self));
    try {
      const now = Date.now();
      const failures: FlowError[] = [];
      const unlisted = {
        onSource: (error: FlowError) => void failures.push(error),
        onPath: ({ message }: FlowError) => tell(`unread: ${message}`),
      };
      const rows = (await ingestStatus(lake, sources, selectsAll, unlisted)).map((log) => {
        const id = parseResourceId(log.resourceId);
        return {
          flow_log: id?.child ?? id?.name ?? log.resourceId,
          newest: log.newestMillis === undefined ? null : formatTime(log.newestMillis).replace('.000Z', 'Z'),
          lag_seconds: log.newestMillis === undefined ? null : Math.round((now - log.newestMillis) / 1000),
          tuples_minute: log.tuplesPerMinute,
          nics: log.nics,
          blobs: log.blobs,
          bytes: log.readBytes,
          rejected: log.rejected,
          unread: log.unread,
          ...(sources.length === 0 ? {} : { pending_blobs: log.pendingBlobs, pending_bytes: log.pendingBytes }),
          kind: log.kind,
          resource: log.resourceId === '' ? null : log.resourceId,
        };
      });
      const result = resultOf(rows);
      const columns = result.columns.map((column) =>
        column.name === 'newest' ? { ...column, kind: 'time' as const } : column,
      );
      await print({ ...result, columns }, format);
      if (failures.length > 0) throw failures[0];
    } finally {
      await lake.close();
    }
  });
}
