import { createHash } from 'node:crypto';
import { floorToHour, minuteMillis } from '../base/time.ts';
import type { FlowEvents } from '../flow/event.ts';
import { containerOf, formatBlobPath } from '../flowlog/blob-path.ts';
import type { ByteWriter } from '../flowlog/byte-writer.ts';
import { encodeRecord } from '../flowlog/encode.ts';
import type { FlowLogTarget, RecordingPlan } from './recording-plan.ts';

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

/** Bits of a sort key: it must fit in the 53 of a double. */
const timeBits = 2 ** 20;
const sortBitsMax = 2 ** 53;

/** Encodes the events held, one block for each flow log and NIC that has any, in order of NICs. Pure: the events stay. */
export function flushBlocks(
  events: FlowEvents,
  plan: RecordingPlan,
  key: FlushKey,
  writer: ByteWriter,
): FlushedBlock[] {
  const rows = sortEvents(events, plan);
  const blocks: FlushedBlock[] = [];
  const { group } = events.columns;
  const encode = (target: FlowLogTarget, nic: number, start: number, end: number): void => {
    writer.clear();
    const { mac, id } = plan.nics[nic];
    const header = { ...target, timeMillis: key.timeMillis, macAddress: mac };
    const tuples = encodeRecord(writer, header, events.columns, plan.groups, rows, start, end);
    if (tuples === 0) return;
    const kind = target.format === 'vnet' ? 'vnet' : 'nsg';
    blocks.push({
      storage: target.storage,
      container: containerOf(kind),
      blob: formatBlobPath(kind, target.resourceId, floorToHour(key.timeMillis), mac),
      id: blockId(key, target, id),
      bytes: writer.toBytes(),
      tuples,
    });
  };
  for (let start = 0; start < rows.length;) {
    const nic = events.nic[rows[start]];
    let end = start + 1;
    while (end < rows.length && events.nic[rows[end]] === nic) end++;
    const vnet = plan.vnetTarget[nic];
    if (vnet >= 0) encode(plan.targets[vnet], nic, start, end);
    for (let first = start; first < end;) {
      const nsg = plan.nsgOf[group[rows[first]]];
      let last = first + 1;
      while (last < end && plan.nsgOf[group[rows[last]]] === nsg) last++;
      if (nsg >= 0) for (const target of plan.nsgTargets[nsg]) encode(plan.targets[target], nic, first, last);
      first = last;
    }
    start = end;
  }
  return blocks;
}

/** Rows by NIC, rank of the decision, time, then emission. */
function sortEvents(events: FlowEvents, plan: RecordingPlan): Uint32Array {
  const { count, timeMillis, group } = events.columns;
  let first = Infinity;
  let last = -Infinity;
  for (let row = 0; row < count; row++) {
    first = Math.min(first, timeMillis[row]);
    last = Math.max(last, timeMillis[row]);
  }
  const decisions = plan.ranks.length;
  if (last - first < timeBits - 1 && plan.nics.length * decisions * timeBits * count < sortBitsMax) {
    const keys = new Float64Array(count);
    for (let row = 0; row < count; row++) {
      const owner = events.nic[row] * decisions + plan.ranks[group[row]];
      keys[row] = (owner * timeBits + Math.floor(timeMillis[row] - first)) * count + row;
    }
    keys.sort();
    return Uint32Array.from(keys, (value) => value % count);
  }
  return Uint32Array.from({ length: count }, (_, row) => row).sort(
    (a, b) =>
      events.nic[a] - events.nic[b] ||
      plan.ranks[group[a]] - plan.ranks[group[b]] ||
      Math.floor(timeMillis[a]) - Math.floor(timeMillis[b]) ||
      a - b,
  );
}

function blockId(key: FlushKey, target: FlowLogTarget, nicId: string): string {
  const minute = Math.floor(key.timeMillis / minuteMillis);
  return createHash('sha256')
    .update([key.input, target.format, target.resourceId, nicId, minute, key.part].join('\n').toLowerCase())
    .digest('hex')
    .slice(0, 32);
}
