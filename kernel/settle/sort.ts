/** Puts numbers in order: few by moving each to its place, many by merging runs. AssemblyScript, a part of kernel/settle/settle.ts. */
import { flowAt } from './flow';
import { blobRankAt, observerRankAt, spareAt } from './memory';
import { tupleAt } from './tuple';

const fewMax: u32 = 12;

/** Sorts `count` numbers, 4 bytes each: of flows, or of tuples. Equal ones keep their order. */
export function sort(at: usize, count: u32, areFlows: bool): void {
  if (count <= fewMax) {
    insert(at, 0, count, areFlows);
    return;
  }
  let isSorted = true;
  for (let i: u32 = 1; isSorted && i < count; i++) isSorted = !isAfter(numberAt(at, i - 1), numberAt(at, i), areFlows);
  if (isSorted) return;
  for (let i: u32 = 0; i < count; i += fewMax) insert(at, i, min(i + fewMax, count), areFlows);
  let from = at;
  let to = spareAt;
  for (let width = fewMax; width < count; width <<= 1) {
    for (let i: u32 = 0; i < count; i += width << 1)
      merge(from, to, i, min(i + width, count), min(i + (width << 1), count), areFlows);
    const other = from;
    from = to;
    to = other;
  }
  if (from != at) memory.copy(at, from, (<usize>count) << 2);
}

// @inline
function numberAt(at: usize, i: u32): u32 {
  return load<u32>(at + ((<usize>i) << 2));
}

function insert(at: usize, start: u32, end: u32, areFlows: bool): void {
  for (let i = start + 1; i < end; i++) {
    const number = numberAt(at, i);
    let to = i;
    for (; to > start && isAfter(numberAt(at, to - 1), number, areFlows); to--)
      store<u32>(at + ((<usize>to) << 2), numberAt(at, to - 1));
    store<u32>(at + ((<usize>to) << 2), number);
  }
}

function merge(from: usize, to: usize, start: u32, middle: u32, end: u32, areFlows: bool): void {
  let left = start;
  let right = middle;
  for (let i = start; i < end; i++) {
    const takesRight =
      left == middle || (right < end && isAfter(numberAt(from, left), numberAt(from, right), areFlows));
    store<u32>(to + ((<usize>i) << 2), numberAt(from, takesRight ? right++ : left++));
  }
}

function isAfter(a: u32, b: u32, areFlows: bool): bool {
  return areFlows ? isFlowAfter(a, b) : isTupleAfter(a, b);
}

/** By time, the record's second, its place in the blob, the tuple's in the record, and the blob's name. */
function isTupleAfter(a: u32, b: u32): bool {
  const left = tupleAt(a);
  const right = tupleAt(b);
  if (left.timeMillis != right.timeMillis) return left.timeMillis > right.timeMillis;
  const leftSecond = secondOf(left.recordTimeMillis);
  const rightSecond = secondOf(right.recordTimeMillis);
  if (leftSecond != rightSecond) return leftSecond > rightSecond;
  const leftOffset = offsetOf(left.recordOffset);
  const rightOffset = offsetOf(right.recordOffset);
  if (leftOffset != rightOffset) return leftOffset > rightOffset;
  if (left.tupleIndex != right.tupleIndex) return left.tupleIndex > right.tupleIndex;
  return numberAt(blobRankAt, left.group) > numberAt(blobRankAt, right.group);
}

/** Of a record that says no time, before all others. */
// @inline
function secondOf(millis: f64): f64 {
  return millis != millis ? -1 : Math.floor(millis / 1000);
}

/** Of a row whose writer did not say where its record begins, 0. */
// @inline
function offsetOf(offset: f64): f64 {
  return offset != offset ? 0 : offset;
}

/** Which counts: counted before uncounted, outbound before inbound, the earlier, then by resource, MAC and format. */
function isFlowAfter(a: u32, b: u32): bool {
  const left = flowAt(a);
  const right = flowAt(b);
  if (left.reports > 0 != right.reports > 0) return left.reports == 0;
  const first = tupleAt(left.first);
  const other = tupleAt(right.first);
  if (first.direction != other.direction) return first.direction < other.direction;
  if (first.timeMillis != other.timeMillis) return first.timeMillis > other.timeMillis;
  return numberAt(observerRankAt, first.group) > numberAt(observerRankAt, other.group);
}
