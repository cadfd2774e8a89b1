/** Rows that were built become columns, part by part, and so do their reports. AssemblyScript, a part of kernel/settle/settle.ts. */
import * as columns from './memory';
import { builtCounting, builtReports, builtRows, partEnds, Report, Row, spare } from './memory';
import { rowCount } from './row';

/** Puts the rows in order by part, of which there are so many, and fills the columns. */
export function makeColumns(parts: u32): void {
  orderByPart(parts);
  let reports: u32 = 0;
  let counting: u32 = 0;
  for (let i: u32 = 0; i < rowCount; i++) {
    const number = spare[i];
    const row = builtRows[number];
    setShared(row, i);
    setOwn(row, i);
    const firstReport: u32 = number == 0 ? 0 : builtRows[number - 1].reportsEnd;
    for (let k = firstReport; k < row.reportsEnd; k++, reports++) setReport(builtReports[k], reports);
    const firstCounting: u32 = number == 0 ? 0 : builtRows[number - 1].countingEnd;
    for (let k = firstCounting; k < row.countingEnd; k++, counting++) setCounting(builtCounting[k], counting);
    columns.outReportsEnd[i] = reports;
    columns.outCountingReportsEnd[i] = counting;
  }
}

/** Where rows of a part go next becomes where the part ends. */
function orderByPart(parts: u32): void {
  memory.fill(changetype<usize>(partEnds), 0, (<usize>parts) << 2);
  for (let i: u32 = 0; i < rowCount; i++) {
    const part = builtRows[i].part;
    partEnds[part] = partEnds[part] + 1;
  }
  let start: u32 = 0;
  for (let part: u32 = 0; part < parts; part++) {
    const count = partEnds[part];
    partEnds[part] = start;
    start += count;
  }
  for (let i: u32 = 0; i < rowCount; i++) {
    const part = builtRows[i].part;
    const to = partEnds[part];
    partEnds[part] = to + 1;
    spare[to] = i;
  }
}

// @inline
function setShared(row: Row, i: u32): void {
  columns.outTimeMillis[i] = row.timeMillis;
  columns.outLastTimeMillis[i] = row.lastTimeMillis;
  columns.outPacketsForward[i] = row.packetsForward;
  columns.outBytesForward[i] = row.bytesForward;
  columns.outPacketsReverse[i] = row.packetsReverse;
  columns.outBytesReverse[i] = row.bytesReverse;
  columns.outTuples[i] = row.tuples;
  columns.outObserver[i] = row.observer;
  columns.outObservers[i] = row.observers;
  columns.outRecordTimeMillis[i] = row.recordTimeMillis;
  columns.outRecordOffset[i] = row.recordOffset;
  columns.outGroupBeforeMillis[i] = row.timeMillis - row.groupStart;
  columns.outGroupAfterMillis[i] = row.groupEnd - row.lastTimeMillis;
  columns.outSource[i].high = row.source.high;
  columns.outSource[i].low = row.source.low;
  columns.outDestination[i].high = row.destination.high;
  columns.outDestination[i].low = row.destination.low;
  columns.outGroup[i] = row.group;
  columns.outTupleIndex[i] = row.tupleIndex;
  columns.outSourcePort[i] = <u16>row.ports;
  columns.outDestinationPort[i] = <u16>(row.ports >> 16);
  columns.outProtocol[i] = <u8>(row.ports >> 32);
  columns.outFamily[i] = <u8>(row.ports >> 40);
  columns.outAccess[i] = <u8>row.access;
  columns.outContinued[i] = row.isContinued ? 1 : 0;
  columns.outDirection[i] = row.direction;
  columns.outState[i] = row.state;
  columns.outEncryption[i] = row.encryption;
}

/** As of a row with an own value, or none. */
const numbered: u8 = 6;
const notNumbered: u8 = 4;

// @inline
function setOwn(row: Row, i: u32): void {
  const hasOwn = row.observers > 1;
  columns.outObserverTimeMillis[i] = row.ownTimeMillis;
  columns.outObserverLastTimeMillis[i] = row.ownLastTimeMillis;
  columns.outObserverTuples[i] = hasOwn ? <f64>row.ownTuples : NaN;
  columns.outObserverPacketsForward[i] = row.ownPacketsForward;
  columns.outObserverBytesForward[i] = row.ownBytesForward;
  columns.outObserverPacketsReverse[i] = row.ownPacketsReverse;
  columns.outObserverBytesReverse[i] = row.ownBytesReverse;
  columns.outConversation[i].high = row.conversation;
  columns.outConversationFamily[i] = hasOwn ? numbered : notNumbered;
  columns.outObserverAccess[i] = row.ownAccess;
}

function setReport(report: Report, i: u32): void {
  columns.outReportBeforeMillis[i] = report.beforeMillis;
  columns.outReportTimeMillis[i] = report.timeMillis;
  columns.outReportPacketsForward[i] = report.packetsForward;
  columns.outReportBytesForward[i] = report.bytesForward;
  columns.outReportPacketsReverse[i] = report.packetsReverse;
  columns.outReportBytesReverse[i] = report.bytesReverse;
}

function setCounting(report: Report, i: u32): void {
  columns.outCountingBeforeMillis[i] = report.beforeMillis;
  columns.outCountingTimeMillis[i] = report.timeMillis;
  columns.outCountingPacketsForward[i] = report.packetsForward;
  columns.outCountingBytesForward[i] = report.bytesForward;
  columns.outCountingPacketsReverse[i] = report.packetsReverse;
  columns.outCountingBytesReverse[i] = report.bytesReverse;
}
