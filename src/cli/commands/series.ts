import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { parseDuration } from '../options/amount.ts';
import { bucketsDefault, bucketWidthOf } from '../options/bucket.ts';
import { withEngine } from '../question/open-engine.ts';
import type { WatchOptions } from '../question/watch.ts';
import { addWatch, watched } from '../question/watch.ts';
import { printAnswer, readRange, whereOf } from '../question/question.ts';
import type { GroupOptions } from '../options/group-options.ts';
import {
  addGroups,
  readFields,
  readMeasures,
  readPeriods,
  summaryDetails,
  summaryParts,
  showOther,
} from '../options/group-options.ts';
import { spanMillisOf } from '../question/answer-rows.ts';
import { parseWhole } from '../options/options.ts';
import type { Result } from '../output/result.ts';
import type { PictureStyle, SeriesPoint } from '../output/series-picture.ts';
import { seriesPicture } from '../output/series-picture.ts';
import { plainText } from '../../base/row-text.ts';
import { unitOf } from '../output/units.ts';
import { measureColumn } from '../../query/measure.ts';
import { showCompared } from '../output/compared-table.ts';

interface SeriesOptions extends GroupOptions, WatchOptions {
  readonly by?: string;
  readonly limit: string;
  readonly other?: boolean;
  readonly bucket?: string;
  readonly atReport?: boolean;
}

export function define(command: Command): void {
  addGroups(command, 'bytes,packets,flows');
  command
    .option(
      '--bucket <time>',
      `width of a bucket: 30s, 5m, 1h, 1d (default: so that there are ${bucketsDefault} at the most)`,
    )
    .option('--by <fields>', 'one series for each of the largest groups by these fields')
    .option('-n, --limit <n>', 'groups at the most', '5')
    .option('--other', 'one more series for all further groups')
    .option('--at-report', 'bytes and packets at the time of their tuple, not spread over the time that they cover');
  command.addHelpText(
    'after',
    '\nA continuing or end tuple counts since the tuple before it, so its bytes are spread over that time; totals stay the same.\n',
  );
  addWatch(command);
  command.action((words: string[], options: SeriesOptions) => watched(options, () => ask(words, options)));
}

async function ask(words: string[], options: SeriesOptions): Promise<void> {
  const measures = readMeasures(options.metric);
  const selection = { ...readPeriods(readRange(options), options), ...whereOf(words) };
  const axes =
    options.by === undefined
      ? []
      : [
          {
            by: readFields('--by', options.by),
            limit: parseWhole('--limit', options.limit, 1, 1000),
            other: options.other === true,
          },
        ];
  const bucket = options.bucket === undefined ? undefined : parseDuration('--bucket', options.bucket);
  await withEngine(options, async (engine) => {
    const bucketMillis = bucketWidth(bucket, await spanMillisOf(engine, selection.range ?? {}));
    await printAnswer(
      engine,
      {
        ...selection,
        ask: 'groups',
        axes,
        measures,
        bucketMillis,
        atReport: options.atReport === true,
        observations: options.observations === true,
      },
      options,
      {
        show: (answer) => showOther(showCompared(answer)),
        draw: (answer, style) => drawSeries(showOther(answer), bucketMillis, measureColumn(measures[0]), style),
        below: summaryParts,
        details: summaryDetails,
      },
    );
  });
}

/** The first measure, as bars. */
async function drawSeries(answer: Result, bucketMillis: number, name: string, style: PictureStyle): Promise<string[]> {
  const at = answer.columns.findIndex((column) => column.name === name);
  const points: SeriesPoint[] = [];
  for await (const chunk of answer.chunks)
    for (const row of chunk)
      points.push({
        millis: Date.parse(plainText(row[0])),
        group: row
          .slice(1, at)
          .map((cell) => plainText(cell ?? '-'))
          .join(' '),
        value: row[at] === null ? null : Number(row[at]),
      });
  const unit = unitOf(answer.columns[at]) ?? 'count';
  const isSum = /^(?:bytes|packets|flows|denied|tuples)(?:_(?:forward|reverse))?$/.test(name);
  return seriesPicture(points, { name, unit, bucketMillis, isSum }, style);
}

/** @throws usage where there were too many buckets */
function bucketWidth(asked: number | undefined, spanMillis: number): number {
  if (asked === undefined) return bucketWidthOf(spanMillis);
  const width = Math.round(asked);
  if (width < 1 || spanMillis / width > limits.seriesBucketsMax)
    throw new FlowError(
      'usage',
      `--bucket is too narrow: a series has ${limits.seriesBucketsMax} buckets at the most`,
      {
        hint: 'Name a wider bucket, or a shorter time: --from, --to.',
      },
    );
  return width;
}
