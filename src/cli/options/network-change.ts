import { FlowError } from '../../base/errors.ts';
import { parseTime } from '../../base/time.ts';
import type { Network } from '../../nsg/network.ts';
import type { NetworkOptions } from './network.ts';
import { readNetwork } from './network.ts';
import { tell } from '../output/printable.ts';

/** A network that is in force from a time on. */
export interface NetworkChange {
  /** Epoch milliseconds. */
  readonly timeMillis: number;
  readonly network: Network;
}

/**
 * The networks that `--change TIME=FILE` names, by time; files of one time are one network. Parameters and service tags are those of
 * `--network`. Warnings go to stderr. @throws usage, not-found, network-invalid
 */
export async function readNetworkChanges(texts: readonly string[], options: NetworkOptions): Promise<NetworkChange[]> {
  if (texts.length > 0 && options.network === undefined)
    throw new FlowError('usage', '--change goes with --network, which is in force until then');
  const files = new Map<number, string[]>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const timeMillis = at < 0 ? undefined : readTime(text.slice(0, at));
    if (timeMillis === undefined || at === text.length - 1)
      throw new FlowError('usage', `--change ${JSON.stringify(text)} is not TIME=FILE`, {
        hint: 'TIME such as 2026-11-22T09:30:00Z, or seconds since 1970; FILE as for --network.',
      });
    files.set(timeMillis, [...(files.get(timeMillis) ?? []), text.slice(at + 1)]);
  }
  const changes: NetworkChange[] = [];
  for (const [timeMillis, network] of [...files].sort(([a], [b]) => a - b)) {
    const read = await readNetwork({ ...options, network });
    if (read === undefined) continue;
    for (const warning of read.warnings) tell(`warning: ${warning}`);
    changes.push({ timeMillis, network: read });
  }
  return changes;
}

/** RFC 3339, a date of eight digits, seconds since 1970 with or without a fraction, or 13 digits of milliseconds. */
function readTime(text: string): number | undefined {
  if (/^\d{13}$/.test(text)) return Number(text);
  const date = /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  if (date !== null) return parseTime(`${date[1]}-${date[2]}-${date[3]}T00:00:00Z`);
  if (/^\d{1,10}(\.\d+)?$/.test(text)) return Number(text) * 1000;
  return parseTime(text);
}

/** What to answer when a recording asks what has changed: the network in force, where it is another than before. The clock may have gone back. */
export function createChanger(
  first: Network | undefined,
  changes: readonly NetworkChange[],
): (minuteMillis: number) => Network | undefined {
  let taken = 0;
  return (minuteMillis) => {
    const due = changes.filter(({ timeMillis }) => timeMillis <= minuteMillis).length;
    if (due === taken) return undefined;
    taken = due;
    return due === 0 ? first : changes[due - 1].network;
  };
}
