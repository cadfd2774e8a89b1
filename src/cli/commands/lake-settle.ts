import type { Command } from 'commander';
import { formatCount } from '../../base/format-count.ts';
import { settle } from '../../lake/flows/settle.ts';
import { openLake } from '../../lake/lake.ts';
import { show } from '../printable.ts';
import { writing } from '../writing.ts';
import { formatBytes } from '../progress.ts';

export function define(command: Command): void {
  command.requiredOption('--lake <dir>', 'folder of the lake');
  command.addHelpText(
    'after',
    '\nBuilds flows and conversations from tuples that are not settled yet, in one commit of the table flows. ingest and serve do it, too.\n',
  );
  command.action(async (options: { readonly lake: string }) => {
    const lake = await openLake(options.lake, writing);
    try {
      const { changed, version, dates, rows, addedFiles, removedFiles, bytes, apart } = await settle(lake);
      if (!changed) return show(`all tuples are settled, up to version ${version}\n`);
      show(
        `settled up to version ${version}: ${formatCount(dates.length)} dates, ${formatCount(rows)} rows in ${formatCount(addedFiles)} new files (${formatBytes(bytes)}), ${formatCount(removedFiles)} old files replaced\n`,
      );
      if (apart > 0)
        show(`${formatCount(apart)} rows were settled apart: their tuples came after their dates were frozen\n`);
    } finally {
      await lake.close();
    }
  });
}
