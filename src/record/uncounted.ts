/**
 * Packets of allowed flows that are in no tuple of a format, which flow logs do not show. For each format,
 *
 *   observed packets of allowed flows = packets in its tuples + its packets here
 */
import type { FlowLogFormat } from '../flowlog/tuple.ts';

/** Why rows have no tuple, or one without their counters. */
export type UncountedReason =
  /** No flow log of the format has the NSG, or the NIC. */
  | 'no-flow-log'
  /** NSG formats: no NSG decided, only an admin rule or no rule. */
  | 'no-nsg'
  /** NSG version 1 has no counters. */
  | 'version-1'
  /** `enabledFilteringCriteria` of a VNet log. */
  | 'filtering-criteria'
  /** `recordTypes` of a VNet log. */
  | 'record-types'
  /** The quirks with these names. */
  | 'statelessInboundTcp'
  | 'udpCounters'
  | 'snatInbound';

/** Packets by format and reason. Plain data. */
export type Uncounted = { [format in FlowLogFormat]?: { [reason in UncountedReason]?: number } };

export function addUncounted(into: Uncounted, format: FlowLogFormat, reason: UncountedReason, packets: number): void {
  if (packets === 0) return;
  const counts = (into[format] ??= {});
  counts[reason] = (counts[reason] ?? 0) + packets;
}

export function mergeUncounted(into: Uncounted, from: Uncounted): void {
  for (const format of ['nsg1', 'nsg2', 'vnet'] as const)
    for (const [reason, packets] of Object.entries(from[format] ?? {}))
      addUncounted(into, format, reason as UncountedReason, packets);
}
