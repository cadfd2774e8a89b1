import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCount } from '../../base/format-count.ts';
import { hourMillis } from '../../base/time.ts';
import { openLake } from '../../lake/lake.ts';
import { vacuum } from '../../lake/vacuum.ts';
import { parseDuration } from '../amount.ts';
import { formatBytes } from '../progress.ts';

interface VacuumOptions {
  readonly lake: string;
  readonly keep: string;
  readonly dryRun?: boolean;
}

export function define(command: Command): void {
  command
    .requiredOption('--lake <dir>', 'folder of the table')
    .option('--keep <time>', 'leave what was removed or written within this time, at least 1h', '7d')
    .option('--dry-run', 'delete nothing, only say what would be');
  command.addHelpText(
    'after',
    '\nDeletes data files that no version needs, positions and temporary files that nobody names, and the log before older checkpoints.\n' +
      'Whoever reads a version that is older than --keep may lose its files.\n',
  );
  command.action(async ({ lake: folder, keep, dryRun = false }: VacuumOptions) => {
    const keepMillis = parseDuration('--keep', keep);
    if (keepMillis < hourMillis)
      throw new FlowError('usage', '--keep is shorter than 1h', {
        hint: 'Readers and ingesters at work need the files that they know.',
      });
    const lake = await openLake(folder);
    try {
      const { files, bytes } = await vacuum(lake, { nowMillis: Date.now(), keepMillis, dryRun });
      const kinds = Object.entries(files).map(([kind, count]) => `${formatCount(count)} ${kind}`);
      process.stdout.write(
        `${dryRun ? 'would delete' : 'deleted'} files: ${kinds.join(', ')} (${formatBytes(bytes)})\n`,
      );
    } finally {
      await lake.close();
    }
  });
}
