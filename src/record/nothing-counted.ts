/** The warning of a recording that counted no packet: it succeeds but has written nothing. */
import { formatCount } from '../base/format-count.ts';
import { formatLinkType } from '../capture/link-type.ts';
import type { RecordResult } from './record.ts';

/** `undefined` if a packet was counted. */
export function nothingCounted({ packets }: Pick<RecordResult, 'packets'>): string | undefined {
  const { read, counted, refused, linkTypes } = packets;
  if (counted > 0) return undefined;
  if (read === 0) return 'no packet was read, so nothing is recorded';
  const reasons = Object.entries(refused)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${formatCount(count)} ${reason === 'link-type' ? named(linkTypes) : reason}`);
  return `no packet is recorded: all ${formatCount(read)} were refused: ${reasons.join(', ')}. See docs/reference/packets.md`;
}

function named(linkTypes: readonly number[]): string {
  return `link-type (${linkTypes.map(formatLinkType).join(', ')})`;
}
