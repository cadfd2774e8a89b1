/**
 * Conversations of flows, as src/query/conversation.ts defines them: flows of one observer are one each; of several, the nth flow that each
 * saw in an island of time is the same conversation.
 *
 * AssemblyScript, a part of kernel/stitch.ts.
 */
import { chainedAt, matchAt, observerRanksAt } from '../src/lake/stitch-kernel-layout';
import { addToGroup, addValue, touchGroup } from './flow-groups';
import {
  chainedCount,
  collect,
  flagChained,
  flagCounted,
  flagDenied,
  flagValues,
  flowAt,
  flowCount,
  isFull,
  nextOf,
  valuesAt,
  wordsAt,
} from './flow-records';
import { sortPart } from './heap-sort';
import { valueColumns } from './question';

/** Observers' clocks differ, and NSG logs cut to seconds. */
const slackMicros: i64 = 2_000_000;

/** Flows whose groups are looked for together. */
const togetherMax: u32 = 64;
/** What was read early; kept so that reading is not left out. */
export let touched: u32 = 0;

/** Adds some of the conversations to their groups: flows from `from` on, then, behind them, five-tuples of several flows. @returns where the next ones are, 0 at the end */
export function addConversations(from: u32, count: u32): u32 {
  const end = min(from + count, flowCount + 1);
  for (let flow = from; flow < end; flow += togetherMax) {
    const behind = min(flow + togetherMax, end);
    for (let one = flow; one < behind; one++) touched ^= touchGroup(flowAt(one) + wordsAt);
    for (let one = flow; one < behind; one++) {
      const at = flowAt(one);
      if ((load<u32>(at, 60) & flagChained) == 0) addFlow(at);
    }
  }
  if (end <= flowCount) return end;
  const firstChained = max(from, flowCount + 1) - flowCount - 1;
  const lastChained = min(firstChained + count, chainedCount);
  for (let i = firstChained; i < lastChained && !isFull; i++) {
    const first = load<u32>(load<u32>(chainedAt + (<usize>i << 2)));
    if (first != 0) addFlows(first);
  }
  return lastChained < chainedCount && !isFull ? flowCount + 1 + lastChained : 0;
}

function addFlow(at: usize): void {
  const flags = load<u32>(at, 60);
  const group = addToGroup(
    at + wordsAt,
    (flags & flagDenied) != 0,
    (flags & flagCounted) != 0,
    load<u32>(at, 56),
    load<i64>(at, 24),
    load<i64>(at, 32),
  );
  addValues(group, at);
}

function addValues(group: usize, at: usize): void {
  if (group == 0) return;
  const flags = load<u32>(at, 60);
  for (let i: u32 = 0; i < valueColumns; i++)
    if ((flags & (flagValues << i)) != 0) addValue(group, i, load<i64>(at + valuesAt + (<usize>i << 3)));
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function matched(i: u32): u32 {
  return load<u32>(matchAt + (<usize>i << 2));
}

function addFlows(first: u32): void {
  const observer = load<u32>(flowAt(first), 16);
  let isOne = true;
  for (let flow = first; flow != 0 && isOne; flow = nextOf(flowAt(flow)))
    isOne = load<u32>(flowAt(flow), 16) == observer;
  if (isOne) {
    for (let flow = first; flow != 0; flow = nextOf(flowAt(flow))) addFlow(flowAt(flow));
    return;
  }
  const n = collect(first);
  if (isFull) return;
  sortPart(0, n, isEarlier);
  let from: u32 = 0;
  let until = load<i64>(flowAt(matched(0)), 32);
  for (let i: u32 = 1; i <= n; i++) {
    if (i < n) {
      const at = flowAt(matched(i));
      if (load<i64>(at, 24) <= until + slackMicros) {
        until = max(until, load<i64>(at, 32));
        continue;
      }
      until = max(until, load<i64>(at, 32));
    }
    addIsland(from, i);
    from = i;
  }
}

/** Numbers the flows of each observer, in place of their numbers in the flow, and adds those of one number as a conversation. */
function addIsland(from: u32, end: u32): void {
  if (end - from == 1) {
    addFlow(flowAt(matched(from)));
    return;
  }
  sortPart(from, end, isBeforeOfObserver);
  let nth: u32 = 0;
  let observer: u32 = 0;
  for (let i = from; i < end; i++) {
    const at = flowAt(matched(i));
    const its = load<u32>(at, 16);
    nth = i > from && its == observer ? nth + 1 : 0;
    observer = its;
    store<u32>(at, nth, 52);
  }
  sortPart(from, end, isBeforeOfConversation);
  for (let i = from; i < end; ) {
    const number = load<u32>(flowAt(matched(i)), 52);
    let behind = i + 1;
    while (behind < end && load<u32>(flowAt(matched(behind)), 52) == number) behind++;
    addConversation(i, behind);
    i = behind;
  }
}

/** Adds flows, the best counted one first, as one conversation. */
function addConversation(from: u32, end: u32): void {
  const counted = flowAt(matched(from));
  // What is shown is of the first in the same order, those that were denied before others.
  let shown: usize = 0;
  let tuples: u32 = 0;
  let time = i64.MAX_VALUE;
  let lastTime = i64.MIN_VALUE;
  for (let i = from; i < end; i++) {
    const at = flowAt(matched(i));
    if (shown == 0 && (load<u32>(at, 60) & flagDenied) != 0) shown = at;
    tuples += load<u32>(at, 56);
    time = min(time, load<i64>(at, 24));
    lastTime = max(lastTime, load<i64>(at, 32));
  }
  const isDenied = shown != 0;
  if (!isDenied) shown = counted;
  const group = addToGroup(
    shown + wordsAt,
    isDenied,
    (load<u32>(counted, 60) & flagCounted) != 0,
    tuples,
    time,
    lastTime,
  );
  addValues(group, counted);
}

function compareTimes(left: usize, right: usize): i64 {
  const times = load<i64>(left, 24) - load<i64>(right, 24);
  return times != 0 ? times : load<i64>(left, 32) - load<i64>(right, 32);
}

function isEarlier(a: u32, b: u32): bool {
  return compareTimes(flowAt(a), flowAt(b)) < 0;
}

function isBeforeOfObserver(a: u32, b: u32): bool {
  const left = flowAt(a);
  const right = flowAt(b);
  const observers = <i64>load<u32>(left, 16) - <i64>load<u32>(right, 16);
  if (observers != 0) return observers < 0;
  const times = compareTimes(left, right);
  if (times != 0) return times < 0;
  const denied = (load<u32>(left, 60) & flagDenied) - (load<u32>(right, 60) & flagDenied);
  if (denied != 0) return <i32>denied < 0;
  return load<u32>(left, 52) < load<u32>(right, 52);
}

/** Counted before uncounted, outbound before inbound, the earlier, then by resource and MAC. */
function isBeforeOfConversation(a: u32, b: u32): bool {
  const left = flowAt(a);
  const right = flowAt(b);
  const numbers = <i64>load<u32>(left, 52) - <i64>load<u32>(right, 52);
  if (numbers != 0) return numbers < 0;
  const counted = (load<u32>(left, 60) & flagCounted) - (load<u32>(right, 60) & flagCounted);
  if (counted != 0) return <i32>counted > 0;
  const leftRank = load<u32>(observerRanksAt + (<usize>load<u32>(left, 16) << 2));
  const rightRank = load<u32>(observerRanksAt + (<usize>load<u32>(right, 16) << 2));
  const ways = (leftRank >> 31) - (rightRank >> 31);
  if (ways != 0) return <i32>ways < 0;
  const times = load<i64>(left, 24) - load<i64>(right, 24);
  if (times != 0) return times < 0;
  return leftRank < rightRank;
}
