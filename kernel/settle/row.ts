/** Rows and reports that leave, in the order in which they are built. AssemblyScript, a part of kernel/settle/settle.ts. */
import {
  batchAt,
  batchMax,
  builtCountingAt,
  builtReportsAt,
  rowLength,
} from '../../src/lake/flows/settle-kernel-layout';
import { addCounters } from '../base/counter';
import { Flow } from './flow';
import { isCounted, opensFlow, Tuple, tupleAt } from './tuple';

/** Takes the rows that were built: the host has it. */
// @external('env', 'takeRows')
declare function takeRows(rows: u32): u32;

/** Its first fields are those of settle-kernel-layout.ts. */
@unmanaged
export class Row {
  groupStart: f64;
  groupEnd: f64;
  part: u32;
  access: u32;
  observer: u32;
  observers: u32;
  timeMillis: f64;
  lastTimeMillis: f64;
  packetsForward: f64;
  bytesForward: f64;
  packetsReverse: f64;
  bytesReverse: f64;
  recordTimeMillis: f64;
  recordOffset: f64;
  ownTimeMillis: f64;
  ownLastTimeMillis: f64;
  ownPacketsForward: f64;
  ownBytesForward: f64;
  ownPacketsReverse: f64;
  ownBytesReverse: f64;
  sourceHigh: u64;
  sourceLow: u64;
  destinationHigh: u64;
  destinationLow: u64;
  ports: u64;
  conversation: u64;
  group: u32;
  tupleIndex: i32;
  tuples: u32;
  ownTuples: u32;
  reportsEnd: u32;
  countingEnd: u32;
  isContinued: bool;
  direction: u8;
  state: u8;
  encryption: u8;
  ownAccess: u8;
}

@unmanaged
export class Report {
  beforeMillis: f64;
  timeMillis: f64;
  packetsForward: f64;
  bytesForward: f64;
  packetsReverse: f64;
  bytesReverse: f64;
}

export let rowCount: u32 = 0;
let reportCount: u32 = 0;
let countingCount: u32 = 0;
/** Of one row at the most; of more, some that follow each other are joined. */
const flowReportsMax: u32 = 65_536;

// @inline
export function rowAt(number: u32): Row {
  return changetype<Row>(batchAt + <usize>number * rowLength);
}

// @inline
export function reportAt(from: usize, number: u32): Report {
  return changetype<Report>(from + <usize>number * offsetof<Report>());
}

/** A row for the caller to fill, with the reports of a flow, and those of the counting one if it is another. */
export function addRow(flow: Flow, counting: Flow | null): Row {
  if (rowCount == batchMax || reportCount > <u32>batchMax || countingCount > <u32>batchMax) flushRows();
  if (flow.reports > 0 && !isWhole(flow)) reportCount = addReports(flow, builtReportsAt, reportCount);
  if (counting != null) countingCount = addReports(counting, builtCountingAt, countingCount);
  const row = rowAt(rowCount++);
  row.reportsEnd = reportCount;
  row.countingEnd = countingCount;
  return row;
}

/** Gives away what was built. */
export function flushRows(): void {
  if (rowCount > 0) takeRows(rowCount);
  rowCount = 0;
  reportCount = 0;
  countingCount = 0;
}

/** Whether a flow's only report goes from its first to its last time: then the row says it all. */
function isWhole(flow: Flow): bool {
  if (flow.reports != 1) return false;
  const firstMillis = tupleAt(flow.first).timeMillis;
  const lastMillis = tupleAt(flow.last).timeMillis;
  let before = NaN;
  for (let number = flow.first + 1; number != 0;) {
    const tuple = tupleAt(number - 1);
    if (isCounted(tuple)) {
      const from = opensFlow(tuple.state) ? tuple.timeMillis : before;
      return from == firstMillis && tuple.timeMillis == lastMillis;
    }
    before = tuple.timeMillis;
    number = tuple.next;
  }
  return false;
}

/** Adds all reports of a flow. @returns how many there are then */
function addReports(flow: Flow, to: usize, count: u32): u32 {
  const joined = (flow.reports + flowReportsMax - 1) / flowReportsMax;
  let before = NaN;
  let parts: u32 = 0;
  for (let number = flow.first + 1; number != 0;) {
    const tuple = tupleAt(number - 1);
    const millis = tuple.timeMillis;
    if (isCounted(tuple)) {
      if (parts == 0) begin(reportAt(to, count++), opensFlow(tuple.state) ? millis : before);
      add(reportAt(to, count - 1), tuple);
      if (++parts == joined) parts = 0;
    }
    before = millis;
    number = tuple.next;
  }
  return count;
}

// @inline
function begin(report: Report, before: f64): void {
  report.beforeMillis = before;
  report.packetsForward = NaN;
  report.bytesForward = NaN;
  report.packetsReverse = NaN;
  report.bytesReverse = NaN;
}

// @inline
function add(report: Report, tuple: Tuple): void {
  report.timeMillis = tuple.timeMillis;
  report.packetsForward = addCounters(report.packetsForward, tuple.packetsForward);
  report.bytesForward = addCounters(report.bytesForward, tuple.bytesForward);
  report.packetsReverse = addCounters(report.packetsReverse, tuple.packetsReverse);
  report.bytesReverse = addCounters(report.bytesReverse, tuple.bytesReverse);
}
