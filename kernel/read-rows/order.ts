/**
 * The order in which rows of a row group were logged, which is that of each flow's tuples: a row group has its rows by kind
 * (src/lake/tuples/row-order.ts), and of each kind blob by blob. Rows of one blob that stand as they were read are a segment; those of a blob are merged.
 *
 * AssemblyScript, a part of kernel/read-rows/read-rows.ts.
 */
import { blobSlot, order, recordOffsetSlot, recordTimeSlot, runEnds, segments, tupleIndexSlot } from './memory';
import { longsOf, wordsOf } from './values';

/** Segments of one blob that are merged; more stay one behind the other. */
const mergedMax: u32 = 64;

// @inline
function placeOf(row: u32): u64 {
  const offset = <u64>longsOf(recordOffsetSlot)[row];
  return (offset << 20) | min<u64>(wordsOf(tupleIndexSlot)[row], 0xfffff);
}

/** Finds the segments of `count` rows. @returns how many there are */
export function findSegments(count: u32): u32 {
  let n: u32 = 0;
  let blob: u32 = 0;
  let last: u64 = 0;
  for (let row: u32 = 0; row < count; row++) {
    const its = wordsOf(blobSlot)[row];
    const place = placeOf(row);
    if (row == 0 || its != blob || place < last) {
      if (row > 0) segments[n - 1].end = row;
      const segment = segments[n++];
      segment.row = row;
      segment.blob = its;
      segment.recordTime = longsOf(recordTimeSlot)[row];
      blob = its;
    }
    last = place;
  }
  if (count > 0) segments[n - 1].end = count;
  return n;
}

/** Puts the rows of `count` segments, which stand blob by blob, in the order in which they were read. */
export function mergeSegments(count: u32): void {
  let to: u32 = 0;
  let i: u32 = 0;
  while (i < count) {
    const blob = segments[i].blob;
    let k: u32 = 1;
    while (i + k < count && segments[i + k].blob == blob) k++;
    if (k == 1 || k > mergedMax)
      for (let j: u32 = 0; j < k; j++) {
        const segment = segments[i + j];
        for (let row = segment.row, end = segment.end; row < end; row++, to++) order[to] = row;
      }
    else to = merge(i, k, to);
    i += k;
  }
}

/** Merges `k` segments from `first` on. @returns the place behind their rows */
function merge(first: u32, k: u32, to: u32): u32 {
  let least: u32 = 0;
  do {
    // The segment whose next row comes first, and the next row of all others.
    least = k;
    let leastPlace = u64.MAX_VALUE;
    let until = u64.MAX_VALUE;
    for (let j: u32 = 0; j < k; j++) {
      const segment = segments[first + j];
      if (segment.row >= segment.end) continue;
      const place = placeOf(segment.row);
      if (least == k || place < leastPlace) {
        until = leastPlace;
        leastPlace = place;
        least = j;
      } else until = min(until, place);
    }
    if (least == k) break;
    const segment = segments[first + least];
    let row = segment.row;
    do {
      order[to++] = row++;
    } while (row < segment.end && placeOf(row) <= until);
    segment.row = row;
  } while (least < k);
  return to;
}

// @inline
function differ(slot: u32, a: u32, b: u32): bool {
  const words = wordsOf(slot);
  return words[a] != words[b];
}

// @inline
function differLong(slot: u32, a: u32, b: u32): bool {
  const longs = longsOf(slot);
  return longs[a] != longs[b];
}

/**
 * Finds, in the order that was found, runs of rows of one record and group: of the same texts in `textSlots` slots. Writes behind which row each ends, where
 * segments were.
 * @returns how many there are
 */
export function findRuns(count: u32, textSlots: u32): u32 {
  const textsEnd = blobSlot + textSlots;
  let runs: u32 = 0;
  for (let i: u32 = 1; i < count; i++) {
    const a = order[i - 1];
    const b = order[i];
    let slot = blobSlot;
    while (slot < textsEnd && !differ(slot, a, b)) slot++;
    if (slot < textsEnd || differLong(recordOffsetSlot, a, b) || differLong(recordTimeSlot, a, b)) runEnds[runs++] = i;
  }
  if (count > 0) runEnds[runs++] = count;
  return runs;
}
