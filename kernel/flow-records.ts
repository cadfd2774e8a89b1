/**
 * Flows, each as one observer saw it, by five-tuple: tuples are added in order, and each goes on with the last flow of its five-tuple, observer and
 * access, or opens another one. A five-tuple whose tuples come in another order is marked; they are gathered in a second pass and put in order.
 *
 *   flow   0 u64 addresses: numbers of their texts   8 u64 ports and protocol    16 u32 observer         20 u32 next flow of the five-tuple
 *          24 i64 first time   32 i64 last time      40 u64 and 48 u32: place of the last tuple (offset, index and opening; the record's second)
 *          52 u32 number of the flow for its observer and access   56 u32 tuples   60 u32 flags   64 words of its group, then sums, 8 bytes each
 *
 * AssemblyScript, a part of kernel/stitch.ts.
 */
import { chainedAt, flowBucketsAt, flowBucketsMax, flowsAt, flowsLengthMax, matchAt, matchMax } from '../src/lake/stitch-kernel-layout';
import { checked, storeWords } from './flow-groups';
import { absent, column } from './page-values';
import { groupColumns, isCounted, opens, valueColumns, valueOf } from './question';
import { recordOffsetSlot, recordTimeSlot, tupleIndexSlot } from './slots';
import { sortPart } from './heap-sort';

export const flagDenied: u32 = 1;
export const flagCounted: u32 = 2;
/** Of the flow that stands first: tuples of the five-tuple came in the wrong order. */
export const flagDisordered: u32 = 4;
/** Of a tuple that was gathered: it opens a flow. */
const flagOpens: u32 = 8;
/** It is not the only flow of its five-tuple, or no flow at all, but a tuple that was put to one. */
export const flagChained: u32 = 16;
/** From here on, which sums there are. */
export const flagValues: u32 = 256;

export let flowCount: u32 = 0;
/** Five-tuples of several flows. */
export let chainedCount: u32 = 0;
let flowLength: usize = 0;
/** Where in a flow the words of its group begin, and its sums. */
export const wordsAt: usize = 64;
export let valuesAt: usize = 0;
let flowsMax: u32 = 0;
let flowMask: u32 = 0;
/** Buckets in use, and those that may be. */
let fiveTuples: u32 = 0;
let fiveTuplesMax: u32 = 0;
export let disordered: u32 = 0;
/** Whether there was no room for a flow. */
export let isFull = false;

/** Before the first part of a question. */
export function forgetFlows(): void {
  isFull = false;
  disordered = 0;
}

/** @param buckets a power of two; @param most flows that there is room for */
export function clearFlows(buckets: u32, most: u32): void {
  valuesAt = wordsAt + ((<usize>groupColumns * 4 + 7) & ~7);
  flowLength = valuesAt + (<usize>valueColumns << 3);
  flowsMax = min(most, <u32>(<usize>flowsLengthMax / flowLength) - 1);
  flowMask = min<u32>(buckets, flowBucketsMax) - 1;
  fiveTuplesMax = flowMask - (flowMask >> 2);
  fiveTuples = 0;
  memory.fill(flowBucketsAt, 0, (<usize>flowMask + 1) << 2);
  flowCount = 0;
  chainedCount = 0;
  disordered = 0;
  isFull = false;
}

// @ts-ignore: a decorator of AssemblyScript
@inline
export function flowAt(flow: u32): usize {
  return <usize>flowsAt + <usize>flow * flowLength;
}

// @ts-ignore: a decorator of AssemblyScript
@inline
export function nextOf(at: usize): u32 {
  return load<u32>(at, 20);
}

function bucketsEnd(): usize {
  return flowBucketsAt + ((<usize>flowMask + 1) << 2);
}

/** The bucket of a five-tuple: that of its newest flow, or an empty one. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function bucketOf(hash: u64, addresses: u64, ports: u64): usize {
  let bucket = <u32>hash & flowMask;
  let at: usize = flowBucketsAt + (<usize>bucket << 2);
  let flow = load<u32>(at);
  while (flow != 0) {
    const record = flowAt(flow);
    if (load<u64>(record) == addresses && load<u64>(record, 8) == ports) break;
    bucket = (bucket + 1) & flowMask;
    at = flowBucketsAt + (<usize>bucket << 2);
    flow = load<u32>(at);
  }
  return at;
}

/** The record whose second was wanted last: rows of one mostly follow each other. */
let lastRecordMicros: i64 = 0;
let lastRecordSecond: u32 = 0;

// @ts-ignore: a decorator of AssemblyScript
@inline
function secondOf(row: u32): u32 {
  const micros = load<i64>(column(recordTimeSlot) + (<usize>row << 3));
  if (micros != lastRecordMicros) {
    lastRecordMicros = micros;
    lastRecordSecond = micros <= 0 ? 0 : <u32>min<i64>(micros / 1_000_000, 0xffffffff);
  }
  return lastRecordSecond;
}

/** The record's place in its blob, the tuple's in the record, and 1 where it opens no flow. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function lowOf(row: u32, opening: bool): u64 {
  const offset = min<u64>(load<u64>(column(recordOffsetSlot) + (<usize>row << 3)), 0x7fffffff);
  const index = min<u64>(load<u32>(column(tupleIndexSlot) + (<usize>row << 2)), 0xffff);
  return (offset << 17) | (index << 1) | <u64>!opening;
}

/** Reads what adding a tuple will read, so that several wait for memory together. */
// @ts-ignore: a decorator of AssemblyScript
@inline
export function touchBucket(hash: u64): u32 {
  return load<u32>(flowBucketsAt + (<usize>(<u32>hash & flowMask) << 2));
}

// @ts-ignore: a decorator of AssemblyScript
@inline
export function touchFlow(flow: u32): u32 {
  const at = flowAt(flow);
  return load<u32>(at) ^ load<u32>(at, 64);
}

/** Adds a tuple. `denied` is flagDenied or 0. */
export function addTuple(
  row: u32,
  hash: u64,
  addresses: u64,
  ports: u64,
  observer: u32,
  denied: u32,
  state: u32,
  time: i64,
): void {
  const bucket = bucketOf(hash, addresses, ports);
  const first = load<u32>(bucket);
  const opening = opens(state);
  const second = secondOf(row);
  const low = lowOf(row, opening);
  let flow = first;
  let before: u32 = 0;
  let number: u32 = 0;
  while (flow != 0) {
    const at = flowAt(flow);
    if (load<u32>(at, 16) == observer && (load<u32>(at, 60) & flagDenied) == denied) {
      const lastTime = load<i64>(at, 32);
      const lastSecond = load<u32>(at, 48);
      if (
        time < lastTime ||
        (time == lastTime && (second < lastSecond || (second == lastSecond && low < load<u64>(at, 40))))
      )
        markDisordered(first);
      if (opening) {
        number = load<u32>(at, 52) + 1;
        break;
      }
      if (before != 0) moveToFront(bucket, first, before, flow);
      store<i64>(at, max(time, lastTime), 32);
      store<u64>(at, low, 40);
      store<u32>(at, second, 48);
      store<u32>(at, load<u32>(at, 56) + 1, 56);
      let flags = load<u32>(at, 60) | (isCounted(row) ? flagCounted : 0);
      for (let i: u32 = 0; i < valueColumns; i++) {
        const value = valueOf(row, i);
        if (value == absent) continue;
        const to = at + valuesAt + (<usize>i << 3);
        store<i64>(to, checked(load<i64>(to) + checked(value)));
        flags |= flagValues << i;
      }
      store<u32>(at, flags, 60);
      return;
    }
    before = flow;
    flow = nextOf(at);
  }
  if (first == 0 && ++fiveTuples > fiveTuplesMax) {
    isFull = true;
    return;
  }
  const at = newFlow(row, addresses, ports, observer, denied, time, second, low);
  if (at == 0) return;
  store<u32>(at, number, 52);
  if (first != 0) {
    store<u32>(at, first, 20);
    const firstAt = flowAt(first);
    const flags = load<u32>(firstAt, 60);
    if ((flags & flagChained) == 0) chain(bucket, firstAt);
    // The mark stands in the first of a five-tuple.
    store<u32>(at, load<u32>(at, 60) | flagChained | (flags & flagDisordered), 60);
  }
  store<u32>(bucket, flowCount);
}

/** A flow of one tuple; 0 where there is no room. */
function newFlow(
  row: u32,
  addresses: u64,
  ports: u64,
  observer: u32,
  denied: u32,
  time: i64,
  second: u32,
  low: u64,
): usize {
  if (flowCount >= flowsMax) {
    isFull = true;
    return 0;
  }
  const at = flowAt(++flowCount);
  store<u64>(at, addresses);
  store<u64>(at, ports, 8);
  store<u32>(at, observer, 16);
  store<u32>(at, 0, 20);
  store<i64>(at, time, 24);
  store<i64>(at, time, 32);
  store<u64>(at, low, 40);
  store<u32>(at, second, 48);
  store<u32>(at, 0, 52);
  store<u32>(at, 1, 56);
  let flags = denied | (isCounted(row) ? flagCounted : 0);
  storeWords(row, at + wordsAt);
  for (let i: u32 = 0; i < valueColumns; i++) {
    const value = valueOf(row, i);
    const there = value != absent;
    store<i64>(at + valuesAt + (<usize>i << 3), there ? checked(value) : 0);
    if (there) flags |= flagValues << i;
  }
  store<u32>(at, flags, 60);
  return at;
}

/** Notes that a five-tuple has several flows. */
function chain(bucket: usize, firstAt: usize): void {
  store<u32>(firstAt, load<u32>(firstAt, 60) | flagChained, 60);
  store<u32>(chainedAt + (<usize>chainedCount << 2), <u32>bucket);
  chainedCount++;
}

function markDisordered(first: u32): void {
  const at = flowAt(first);
  const flags = load<u32>(at, 60);
  if ((flags & flagDisordered) != 0) return;
  store<u32>(at, flags | flagDisordered, 60);
  disordered++;
}

/** So that flows which were ended do not stand between the tuples of one that goes on. */
function moveToFront(bucket: usize, first: u32, before: u32, flow: u32): void {
  const at = flowAt(flow);
  const firstAt = flowAt(first);
  store<u32>(flowAt(before), nextOf(at), 20);
  store<u32>(at, first, 20);
  store<u32>(bucket, flow);
  store<u32>(at, load<u32>(at, 60) | (load<u32>(firstAt, 60) & flagDisordered), 60);
}

/** Drops the flows of the marked five-tuples, whose tuples are gathered next. */
export function startGathering(): void {
  for (let bucket: usize = flowBucketsAt, end = bucketsEnd(); bucket < end; bucket += 4) {
    const flow = load<u32>(bucket);
    if (flow == 0) continue;
    const at = flowAt(flow);
    const flags = load<u32>(at, 60);
    if ((flags & flagDisordered) == 0) continue;
    if ((flags & flagChained) == 0) chain(bucket, at);
    store<u32>(at, 0, 20);
  }
}

/** Whether tuples of a five-tuple are gathered. */
export function isGathered(hash: u64, addresses: u64, ports: u64): bool {
  const first = load<u32>(bucketOf(hash, addresses, ports));
  return first != 0 && (load<u32>(flowAt(first), 60) & flagDisordered) != 0;
}

/** Takes a tuple of a five-tuple that is gathered. */
export function gatherTuple(
  row: u32,
  hash: u64,
  addresses: u64,
  ports: u64,
  observer: u32,
  denied: u32,
  state: u32,
  time: i64,
): void {
  const firstAt = flowAt(load<u32>(bucketOf(hash, addresses, ports)));
  const opening = opens(state);
  const at = newFlow(row, addresses, ports, observer, denied, time, secondOf(row), lowOf(row, opening));
  if (at == 0) return;
  store<u32>(at, load<u32>(at, 60) | flagChained | (opening ? flagOpens : 0), 60);
  store<u32>(at, nextOf(firstAt), 20);
  store<u32>(firstAt, flowCount, 20);
}

/** Makes flows of the gathered tuples. */
export function endGathering(): void {
  for (let bucket: usize = flowBucketsAt, end = bucketsEnd(); bucket < end; bucket += 4) {
    const flow = load<u32>(bucket);
    if (flow == 0) continue;
    const at = flowAt(flow);
    if ((load<u32>(at, 60) & flagDisordered) != 0) store<u32>(bucket, putTogether(nextOf(at)));
  }
}

/** @returns the first of the flows that the chained tuples are */
function putTogether(chain: u32): u32 {
  const n = collect(chain);
  if (isFull) return 0;
  sortPart(0, n, isTupleBefore);
  let first: u32 = 0;
  let last: usize = 0;
  for (let i: u32 = 0; i < n; i++) {
    const flow = load<u32>(matchAt + (<usize>i << 2));
    const at = flowAt(flow);
    const goesOn =
      last != 0 &&
      load<u32>(last, 16) == load<u32>(at, 16) &&
      (load<u32>(last, 60) & flagDenied) == (load<u32>(at, 60) & flagDenied);
    if (goesOn && (load<u32>(at, 60) & flagOpens) == 0) {
      store<i64>(last, load<i64>(at, 32), 32);
      store<u32>(last, load<u32>(last, 56) + 1, 56);
      for (let k: u32 = 0; k < valueColumns; k++) {
        const to = last + valuesAt + (<usize>k << 3);
        store<i64>(to, checked(load<i64>(to) + load<i64>(at + valuesAt + (<usize>k << 3))));
      }
      store<u32>(last, load<u32>(last, 60) | (load<u32>(at, 60) & ~flagOpens), 60);
      continue;
    }
    store<u32>(at, goesOn ? load<u32>(last, 52) + 1 : 0, 52);
    store<u32>(at, first, 20);
    first = flow;
    last = at;
  }
  return first;
}

/** Puts the flows of a chain at `matchAt`. @returns how many; `isFull` where they are too many */
export function collect(chain: u32): u32 {
  let n: u32 = 0;
  for (; chain != 0; chain = nextOf(flowAt(chain))) {
    if (n == <u32>matchMax) {
      isFull = true;
      return 0;
    }
    store<u32>(matchAt + (<usize>n << 2), chain);
    n++;
  }
  return n;
}

/** By observer, access, and place. */
function isTupleBefore(a: u32, b: u32): bool {
  const left = flowAt(a);
  const right = flowAt(b);
  const observers = <i64>load<u32>(left, 16) - <i64>load<u32>(right, 16);
  if (observers != 0) return observers < 0;
  const denied = (load<u32>(left, 60) & flagDenied) - (load<u32>(right, 60) & flagDenied);
  if (denied != 0) return <i32>denied < 0;
  const times = load<i64>(left, 32) - load<i64>(right, 32);
  if (times != 0) return times < 0;
  const seconds = <i64>load<u32>(left, 48) - <i64>load<u32>(right, 48);
  if (seconds != 0) return seconds < 0;
  return load<u64>(left, 40) < load<u64>(right, 40);
}
