/**
 * Observers by number: one log's view of one NIC in one direction.
 *
 * AssemblyScript, a part of kernel/stitch.ts.
 */
import {
  observerBucketsAt,
  observerBucketsMax,
  observersAt,
  observersMax,
} from '../src/lake/stitch-kernel-layout';
import { mixed } from './mix';
import { column } from './page-values';
import { directionSlot, formatSlot, macSlot, resourceSlot } from './slots';

let observerCount: u32 = 0;
/** The observers of the last rows: a NIC sees both directions in turn. */
let last: u32 = 0;
let before: u32 = 0;

export function clearObservers(): void {
  observerCount = 0;
  last = 0;
  before = 0;
  memory.fill(observerBucketsAt, 0, <usize>observerBucketsMax << 2);
}

export function countObservers(): u32 {
  return observerCount;
}

/** The observer of a row, from 0 on; `observersMax` where there is no room for it. */
export function observerOf(row: u32): u32 {
  const at = <usize>row << 2;
  const who = <u64>load<u32>(column(resourceSlot) + at) | (<u64>load<u32>(column(macSlot) + at) << 32);
  const way = <u64>load<u32>(column(directionSlot) + at) | (<u64>load<u32>(column(formatSlot) + at) << 32);
  if (observerCount > 0) {
    if (isObserver(last, who, way)) return last;
    const other = before;
    before = last;
    last = other;
    if (isObserver(other, who, way)) return other;
  }
  let bucket = <u32>mixed(way, mixed(who, 0)) & (observerBucketsMax - 1);
  for (;;) {
    const number: u32 = load<u32>(observerBucketsAt + (<usize>bucket << 2));
    if (number == 0) break;
    if (isObserver(number - 1, who, way)) return (last = number - 1);
    bucket = (bucket + 1) & (observerBucketsMax - 1);
  }
  if (observerCount == <u32>observersMax) return observersMax;
  const entry = observersAt + (<usize>observerCount << 4);
  store<u64>(entry, who);
  store<u64>(entry, way, 8);
  store<u32>(observerBucketsAt + (<usize>bucket << 2), ++observerCount);
  return (last = observerCount - 1);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function isObserver(observer: u32, who: u64, way: u64): bool {
  const entry = observersAt + (<usize>observer << 4);
  return load<u64>(entry) == who && load<u64>(entry, 8) == way;
}
