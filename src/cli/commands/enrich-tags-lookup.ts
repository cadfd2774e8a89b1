import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { heldAt, dateOfFile } from '../../enrich/dated.ts';
import { readNamesFile } from '../../enrich/read-file.ts';
import { platformTags, readTagList, tagHits, tagTable } from '../../enrich/service-tags.ts';
import type { TagTable } from '../../enrich/service-tags.ts';
import { tagSnapshots } from '../../query/names/tag-snapshots.ts';
import { parseAddress } from '../../net/address.ts';
import { formatPrefix } from '../../net/prefix.ts';
import { parseTimePoint, timeExamples } from '../../query/filter/time-point.ts';
import { lakeOf } from '../options/lake-option.ts';
import { collect } from '../options/options.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import type { ResultColumn } from '../output/result.ts';

const columns: readonly ResultColumn[] = ['address', 'prefix', 'tag', 'service', 'region'].map((name) => ({
  name,
  kind: 'text',
}));

interface LookupOptions extends OutputOptions {
  readonly tags?: readonly string[];
  readonly at?: string;
}

export function define(command: Command): void {
  command
    .argument('<address...>', 'addresses')
    .option('--lake <dir>', 'lake that keeps the snapshots (default: $NSGFLOW_LAKE)')
    .option('--tags <file>', 'ServiceTags JSON in place of those of the lake; may be repeated', collect)
    .option('--at <time>', `as it was at this time (default: now): ${timeExamples}`);
  addOutput(
    command,
    columns.map(({ name }) => name),
  );
  command.addHelpText('after', '\nThe longest prefix comes first. Exit code 1 where an address has no tag.\n');
  command.action(async (texts: string[], options: LookupOptions, self: Command) => {
    const table = await tableAt(options, self);
    const rows: (string | null)[][] = [];
    for (const text of texts) {
      const address = parseAddress(text);
      if (address === undefined) throw new FlowError('usage', `${JSON.stringify(text)} is no address`);
      const hits = tagHits(table, address);
      if (hits.length === 0) {
        rows.push([text, null, null, null, null]);
        process.exitCode = 1;
      }
      for (const { prefix, tags } of hits)
        for (const { name, service, region } of tags)
          rows.push([text, formatPrefix(prefix), name, service || null, region || null]);
    }
    await print({ columns, chunks: once(rows) }, formatOf(options));
  });
}

/** @throws usage, not-found, names-invalid */
async function tableAt({ tags, at }: LookupOptions, command: Command): Promise<TagTable> {
  const millis = at === undefined ? Date.now() : parseTimePoint(at, Date.now());
  if (millis === undefined)
    throw new FlowError('usage', `--at ${JSON.stringify(at)} is not a time`, { hint: `Such as ${timeExamples}.` });
  const paths = tags ?? (await tagSnapshots(lakeOf(command)));
  const [path] = heldAt(
    paths.map((value) => ({ fromMillis: dateOfFile(value), value })),
    millis,
  );
  return path === undefined ? platformTags : tagTable(readTagList(await readNamesFile(path), path), path);
}

async function* once(rows: unknown[][]): AsyncGenerator<unknown[][]> {
  yield rows;
}
