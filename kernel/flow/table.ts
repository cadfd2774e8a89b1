/** The table of flows: rows, and buckets that find them by hash, as src/flow/table.ts keeps them. */
import {
  buckets,
  destination,
  exchange,
  family,
  flowsOfNic,
  FlowRow,
  freeRows,
  hashes,
  protocol,
  rows,
  source,
  table,
} from './memory';
import { portsOf } from './packet';
import { clearCounters, freeKind, keyKind, kindKeyMask, nicOf, numberOf } from './row';

/** Of a bucket: its row + 1, and the first bits of the hash. */
const referenceMask: u32 = 0x7fffff;
const tagMask: u32 = 0xff800000;

/** The row + 1 that a hash's buckets name first, 0 for none: nearly always that of its flow, if there is one. */
// @inline
export function guess(hash: u32, mask: u32): u32 {
  let bucket = hash & mask;
  while (true) {
    const entry = buckets[bucket];
    if (<i32>(entry == 0) | <i32>(((entry ^ hash) & tagMask) == 0)) return entry & referenceMask;
    bucket = (bucket + 1) & mask;
  }
}

/** As FlowTable.find. @param reference what `guess` said, 0 for nothing */
// @inline
export function find(i: i32, nic: i32, hash: u32, reference: u32): usize {
  const kind = keyKind(nic, family[i], protocol[i]);
  const ports = portsOf(i);
  const sourceHigh = source[i].high;
  const sourceLow = source[i].low;
  const destinationHigh = destination[i].high;
  const destinationLow = destination[i].low;
  const mask = table.mask;
  let bucket = hash & mask;
  while (true) {
    if (reference != 0) {
      const row = rows[reference - 1];
      const initiatorHigh = row.source.high;
      const initiatorLow = row.source.low;
      const responderHigh = row.destination.high;
      const responderLow = row.destination.low;
      const rowPorts = row.ports;
      const kinds: u64 = (row.kind ^ kind) & kindKeyMask;
      const forward =
        <u64>(rowPorts ^ ports) |
        (initiatorLow ^ sourceLow) |
        (responderLow ^ destinationLow) |
        (initiatorHigh ^ sourceHigh) |
        (responderHigh ^ destinationHigh) |
        kinds;
      const reverse =
        <u64>(rowPorts ^ rotl(ports, 16)) |
        (initiatorLow ^ destinationLow) |
        (responderLow ^ sourceLow) |
        (initiatorHigh ^ destinationHigh) |
        (responderHigh ^ sourceHigh) |
        kinds;
      if (<i32>(forward == 0) | <i32>(reverse == 0)) return changetype<usize>(row) | <usize>(forward != 0);
    }
    while (true) {
      const entry = buckets[bucket];
      if (entry == 0) return 0;
      bucket = (bucket + 1) & mask;
      reference = entry & referenceMask;
      if (((entry ^ hash) & tagMask) == 0) break;
    }
  }
}

/** As FlowStore.insert, for packet `i`, whose destination is the initiator if `reversed`; the table has room. */
export function insert(i: i32, nic: i32, hash: u32, kind: u32, reversed: bool, now: f64): FlowRow {
  const number = takeRow();
  const row = rows[number];
  const initiator = reversed ? row.destination : row.source;
  const responder = reversed ? row.source : row.destination;
  initiator.high = source[i].high;
  initiator.low = source[i].low;
  responder.high = destination[i].high;
  responder.low = destination[i].low;
  const ports = portsOf(i);
  row.ports = reversed ? rotl(ports, 16) : ports;
  row.kind = kind;
  row.lastSeen = now;
  clearCounters(row);
  hashes[number] = hash;
  const mask = table.mask;
  let bucket = hash & mask;
  while (buckets[bucket] != 0) bucket = (bucket + 1) & mask;
  buckets[bucket] = (hash & tagMask) | (number + 1);
  table.size++;
  flowsOfNic[nic]++;
  return row;
}

/** @returns the number of a row that is not used */
// @inline
function takeRow(): u32 {
  const free = table.freeCount;
  if (free == 0) return table.high++;
  table.freeCount = free - 1;
  return freeRows[free - 1];
}

/** As FlowStore.remove, of a row whose counters never exceeded 32 bits. */
export function remove(row: FlowRow): void {
  const number = numberOf(row);
  const mask = table.mask;
  let hole = hashes[number] & mask;
  while ((buckets[hole] & referenceMask) != number + 1) hole = (hole + 1) & mask;
  let next = hole;
  while (true) {
    next = (next + 1) & mask;
    const entry = buckets[next];
    if (entry == 0) break;
    const home = hashes[(entry & referenceMask) - 1];
    if (((next - home) & mask) < ((next - hole) & mask)) continue;
    buckets[hole] = entry;
    hole = next;
  }
  buckets[hole] = 0;
  flowsOfNic[nicOf(row.kind)]--;
  row.kind = freeKind;
  freeRows[table.freeCount++] = number;
  table.size--;
}

/** Whether there is room for two more flows, the most that a packet may begin. */
export function hasRoomForTwo(): bool {
  const size = table.size + 1;
  return size < table.capacity && size < exchange.flowsMax;
}
