import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCount, formatCountOf } from '../../base/format-count.ts';
import { limits } from '../../base/limits.ts';
import { formatTime } from '../../base/time.ts';
import type { Estimate } from '../../advise/estimate.ts';
import { estimate, operationPrices } from '../../advise/estimate.ts';
import type { FollowStatus } from '../../ingest/follow.ts';
import { follow, pollMillisDefault, rescanMillisDefault } from '../../ingest/follow.ts';
import type { IngestResult, IngestSettings } from '../../ingest/ingest.ts';
import { describeRejection } from '../../source/rejection.ts';
import { ingest, parallelDefault } from '../../ingest/ingest.ts';
import type { Selection } from '../../source/selection.ts';
import { parseNameTest } from '../../source/selection.ts';
import { parseBytes, parseDelay, parseDuration } from '../options/amount.ts';
import { readRange } from '../question/question.ts';
import { stopGently } from '../interrupt.ts';
import { addStats, collect, parseWhole } from '../options/options.ts';
import { printableCell, show, showFigures, tell } from '../output/printable.ts';
import { createProgress, formatBytes } from '../output/progress.ts';

interface IngestOptions {
  readonly lake?: string;
  readonly follow?: true;
  readonly poll?: string;
  readonly rescan?: string;
  readonly dryRun?: true;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly oldestFirst?: true;
  readonly parallel?: string;
  readonly maxRejected?: string;
  readonly diskReserve?: string;
  readonly pricePer10000Reads?: string;
  readonly pricePer10000Lists?: string;
  readonly stats?: 'json';
}

/** Rejections named on stderr; the rest are counted. */
const rejectionsShown = 5;
/** Days named by a dry run; `--stats json` has all. */
const daysShown = 10;

export function define(command: Command): void {
  command
    .argument('<source...>', 'folder, file, zip archive, glob, URL of an account or container, or -')
    .option('--lake <dir>', 'folder of the lake; made if there is none (default: $NSGFLOW_LAKE)')
    .option('--follow', 'go on with what is written from now on, until interrupted')
    .option('--poll <time>', `with --follow: how often to look (default: ${pollMillisDefault / 1000}s)`)
    .option(
      '--rescan <time>',
      `with --follow: how often to list everything (default: ${rescanMillisDefault / 60_000}m in Azure; a folder as often as is quick)`,
    )
    .option('--dry-run', 'say what there is to read, what it costs and how large the lake gets; read nothing')
    .option(
      '--include <key=name>',
      'subscription, group, nsg, flow-log or nic; * is any text; may be repeated',
      collect,
    )
    .option('--exclude <key=name>', 'the same, left out; may be repeated', collect)
    .option('--from <time>', 'only blobs of hours at or after: 6h, 2026-11-20, 2026-11-20T10:00:00Z, epoch')
    .option('--to <time>', 'only blobs of hours before this time')
    .option('--oldest-first', 'begin with the oldest day instead of the newest')
    .option('--parallel <n>', `blobs fetched at once, 1 to ${limits.parallelMax} (default: ${parallelDefault})`)
    .option('--max-rejected <n>', 'fail when more byte ranges than this cannot be used (default: no limit)')
    .option('--disk-reserve <bytes>', 'stop when no more than this is free on the disk of the lake (default: 512MiB)')
    .option(
      '--price-per-10000-reads <dollars>',
      `for --dry-run: what storage takes (default: ${operationPrices.per10000Reads})`,
    )
    .option('--price-per-10000-lists <dollars>', `the same for listings (default: ${operationPrices.per10000Lists})`);
  addStats(command);
  command.enablePositionalOptions();
  command.addHelpText('after', '\nOnly what is new is read: running it again adds nothing.\n');
  command.action(async (sources: string[], options: IngestOptions) => {
    const settings = readSettings(sources, options);
    if (options.dryRun === true) return await runEstimate(settings, options);
    const result = options.follow === true ? await runFollow(settings, options) : await runOnce(settings);
    report(result);
    const { rejections: _, ...stats } = result;
    if (options.stats === 'json') showFigures(stats);
    else show(describe(result, settings.lake));
  });
}

function readSettings(sources: readonly string[], options: IngestOptions): IngestSettings & { selection: Selection } {
  const { lake, maxRejected, parallel, diskReserve, oldestFirst } = options;
  if (lake === undefined)
    throw new FlowError('usage', 'name the folder of the lake: --lake DIR, NSGFLOW_LAKE, or lake in nsgflow.yaml');
  return {
    sources,
    lake,
    rejectedMax:
      maxRejected === undefined ? undefined : parseWhole('--max-rejected', maxRejected, 0, Number.MAX_SAFE_INTEGER),
    selection: {
      include: (options.include ?? []).map((text) => parseNameTest('--include', text)),
      exclude: (options.exclude ?? []).map((text) => parseNameTest('--exclude', text)),
      ...readRange(options),
    },
    ...(parallel === undefined ? {} : { parallel: parseWhole('--parallel', parallel, 1, limits.parallelMax) }),
    ...(diskReserve === undefined ? {} : { diskReserveBytes: parseBytes('--disk-reserve', diskReserve) }),
    ...(oldestFirst === true ? { order: 'oldest-first' } : {}),
    onNotice: ({ notice, sentence }) => tell(`${notice}: ${sentence}`),
  };
}

/** Reads what is new. Interrupted, it commits what it has read. @throws interrupted */
async function runOnce(settings: IngestSettings): Promise<IngestResult> {
  const stop = new AbortController();
  const undo = stopGently(() => stop.abort());
  const progress = createProgress('ingesting');
  try {
    const result = await ingest({
      ...settings,
      stop: stop.signal,
      onProgress: (done, total, blobs) => progress.update(done, total, () => formatCountOf(blobs, 'blob')),
    });
    if (stop.signal.aborted)
      throw new FlowError(
        'interrupted',
        `stopped after ${formatCountOf(result.tuples, 'tuple')}, all in ${settings.lake}`,
      );
    return result;
  } finally {
    undo();
    progress.end();
  }
}

/** Follows until interrupted; on a terminal, a line says what came and whether storage answers. */
async function runFollow(settings: IngestSettings, options: IngestOptions): Promise<IngestResult> {
  const stop = new AbortController();
  const undo = stopGently(() => stop.abort());
  const { isTTY, columns } = process.stderr;
  let wasAway = false;
  const showStatus = ({ away, added, total, blobs }: FollowStatus): void => {
    if (isTTY) {
      const time = formatTime(Date.now()).slice(11, 19);
      const line =
        away === undefined
          ? `following  ${formatCountOf(blobs, 'blob')}  ${formatCountOf(total.tuples, 'tuple')}  ${added.tuples > 0 ? `+${formatCount(added.tuples)} at ` : ''}${time}`
          : `waiting since ${formatTime(away.sinceMillis).slice(11, 19)}, again in ${Math.ceil(away.retryInMillis / 1000)} s: ${away.sentence}`;
      process.stderr.write(`\r\u001b[2K${printableCell(line).slice(0, columns - 1)}`);
    } else if (away !== undefined && !wasAway) tell(`waiting: ${away.sentence}`);
    else if (away === undefined && wasAway) tell('following again');
    wasAway = away !== undefined;
  };
  try {
    return await follow({
      ...settings,
      ...(options.poll === undefined ? {} : { pollMillis: parseDelay('--poll', options.poll) }),
      ...(options.rescan === undefined ? {} : { rescanMillis: parseDuration('--rescan', options.rescan) }),
      settles: true,
      stop: stop.signal,
      onStatus: showStatus,
    });
  } finally {
    undo();
    if (isTTY) process.stderr.write('\r\u001b[2K');
  }
}

async function runEstimate(settings: IngestSettings & { selection: Selection }, options: IngestOptions): Promise<void> {
  const { pricePer10000Reads: reads, pricePer10000Lists: lists } = options;
  const { per10000Reads, per10000Lists } = operationPrices;
  const result = await estimate(settings, {
    per10000Reads: reads === undefined ? per10000Reads : parseDollars('--price-per-10000-reads', reads),
    per10000Lists: lists === undefined ? per10000Lists : parseDollars('--price-per-10000-lists', lists),
  });
  if (options.stats === 'json') {
    const days = result.days.map(({ dayMillis, blobs, bytes }) => ({ day: dayOf(dayMillis), blobs, bytes }));
    showFigures({ ...result, days });
  } else show(describeEstimate(result, settings.lake));
}

/** @throws usage */
function parseDollars(name: string, text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text))
    throw new FlowError('usage', `${name} takes US dollars such as 0.0044, not ${JSON.stringify(text)}`);
  return value;
}

function dayOf(millis: number): string {
  return formatTime(millis).slice(0, 10);
}

function describeEstimate(result: Estimate, lake: string): string {
  const { days, priceDollars } = result;
  const shown = days.slice(-daysShown).reverse();
  return [
    `blobs            ${formatCount(result.newBlobs)} of ${formatCount(result.blobs)} have something new (${formatBytes(result.newBytes)})`,
    `operations       about ${formatCount(result.readOperations)} reads, ${formatCount(result.listOperations)} listings${
      priceDollars === undefined ? '' : `: $${priceDollars.toFixed(priceDollars < 1 ? 4 : 2)}, without transfer`
    }`,
    `lake             about ${formatBytes(result.lakeBytes)} more in ${lake}`,
    `days             ${days.length === 0 ? 'none' : `${formatCount(days.length)}, ${dayOf(days[0].dayMillis)} to ${dayOf(days[days.length - 1].dayMillis)}`}`,
    ...shown.map(
      ({ dayMillis, blobs, bytes }) =>
        `  ${dayOf(dayMillis)}     ${formatCountOf(blobs, 'blob')}, ${formatBytes(bytes)}`,
    ),
    ...(days.length > shown.length ? [`  and ${formatCountOf(days.length - shown.length, 'earlier day')}`] : []),
    '',
  ].join('\n');
}

function report({ blobs, rejections, rejected }: IngestResult): void {
  if (blobs === 0) tell('warning: no flow log blobs were found there');
  for (const rejection of rejections.slice(0, rejectionsShown)) tell(`rejected: ${describeRejection(rejection)}`);
  if (rejected > rejectionsShown) tell(`rejected: ${formatCountOf(rejected - rejectionsShown, 'further byte range')}`);
}

function describe(result: IngestResult, lake: string): string {
  return [
    `blobs            ${formatCount(result.blobs)} (${formatBytes(result.bytes)} new)`,
    `records          ${formatCount(result.records)}`,
    `tuples           ${formatCount(result.tuples)} added to ${lake}`,
    ...(result.replaced === 0
      ? []
      : [
          `replaced         ${formatCountOf(result.replaced, 'blob')} that ${result.replaced === 1 ? 'was' : 'were'} rewritten`,
        ]),
    ...(result.mended === 0
      ? []
      : [`mended           ${formatCount(result.mended)} of these tuples, written as no format has them`]),
    `rejected ranges  ${formatCount(result.rejected)}`,
    ...(result.frozen === 0
      ? []
      : [
          `frozen           ${formatCountOf(result.frozen, 'tuple')} of rewritten blobs ${result.frozen === 1 ? 'was' : 'were'} rejected with them`,
        ]),
    ...(result.settledApart === 0
      ? []
      : [`settled apart    ${formatCountOf(result.settledApart, 'tuple')} that came after their dates were frozen`]),
    ...(result.unread === 0
      ? []
      : [`unread           ${formatCountOf(result.unread, 'blob')}: nsgflow ingest rejects --lake ${lake}`]),
    '',
  ].join('\n');
}
