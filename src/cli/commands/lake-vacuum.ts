import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCount } from '../../base/format-count.ts';
import { hourMillis } from '../../base/time.ts';
import { openLake } from '../../lake/lake.ts';
import type { LeftPath } from '../../lake/vacuum.ts';
import { vacuum } from '../../lake/vacuum.ts';
import { parseDuration } from '../options/amount.ts';
import { show, tell } from '../output/printable.ts';
import { formatBytes } from '../output/progress.ts';
import { writing } from '../options/writing.ts';

interface VacuumOptions {
  readonly lake: string;
  readonly keep: string;
  readonly dryRun?: boolean;
}

export function define(command: Command): void {
  command
    .requiredOption('--lake <dir>', 'folder of the lake')
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
    const lake = await openLake(folder, dryRun ? {} : writing);
    try {
      const { files, bytes, left } = await vacuum(lake, { nowMillis: Date.now(), keepMillis, dryRun });
      const kinds = Object.entries(files).flatMap(([kind, count]) =>
        count > 0 ? [`${formatCount(count)} ${kind}`] : [],
      );
      if (kinds.length === 0) show('nothing to delete\n');
      else show(`${dryRun ? 'would delete' : 'deleted'} files: ${kinds.join(', ')} (${formatBytes(bytes)})\n`);
      warnOfLeft(left);
    } finally {
      await lake.close();
    }
  });
}

/** Paths that are named; of more only the number is told. */
const leftNamedMax = 10;

const leftReasons = {
  link: 'is a link to a folder: links are not followed',
  folder: 'is a folder: only files are deleted',
  other: 'is no file: only files are deleted',
} as const;

/** @throws the first failure, so that the exit code tells it */
function warnOfLeft(left: readonly LeftPath[]): void {
  for (const { path, why } of left.slice(0, leftNamedMax)) {
    const sentence = typeof why === 'string' ? `${path} ${leftReasons[why]}` : why.message;
    tell(`warning: left: ${sentence}`);
  }
  if (left.length > leftNamedMax) tell(`warning: ${formatCount(left.length - leftNamedMax)} more paths are left`);
  for (const { why } of left) if (typeof why !== 'string') throw why;
}
