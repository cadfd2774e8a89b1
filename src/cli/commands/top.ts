import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import type { Engine } from '../../query/engine/engine.ts';
import type { GroupQuery } from '../../query/tree.ts';
import { bucketWidthOf } from '../options/bucket.ts';
import { formatOf } from '../output/print.ts';
import { plainText } from '../../base/row-text.ts';
import type { Result } from '../output/result.ts';
import { sparkline } from '../output/sparkline.ts';
import { allRows, spanMillisOf } from '../question/answer-rows.ts';
import { withEngine } from '../question/open-engine.ts';
import type { WatchOptions } from '../question/watch.ts';
import { addWatch, watched } from '../question/watch.ts';
import { printAnswer, readRange, whereOf } from '../question/question.ts';
import type { GroupOptions } from '../options/group-options.ts';
import {
  addGroups,
  mapRows,
  readFields,
  readMeasures,
  readPeriods,
  summaryDetails,
  summaryParts,
  showOther,
} from '../options/group-options.ts';
import { parseWhole } from '../options/options.ts';
import { showCompared } from '../output/compared-table.ts';

interface TopOptions extends GroupOptions, WatchOptions {
  readonly by: string;
  readonly limit: string;
  readonly other?: boolean;
  readonly overTime?: boolean;
}

const metricDefault = 'bytes,flows,packets';

export function define(command: Command): void {
  addGroups(command, metricDefault);
  command
    .option('--by <fields>', 'fields to group by, with commas: src.ip,dst.port; ip and port mean either side', 'src.ip')
    .option('-n, --limit <n>', 'groups at the most', '10')
    .option('--other', 'one more row for all further groups')
    .option('--over-time', 'in tables, a picture of the first measure over time for each group');
  command.addHelpText(
    'after',
    `
Examples:
  nsgflow top --by ip --metric bytes,distinct:dst.port --lake ./lake
  nsgflow top --by dst.port --metric denied access = deny --from 1d --compare --lake ./lake
  nsgflow top --by dst.port --over-time --lake ./lake
`,
  );
  addWatch(command);
  command.action((words: string[], options: TopOptions) => watched(options, () => ask(words, options)));
}

async function ask(words: string[], options: TopOptions): Promise<void> {
  const axis = {
    by: readFields('--by', options.by),
    limit: parseWhole('--limit', options.limit, 1, 1_000_000),
    other: options.other === true,
  };
  // A comparison has four columns for each measure.
  const isLong = options.compare !== undefined && options.metric === metricDefault;
  const measures = readMeasures(isLong ? 'bytes' : options.metric);
  if (options.overTime === true && options.compare !== undefined)
    throw new FlowError('usage', 'give one of --over-time and --compare');
  const selection = { ...readPeriods(readRange(options), options), ...whereOf(words) };
  const question: GroupQuery = {
    ...selection,
    ask: 'groups',
    axes: [axis],
    measures,
    observations: options.observations === true,
  };
  await withEngine(options, async (engine) => {
    const isPictured = options.overTime === true && ['table', 'md'].includes(formatOf(options));
    const pictures = isPictured ? await picturesOf(engine, question) : undefined;
    await printAnswer(engine, question, options, {
      show: (answer) => showOther(showPictures(showCompared(answer), axis.by.length, pictures)),
      below: summaryParts,
      details: summaryDetails,
    });
  });
}

/** Buckets of a picture, and so its columns, at the most. */
const pictureBuckets = 30;

/** A line of blocks for each group, by the cells of its fields. All have one time axis; each has its own scale. */
async function picturesOf(engine: Engine, question: GroupQuery): Promise<Map<string, string>> {
  const bucketMillis = bucketWidthOf(await spanMillisOf(engine, question.range ?? {}), pictureBuckets);
  const answer = await engine.ask({ ...question, measures: question.measures.slice(0, 1), bucketMillis });
  const series = await allRows(answer);
  const starts = series.map(([time]) => Date.parse(plainText(time)));
  const first = Math.min(...starts);
  const buckets = series.length === 0 ? 0 : Math.round((Math.max(...starts) - first) / bucketMillis) + 1;
  const values = new Map<string, number[]>();
  for (const [i, row] of series.entries()) {
    const group = keyOf(row.slice(1, -1));
    const own = values.get(group) ?? Array.from({ length: buckets }, () => 0);
    own[Math.round((starts[i] - first) / bucketMillis)] = Number(row.at(-1) ?? 0);
    values.set(group, own);
  }
  return new Map([...values].map(([group, own]) => [group, sparkline(own)]));
}

/** The answer with a column of the pictures at its end. */
function showPictures(answer: Result, fields: number, pictures: Map<string, string> | undefined): Result {
  if (pictures === undefined) return answer;
  const keys = fields + (answer.columns.some(({ name }) => name === 'other') ? 1 : 0);
  return {
    columns: [...answer.columns, { name: 'over_time', kind: 'text' }],
    chunks: mapRows(answer.chunks, (row) => [...row, pictures.get(keyOf(row.slice(0, keys))) ?? '']),
    keep: ['over_time'],
  };
}

function keyOf(cells: readonly unknown[]): string {
  return JSON.stringify(cells);
}
