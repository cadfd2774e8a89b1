import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCountOf } from '../../base/format-count.ts';
import { describeMissed } from '../../lake/flows/settle.ts';
import { openLake } from '../../lake/lake.ts';
import type { RetentionRules } from '../../lake/retain-plan.ts';
import { checkRetentionRules } from '../../lake/retain-plan.ts';
import type { RemovedRows, Retained } from '../../lake/retain-rows.ts';
import { retainRows } from '../../lake/retain-rows.ts';
import { parseBytes } from '../options/amount.ts';
import { stopGently } from '../interrupt.ts';
import { addStats, parseWhole } from '../options/options.ts';
import { show, showFigures, tell } from '../output/printable.ts';
import { formatBytes } from '../output/progress.ts';
import { writing } from '../options/writing.ts';

interface RetainOptions {
  readonly lake: string;
  readonly days?: string;
  readonly tuples?: string;
  readonly conversations?: string;
  readonly budget?: string;
  readonly dryRun?: boolean;
  readonly stats?: 'json';
}

export function define(command: Command): void {
  command
    .requiredOption('--lake <dir>', 'folder of the lake')
    .option('--days <n>', 'keep tuples and conversations of so many days; older dates go whole')
    .option('--tuples <n>', 'the same of tuples only')
    .option('--conversations <n>', 'the same of conversations only; no fewer days than --tuples')
    .option(
      '--budget <bytes>',
      'remove the oldest tuples, then the oldest conversations, until both take no more: 50GB',
    )
    .option('--dry-run', 'remove nothing, only say what would be');
  addStats(command);
  command.addHelpText(
    'after',
    '\nA date is frozen before its tuples go: its conversations stay as they were settled. This takes place two days after the\n' +
      'end of the date or later. Files go with nsgflow lake vacuum. Tuples do not come back: what was read of which blob stays\n' +
      'known. Exit code 1: the newest dates alone exceed the budget.\n',
  );
  command.action(async (options: RetainOptions) => {
    const { lake: folder, dryRun = false } = options;
    const rules = readRules(options);
    const lake = await openLake(folder, dryRun ? {} : writing);
    const stop = new AbortController();
    const undo = stopGently(() => stop.abort(new FlowError('interrupted', 'stopped; the next run goes on')));
    try {
      const retained = await retainRows(lake, { ...rules, nowMillis: Date.now(), dryRun, signal: stop.signal });
      if (options.stats === 'json') showFigures({ ...retained, isDryRun: dryRun });
      else show(describe(retained, dryRun));
      report(retained, rules);
    } finally {
      undo();
      await lake.close();
    }
  });
}

/** @throws usage */
function readRules({ days, tuples, conversations, budget }: RetainOptions): RetentionRules {
  if (days !== undefined && (tuples !== undefined || conversations !== undefined))
    throw new FlowError('usage', '--days is for both tables: leave out --tuples and --conversations, or --days');
  if ([days, tuples, conversations, budget].every((text) => text === undefined))
    throw new FlowError('usage', 'say what to keep: --days N, --tuples N, --conversations N or --budget BYTES');
  const daysOf = (name: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : parseWhole(name, text, 1, 36_500);
  const both = daysOf('--days', days);
  const rules: RetentionRules = {
    tuplesDays: both ?? daysOf('--tuples', tuples),
    conversationsDays: both ?? daysOf('--conversations', conversations),
    budgetBytes: budget === undefined ? undefined : parseBytes('--budget', budget),
  };
  checkRetentionRules(rules);
  return rules;
}

function describe({ tuples, conversations, frozenBefore, bytes, settledApart }: Retained, dryRun: boolean): string {
  const lines = [
    describeRemoved('tuples', tuples, dryRun),
    describeRemoved('conversations', conversations, dryRun),
  ].flat();
  if (lines.length === 0) lines.push('nothing to remove');
  else if (!dryRun) lines.push('their files go with nsgflow lake vacuum');
  if (settledApart > 0)
    lines.push(`settled apart, since their dates are frozen: ${formatCountOf(settledApart, 'tuple')}`);
  if (frozenBefore !== '') lines.push(`dates before ${frozenBefore} ${dryRun ? 'would be' : 'are'} frozen`);
  lines.push(`${formatBytes(bytes)} stay`);
  return `${lines.join('\n')}\n`;
}

function describeRemoved(what: string, { dates, files, bytes }: RemovedRows, dryRun: boolean): string[] {
  if (dates.length === 0) return [];
  const range =
    dates.length === 1 ? dates[0] : `${formatCountOf(dates.length, 'date')}, ${dates[0]} to ${dates.at(-1)}`;
  return [
    `${dryRun ? 'would remove' : 'removed'} ${what} of ${range}: ${formatCountOf(files, 'file')}, ${formatBytes(bytes)}`,
  ];
}

/** What the caller should know besides; over the budget, the exit code is 1. */
function report({ waiting, bytes, isOverBudget, missed }: Retained, { budgetBytes = 0 }: RetentionRules): void {
  if (waiting.length > 0) {
    const dates = waiting.length === 1 ? waiting[0] : `${waiting[0]} to ${waiting.at(-1)}`;
    tell(`note: ${dates} must wait: a date is frozen two days after its end at the earliest`);
  }
  if (missed > 0) tell(`warning: ${describeMissed(missed)}`);
  if (!isOverBudget) return;
  tell(`the newest dates alone take ${formatBytes(bytes)}, more than the budget of ${formatBytes(budgetBytes)}`);
  process.exitCode = 1;
}
