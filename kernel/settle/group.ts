/**
 * The group of flows that is being built: tuples of one five-tuple that follow each other without a gap (src/lake/flows/definition.ts).
 * AssemblyScript, a part of kernel/settle/settle.ts.
 */
import { addCounters } from '../base/counter';
import { Flow, flows, lastFlows, observers, Tuple, tuples } from './memory';
import { isCounted, opensFlow, staysOpen } from './tuple';

export const openCoverMillis: f64 = 35 * 60_000;
export const closedCoverMillis: f64 = 2000;

export let dateStart: f64 = 0;
export let groupStart: f64 = 0;
/** Until when a tuple still belongs to the group. */
export let coveredUntil: f64 = -Infinity;
export let groupTuples: u32 = 0;
export let flowCount: u32 = 0;
/** Of the flows of which more is to be expected, the one whose last tuple is the latest, one too much. */
let latestOpen: u32 = 0;
let closedUntil: f64 = -Infinity;

export function setDateStart(millis: f64): void {
  dateStart = millis;
}

/** The place of an observer and access in `lastFlows`. */
// @inline
function lastOf(observer: u32, access: u8): u32 {
  return (observer << 1) | access;
}

/** Begins the next group. */
export function clearGroup(): void {
  for (let i: u32 = 0; i < flowCount; i++) {
    const flow = flows[i];
    lastFlows[lastOf(flow.observer, flow.access)] = 0;
  }
  flowCount = 0;
  groupTuples = 0;
  coveredUntil = -Infinity;
  latestOpen = 0;
  closedUntil = -Infinity;
}

/** Adds the tuple that comes next. */
export function addTuple(number: u32): void {
  const tuple = tuples[number];
  if (groupTuples++ == 0) groupStart = tuple.timeMillis;
  const observer = (observers[tuple.group] << 1) | tuple.direction;
  const last = lastOf(observer, tuple.access);
  const opens = opensFlow(tuple.state);
  let found = opens ? 0 : lastFlows[last];
  if (found == 0) {
    found = ++flowCount;
    const isContinued = !opens && tuple.timeMillis < dateStart + openCoverMillis;
    open(flows[found - 1], observer, tuple.access, isContinued);
    lastFlows[last] = found;
    flows[found - 1].first = number;
  } else tuples[flows[found - 1].last].next = number + 1;
  const flow = flows[found - 1];
  flow.last = number;
  flow.tuples++;
  tuple.next = 0;
  count(flow, tuple);
  if (flow.isOpen) unlink(flow, found);
  if (staysOpen(tuple.state)) linkOpen(flow, found);
  else {
    flow.isOpen = false;
    closedUntil = tuple.timeMillis + closedCoverMillis;
  }
  const open_ = latestOpen == 0 ? -Infinity : tuples[flows[latestOpen - 1].last].timeMillis + openCoverMillis;
  coveredUntil = Math.max(closedUntil, open_);
}

// @inline
function open(flow: Flow, observer: u32, access: u8, isContinued: bool): void {
  flow.observer = observer;
  flow.access = access;
  flow.isContinued = isContinued;
  flow.tuples = 0;
  flow.packetsForward = NaN;
  flow.bytesForward = NaN;
  flow.packetsReverse = NaN;
  flow.bytesReverse = NaN;
  flow.reports = 0;
  flow.recordTimeMillis = NaN;
  flow.isOpen = false;
}

// @inline
function count(flow: Flow, tuple: Tuple): void {
  if (isCounted(tuple)) {
    flow.reports++;
    flow.packetsForward = addCounters(flow.packetsForward, tuple.packetsForward);
    flow.bytesForward = addCounters(flow.bytesForward, tuple.bytesForward);
    flow.packetsReverse = addCounters(flow.packetsReverse, tuple.packetsReverse);
    flow.bytesReverse = addCounters(flow.bytesReverse, tuple.bytesReverse);
  }
  const recorded = tuple.recordTimeMillis;
  if (!(recorded >= flow.recordTimeMillis) && recorded == recorded) flow.recordTimeMillis = recorded;
}

function linkOpen(flow: Flow, number: u32): void {
  flow.isOpen = true;
  flow.before = latestOpen;
  flow.after = 0;
  if (latestOpen != 0) flows[latestOpen - 1].after = number;
  latestOpen = number;
}

function unlink(flow: Flow, number: u32): void {
  if (flow.before != 0) flows[flow.before - 1].after = flow.after;
  if (flow.after != 0) flows[flow.after - 1].before = flow.before;
  if (latestOpen == number) latestOpen = flow.before;
}
