/** Rows and reports that leave, in the order in which they are built. AssemblyScript, a part of kernel/settle/settle.ts. */
import { addCounters } from '../base/counter';
import {
  batchMax,
  builtCounting,
  builtReports,
  builtRows,
  Flow,
  Report,
  ReportBatchReportsMaxArray,
  Row,
  Tuple,
  tuples,
} from './memory';
import { isCounted, opensFlow } from './tuple';

/** Takes the rows that were built: the host has it. */
// @external('env', 'takeRows')
declare function takeRows(rows: u32): u32;

export let rowCount: u32 = 0;
let reportCount: u32 = 0;
let countingCount: u32 = 0;
/** Of one row at the most; of more, some that follow each other are joined. */
const flowReportsMax: u32 = 65_536;

/** A row for the caller to fill, with the reports of a flow, and those of the counting one if it is another. */
export function addRow(flow: Flow, counting: Flow | null): Row {
  if (rowCount == batchMax || reportCount > batchMax || countingCount > batchMax) flushRows();
  if (flow.reports > 0 && !isWhole(flow)) reportCount = addReports(flow, builtReports, reportCount);
  if (counting != null) countingCount = addReports(counting, builtCounting, countingCount);
  const row = builtRows[rowCount++];
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
  const firstMillis = tuples[flow.first].timeMillis;
  const lastMillis = tuples[flow.last].timeMillis;
  let before = NaN;
  for (let number = flow.first + 1; number != 0;) {
    const tuple = tuples[number - 1];
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
function addReports(flow: Flow, to: ReportBatchReportsMaxArray, count: u32): u32 {
  const joined = (flow.reports + flowReportsMax - 1) / flowReportsMax;
  let before = NaN;
  let parts: u32 = 0;
  for (let number = flow.first + 1; number != 0;) {
    const tuple = tuples[number - 1];
    const millis = tuple.timeMillis;
    if (isCounted(tuple)) {
      if (parts == 0) begin(to[count++], opensFlow(tuple.state) ? millis : before);
      add(to[count - 1], tuple);
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
