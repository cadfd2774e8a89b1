import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCount, formatCountOf } from '../../base/format-count.ts';
import { dateOfFile } from '../../enrich/dated.ts';
import { readNamesFile } from '../../enrich/read-file.ts';
import { readTagList, tagTable } from '../../enrich/service-tags.ts';
import { tagChanges } from '../../enrich/tag-diff.ts';
import { keepTags, tagSnapshots } from '../../query/names/tag-snapshots.ts';
import { openLake } from '../../lake/lake.ts';
import { lakeOf } from '../options/lake-option.ts';
import { show, tell } from '../output/printable.ts';

export function define(command: Command): void {
  command
    .argument('<file>', 'ServiceTags JSON, or what az network list-service-tags prints')
    .option('--lake <dir>', 'lake that keeps the snapshot (default: $NSGFLOW_LAKE)')
    .option('--date <date>', "from when it holds: 2026-06-01 (default: the date in the file's name, else today)");
  command.addHelpText(
    'after',
    '\nThe lake keeps each snapshot: flows have the tags of their time. Questions over the lake find them without --tags.\n',
  );
  command.action(async (file: string, options: { readonly date?: string }, self: Command) => {
    const lake = lakeOf(self);
    const date = readDate(file, options.date);
    const text = await readNamesFile(file);
    const list = readTagList(text, file);
    tagTable(list, file);
    // Without a lake there, a folder of this name would be made.
    await (await openLake(lake)).close();
    const before = (await tagSnapshots(lake)).filter((path) => (dateOfFile(path) ?? 0) < Date.parse(date)).at(-1);
    await keepTags(lake, list.cloud, date, text);
    const prefixes = list.tags.reduce((sum, tag) => sum + tag.prefixes.length, 0);
    show(
      `kept from ${date} on: ${formatCountOf(list.tags.length, 'tag')}, ${formatCount(prefixes)} ${prefixes === 1 ? 'prefix' : 'prefixes'}, change number ${list.changeNumber}\n`,
    );
    if (before === undefined) return;
    const changes = tagChanges(readTagList(await readNamesFile(before), before), list);
    const [added, removed] = ['added', 'removed'].map(
      (change) => changes.filter((one) => one.change === change).length,
    );
    tell(
      `since the snapshot before: ${formatCount(added)} added, ${formatCount(removed)} removed (nsgflow enrich tags diff)`,
    );
  });
}

/** @throws usage */
function readDate(file: string, given: string | undefined): string {
  if (given !== undefined && (!/^\d{4}-\d{2}-\d{2}$/.test(given) || Number.isNaN(Date.parse(given))))
    throw new FlowError('usage', `--date takes a date such as 2026-06-01, not ${JSON.stringify(given)}`);
  return given ?? new Date(dateOfFile(file) ?? Date.now()).toISOString().slice(0, 10);
}
