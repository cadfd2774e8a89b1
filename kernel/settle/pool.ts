/** Tuples that wait, and their five-tuples. AssemblyScript, a part of kernel/settle/settle.ts. */
import {
  accessAt,
  counterLength,
  countersAt,
  destinationAt,
  destinationPortAt,
  directionAt,
  encryptionAt,
  familyAt,
  protocolAt,
  runEndAt,
  runGroupAt,
  runOffsetAt,
  runTimeAt,
  sourceAt,
  sourcePortAt,
  stateAt,
  timeAt,
  tupleIndexAt,
  tupleLength,
} from '../../src/lake/flows/settle-kernel-layout';
import { hashWord } from '../base/hash';
import { finishPrefetch } from '../base/prefetch';
import { bucketsAt } from './memory';
import { Tuple, tupleAt } from './tuple';

export let tupleCount: u32 = 0;

export function setTupleCount(count: u32): void {
  tupleCount = count;
}

/** Takes tuples that came, of so many runs; of `parts`, only five-tuples of `part`. */
export function append(runs: u32, parts: u32, part: u32): void {
  let row: u32 = 0;
  for (let run: u32 = 0; run < runs; run++) {
    const end = load<u32>(runEndAt + ((<usize>run) << 2));
    const group = load<u32>(runGroupAt + ((<usize>run) << 2));
    const recordTime = load<f64>(runTimeAt + ((<usize>run) << 3));
    const recordOffset = load<f64>(runOffsetAt + ((<usize>run) << 3));
    for (; row < end; row++) {
      const tuple = tupleAt(tupleCount);
      setFiveTuple(tuple, row);
      if (parts > 1 && <u32>((<u64>tuple.hash * parts) >> 32) != part) continue;
      setValues(tuple, row);
      tuple.group = group;
      tuple.recordTimeMillis = recordTime;
      tuple.recordOffset = recordOffset;
      tupleCount++;
    }
  }
}

// @inline
function setFiveTuple(tuple: Tuple, row: u32): void {
  const at: usize = row;
  tuple.sourceHigh = load<u64>(sourceAt + (at << 4));
  tuple.sourceLow = load<u64>(sourceAt + (at << 4), 8);
  tuple.destinationHigh = load<u64>(destinationAt + (at << 4));
  tuple.destinationLow = load<u64>(destinationAt + (at << 4), 8);
  tuple.ports =
    <u64>load<u16>(sourcePortAt + (at << 1)) |
    ((<u64>load<u16>(destinationPortAt + (at << 1))) << 16) |
    ((<u64>load<u8>(protocolAt + at)) << 32) |
    ((<u64>load<u8>(familyAt + at)) << 40);
  const addresses = hashWord(tuple.sourceLow, hashWord(tuple.destinationLow, tuple.ports));
  tuple.hash = <u32>(hashWord(tuple.sourceHigh, hashWord(tuple.destinationHigh, addresses)) >> 32);
}

// @inline
function setValues(tuple: Tuple, row: u32): void {
  const at: usize = row;
  const counters = countersAt + (at << 3);
  tuple.timeMillis = load<f64>(timeAt + (at << 3));
  tuple.packetsForward = load<f64>(counters);
  tuple.bytesForward = load<f64>(counters, counterLength);
  tuple.packetsReverse = load<f64>(counters, 2 * counterLength);
  tuple.bytesReverse = load<f64>(counters, 3 * counterLength);
  tuple.direction = load<u8>(directionAt + at);
  tuple.access = load<u8>(accessAt + at);
  tuple.state = load<u8>(stateAt + at);
  tuple.encryption = load<u8>(encryptionAt + at);
  tuple.tupleIndex = load<i32>(tupleIndexAt + (at << 2));
}

// @inline
function areSame(a: Tuple, b: Tuple): bool {
  return (
    a.hash == b.hash &&
    ((a.sourceHigh ^ b.sourceHigh) |
      (a.sourceLow ^ b.sourceLow) |
      (a.destinationHigh ^ b.destinationHigh) |
      (a.destinationLow ^ b.destinationLow) |
      (a.ports ^ b.ports)) ==
      0
  );
}

/** Tuples whose buckets are prefetched together. */
const prefetchedTuples: u32 = 32;

/** Links the tuples of each five-tuple; `buckets` is a power of two. */
export function groupByFiveTuple(buckets: u32): void {
  const mask = buckets - 1;
  memory.fill(bucketsAt, 0, (<usize>buckets) << 2);
  for (let from: u32 = 0; from < tupleCount; from += prefetchedTuples) {
    const end = min(from + prefetchedTuples, tupleCount);
    prefetch(from, end, mask);
    for (let number = from; number < end; number++) link(number, mask);
  }
}

function prefetch(from: u32, end: u32, mask: u32): void {
  let sum: u32 = 0;
  for (let number = from; number < end; number++) {
    const first = load<u32>(bucketsAt + ((<usize>(tupleAt(number).hash & mask)) << 2));
    if (first != 0) sum ^= tupleAt(first - 1).hash;
  }
  finishPrefetch(sum);
}

// @inline
function link(number: u32, mask: u32): void {
  const tuple = tupleAt(number);
  const bucket = bucketsAt + ((<usize>(tuple.hash & mask)) << 2);
  const before = load<u32>(bucket);
  tuple.after = 0;
  let first = before;
  while (first != 0 && !areSame(tupleAt(first - 1), tuple)) first = tupleAt(first - 1).chain;
  if (first == 0) {
    tuple.latest = number + 1;
    tuple.chain = before;
    store<u32>(bucket, number + 1);
    return;
  }
  tuple.latest = 0;
  const head = tupleAt(first - 1);
  tupleAt(head.latest - 1).after = number + 1;
  head.latest = number + 1;
}

/** Keeps the tuples that stay. */
export function keepStaying(): void {
  let count: u32 = 0;
  for (let number: u32 = 0; number < tupleCount; number++) {
    const tuple = tupleAt(number);
    if (tuple.chain == 0) continue;
    if (count != number) memory.copy(changetype<usize>(tupleAt(count)), changetype<usize>(tuple), tupleLength);
    count++;
  }
  tupleCount = count;
}
