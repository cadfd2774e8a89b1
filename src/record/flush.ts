import { createHash } from 'node:crypto';
import { floorToHour, minuteMillis } from '../base/time.ts';
import type { FlushedBlock } from '../deliver/flushed-block.ts';
import type { FlowEvents } from '../flow/event.ts';
import { createFlowEvents } from '../flow/event.ts';
import { containerOf, formatBlobPath } from '../flowlog/blob-path.ts';
import { ByteWriter } from '../flowlog/byte-writer.ts';
import { encodeRecord } from '../flowlog/encode.ts';
import { createTupleKernel } from '../flowlog/tuple-kernel.ts';
import type { FlowLogFormat } from '../flowlog/tuple.ts';
import type { BlockMemory } from './block-memory.ts';
import type { OrderScratch } from './order-events.ts';
import { numbersTo, orderEvents } from './order-events.ts';
import type { FlowLogTarget, RecordingPlan } from './recording-plan.ts';
import { columnsShown, countHidden, countLeftOut, fillEncryption, selectRows, splitByTime } from './select-rows.ts';
import type { Uncounted, UncountedReason } from './uncounted.ts';

/** Identifies a flush of an input. */
export interface FlushKey {
  /** Identity of the input, hex digits. */
  readonly input: string;
  /** The whole minute of the flush, epoch milliseconds; the blob is that of its hour. */
  readonly timeMillis: number;
  /** 0 for the first flush of a minute. */
  readonly part: number;
}

/**
 * Reusable memory for flushes: the sorted events, their row numbers, and the bytes of a block. All flushes of a thread
 * can share it.
 */
export interface FlushScratch extends OrderScratch {
  rows: Uint32Array;
  readonly writer: ByteWriter;
  /** Memory of blocks; if absent, each block has its own. */
  readonly memory?: BlockMemory;
}

/**
 * @param kernel the kernel of the events, if they have one
 * @param memory for blocks that report when they are in storage
 */
export function createFlushScratch(kernel = createTupleKernel(), memory?: BlockMemory): FlushScratch {
  return {
    kernel,
    ordered: createFlowEvents(0),
    rows: new Uint32Array(0),
    writer: new ByteWriter(1 << 20),
    ...(memory === undefined ? {} : { memory }),
  };
}

/** The result of a flush. Plain data. */
export interface Flush {
  readonly blocks: FlushedBlock[];
  readonly uncounted: Uncounted;
}

/**
 * Encodes the pending events: one block for each flow log and NIC with events, in order of NICs. The events are not
 * changed.
 */
export function flushBlocks(held: FlowEvents, plan: RecordingPlan, key: FlushKey, scratch: FlushScratch): Flush {
  const { writer, kernel } = scratch;
  const { tuples: events, starts } = orderEvents(held, plan.ranks, plan.nics.length, scratch);
  const blocks: FlushedBlock[] = [];
  const uncounted: Uncounted = {};
  const { columns } = events;
  if (plan.formats.includes('vnet')) fillEncryption(events, plan);
  const shown = {
    nsg1: columnsShown(columns, plan, 'nsg1'),
    nsg2: columnsShown(columns, plan, 'nsg2'),
    vnet: columnsShown(columns, plan, 'vnet'),
  };
  if (scratch.rows.length < columns.count) scratch.rows = numbersTo(held.capacity);
  const rowsOf = (first: number, end: number): Uint32Array =>
    scratch.rows.subarray(starts[first], end === starts.length ? columns.count : starts[end]);
  const encode = (target: FlowLogTarget, nic: number, range: Uint32Array, turn: number): boolean => {
    const selected = selectRows(events, plan, target, range, uncounted);
    if (selected.length === 0) return false;
    const { format } = target;
    countHidden(columns, shown[format], format, selected, uncounted);
    writer.clear();
    writer.writeText(',');
    const { mac, id } = plan.nics[nic];
    const header = { ...target, timeMillis: key.timeMillis, macAddress: mac };
    const tuples = encodeRecord(writer, header, shown[format], plan.groups, selected, 0, selected.length, kernel);
    if (tuples === 0) return false;
    const kind = format === 'vnet' ? 'vnet' : 'nsg';
    const path = plan.quirks.vnetPath === 'long' ? 'long' : 'short';
    const lent = scratch.memory?.copy(writer.written);
    const withComma = lent?.bytes ?? writer.toBytes();
    blocks.push({
      storage: target.storage,
      ...(target.sender === undefined ? {} : { sender: target.sender }),
      container: containerOf(kind),
      blob: formatBlobPath(kind, target.resourceId, floorToHour(key.timeMillis), mac, path),
      id: blockId(key, target, id, turn),
      bytes: withComma.subarray(1),
      withComma,
      tuples,
      ...(lent === undefined ? {} : { release: lent.release, keep: lent.keep }),
    });
    return true;
  };
  /** Assigns each row to the first target of each format that is enabled at its time. */
  const share = (
    targets: readonly number[],
    nic: number,
    range: Uint32Array,
    shareFormats: readonly FlowLogFormat[],
    reason: UncountedReason,
  ): void => {
    const left = new Map(shareFormats.map((format) => [format, range]));
    const turns = new Map<string, number>();
    for (const target of targets.map((at) => plan.targets[at])) {
      const { format, resourceId } = target;
      const { held, others } = splitByTime(columns, target, left.get(format) ?? range);
      left.set(format, others);
      if (held.length === 0) continue;
      const blob = `${format} ${resourceId}`;
      const turn = turns.get(blob) ?? 0;
      if (encode(target, nic, held, turn)) turns.set(blob, turn + 1);
    }
    for (const [format, rows] of left) countLeftOut(columns, format, reason, rows, uncounted);
  };
  const vnetFormats = plan.formats.filter((format) => format === 'vnet');
  const nsgFormats = plan.formats.filter((format) => format !== 'vnet');
  for (let start = 0; start < starts.length;) {
    const nic = events.nic[starts[start]];
    let end = start + 1;
    while (end < starts.length && events.nic[starts[end]] === nic) end++;
    share(plan.vnetTargets[nic], nic, rowsOf(start, end), vnetFormats, 'no-flow-log');
    for (let first = start; first < end;) {
      const nsg = plan.nsgOf[columns.group[starts[first]]];
      let last = first + 1;
      while (last < end && plan.nsgOf[columns.group[starts[last]]] === nsg) last++;
      const targets = nsg < 0 ? [] : plan.nsgTargets[nsg];
      share(targets, nic, rowsOf(first, last), nsgFormats, nsg < 0 ? 'no-nsg' : 'no-flow-log');
      first = last;
    }
    start = end;
  }
  return { blocks, uncounted };
}

/**
 * @param turn distinguishes several blocks of one flush for one blob and NIC, if a flow log changed within the minute
 */
function blockId(key: FlushKey, target: FlowLogTarget, nicId: string, turn: number): string {
  const minute = Math.floor(key.timeMillis / minuteMillis);
  const parts = [key.input, target.format, target.resourceId, nicId, minute, key.part, ...(turn > 0 ? [turn] : [])];
  return createHash('sha256').update(parts.join('\n').toLowerCase()).digest('hex').slice(0, 32);
}
