import type { Command } from 'commander';
import { formatCount, formatCountOf } from '../../base/format-count.ts';
import { formatTime } from '../../base/time.ts';
import { describeSettling } from '../../lake/flows/settling-state.ts';
import { openLake } from '../../lake/lake.ts';
import type { FlowsStats, TableStats } from '../../lake/table-stats.ts';
import { tableStats } from '../../lake/table-stats.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, printObject } from '../output/print.ts';
import type { ResultColumn } from '../output/result.ts';
import { show } from '../output/printable.ts';
import { snakeKeys } from '../output/snake-keys.ts';
import { formatBytes } from '../output/progress.ts';

const dateColumns: readonly ResultColumn[] = [
  { name: 'date', kind: 'text' },
  { name: 'files', kind: 'number' },
  { name: 'rows', kind: 'number' },
  { name: 'bytes', kind: 'number' },
];
const sizeColumns: readonly ResultColumn[] = [
  { name: 'column', kind: 'text' },
  { name: 'part', kind: 'text' },
  { name: 'bytes', kind: 'number' },
  { name: 'bytes_per_row', kind: 'number' },
];

export function define(command: Command): void {
  command.requiredOption('--lake <dir>', 'folder of the lake');
  command.option('--by-column', 'one row for each column of tuples, not for each date');
  addOutput(command);
  command.addHelpText(
    'after',
    '\nWith --by-column: columns of part "tuple" are what a flow tuple says; those of part "trace" say which log, blob and place it came from.\n',
  );
  command.action(async (options: OutputOptions & { readonly lake: string; readonly byColumn?: boolean }) => {
    const format = formatOf(options);
    const lake = await openLake(options.lake);
    try {
      const stats = await tableStats(lake);
      const byColumn = options.byColumn === true;
      const rows = byColumn
        ? stats.columns.map(({ name, part, bytes }) => [name, part, bytes, perRow(bytes, stats)])
        : stats.dates.map((date) => Object.values(date));
      if (format === 'table') show(describe(stats));
      const value = snakeKeys({
        ...stats,
        startTime: timeText(stats.startMillis),
        endTime: timeText(stats.endMillis),
      }) as Record<string, unknown>;
      await printObject(value, { columns: byColumn ? sizeColumns : dateColumns, chunks: once(rows) }, format);
    } finally {
      await lake.close();
    }
  });
}

function describe(stats: TableStats): string {
  const bytesOf = (part: 'tuple' | 'trace'): number =>
    stats.columns.reduce((sum, column) => sum + (column.part === part ? column.bytes : 0), 0);
  return [
    `version          ${stats.version} (checkpoint ${stats.checkpointVersion < 0 ? 'none' : stats.checkpointVersion})`,
    `blobs read       ${formatCount(stats.blobs)}`,
    `files            ${formatCount(stats.files)} (${formatCount(stats.removedFiles)} more ${stats.removedFiles === 1 ? 'was' : 'were'} removed and ${stats.removedFiles === 1 ? 'waits' : 'wait'} for vacuum)`,
    `tuples           ${formatCount(stats.rows)}`,
    `bytes            ${formatCount(stats.bytes)} (${formatBytes(stats.bytes)})`,
    `bytes per tuple  ${perRow(bytesOf('tuple'), stats)} of the tuple, ${perRow(bytesOf('trace'), stats)} of its trace, ${perRow(stats.bytes, stats)} in all`,
    `times            ${stats.rows === 0 ? 'none' : `${timeText(stats.startMillis)} to ${timeText(stats.endMillis)}`}`,
    ...(stats.tuplesFrom === undefined
      ? []
      : [`tuples from      ${stats.tuplesFrom} on; those of earlier dates were removed`]),
    `settled flows    ${describeFlows(stats)}`,
    ...describeSettling(stats.flows, stats.rows).map(({ finding }) => `                 ${finding}`),
    ...(stats.flows === undefined ? [] : [`both tables      ${describeBoth(stats, stats.flows)}`]),
    '',
    '',
  ].join('\n');
}

function describeFlows({ flows }: TableStats): string {
  if (flows === undefined) return 'none yet: nsgflow lake settle builds them';
  const { rows, files, bytes } = flows;
  return `${formatCountOf(rows, 'row')} in ${formatCountOf(files, 'file')} (${formatBytes(bytes)})`;
}

/** What a budget of retention counts. */
function describeBoth(stats: TableStats, flows: FlowsStats): string {
  const bytes = stats.bytes + flows.bytes;
  return `${formatCount(bytes)} bytes (${formatBytes(bytes)})${stats.rows === 0 ? '' : `, ${perRow(bytes, stats)} per tuple`}`;
}

function timeText(millis: number | undefined): string {
  return millis === undefined || !Number.isFinite(millis) ? '' : formatTime(millis);
}

function perRow(bytes: number, { rows }: TableStats): number {
  return rows === 0 ? 0 : Math.round((1000 * bytes) / rows) / 1000;
}

async function* once<T>(rows: T[]): AsyncGenerator<T[]> {
  yield await Promise.resolve(rows);
}
