import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { withoutEnd } from '../../base/text.ts';
import { floorToHour } from '../../base/time.ts';
import { parseMac } from '../../net/mac.ts';
import type { BlobSelection } from '../../source/flow-log-blobs.ts';
import { parseTimePoint } from '../../query/filter/time-point.ts';

/** What the commands `blob …` have in common: where the blobs are, and which. */
export interface BlobOptions {
  readonly target?: string;
  readonly nic?: string;
  readonly hour?: string;
}

export function addBlobOptions(command: Command): void {
  command
    .argument('<source>', 'folder, PT1H.json file, or URL of an Azure account, container or blob')
    .option('--target <id>', 'ARM id of the NSG or VNet flow log, or its name')
    .option('--nic <mac>', 'MAC address of the NIC')
    .option('--hour <time>', 'an hour, UTC: 2026-11-20T10, 2026-11-20T10:00Z, or 3h (ago)');
}

/** @throws usage */
export function readBlobSelection({ target, nic, hour }: BlobOptions): BlobSelection {
  const mac = nic === undefined ? undefined : parseMac(nic);
  if (nic !== undefined && mac === undefined)
    throw new FlowError('usage', `--nic ${JSON.stringify(nic)} is not a MAC address`);
  return {
    target: target === undefined ? undefined : withoutEnd(target, '/'),
    mac,
    hourMillis: hour === undefined ? undefined : readHour(hour),
  };
}

function readHour(text: string): number {
  const millis = parseTimePoint(/^\d{4}-\d{2}-\d{2}[T ]\d{2}$/i.test(text) ? `${text}:00` : text, Date.now());
  if (millis === undefined)
    throw new FlowError('usage', `--hour ${JSON.stringify(text)} is not a time`, {
      hint: 'Such as 2026-11-20T10, 2026-11-20T10:00Z, or 3h (ago).',
    });
  return floorToHour(millis);
}
