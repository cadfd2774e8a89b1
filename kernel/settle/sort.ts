/** Puts numbers in order: few by moving each to its place, many by merging runs. AssemblyScript, a part of kernel/settle/settle.ts. */
import { blobRanks, flows, observerRanks, spare, tuples, TuplesArray } from './memory';

const fewMax: u32 = 12;

/** Sorts `count` numbers, of flows, or of tuples. Equal ones keep their order. */
export function sort(numbers: TuplesArray<u32>, count: u32, areFlows: bool): void {
  if (count <= fewMax) {
    insert(numbers, 0, count, areFlows);
    return;
  }
  let isSorted = true;
  for (let i: u32 = 1; isSorted && i < count; i++) isSorted = !isAfter(numbers[i - 1], numbers[i], areFlows);
  if (isSorted) return;
  for (let i: u32 = 0; i < count; i += fewMax) insert(numbers, i, min(i + fewMax, count), areFlows);
  let from = numbers;
  let to = spare;
  for (let width = fewMax; width < count; width <<= 1) {
    for (let i: u32 = 0; i < count; i += width << 1)
      merge(from, to, i, min(i + width, count), min(i + (width << 1), count), areFlows);
    const other = from;
    from = to;
    to = other;
  }
  if (from != numbers) memory.copy(changetype<usize>(numbers), changetype<usize>(from), (<usize>count) << 2);
}

function insert(numbers: TuplesArray<u32>, start: u32, end: u32, areFlows: bool): void {
  for (let i = start + 1; i < end; i++) {
    const number = numbers[i];
    let to = i;
    for (; to > start && isAfter(numbers[to - 1], number, areFlows); to--) numbers[to] = numbers[to - 1];
    numbers[to] = number;
  }
}

function merge(from: TuplesArray<u32>, to: TuplesArray<u32>, start: u32, middle: u32, end: u32, areFlows: bool): void {
  let left = start;
  let right = middle;
  for (let i = start; i < end; i++) {
    const takesRight = left == middle || (right < end && isAfter(from[left], from[right], areFlows));
    to[i] = from[takesRight ? right++ : left++];
  }
}

function isAfter(a: u32, b: u32, areFlows: bool): bool {
  return areFlows ? isFlowAfter(a, b) : isTupleAfter(a, b);
}

/** By time, the record's second, its place in the blob, the tuple's in the record, and the blob's name. */
function isTupleAfter(a: u32, b: u32): bool {
  const left = tuples[a];
  const right = tuples[b];
  if (left.timeMillis != right.timeMillis) return left.timeMillis > right.timeMillis;
  const leftSecond = secondOf(left.recordTimeMillis);
  const rightSecond = secondOf(right.recordTimeMillis);
  if (leftSecond != rightSecond) return leftSecond > rightSecond;
  const leftOffset = offsetOf(left.recordOffset);
  const rightOffset = offsetOf(right.recordOffset);
  if (leftOffset != rightOffset) return leftOffset > rightOffset;
  if (left.tupleIndex != right.tupleIndex) return left.tupleIndex > right.tupleIndex;
  return blobRanks[left.group] > blobRanks[right.group];
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
  const left = flows[a];
  const right = flows[b];
  if (left.reports > 0 != right.reports > 0) return left.reports == 0;
  const first = tuples[left.first];
  const other = tuples[right.first];
  if (first.direction != other.direction) return first.direction < other.direction;
  if (first.timeMillis != other.timeMillis) return first.timeMillis > other.timeMillis;
  return observerRanks[first.group] > observerRanks[other.group];
}
