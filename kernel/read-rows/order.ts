/**
 * The order in which rows of a row group were logged, which is that of each flow's tuples: a row group has its rows by kind
 * (src/lake/tuples/row-order.ts), and of each kind blob by blob. Rows of one blob that stand as they were read are a segment; those of a blob are merged.
 *
 * AssemblyScript, a part of kernel/read-rows/read-rows.ts.
 */
import {
  blobSlot,
  orderAt,
  recordOffsetSlot,
  recordTimeSlot,
  segmentLength,
  segmentsAt,
  tupleIndexSlot,
} from '../../src/lake/tuples/read-kernel-layout';
import { column } from './values';

/** Segments of one blob that are merged; more stay one behind the other. */
const mergedMax: u32 = 64;

// @inline
function placeOf(row: u32): u64 {
  const offset = load<u64>(column(recordOffsetSlot) + ((<usize>row) << 3));
  return (offset << 20) | min<u64>(load<u32>(column(tupleIndexSlot) + ((<usize>row) << 2)), 0xfffff);
}

/** Finds the segments of `count` rows. @returns how many there are */
export function findSegments(count: u32): u32 {
  let n: u32 = 0;
  let at: usize = segmentsAt - segmentLength;
  let blob: u32 = 0;
  let last: u64 = 0;
  for (let row: u32 = 0; row < count; row++) {
    const its = load<u32>(column(blobSlot) + ((<usize>row) << 2));
    const place = placeOf(row);
    if (row == 0 || its != blob || place < last) {
      if (row > 0) store<u32>(at, row, 4);
      at += segmentLength;
      n++;
      store<u32>(at, row);
      store<u32>(at, its, 8);
      store<i64>(at, load<i64>(column(recordTimeSlot) + ((<usize>row) << 3)), 16);
      blob = its;
    }
    last = place;
  }
  if (count > 0) store<u32>(at, count, 4);
  return n;
}

/** Puts the rows of `segments`, which stand blob by blob, in the order in which they were read. */
export function mergeSegments(segments: u32): void {
  let to: usize = orderAt;
  let i: u32 = 0;
  while (i < segments) {
    const first = segmentsAt + <usize>i * segmentLength;
    const blob = load<u32>(first, 8);
    let k: u32 = 1;
    while (i + k < segments && load<u32>(first + <usize>k * segmentLength, 8) == blob) k++;
    if (k == 1 || k > mergedMax)
      for (let j: u32 = 0; j < k; j++) {
        const segment = first + <usize>j * segmentLength;
        for (let row = load<u32>(segment), end = load<u32>(segment, 4); row < end; row++, to += 4) store<u32>(to, row);
      }
    else to = merge(first, k, to);
    i += k;
  }
}

function merge(first: usize, k: u32, to: usize): usize {
  let least: usize = 0;
  do {
    // The segment whose next row comes first, and the next row of all others.
    least = 0;
    let leastPlace = u64.MAX_VALUE;
    let until = u64.MAX_VALUE;
    for (let j: u32 = 0; j < k; j++) {
      const segment = first + <usize>j * segmentLength;
      const row = load<u32>(segment);
      if (row >= load<u32>(segment, 4)) continue;
      const place = placeOf(row);
      if (least == 0 || place < leastPlace) {
        until = leastPlace;
        leastPlace = place;
        least = segment;
      } else until = min(until, place);
    }
    if (least == 0) break;
    let row = load<u32>(least);
    const end = load<u32>(least, 4);
    do {
      store<u32>(to, row++);
      to += 4;
    } while (row < end && placeOf(row) <= until);
    store<u32>(least, row);
  } while (least != 0);
  return to;
}

// @inline
function differ(slot: u32, a: usize, b: usize): bool {
  return load<u32>(column(slot) + (a << 2)) != load<u32>(column(slot) + (b << 2));
}

// @inline
function differLong(slot: u32, a: usize, b: usize): bool {
  return load<u64>(column(slot) + (a << 3)) != load<u64>(column(slot) + (b << 3));
}

/**
 * Finds, in the order that was found, runs of rows of one record and group: of the same texts in `textSlots` slots. Writes behind which row each ends, where
 * segments were.
 * @returns how many there are
 */
export function findRuns(count: u32, textSlots: u32): u32 {
  const textsEnd = blobSlot + textSlots;
  let to: usize = segmentsAt;
  for (let i: u32 = 1; i < count; i++) {
    const a: usize = load<u32>(orderAt + ((<usize>i) << 2) - 4);
    const b: usize = load<u32>(orderAt + ((<usize>i) << 2));
    let slot = blobSlot;
    while (slot < textsEnd && !differ(slot, a, b)) slot++;
    if (slot < textsEnd || differLong(recordOffsetSlot, a, b) || differLong(recordTimeSlot, a, b)) {
      store<u32>(to, i);
      to += 4;
    }
  }
  if (count > 0) {
    store<u32>(to, count);
    to += 4;
  }
  return <u32>((to - segmentsAt) >> 2);
}
