import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCount } from '../../base/format-count.ts';
import { formatTime } from '../../base/time.ts';
import { openSource } from '../../blob/open.ts';
import { parseResourceId } from '../../flowlog/blob-path.ts';
import { logNameOf } from '../../source/flow-log-blobs.ts';
import { RetentionIndex, retain } from '../../source/retain.ts';
import type { RetainSettings, RetentionStep } from '../../source/retain.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import { collect, parseWhole } from '../options/options.ts';
import type { ResultColumn } from '../output/result.ts';
import { tell } from '../output/printable.ts';
import { formatBytes } from '../output/progress.ts';
import { readRetentionRules } from '../options/retention-rules.ts';

interface RetainOptions extends OutputOptions {
  readonly days?: string;
  readonly target?: readonly string[];
  readonly rules?: string;
  readonly delete?: boolean;
  readonly dryRun?: boolean;
}

const columns: readonly ResultColumn[] = [
  { name: 'action', kind: 'text' },
  { name: 'log', kind: 'text' },
  { name: 'hour', kind: 'text' },
  { name: 'mac', kind: 'text' },
  { name: 'age_days', kind: 'number' },
  { name: 'days', kind: 'number' },
  { name: 'bytes', kind: 'number' },
  { name: 'rule', kind: 'text' },
  { name: 'container', kind: 'text' },
  { name: 'blob', kind: 'text' },
];

export function define(command: Command): void {
  command
    .argument('<source...>', 'folders, or URLs of Azure accounts or containers')
    .option('--days <n>', 'keep blobs for so many days after their hour, 1 to 365; 0 keeps forever')
    .option('--target <id>', 'with --days: only of this NSG or VNet flow log (ARM id); may be repeated', collect)
    .option('--rules <file>', 'days by flow log: JSON or YAML, or the output of az network watcher flow-log list')
    .option('--delete', 'delete in Azure accounts and of copies, too')
    .option('--dry-run', 'delete nothing, only say what would be');
  addOutput(command);
  command.addHelpText(
    'after',
    '\nDeletes hours that are wholly past, of flow logs only, in the version that was listed. What nsgflow wrote into a folder or an\n' +
      'emulator is deleted; in an Azure account, and of copies, nothing is without --delete. Each deletion is a row of the output.\n',
  );
  command.action(async (sources: readonly string[], options: RetainOptions) => {
    const format = formatOf(options);
    const settings: RetainSettings = {
      rules: await readRules(options),
      nowMillis: Date.now(),
      deletes: readDeletes(options),
    };
    const total = { deleted: 0, 'would-delete': 0, changed: 0, refused: 0, bytes: 0 };
    const failures: FlowError[] = [];
    async function* chunks(): AsyncGenerator<unknown[][]> {
      for (const source of sources)
        try {
          const onUnlisted = ({ message }: FlowError): void => tell(`unread: ${message}`);
          for await (const step of retain(await openSource(source, { onUnlisted }), settings)) {
            total[step.action]++;
            if (step.action === 'refused') tell(`refused: ${step.why?.message}`);
            else if (step.action !== 'changed') total.bytes += step.item.lengthBytes;
            yield [rowOf(step)];
          }
        } catch (error) {
          if (!(error instanceof FlowError)) throw error;
          failures.push(error);
        }
    }
    await print({ columns, chunks: chunks(), keep: ['mac'] }, format);
    tell(describe(total, settings.deletes));
    if (failures.length > 0) throw failures[0];
  });
}

function readDeletes({ delete: all, dryRun }: RetainOptions): RetainSettings['deletes'] {
  if (all === true && dryRun === true) throw new FlowError('usage', '--delete and --dry-run exclude each other');
  if (dryRun === true) return 'nothing';
  return all === true ? 'all' : 'own';
}

/** @throws usage, not-found */
async function readRules({ days, target, rules }: RetainOptions): Promise<RetentionIndex> {
  if ((days === undefined) === (rules === undefined))
    throw new FlowError('usage', 'retain needs --days N or --rules FILE: one of them');
  if (rules !== undefined) {
    if (target !== undefined) throw new FlowError('usage', '--target goes with --days');
    return new RetentionIndex(await readRetentionRules(rules));
  }
  const count = parseWhole('--days', days!, 0, 365);
  if (target === undefined) return new RetentionIndex([], { name: '--days', ids: [], days: count });
  for (const id of target)
    if (parseResourceId(id) === undefined)
      throw new FlowError('usage', `--target ${JSON.stringify(id)} is no ARM id of an NSG or flow log`);
  return new RetentionIndex(target.map((id) => ({ name: id, ids: [id], days: count })));
}

function rowOf({ action, path, ageDays, rule, item, container }: RetentionStep): unknown[] {
  const hour = `${formatTime(path.hourMillis).slice(0, 13)}:00Z`;
  return [
    action,
    logNameOf(path),
    hour,
    path.mac ?? null,
    ageDays,
    rule.days,
    item.lengthBytes,
    rule.name,
    container.name,
    item.name,
  ];
}

function describe(
  total: Record<RetentionStep['action'] | 'bytes', number>,
  deletes: RetainSettings['deletes'],
): string {
  const blobs = (n: number): string => `${formatCount(n)} ${n === 1 ? 'blob' : 'blobs'}`;
  const { deleted, changed, refused, bytes } = total;
  const would = total['would-delete'];
  const lines =
    deletes === 'nothing' ? [] : [`${blobs(deleted)} deleted${would === 0 ? `, ${formatBytes(bytes)}` : ''}`];
  if (would > 0 || deletes === 'nothing')
    lines.push(
      `${blobs(would)} would be deleted${deletes === 'own' ? ': add --delete to do it' : `, ${formatBytes(bytes)}`}`,
    );
  if (changed > 0) lines.push(`${blobs(changed)} kept, because somebody wrote them meanwhile`);
  if (refused > 0) lines.push(`${blobs(refused)} kept, because storage does not delete them`);
  return lines.join('\n');
}
