import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCountOf } from '../../base/format-count.ts';
import { readNamesFile } from '../../enrich/read-file.ts';
import type { TagList } from '../../enrich/service-tags.ts';
import { readTagList } from '../../enrich/service-tags.ts';
import { tagChanges } from '../../enrich/tag-diff.ts';
import { tagSnapshots } from '../../query/names/tag-snapshots.ts';
import { lakeOf } from '../options/lake-option.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import type { ResultColumn } from '../output/result.ts';

const columns: readonly ResultColumn[] = ['tag', 'change', 'prefix'].map((name) => ({ name, kind: 'text' }));

export function define(command: Command): void {
  command
    .argument('[old]', 'the earlier file, or the date of a snapshot (default: the last but one)')
    .argument('[new]', 'the later one (default: the last)')
    .option('--lake <dir>', 'lake that keeps the snapshots (default: $NSGFLOW_LAKE)')
    .option('--tag <name>', 'changes of this tag only, regions included');
  addOutput(
    command,
    columns.map(({ name }) => name),
  );
  command.addHelpText('after', '\nExit code 0 also where the lists differ.\n');
  command.action(
    async (
      old: string | undefined,
      now: string | undefined,
      options: OutputOptions & { readonly tag?: string },
      self: Command,
    ) => {
      const [before, after] = await listsOf(old, now, () => lakeOf(self));
      const wanted = options.tag?.toLowerCase();
      const isWanted = (tag: string): boolean =>
        wanted === undefined || tag.toLowerCase() === wanted || tag.toLowerCase().startsWith(`${wanted}.`);
      const changes = tagChanges(before, after).filter(({ tag }) => isWanted(tag));
      const rows = changes.map(({ tag, change, prefix }) => [tag, change, prefix]);
      await print({ columns, chunks: once(rows) }, formatOf(options), {
        below: (count) => [count === 0 ? 'the lists are the same' : formatCountOf(count, 'change')],
      });
    },
  );
}

async function listsOf(
  old: string | undefined,
  now: string | undefined,
  lake: () => string,
): Promise<readonly [TagList, TagList]> {
  const isDate = (text: string | undefined): boolean => text === undefined || /^\d{4}-\d{2}-\d{2}$/.test(text);
  const kept = isDate(old) || isDate(now) ? await tagSnapshots(lake()) : [];
  const pathOf = (text: string | undefined, fromEnd: number): string => {
    if (text !== undefined && !isDate(text)) return text;
    const path =
      text === undefined ? kept.at(fromEnd) : kept.find((one) => one.endsWith(`_${text.replaceAll('-', '')}.json`));
    if (path !== undefined) return path;
    throw new FlowError(
      'not-found',
      text === undefined
        ? `the lake keeps ${formatCountOf(kept.length, 'snapshot')} of service tags`
        : `the lake keeps no service tags of ${text}`,
      {
        hint: 'nsgflow enrich tags update FILE keeps one; or name two files.',
      },
    );
  };
  const read = async (path: string): Promise<TagList> => readTagList(await readNamesFile(path), path);
  return [await read(pathOf(old, -2)), await read(pathOf(now, -1))];
}

async function* once(rows: unknown[][]): AsyncGenerator<unknown[][]> {
  yield rows;
}
