import type { Command } from 'commander';
import type { IngestResult } from '../../pipeline/ingest.ts';
import { describeRejection, ingest } from '../../pipeline/ingest.ts';
import { addStats, parseWhole } from '../options.ts';
import { createProgress, formatBytes } from '../progress.ts';

interface IngestOptions {
  readonly lake: string;
  readonly maxRejected?: string;
  readonly stats?: 'json';
}

/** Rejections named on stderr; the rest are counted. */
const rejectionsShown = 5;

export function define(command: Command): void {
  command
    .argument('<source...>', 'folder, file, glob, URL of an account or container, or -')
    .requiredOption('--lake <dir>', 'folder of the table; made where there is none')
    .option('--max-rejected <n>', 'fail when more byte ranges than this cannot be used (default: no limit)');
  addStats(command);
  command.addHelpText('after', '\nOnly what is new is read: running it again adds nothing.\n');
  command.action(async (sources: string[], options: IngestOptions) => {
    const rejectedMax =
      options.maxRejected === undefined
        ? undefined
        : parseWhole('--max-rejected', options.maxRejected, 0, Number.MAX_SAFE_INTEGER);
    const progress = createProgress('ingesting');
    let result: IngestResult;
    try {
      result = await ingest({
        sources,
        lake: options.lake,
        rejectedMax,
        ...(progress.isShown
          ? {
              onProgress: (done, total, blobs) =>
                progress.update(done, total, () => `${blobs.toLocaleString('en-US')} blobs`),
            }
          : {}),
      });
    } finally {
      progress.end();
    }
    report(result);
    const { rejections: _, ...stats } = result;
    if (options.stats === 'json') process.stdout.write(`${JSON.stringify(stats)}\n`);
    else process.stdout.write(describe(result, options.lake));
  });
}

function report({ blobs, rejections, rejected }: IngestResult): void {
  if (blobs === 0) process.stderr.write('warning: no flow log blobs were found there\n');
  for (const rejection of rejections.slice(0, rejectionsShown))
    process.stderr.write(`rejected: ${describeRejection(rejection)}\n`);
  if (rejected > rejectionsShown) process.stderr.write(`rejected: ${rejected - rejectionsShown} further byte ranges\n`);
}

function describe(result: IngestResult, lake: string): string {
  const number = (value: number): string => value.toLocaleString('en-US');
  return [
    `blobs            ${number(result.blobs)} (${formatBytes(result.bytes)} new)`,
    `records          ${number(result.records)}`,
    `tuples           ${number(result.tuples)} added to ${lake}`,
    `rejected ranges  ${number(result.rejected)}`,
    '',
  ].join('\n');
}
