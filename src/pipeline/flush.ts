import { createHash } from 'node:crypto';
import { sortRows } from '../base/radix-sort.ts';
import { floorToHour, minuteMillis } from '../base/time.ts';
import type { FlowEvents } from '../flow/event.ts';
import { copyEvents, createFlowEvents } from '../flow/event.ts';
import { containerOf, formatBlobPath } from '../flowlog/blob-path.ts';
import { ByteWriter } from '../flowlog/byte-writer.ts';
import { encodeRecord, encoderColumns } from '../flowlog/encode.ts';
import type { FlowLogTarget, RecordingPlan } from './recording-plan.ts';
import { columnsShown, countHidden, countLeftOut, fillEncryption, selectRows } from './select-rows.ts';
import type { Uncounted } from './uncounted.ts';

/** One data block, ready to be appended to its blob. */
export interface FlushedBlock {
  /** Key of the account, as its flow log names it. */
  readonly storage: string;
  readonly container: string;
  /** The blob's name in the container. */
  readonly blob: string;
  /** 32 hex digits that the input, flow log, NIC, minute and part decide: the same input gives the same block again. */
  readonly id: string;
  readonly bytes: Uint8Array;
  /** The same memory with a comma before it, as all blocks of a blob but the first are stored. */
  readonly withComma?: Uint8Array;
  readonly tuples: number;
}

/** Which flush of which input. */
export interface FlushKey {
  /** Identity of the input, hex digits. */
  readonly input: string;
  /** The whole minute of the flush, epoch milliseconds; its hour is the blob's. */
  readonly timeMillis: number;
  /** 0 for the first flush of a minute. */
  readonly part: number;
}

/** Memory of flushes, used again and again: the events in order, which all flushes of a thread may share, and the bytes of a block. */
export interface FlushScratch {
  ordered: FlowEvents;
  readonly writer: ByteWriter;
}

export function createFlushScratch(): FlushScratch {
  const columns = encoderColumns();
  const capacity = columns?.timeMillis.length ?? 0;
  const ordered = columns === undefined ? createFlowEvents(0) : { columns, nic: new Uint32Array(capacity), capacity };
  return { ordered, writer: new ByteWriter(1 << 20) };
}

/** What a flush gives. Plain data. */
export interface Flush {
  readonly blocks: FlushedBlock[];
  readonly uncounted: Uncounted;
}

/** Encodes the events held, one block for each flow log and NIC that has any, in order of NICs. The events stay as they are. */
export function flushBlocks(held: FlowEvents, plan: RecordingPlan, key: FlushKey, scratch: FlushScratch): Flush {
  const { writer } = scratch;
  const events = orderEvents(held, plan, scratch);
  const blocks: FlushedBlock[] = [];
  const uncounted: Uncounted = {};
  const { columns } = events;
  if (plan.formats.includes('vnet')) fillEncryption(events, plan);
  const shown = {
    nsg1: columnsShown(columns, plan, 'nsg1'),
    nsg2: columnsShown(columns, plan, 'nsg2'),
    vnet: columnsShown(columns, plan, 'vnet'),
  };
  const rows = numbersTo(columns.count);
  const encode = (target: FlowLogTarget, nic: number, range: Uint32Array): void => {
    const selected = selectRows(events, plan, target, range, uncounted);
    if (selected.length === 0) return;
    const { format } = target;
    countHidden(columns, shown[format], format, selected, uncounted);
    writer.clear();
    writer.writeText(',');
    const { mac, id } = plan.nics[nic];
    const header = { ...target, timeMillis: key.timeMillis, macAddress: mac };
    const tuples = encodeRecord(writer, header, shown[format], plan.groups, selected, 0, selected.length);
    if (tuples === 0) return;
    const kind = format === 'vnet' ? 'vnet' : 'nsg';
    const path = plan.quirks.vnetPath === 'long' ? 'long' : 'short';
    const withComma = writer.toBytes();
    blocks.push({
      storage: target.storage,
      container: containerOf(kind),
      blob: formatBlobPath(kind, target.resourceId, floorToHour(key.timeMillis), mac, path),
      id: blockId(key, target, id),
      bytes: withComma.subarray(1),
      withComma,
      tuples,
    });
  };
  const nsgFormats = plan.formats.filter((format) => format !== 'vnet');
  for (let start = 0; start < rows.length;) {
    const nic = events.nic[rows[start]];
    let end = start + 1;
    while (end < rows.length && events.nic[rows[end]] === nic) end++;
    const vnet = plan.vnetTarget[nic];
    if (vnet >= 0) encode(plan.targets[vnet], nic, rows.subarray(start, end));
    else if (plan.formats.includes('vnet'))
      countLeftOut(columns, 'vnet', 'no-flow-log', rows.subarray(start, end), uncounted);
    for (let first = start; first < end;) {
      const nsg = plan.nsgOf[columns.group[rows[first]]];
      let last = first + 1;
      while (last < end && plan.nsgOf[columns.group[rows[last]]] === nsg) last++;
      const range = rows.subarray(first, last);
      const targets = nsg < 0 ? [] : plan.nsgTargets[nsg].map((target) => plan.targets[target]);
      for (const target of targets) encode(target, nic, range);
      for (const format of nsgFormats)
        if (!targets.some((target) => target.format === format))
          countLeftOut(columns, format, nsg < 0 ? 'no-nsg' : 'no-flow-log', range, uncounted);
      first = last;
    }
    start = end;
  }
  return { blocks, uncounted };
}

/** The events by NIC, rank of the decision, time, then emission. */
function orderEvents(held: FlowEvents, plan: RecordingPlan, scratch: FlushScratch): FlowEvents {
  const { count, timeMillis, group } = held.columns;
  if (scratch.ordered.capacity < count) scratch.ordered = createFlowEvents(held.capacity);
  const rows = numbersTo(count);
  const spare = new Uint32Array(count);
  const times = new Uint32Array(count);
  const decisions = plan.ranks.length;
  const isFar = !fillTimes(times, timeMillis) || plan.nics.length * decisions > keysEnd;
  if (isFar)
    rows.sort(
      (a, b) =>
        held.nic[a] - held.nic[b] ||
        plan.ranks[group[a]] - plan.ranks[group[b]] ||
        Math.floor(timeMillis[a]) - Math.floor(timeMillis[b]) ||
        a - b,
    );
  else {
    sortRows(rows, times, spare);
    fillOwners(times, held, plan.ranks, decisions);
    sortRows(rows, times, spare);
  }
  copyEvents(held, rows, scratch.ordered);
  return scratch.ordered;
}

/** Sort keys have 32 bits. */
const keysEnd = 2 ** 32;

// Each loop is a function of its own: then it is compiled once, and not again for every flush that enters it in the middle.
function numbersTo(count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = i;
  return numbers;
}

/** Milliseconds after the first of the times. @returns false where they do not fit into a key */
function fillTimes(keys: Uint32Array, timeMillis: Float64Array): boolean {
  const first = Math.floor(leastOf(timeMillis, keys.length));
  let most = 0;
  for (let row = 0; row < keys.length; row++) {
    const after = Math.floor(timeMillis[row]) - first;
    if (after > most) most = after;
    keys[row] = after;
  }
  return most < keysEnd;
}

function leastOf(values: Float64Array, count: number): number {
  let least = Infinity;
  for (let i = 0; i < count; i++) if (values[i] < least) least = values[i];
  return least;
}

function fillOwners(
  keys: Uint32Array,
  { nic, columns }: FlowEvents,
  ranks: ArrayLike<number>,
  decisions: number,
): void {
  const { group } = columns;
  for (let row = 0; row < keys.length; row++) keys[row] = nic[row] * decisions + ranks[group[row]];
}

function blockId(key: FlushKey, target: FlowLogTarget, nicId: string): string {
  const minute = Math.floor(key.timeMillis / minuteMillis);
  return createHash('sha256')
    .update([key.input, target.format, target.resourceId, nicId, minute, key.part].join('\n').toLowerCase())
    .digest('hex')
    .slice(0, 32);
}
