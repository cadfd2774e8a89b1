import { type Command, Option } from 'commander';
import { formatCount, formatCountOf } from '../../base/format-count.ts';
import { openStorage } from '../../blob/open.ts';
import type { ConvertResult } from '../../convert/convert.ts';
import { convert } from '../../convert/convert.ts';
import { describeRejection } from '../../source/rejection.ts';
import { parseFormat } from '../options/options.ts';
import { show, showFigures, tell } from '../output/printable.ts';
import { createProgress } from '../output/progress.ts';
import { tellUnread } from '../output/unread.ts';

interface ConvertOptions {
  readonly to: string;
  readonly format: string;
  readonly strict?: boolean;
  readonly report?: 'json';
}

const rejectionsShown = 5;

export function define(command: Command): void {
  command
    .argument('<source>', 'folder, file, glob, URL of an account or container, or -')
    .requiredOption('--to <storage>', 'a folder, or the URL of an Azure account or container')
    .requiredOption('--format <format>', 'nsg1, nsg2 or vnet')
    .option('--strict', 'exit with 1 when anything is lost')
    .addOption(new Option('--report <json>', 'print what was lost as one JSON object on stdout').choices(['json']));
  command.action(async (source: string, options: ConvertOptions) => {
    const format = parseFormat(options.format);
    const to = await openStorage(options.to);
    const progress = createProgress('converting');
    let result: ConvertResult;
    try {
      result = await convert({
        source,
        to,
        format,
        onProgress: (bytes, blobs) => progress.update(bytes, undefined, () => formatCountOf(blobs, 'blob')),
      });
    } finally {
      progress.end();
    }
    for (const rejection of result.rejections.slice(0, rejectionsShown))
      tell(`rejected: ${describeRejection(rejection)}`);
    tellUnread(result.unread);
    const { rejections: _, unread, ...report } = result;
    if (options.report === 'json') showFigures({ ...report, unread: unread.length });
    else show(describe(result));
    const isLossy = Object.keys(result.lost).length > 0 || result.rejected > 0 || unread.length > 0;
    if (options.strict === true && isLossy) process.exitCode = 1;
  });
}

function describe({ tuples, blobs, lost, rejected, mended, unread }: ConvertResult): string {
  const lines = [
    `tuples   ${formatCount(tuples.converted)} of ${formatCount(tuples.read)} converted, in ${formatCountOf(blobs.written, 'blob')}`,
    `new      ${formatCount(tuples.written)}`,
  ];
  if (mended > 0) lines.push(`mended   ${formatCountOf(mended, 'tuple')}, written as no format has them`);
  for (const [what, count] of Object.entries(lost)) lines.push(`lost     ${what}: ${formatCount(count)}`);
  if (Object.keys(lost).length === 0) lines.push('lost     nothing');
  if (rejected > 0) lines.push(`rejected ${formatCountOf(rejected, 'byte range')} of the source`);
  if (unread.length > 0) lines.push(`unread   ${formatCount(unread.length)} blobs or folders of the source`);
  return `${lines.join('\n')}\n`;
}
