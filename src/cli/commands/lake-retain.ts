import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { openLake } from '../../lake/lake.ts';
import { retainRows } from '../../lake/retain-rows.ts';
import { forgetAnswers } from '../../query/kept-answers.ts';
import { parseBytes } from '../amount.ts';
import { parseWhole } from '../options.ts';
import { show } from '../printable.ts';
import { formatBytes } from '../progress.ts';
import { writing } from '../writing.ts';

interface RetainOptions {
  readonly lake: string;
  readonly days?: string;
  readonly budget?: string;
  readonly dryRun?: boolean;
}

export function define(command: Command): void {
  command
    .requiredOption('--lake <dir>', 'folder of the table')
    .option('--days <n>', 'keep rows of so many days; older dates go whole')
    .option('--budget <bytes>', 'remove the oldest dates until the data takes no more than this, such as 50GB')
    .option('--dry-run', 'remove nothing, only say what would be');
  command.addHelpText(
    'after',
    '\nThe rows go with one commit; their files with nsgflow lake vacuum. They do not come back: what was read of which blob stays known.\nAnswers kept for this user (NSGFLOW_CACHE) go at once.\n',
  );
  command.action(async ({ lake: folder, days, budget, dryRun = false }: RetainOptions) => {
    if (days === undefined && budget === undefined)
      throw new FlowError('usage', 'say what to keep: --days N, --budget BYTES, or both');
    const retention = {
      nowMillis: Date.now(),
      days: days === undefined ? undefined : parseWhole('--days', days, 1, 36_500),
      budgetBytes: budget === undefined ? undefined : parseBytes('--budget', budget),
      dryRun,
    };
    const lake = await openLake(folder, dryRun ? {} : writing);
    try {
      const { dates, files, bytes } = await retainRows(lake, retention);
      if (dates.length > 0 && !dryRun) await forgetAnswers(lake.folder, process.env);
      show(
        dates.length === 0
          ? 'nothing to remove\n'
          : `${dryRun ? 'would remove' : 'removed'} ${dates.length} dates, ${dates[0]} to ${dates.at(-1)}: ${files} files, ${formatBytes(bytes)}\n`,
      );
    } finally {
      await lake.close();
    }
  });
}
