import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCount, formatCountOf } from '../../base/format-count.ts';
import { formatTime, hourMillis, minuteMillis } from '../../base/time.ts';
import { parseResourceId } from '../../flowlog/blob-path.ts';
import { openLake } from '../../lake/lake.ts';
import type { MinuteRange, MinuteState } from '../../advise/completeness.ts';
import { minutesOf } from '../../advise/completeness.ts';
import { readRecorderLosses } from '../../deliver/recorder-losses.ts';
import type { AskOptions } from '../question/question.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import { readRange } from '../question/question.ts';
import { lakeOf } from '../options/lake-option.ts';
import type { ResultColumn } from '../output/result.ts';
import { tell } from '../output/printable.ts';

interface GapsOptions extends AskOptions {
  readonly all?: true;
  readonly hours?: true;
  readonly recorder?: string;
}

export function define(command: Command): void {
  command
    .option('--lake <dir>', 'folder of the lake (default: $NSGFLOW_LAKE)')
    .option('--from <time>', 'minutes at or after: 6h, 2026-11-20, 2026-11-20T10:00:00Z, epoch')
    .option('--to <time>', 'minutes before this time')
    .option('--all', 'list present, quiet and unknown minutes, too')
    .option('--hours', 'one row a NIC and hour, with how many minutes are of which state')
    .option('--recorder <dir>', 'spool folder of a recorder: what it dropped or holds counts as evidence');
  addOutput(command);
  command.addHelpText(
    'after',
    `
Azure writes nothing for a quiet NIC. A minute is missing only by evidence:
rejected bytes, an open flow that did not continue (open-flow), an hour without
a blob inside an open flow (absent-hour), the recorder's word (dropped).
Exit code 7 when minutes are missing.
`,
  );
  command.action(async (options: GapsOptions, self: Command) => {
    const format = formatOf(options);
    const range = readRange(options);
    const losses = options.recorder === undefined ? undefined : await readRecorderLosses(options.recorder);
    const lake = await openLake(lakeOf(self));
    const totals: Record<MinuteState, number> = { present: 0, quiet: 0, missing: 0, unknown: 0 };
    try {
      const ranges = counted(minutesOf(lake, range, losses), totals);
      const hours = options.hours === true;
      await print(
        hours
          ? { columns: hourColumns, chunks: hourRows(ranges) }
          : { columns: rangeColumns, chunks: rangeRows(ranges, options.all === true), keep: ['state'] },
        format,
        {
          below: (rows) =>
            rows > 0
              ? []
              : [hours || options.all === true ? 'the lake has no minute of this time' : 'no minute is missing'],
          details: () => ['unknown: before the first record of a NIC, after its last, or in an hour without a blob'],
        },
      );
    } finally {
      await lake.close();
    }
    const { present, quiet, missing, unknown } = totals;
    tell(
      `minutes: ${formatCount(present)} present, ${formatCount(quiet)} quiet, ${formatCount(missing)} missing, ${formatCount(unknown)} unknown`,
    );
    if (missing > 0)
      throw new FlowError('incomplete', `${formatCountOf(missing, 'minute')} ${missing === 1 ? 'is' : 'are'} missing`, {
        hint: 'nsgflow ingest rejects says what could not be read; bring the other blobs back and ingest them.',
      });
  });
}

async function* counted(
  ranges: AsyncIterable<MinuteRange>,
  totals: Record<MinuteState, number>,
): AsyncGenerator<MinuteRange> {
  for await (const range of ranges) {
    totals[range.state] += (range.endMillis - range.startMillis) / minuteMillis;
    yield range;
  }
}

const logColumns: readonly ResultColumn[] = [
  { name: 'nic', kind: 'text' },
  { name: 'flow_log', kind: 'text' },
  { name: 'resource', kind: 'text' },
];

function logCells({ resourceId, mac }: MinuteRange): unknown[] {
  const id = parseResourceId(resourceId);
  return [mac === '' ? null : mac, id?.child ?? id?.name ?? null, resourceId === '' ? null : resourceId];
}

const rangeColumns: readonly ResultColumn[] = [
  { name: 'from', kind: 'text' },
  { name: 'to', kind: 'text' },
  { name: 'minutes', kind: 'number' },
  { name: 'state', kind: 'text' },
  { name: 'evidence', kind: 'text' },
  ...logColumns,
];

async function* rangeRows(ranges: AsyncIterable<MinuteRange>, all: boolean): AsyncGenerator<unknown[][]> {
  for await (const range of ranges) {
    const { startMillis, endMillis, state, evidence } = range;
    if (!all && state !== 'missing') continue;
    const minutes = (endMillis - startMillis) / minuteMillis;
    yield [
      [timeOf(startMillis), timeOf(endMillis), minutes, state, evidence === '' ? null : evidence, ...logCells(range)],
    ];
  }
}

const hourColumns: readonly ResultColumn[] = [
  { name: 'hour', kind: 'text' },
  { name: 'present', kind: 'number' },
  { name: 'quiet', kind: 'number' },
  { name: 'missing', kind: 'number' },
  { name: 'unknown', kind: 'number' },
  ...logColumns,
];

async function* hourRows(ranges: AsyncIterable<MinuteRange>): AsyncGenerator<unknown[][]> {
  let hour: { at: number; key: string; counts: Record<MinuteState, number>; log: unknown[] } | undefined;
  const row = ({ at, counts, log }: NonNullable<typeof hour>): unknown[][] => [
    [timeOf(at), counts.present, counts.quiet, counts.missing, counts.unknown, ...log],
  ];
  for await (const range of ranges) {
    const key = `${range.kind}\n${range.resourceId}\n${range.mac}`;
    for (let at = range.startMillis; at < range.endMillis;) {
      const start = Math.floor(at / hourMillis) * hourMillis;
      const end = Math.min(range.endMillis, start + hourMillis);
      if (hour === undefined || hour.at !== start || hour.key !== key) {
        if (hour !== undefined) yield row(hour);
        hour = { at: start, key, counts: { present: 0, quiet: 0, missing: 0, unknown: 0 }, log: logCells(range) };
      }
      hour.counts[range.state] += (end - at) / minuteMillis;
      at = end;
    }
  }
  if (hour !== undefined) yield row(hour);
}

function timeOf(millis: number): string {
  return formatTime(millis).replace(':00.000Z', 'Z');
}
