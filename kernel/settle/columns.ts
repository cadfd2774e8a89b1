/** Rows that were built become columns, part by part, and so do their reports. AssemblyScript, a part of kernel/settle/settle.ts. */
import * as layout from '../../src/lake/flows/settle-kernel-layout';
import { spareAt } from './memory';
import { Report, reportAt, Row, rowAt, rowCount } from './row';

/** Puts the rows in order by part, of which there are so many, and fills the columns. */
export function makeColumns(parts: u32): void {
  orderByPart(parts);
  let reports: u32 = 0;
  let counting: u32 = 0;
  for (let i: u32 = 0; i < rowCount; i++) {
    const number = load<u32>(spareAt + ((<usize>i) << 2));
    const row = rowAt(number);
    setShared(row, i);
    setOwn(row, i);
    const firstReport: u32 = number == 0 ? 0 : rowAt(number - 1).reportsEnd;
    for (let k = firstReport; k < row.reportsEnd; k++, reports++)
      setReport(reportAt(layout.builtReportsAt, k), layout.outReportsAt + ((<usize>reports) << 3));
    const firstCounting: u32 = number == 0 ? 0 : rowAt(number - 1).countingEnd;
    for (let k = firstCounting; k < row.countingEnd; k++, counting++)
      setReport(reportAt(layout.builtCountingAt, k), layout.outCountingAt + ((<usize>counting) << 3));
    store<u32>(layout.outReportsEndAt + ((<usize>i) << 2), reports);
    store<u32>(layout.outCountingEndAt + ((<usize>i) << 2), counting);
  }
}

/** Where rows of a part go next becomes where the part ends. */
function orderByPart(parts: u32): void {
  memory.fill(layout.partEndAt, 0, (<usize>parts) << 2);
  for (let i: u32 = 0; i < rowCount; i++) {
    const end = layout.partEndAt + ((<usize>rowAt(i).part) << 2);
    store<u32>(end, load<u32>(end) + 1);
  }
  let start: u32 = 0;
  for (let part: u32 = 0; part < parts; part++) {
    const end = layout.partEndAt + ((<usize>part) << 2);
    const count = load<u32>(end);
    store<u32>(end, start);
    start += count;
  }
  for (let i: u32 = 0; i < rowCount; i++) {
    const end = layout.partEndAt + ((<usize>rowAt(i).part) << 2);
    const to = load<u32>(end);
    store<u32>(end, to + 1);
    store<u32>(spareAt + ((<usize>to) << 2), i);
  }
}

// @inline
function setShared(row: Row, i: u32): void {
  const bytes: usize = i;
  const doubles: usize = bytes << 3;
  store<f64>(layout.outTimeAt + doubles, row.timeMillis);
  store<f64>(layout.outLastTimeAt + doubles, row.lastTimeMillis);
  setCounters(
    layout.outCountersAt + doubles,
    row.packetsForward,
    row.bytesForward,
    row.packetsReverse,
    row.bytesReverse,
  );
  store<f64>(layout.outTuplesAt + doubles, row.tuples);
  store<f64>(layout.outObserverAt + doubles, row.observer);
  store<f64>(layout.outObserversAt + doubles, row.observers);
  store<f64>(layout.outRecordTimeAt + doubles, row.recordTimeMillis);
  store<f64>(layout.outRecordOffsetAt + doubles, row.recordOffset);
  store<f64>(layout.outGroupBeforeAt + doubles, row.timeMillis - row.groupStart);
  store<f64>(layout.outGroupAfterAt + doubles, row.groupEnd - row.lastTimeMillis);
  store<u64>(layout.outSourceAt + (bytes << 4), row.sourceHigh);
  store<u64>(layout.outSourceAt + (bytes << 4), row.sourceLow, 8);
  store<u64>(layout.outDestinationAt + (bytes << 4), row.destinationHigh);
  store<u64>(layout.outDestinationAt + (bytes << 4), row.destinationLow, 8);
  store<u32>(layout.outGroupAt + (bytes << 2), row.group);
  store<i32>(layout.outTupleIndexAt + (bytes << 2), row.tupleIndex);
  store<u16>(layout.outSourcePortAt + (bytes << 1), <u16>row.ports);
  store<u16>(layout.outDestinationPortAt + (bytes << 1), <u16>(row.ports >> 16));
  store<u8>(layout.outProtocolAt + bytes, <u8>(row.ports >> 32));
  store<u8>(layout.outFamilyAt + bytes, <u8>(row.ports >> 40));
  store<u8>(layout.outAccessAt + bytes, <u8>row.access);
  store<u8>(layout.outContinuedAt + bytes, row.isContinued ? 1 : 0);
  store<u8>(layout.outDirectionAt + bytes, row.direction);
  store<u8>(layout.outStateAt + bytes, row.state);
  store<u8>(layout.outEncryptionAt + bytes, row.encryption);
}

/** As of a row with an own value, or none. */
const numbered: u8 = 6;
const notNumbered: u8 = 4;

// @inline
function setOwn(row: Row, i: u32): void {
  const bytes: usize = i;
  const doubles: usize = bytes << 3;
  const hasOwn = row.observers > 1;
  store<f64>(layout.outOwnTimeAt + doubles, row.ownTimeMillis);
  store<f64>(layout.outOwnLastTimeAt + doubles, row.ownLastTimeMillis);
  store<f64>(layout.outOwnTuplesAt + doubles, hasOwn ? <f64>row.ownTuples : NaN);
  setCounters(
    layout.outOwnCountersAt + doubles,
    row.ownPacketsForward,
    row.ownBytesForward,
    row.ownPacketsReverse,
    row.ownBytesReverse,
  );
  store<u64>(layout.outConversationAt + (bytes << 4), row.conversation);
  store<u8>(layout.outNumberedAt + bytes, hasOwn ? numbered : notNumbered);
  store<u8>(layout.outOwnAccessAt + bytes, row.ownAccess);
}

// @inline
function setCounters(at: usize, first: f64, second: f64, third: f64, fourth: f64): void {
  store<f64>(at, first);
  store<f64>(at, second, layout.doubleLength);
  store<f64>(at, third, 2 * layout.doubleLength);
  store<f64>(at, fourth, 3 * layout.doubleLength);
}

function setReport(report: Report, at: usize): void {
  store<f64>(at, report.beforeMillis);
  store<f64>(at, report.timeMillis, layout.reportLength);
  store<f64>(at, report.packetsForward, 2 * layout.reportLength);
  store<f64>(at, report.bytesForward, 3 * layout.reportLength);
  store<f64>(at, report.packetsReverse, 4 * layout.reportLength);
  store<f64>(at, report.bytesReverse, 5 * layout.reportLength);
}
