/**
 * Groups: flows or tuples added up by the values of some columns.
 *
 *   group   words of the values (4 bytes each, to a multiple of 8), flows, denied, tuples, first and last time, which sums there are, sums
 *
 * AssemblyScript, a part of kernel/stitch.ts.
 */
import { groupBucketsAt, groupBucketsMax, groupsAt, groupsLengthMax } from '../src/lake/stitch-kernel-layout';
import { mixed } from './mix';
import { column } from './page-values';
import { groupColumns, groupSlot, valueColumns } from './question';

let groupCount: u32 = 0;
let groupMask: u32 = 0;
let bytesMax: usize = 0;
/** Bytes of a group, and where in it that begins which was added up. */
let groupLength: usize = 0;
export let addedAt: usize = 0;

/** Sums are given up beyond this, and the question with them: all are exact as doubles. */
const sumMax: u64 = 1 << 52;
export let isTooLarge = false;
export let allFlows: u64 = 0;
export let countedFlows: u64 = 0;

/** @param most bytes that groups may take */
export function clearGroups(most: u32): void {
  bytesMax = min<usize>(most, groupsLengthMax);
  groupCount = 0;
  groupMask = 4095;
  addedAt = (<usize>groupColumns * 4 + 7) & ~7;
  groupLength = addedAt + 48 + (<usize>valueColumns << 3);
  memory.fill(groupBucketsAt, 0, (<usize>groupMask + 1) << 2);
  isTooLarge = false;
  allFlows = 0;
  countedFlows = 0;
}

export function countGroups(): u32 {
  return groupCount;
}

export function lengthOfGroup(): u32 {
  return <u32>groupLength;
}

// @ts-ignore: a decorator of AssemblyScript
@inline
export function groupAt(group: u32): usize {
  return <usize>groupsAt + <usize>group * groupLength;
}

/** The hash of the words of a group. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function hashOf(words: usize): u64 {
  let hash: u64 = 0;
  for (let i: u32 = 0; i < groupColumns; i++) hash = mixed(load<u32>(words + (<usize>i << 2)), hash);
  return hash;
}

/** Puts the words of a row's group at `words`. */
// @ts-ignore: a decorator of AssemblyScript
@inline
export function storeWords(row: u32, words: usize): void {
  for (let i: u32 = 0; i < groupColumns; i++)
    store<u32>(words + (<usize>i << 2), load<u32>(column(groupSlot(i)) + (<usize>row << 2)));
}

/** Reads what looking for a group will read, so that several wait for memory together. */
// @ts-ignore: a decorator of AssemblyScript
@inline
export function touchGroup(words: usize): u32 {
  const group = load<u32>(groupBucketsAt + (<usize>(<u32>hashOf(words) & groupMask) << 2));
  return load<u32>(groupAt(group - <u32>(group > 0)));
}

/** The group of these words; 0xffffffff where there is no room for it. */
function groupOf(words: usize): u32 {
  if (groupColumns == 0) return groupCount > 0 ? 0 : newGroup(words, 0);
  let bucket = <u32>hashOf(words) & groupMask;
  let group = load<u32>(groupBucketsAt + (<usize>bucket << 2));
  while (group != 0) {
    let i: u32 = 0;
    const at = groupAt(group - 1);
    while (i < groupColumns && load<u32>(at + (<usize>i << 2)) == load<u32>(words + (<usize>i << 2))) i++;
    if (i == groupColumns) return group - 1;
    bucket = (bucket + 1) & groupMask;
    group = load<u32>(groupBucketsAt + (<usize>bucket << 2));
  }
  return newGroup(words, bucket);
}

function newGroup(words: usize, bucket: u32): u32 {
  if (
    <usize>(groupCount + 1) * groupLength > bytesMax ||
    groupCount >= <u32>(groupBucketsMax >> 1)
  ) {
    isTooLarge = true;
    return 0xffffffff;
  }
  const group = groupCount++;
  const at = groupAt(group);
  memory.fill(at, 0, groupLength);
  memory.copy(at, words, <usize>groupColumns << 2);
  store<u32>(groupBucketsAt + (<usize>bucket << 2), group + 1);
  if (groupCount << 1 > groupMask && groupMask + 1 < <u32>groupBucketsMax) growGroups();
  return group;
}

function growGroups(): void {
  groupMask = (groupMask << 2) | 3;
  memory.fill(groupBucketsAt, 0, (<usize>groupMask + 1) << 2);
  for (let group: u32 = 0; group < groupCount; group++) {
    let bucket = <u32>hashOf(groupAt(group)) & groupMask;
    while (load<u32>(groupBucketsAt + (<usize>bucket << 2)) != 0) bucket = (bucket + 1) & groupMask;
    store<u32>(groupBucketsAt + (<usize>bucket << 2), group + 1);
  }
}

/** Counts one flow, or one tuple, to the group of these words. @returns where `addValue` adds its sums; 0 where there is no room */
export function addToGroup(words: usize, denied: bool, counted: bool, tuples: u32, time: i64, lastTime: i64): usize {
  const group = groupOf(words);
  if (isTooLarge) return 0;
  const at = groupAt(group) + addedAt;
  const flows = load<u64>(at);
  if (flows == 0) {
    store<i64>(at, time, 24);
    store<i64>(at, lastTime, 32);
  } else {
    store<i64>(at, min(load<i64>(at, 24), time), 24);
    store<i64>(at, max(load<i64>(at, 32), lastTime), 32);
  }
  store<u64>(at, flows + 1);
  store<u64>(at, load<u64>(at, 8) + <u64>denied, 8);
  store<u64>(at, load<u64>(at, 16) + tuples, 16);
  allFlows++;
  countedFlows += <u64>counted;
  return at;
}

// @ts-ignore: a decorator of AssemblyScript
@inline
export function addValue(at: usize, i: u32, value: i64): void {
  store<u32>(at, load<u32>(at, 40) | (1 << i), 40);
  const to = at + 48 + (<usize>i << 3);
  store<i64>(to, checked(load<i64>(to) + checked(value)));
}

/** The sum, which is noted where it is larger than sums may be; of two that are not, it never overflows. */
// @ts-ignore: a decorator of AssemblyScript
@inline
export function checked(sum: i64): i64 {
  if (<u64>sum > sumMax) isTooLarge = true;
  return sum;
}
