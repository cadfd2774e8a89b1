import type { Command } from 'commander';
import { formatCountOf } from '../../base/format-count.ts';
import { describeMissed, settle } from '../../lake/flows/settle.ts';
import { openLake } from '../../lake/lake.ts';
import { show, tell } from '../output/printable.ts';
import { writing } from '../options/writing.ts';
import { formatBytes } from '../output/progress.ts';

export function define(command: Command): void {
  command.requiredOption('--lake <dir>', 'folder of the lake');
  command.addHelpText(
    'after',
    '\nBuilds flows and conversations from tuples that are not settled yet, in one commit of the table flows. ingest and serve do it, too.\n',
  );
  command.action(async (options: { readonly lake: string }) => {
    const lake = await openLake(options.lake, writing);
    try {
      const { changed, version, dates, rows, addedFiles, removedFiles, bytes, apart, missed } = await settle(lake);
      if (missed > 0) tell(`warning: ${describeMissed(missed)}`);
      if (!changed) return show(`all tuples are settled, up to version ${version}\n`);
      show(
        `settled up to version ${version}: ${formatCountOf(dates.length, 'date')}, ${formatCountOf(rows, 'row')} in ${formatCountOf(addedFiles, 'new file')} (${formatBytes(bytes)}), ${formatCountOf(removedFiles, 'old file')} replaced\n`,
      );
      if (apart > 0) show(`settled apart, since their dates are frozen: ${formatCountOf(apart, 'tuple')}\n`);
    } finally {
      await lake.close();
    }
  });
}
