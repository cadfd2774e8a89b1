/**
 * Which events go to a flow log, and with which counters. Filters, quirks and formats leave out packets, which are
 * counted.
 */
import type { FlowEvents } from '../flow/event.ts';
import { criteriaHold } from '../flowlog/filtering-criteria.ts';
import type { FlowLogFormat, TupleColumns } from '../flowlog/tuple.ts';
import {
  directionInbound,
  directionOutbound,
  encryptionNames,
  sourceFamily,
  stateContinuing,
  stateEnd,
} from '../flowlog/tuple.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import { isInternet } from '../nsg/evaluate.ts';
import { findNic } from '../nsg/nic-table.ts';
import type { FlowLogTarget, RecordingPlan } from './recording-plan.ts';
import type { Span } from './recording-settings.ts';
import type { Uncounted, UncountedReason } from './uncounted.ts';
import { addUncounted } from './uncounted.ts';

/** Splits `rows` into those for which a target is enabled, by the times of its tuples in its format, and the others. */
export function splitByTime(
  { timeMillis }: TupleColumns,
  { format, spans }: FlowLogTarget,
  rows: Uint32Array,
): { readonly held: Uint32Array; readonly others: Uint32Array } {
  if (spans === undefined) return { held: rows, others: noRows };
  const unitMillis = format === 'vnet' ? 1 : 1000;
  const isOn = (row: number): boolean => isWithin(spans, Math.floor(timeMillis[row] / unitMillis) * unitMillis);
  const held = rows.filter(isOn);
  if (held.length === rows.length) return { held: rows, others: noRows };
  return { held, others: held.length === 0 ? rows : rows.filter((row) => !isOn(row)) };
}

const noRows = new Uint32Array(0);

/** Whether one of the sorted spans contains the time. */
function isWithin(spans: readonly Span[], millis: number): boolean {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (spans[middle].untilMillis > millis) high = middle;
    else low = middle + 1;
  }
  return low < spans.length && spans[low].fromMillis <= millis;
}

/**
 * The rows from `start` to `end` that a target logs; `rows` itself if it logs all. Packets of the others are added to
 * `uncounted`.
 */
export function selectRows(
  events: FlowEvents,
  plan: RecordingPlan,
  target: FlowLogTarget,
  rows: Uint32Array,
  uncounted: Uncounted,
): Uint32Array {
  const { format, criteria, recordTypes } = target;
  const { quirks } = plan;
  const isWhole =
    criteria === undefined &&
    recordTypes === undefined &&
    format !== 'nsg1' &&
    quirks.snatInbound === 'logged' &&
    quirks.statelessInboundTcp === 'off';
  if (isWhole) return rows;
  const kept = rows.filter((row) => {
    const reason = reasonToLeaveOut(events, plan, target, row);
    if (reason !== undefined) addUncounted(uncounted, format, reason, packetsOf(events.columns, row));
    return reason === undefined || reason === 'version-1';
  });
  return kept.length === rows.length ? rows : kept;
}

function reasonToLeaveOut(
  events: FlowEvents,
  plan: RecordingPlan,
  { format, criteria, recordTypes }: FlowLogTarget,
  row: number,
): UncountedReason | undefined {
  const { columns } = events;
  if (plan.quirks.snatInbound === 'left-out' && isUndelivered(events, plan, row)) return 'snatInbound';
  if (format === 'vnet') {
    if (criteria !== undefined && !criteriaHold(criteria, columns, row)) return 'filtering-criteria';
    if (recordTypes !== undefined && ((recordTypes >>> columns.state[row]) & 1) === 0) return 'record-types';
    return undefined;
  }
  if (plan.quirks.statelessInboundTcp === 'on' && isStateless(events, plan, row)) return 'statelessInboundTcp';
  return format === 'nsg1' ? 'version-1' : undefined;
}

/**
 * A continuing or end tuple of an inbound TCP flow that a user rule allowed, in a VNet without a flow timeout. Source:
 * facts 1.4.
 */
function isStateless({ columns, nic }: FlowEvents, plan: RecordingPlan, row: number): boolean {
  return (
    isCounted(columns, row) &&
    columns.protocol[row] === protocolTcp &&
    columns.direction[row] === directionInbound &&
    plan.isStatelessRule[columns.group[row]] === 1 &&
    plan.isStatelessNic[nic[row]] === 1
  );
}

/** Inbound from the Internet at a NIC that is not reachable from there. Source: facts 1.5. */
function isUndelivered({ columns, nic }: FlowEvents, plan: RecordingPlan, row: number): boolean {
  const at = plan.nics[nic[row]];
  if (at.isPublished || columns.direction[row] !== directionInbound) return false;
  const { source } = columns;
  const words = [source[4 * row], source[4 * row + 1], source[4 * row + 2], source[4 * row + 3]] as const;
  return isInternet(at, { family: sourceFamily(columns.family[row]), words });
}

/** Adds the packets of these rows if no flow log of the format logs them. */
export function countLeftOut(
  columns: TupleColumns,
  format: FlowLogFormat,
  reason: UncountedReason,
  rows: Uint32Array,
  uncounted: Uncounted,
): void {
  for (const row of rows) addUncounted(uncounted, format, reason, packetsOf(columns, row));
}

function packetsOf(columns: TupleColumns, row: number): number {
  return isCounted(columns, row) ? columns.packetsForward[row] + columns.packetsReverse[row] : 0;
}

function isCounted({ state }: TupleColumns, row: number): boolean {
  return state[row] === stateContinuing || state[row] === stateEnd;
}

/** Ethernet header. Source: facts 1.6. */
const frameHeaderBytes = 14;

/**
 * The columns as a format's tuples have them: unchanged, or with counters that quirks change. The caller counts packets
 * that `udpCounters` hides (`countHidden`).
 */
export function columnsShown(columns: TupleColumns, plan: RecordingPlan, format: FlowLogFormat): TupleColumns {
  const withFrames = plan.quirks.byteLength === 'frame';
  const hidesUdp = plan.quirks.udpCounters === 'zero' && format === 'nsg2';
  if (!withFrames && !hidesUdp) return columns;
  const shown = {
    ...columns,
    packetsForward: columns.packetsForward.slice(0, columns.count),
    bytesForward: columns.bytesForward.slice(0, columns.count),
    packetsReverse: columns.packetsReverse.slice(0, columns.count),
    bytesReverse: columns.bytesReverse.slice(0, columns.count),
  };
  for (let row = 0; row < columns.count; row++) {
    if (withFrames) {
      shown.bytesForward[row] += frameHeaderBytes * shown.packetsForward[row];
      shown.bytesReverse[row] += frameHeaderBytes * shown.packetsReverse[row];
    }
    if (hidesUdp && isCounted(columns, row) && columns.protocol[row] === protocolUdp) {
      shown.packetsForward[row] = shown.bytesForward[row] = 0;
      shown.packetsReverse[row] = shown.bytesReverse[row] = 0;
    }
  }
  return shown;
}

/** Adds the UDP packets that these columns hide. */
export function countHidden(
  columns: TupleColumns,
  shown: TupleColumns,
  format: FlowLogFormat,
  rows: Uint32Array,
  uncounted: Uncounted,
): void {
  if (shown === columns) return;
  for (const row of rows)
    addUncounted(uncounted, format, 'udpCounters', packetsOf(columns, row) - packetsOf(shown, row));
}

const encrypted = encryptionNames.indexOf('X');
const notEncrypted = encryptionNames.indexOf('NX');
const fallenBack = encryptionNames.indexOf('NX_FALLBACK');

/** Fills the column of encryption states. Source: facts 3.2; which flows have `NX_FALLBACK` is inferred. */
export function fillEncryption({ columns, nic }: FlowEvents, plan: RecordingPlan): void {
  const { everywhere, isEncrypted, nicTable } = plan.encryption;
  const { encryption, count, direction, family } = columns;
  if (nicTable === undefined || everywhere > 0) {
    encryption.fill(everywhere > 0 ? everywhere : notEncrypted, 0, count);
    return;
  }
  for (let row = 0; row < count; row++) {
    encryption[row] = notEncrypted;
    if (isEncrypted[nic[row]] === 0) continue;
    const far = direction[row] === directionOutbound ? columns.destination : columns.source;
    const at = 4 * row;
    const peer = findNic(nicTable, family[row], far[at], far[at + 1], far[at + 2], far[at + 3]);
    if (peer >= 0) encryption[row] = isEncrypted[peer] === 1 ? encrypted : fallenBack;
  }
}
