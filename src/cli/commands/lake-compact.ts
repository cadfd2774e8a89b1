import type { Command } from 'commander';
import { formatCountOf } from '../../base/format-count.ts';
import { compact } from '../../lake/compact.ts';
import { settle } from '../../lake/flows/settle.ts';
import { openLake } from '../../lake/lake.ts';
import { show } from '../output/printable.ts';
import { writing } from '../options/writing.ts';
import { formatBytes } from '../output/progress.ts';

export function define(command: Command): void {
  command.requiredOption('--lake <dir>', 'folder of the lake');
  command.addHelpText(
    'after',
    '\nSettles what is not settled yet, then joins small files: those of an hour that is over, and those of a day that is over. The rows do not change, readers and ingesters\n' +
      'go on meanwhile, and each step is a commit of its own. The old files stay until nsgflow lake vacuum.\n',
  );
  command.action(async (options: { readonly lake: string }) => {
    const lake = await openLake(options.lake, writing);
    let steps = 0;
    try {
      await settle(lake);
      for await (const step of compact(lake, Date.now())) {
        steps++;
        const what = `${step.date}: ${formatCountOf(step.paths.length, 'file')}, ${formatCountOf(step.rows, 'row')}`;
        show(
          step.version === undefined
            ? `${what}: left, another writer changed them\n`
            : `${what}: ${formatBytes(step.bytes)} became ${formatBytes(step.newBytes)} in one file, version ${step.version}\n`,
        );
      }
    } finally {
      await lake.close();
    }
    if (steps === 0) show('nothing to compact\n');
  });
}
