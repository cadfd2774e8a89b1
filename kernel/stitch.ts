/**
 * Tuples of data files put together to conversations, and added up by group, as WebAssembly: pages in, groups out. SQL (src/query/conversation.ts)
 * says the same, and is what it is held against.
 *
 *   pages ─▶ columns of a row group ─▶ rows as they were read ─▶ flows by five-tuple ─▶ conversations ─▶ groups
 *
 * AssemblyScript, compiled by scripts/build-kernel.mjs. Memory: src/lake/stitch-kernel-layout.ts. No allocation, no imports but the memory.
 */
import { keysAt, keysMax, observersMax, orderAt, selectedAt } from '../src/lake/stitch-kernel-layout';
import {
  addToGroup,
  addValue,
  allFlows,
  clearGroups,
  countedFlows,
  countGroups,
  isTooLarge,
  lengthOfGroup,
  storeWords,
} from './flow-groups';
import {
  addTuple,
  clearFlows,
  disordered,
  endGathering,
  flagDenied,
  forgetFlows,
  gatherTuple,
  isFull,
  isGathered,
  startGathering,
  touchBucket,
  touchFlow,
} from './flow-records';
import { mixed, setSeed } from './mix';
import { clearObservers, observerOf } from './observers';
import { absent, column, select, selectThese } from './page-values';
import { denyText, endMicros, firstMicros, isCounted, readQuestion, valueColumns, valueOf } from './question';
import {
  accessSlot,
  destinationPortSlot,
  destinationSlot,
  protocolSlot,
  sourcePortSlot,
  sourceSlot,
  stateSlot,
  timeSlot,
} from './slots';
import { clearTexts } from './text-numbers';

export { countGroups, lengthOfGroup, startGathering, endGathering };
/** So that nothing that was read early is left out as unused. */
export { touched };
export { addConversations, touched as touchedGroups } from './conversations';
export { largestGroups } from './largest-groups';
export { countObservers } from './observers';
export { differences, integers, longs, selectAll, texts } from './page-values';
export { findSegments, mergeSegments } from './read-order';
export { countTexts, textNumber } from './text-numbers';
export { unpack } from './unzstd';

/** @param seed an odd random number */
export function start(seed: u64): void {
  setSeed(seed);
  clearTexts();
  clearObservers();
}

/** Begins a question, which stands at `questionAt`. @param groupsBytes what groups may take */
export function ask(groupsBytes: u32): void {
  readQuestion();
  clearGroups(groupsBytes);
  forgetFlows();
  tooManyObservers = false;
}

/** Begins to stitch the part of all five-tuples whose hash, of these bits, has this value. */
export function startPart(bits: u32, value: u32, buckets: u32, flowsMax: u32): void {
  partMask = ((<u64>1) << bits) - 1;
  part = value;
  clearFlows(buckets, flowsMax);
}

let partMask: u64 = 0;
let part: u64 = 0;

/** What has gone wrong: 1 sums or groups are too large, 2 there is no room for all flows, 3 there are too many observers. */
export function fault(): i32 {
  return isTooLarge ? 1 : isFull ? 2 : tooManyObservers ? 3 : 0;
}

let tooManyObservers = false;

export function disorderedCount(): u32 {
  return disordered;
}

export function flowTotal(): f64 {
  return <f64>allFlows;
}

export function countedTotal(): f64 {
  return <f64>countedFlows;
}

/**
 * Selects rows that are gathered, of `count` of which times, addresses, ports and protocols were taken. @returns how many rows the columns have
 */
export function selectGathered(count: u32): u32 {
  let taken: u32 = 0;
  for (let row: u32 = 0; row < count; row++) store<u32>(orderAt + (<usize>row << 2), row);
  for (let from: u32 = 0; from < count; from += keysMax) {
    const n = findKeys(from, min<u32>(count - from, keysMax));
    for (let i: u32 = 0; i < n; i++) {
      const key = keysAt + <usize>i * 24;
      store<u32>(selectedAt + (<usize>taken << 2), load<u32>(key, 20));
      taken += <u32>isGathered(load<u32>(key, 16), load<u64>(key), load<u64>(key, 8));
    }
  }
  selectThese(taken);
  return taken;
}

/** Selects rows of the range, of `count` rows whose times were taken. @returns as `select` */
export function selectRange(count: u32): u32 {
  return select(count, firstMicros, endMicros);
}

/** Adds the first `count` rows in order to flows, or, where they are gathered, those that are to be put in order. @returns `fault` */
export function addRows(count: u32, gathering: bool): i32 {
  for (let from: u32 = 0; from < count; from += keysMax) {
    const n = findKeys(from, min<u32>(count - from, keysMax));
    for (let i: u32 = 0; i < n; i++) {
      const key = keysAt + <usize>i * 24;
      const row = load<u32>(key, 20);
      const at = <usize>row << 2;
      const observer = observerOf(row);
      if (observer == <u32>observersMax) {
        tooManyObservers = true;
        return fault();
      }
      const hash: u64 = load<u32>(key, 16);
      const denied = load<u32>(column(accessSlot) + at) == denyText ? flagDenied : 0;
      const state = load<u32>(column(stateSlot) + at);
      const time = load<i64>(column(timeSlot) + (at << 1));
      if (gathering) gatherTuple(row, hash, load<u64>(key), load<u64>(key, 8), observer, denied, state, time);
      else addTuple(row, hash, load<u64>(key), load<u64>(key, 8), observer, denied, state, time);
    }
  }
  return fault();
}

/** What was read early; kept so that reading is not left out. */
let touched: u32 = 0;

/** Keys of `count` rows from `from` on: those in the range, of five-tuples of the part. @returns how many */
function findKeys(from: u32, count: u32): u32 {
  let n: u32 = 0;
  let key: usize = keysAt;
  let sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = load<u32>(orderAt + (<usize>(from + i) << 2));
    const at = <usize>row << 2;
    const time = load<i64>(column(timeSlot) + (at << 1));
    if (time < firstMicros || time >= endMicros) continue;
    const addresses = (<u64>load<u32>(column(sourceSlot) + at) << 32) | load<u32>(column(destinationSlot) + at);
    const ports =
      (<u64>load<u32>(column(protocolSlot) + at) << 32) |
      (load<u32>(column(sourcePortSlot) + at) << 16) |
      load<u32>(column(destinationPortSlot) + at);
    const hash = mixed(ports, mixed(addresses, 0));
    if (((hash >> 32) & partMask) != part) continue;
    store<u64>(key, addresses);
    store<u64>(key, ports, 8);
    store<u32>(key, <u32>hash, 16);
    store<u32>(key, row, 20);
    sum ^= touchBucket(hash);
    key += 24;
    n++;
  }
  for (let i: u32 = 0; i < n; i++) sum ^= touchFlow(touchBucket(load<u32>(keysAt + <usize>i * 24, 16)));
  touched ^= sum;
  return n;
}

/** Adds `count` rows, each by itself. @returns `fault` */
export function addTuples(count: u32): i32 {
  for (let row: u32 = 0; row < count; row++) {
    const at = <usize>row << 2;
    const time = load<i64>(column(timeSlot) + (at << 1));
    if (time < firstMicros || time >= endMicros) continue;
    storeWords(row, keysAt);
    const isDenied = load<u32>(column(accessSlot) + at) == denyText;
    const to = addToGroup(keysAt, isDenied, isCounted(row), 1, time, time);
    if (to == 0) break;
    for (let k: u32 = 0; k < valueColumns; k++) {
      const value = valueOf(row, k);
      if (value != absent) addValue(to, k, value);
    }
  }
  return fault();
}
