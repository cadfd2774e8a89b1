import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCount, formatCountOf } from '../../base/format-count.ts';
import { limits } from '../../base/limits.ts';
import { isUrl } from '../../blob/azure-target.ts';
import type { DeliveryStatus } from '../../deliver/delivery-status.ts';
import type { SpoolSettings } from '../../deliver/spool.ts';
import { parseBytes, parseDelay } from './amount.ts';
import { formatBytes } from '../output/progress.ts';

/** What a command that writes flow logs offers for the time that storage is away. */
export interface SpoolOptions {
  readonly spool?: string;
  readonly spoolBytes?: string;
  readonly wait?: string;
}

export function addSpool(command: Command): void {
  command
    .option(
      '--spool <dir>',
      'keep what storage does not take in this folder (default: with --interface, in the state folder)',
    )
    .option('--spool-bytes <bytes>', 'most that it may hold; then the newest is dropped and counted (default: 1GiB)')
    .option(
      '--wait <duration>',
      'wait so long at the end for storage that is away (default: 15s live, a few tries else)',
    );
}

/** A recording of what, and to where: each has a spool of its own, the same each time. */
export interface Recorded {
  readonly interface: string;
  readonly filter: string | undefined;
  /** A path or URL, without secrets. */
  readonly to: string;
}

/** @throws usage */
export function readSpool(options: SpoolOptions, live: Recorded | undefined): SpoolSettings | undefined {
  const folder = options.spool ?? (live === undefined ? undefined : defaultFolder(live));
  if (folder === undefined) {
    if (options.spoolBytes !== undefined)
      throw new FlowError('usage', '--spool-bytes goes with --spool or --interface');
    return undefined;
  }
  const bytesMax =
    options.spoolBytes === undefined ? limits.spoolBytesMax : parseBytes('--spool-bytes', options.spoolBytes);
  return { folder, bytesMax, mayBeMissing: options.spool === undefined };
}

/** @throws usage */
export function readWait(options: SpoolOptions, isLive: boolean): number {
  if (options.wait !== undefined) return parseDelay('--wait', options.wait);
  return isLive ? liveWaitMillis : 0;
}

const liveWaitMillis = 15_000;

/** Source: XDG Base Directory Specification, `$XDG_STATE_HOME`. */
function defaultFolder({ interface: name, filter, to }: Recorded): string {
  const environment = process.env['XDG_STATE_HOME'] ?? '';
  const state = environment.startsWith('/') ? environment : join(homedir(), '.local', 'state');
  const recorded = [name, filter ?? '', isUrl(to) ? to : resolve(to)].join('\n');
  const hash = createHash('sha256').update(recorded).digest('hex').slice(0, 8);
  return join(state, 'nsgflow', 'spool', `${name.replaceAll(/[^A-Za-z0-9.-]/g, '_')}-${hash}`);
}

/** For the progress line; an empty text while storage takes everything. */
export function describeSpooling({ spoolingSince, spoolBytes, oldestMinute, dropped }: DeliveryStatus): string {
  const lost = dropped.tuples > 0 ? `  ${formatCountOf(dropped.tuples, 'tuple')} dropped` : '';
  if (spoolingSince === null) return lost;
  const oldest = oldestMinute === null ? '' : `, oldest ${oldestMinute.slice(11, 16)}`;
  return `  spooling since ${spoolingSince.slice(11, 16)} UTC: ${formatBytes(spoolBytes)}${oldest}${lost}`;
}

/** Lines of the summary; none where storage has everything. */
export function describeDelivery(status: DeliveryStatus | null): string[] {
  if (status === null) return [];
  const { spoolBytes, oldestMinute, dropped, refused, damaged, deliveredOfEarlier } = status;
  const lines = [];
  if (deliveredOfEarlier > 0) lines.push(`of earlier runs  ${formatCount(deliveredOfEarlier)} blocks, from the spool`);
  if (spoolBytes > 0)
    lines.push(
      `in the spool     ${formatBytes(spoolBytes)}${oldestMinute === null ? '' : `, from ${oldestMinute.slice(0, 16)}Z on`}`,
    );
  if (dropped.blocks > 0)
    lines.push(`spool was full   ${formatCountOf(dropped.tuples, 'tuple')} dropped, this run and earlier ones`);
  if (refused.blocks > 0)
    lines.push(`set aside        ${formatCountOf(refused.tuples, 'tuple')} that storage will not take`);
  if (damaged > 0)
    lines.push(`spool damaged    ${formatCountOf(damaged, 'file')} not delivered, this run and earlier ones`);
  return lines;
}
