/** Tuples that wait, and their five-tuples. AssemblyScript, a part of kernel/settle/settle.ts. */
import { hashWord } from '../base/hash';
import { finishPrefetch } from '../base/prefetch';
import {
  buckets,
  inAccess,
  inBytesForward,
  inBytesReverse,
  inDestination,
  inDestinationPort,
  inDirection,
  inEncryption,
  inFamily,
  inPacketsForward,
  inPacketsReverse,
  inProtocol,
  inRunEnd,
  inRunGroup,
  inRunOffset,
  inRunTime,
  inSource,
  inSourcePort,
  inState,
  inTimeMillis,
  inTupleIndex,
  Tuple,
  tupleBytes,
  tuples,
} from './memory';

export let tupleCount: u32 = 0;

export function setTupleCount(count: u32): void {
  tupleCount = count;
}

/** Takes tuples that came, of so many runs; of `parts`, only five-tuples of `part`. */
export function append(runs: u32, parts: u32, part: u32): void {
  let row: u32 = 0;
  for (let run: u32 = 0; run < runs; run++) {
    const end = inRunEnd[run];
    const group = inRunGroup[run];
    const recordTime = inRunTime[run];
    const recordOffset = inRunOffset[run];
    for (; row < end; row++) {
      const tuple = tuples[tupleCount];
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
  const source = inSource[row];
  const destination = inDestination[row];
  tuple.source.high = source.high;
  tuple.source.low = source.low;
  tuple.destination.high = destination.high;
  tuple.destination.low = destination.low;
  tuple.ports =
    <u64>inSourcePort[row] |
    ((<u64>inDestinationPort[row]) << 16) |
    ((<u64>inProtocol[row]) << 32) |
    ((<u64>inFamily[row]) << 40);
  const addresses = hashWord(source.low, hashWord(destination.low, tuple.ports));
  tuple.hash = <u32>(hashWord(source.high, hashWord(destination.high, addresses)) >> 32);
}

// @inline
function setValues(tuple: Tuple, row: u32): void {
  tuple.timeMillis = inTimeMillis[row];
  tuple.packetsForward = inPacketsForward[row];
  tuple.bytesForward = inBytesForward[row];
  tuple.packetsReverse = inPacketsReverse[row];
  tuple.bytesReverse = inBytesReverse[row];
  tuple.direction = inDirection[row];
  tuple.access = inAccess[row];
  tuple.state = inState[row];
  tuple.encryption = inEncryption[row];
  tuple.tupleIndex = inTupleIndex[row];
}

// @inline
function areSame(a: Tuple, b: Tuple): bool {
  return (
    a.hash == b.hash &&
    ((a.source.high ^ b.source.high) |
      (a.source.low ^ b.source.low) |
      (a.destination.high ^ b.destination.high) |
      (a.destination.low ^ b.destination.low) |
      (a.ports ^ b.ports)) ==
      0
  );
}

/** Tuples whose buckets are prefetched together. */
const prefetchedTuples: u32 = 32;

/** Links the tuples of each five-tuple; `count` of buckets is a power of two. */
export function groupByFiveTuple(count: u32): void {
  const mask = count - 1;
  memory.fill(changetype<usize>(buckets), 0, (<usize>count) << 2);
  for (let from: u32 = 0; from < tupleCount; from += prefetchedTuples) {
    const end = min(from + prefetchedTuples, tupleCount);
    prefetch(from, end, mask);
    for (let number = from; number < end; number++) link(number, mask);
  }
}

function prefetch(from: u32, end: u32, mask: u32): void {
  let sum: u32 = 0;
  for (let number = from; number < end; number++) {
    const first = buckets[tuples[number].hash & mask];
    if (first != 0) sum ^= tuples[first - 1].hash;
  }
  finishPrefetch(sum);
}

// @inline
function link(number: u32, mask: u32): void {
  const tuple = tuples[number];
  const bucket = tuple.hash & mask;
  const before = buckets[bucket];
  tuple.after = 0;
  let first = before;
  while (first != 0 && !areSame(tuples[first - 1], tuple)) first = tuples[first - 1].chain;
  if (first == 0) {
    tuple.latest = number + 1;
    tuple.chain = before;
    buckets[bucket] = number + 1;
    return;
  }
  tuple.latest = 0;
  const head = tuples[first - 1];
  tuples[head.latest - 1].after = number + 1;
  head.latest = number + 1;
}

/** Keeps the tuples that stay. */
export function keepStaying(): void {
  let count: u32 = 0;
  for (let number: u32 = 0; number < tupleCount; number++) {
    const tuple = tuples[number];
    if (tuple.chain == 0) continue;
    if (count != number) memory.copy(changetype<usize>(tuples[count]), changetype<usize>(tuple), tupleBytes);
    count++;
  }
  tupleCount = count;
}
