import type { Command } from 'commander';
import { formatCountOf } from '../../base/format-count.ts';
import { rejectionReasons } from '../../flowlog/rejection.ts';
import { openLake } from '../../lake/lake.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import type { OutputOptions } from '../output/print.ts';
import { lakeOf } from '../options/lake-option.ts';

export function define(command: Command): void {
  command.option('--lake <dir>', 'folder of the lake (default: $NSGFLOW_LAKE)');
  addOutput(command);
  command.addHelpText('after', '\nA range goes from this list when its blob is repaired and ingested again.\n');
  command.action(async (_: unknown, self: Command) => {
    const format = formatOf(self.opts<OutputOptions>());
    const lake = await openLake(lakeOf(self));
    try {
      const { byKey } = await lake.positions();
      const reasons: Readonly<Record<string, string>> = rejectionReasons;
      const chunks = function* (): Generator<unknown[][]> {
        for (const [blob, { rejections = [] }] of byKey)
          if (rejections.length > 0)
            yield rejections.map(({ startByte, endByte, reason, detail }) => [
              blob,
              startByte,
              endByte,
              reason,
              detail ?? reasons[reason] ?? null,
            ]);
      };
      await print(
        {
          columns: [
            { name: 'blob', kind: 'text' },
            { name: 'start_byte', kind: 'number' },
            { name: 'end_byte', kind: 'number' },
            { name: 'reason', kind: 'text' },
            { name: 'detail', kind: 'text' },
          ],
          chunks: chunks(),
          keep: ['blob'],
        },
        format,
        { below: (rows) => [rows === 0 ? 'every byte of the blobs was read' : formatCountOf(rows, 'rejected range')] },
      );
    } finally {
      await lake.close();
    }
  });
}
