/** The reports of a flow: its tuples with counters, in order. */
import { limits } from '../../base/limits.ts';
import { addCounters } from '../../flowlog/counter.ts';
import { opensFlow } from './definition.ts';
import type { FlowGroup } from './flow-group.ts';
import { isCounted, none } from './flow-group.ts';
import type { GrowingColumns, ReportColumns } from './staged-flows.ts';
import type { TuplePool } from './tuple-pool.ts';

/** Adds all reports of a flow. Where they are more than a row may have, as many as needed that follow each other are joined. */
export function addReports(
  { columns }: TuplePool,
  { flows, next }: FlowGroup,
  flow: number,
  to: GrowingColumns<ReportColumns>,
): void {
  const joined = Math.ceil(flows.reports[flow] / limits.flowReportsMax);
  let before = Number.NaN;
  let at = 0;
  let parts = 0;
  for (let row = flows.firstRow[flow]; row !== none; row = next[row]) {
    const time = columns.timeMillis[row];
    if (isCounted(columns, row)) {
      if (parts === 0) {
        at = to.add();
        const its = to.columns;
        its.beforeMillis[at] = opensFlow(columns.state[row]) ? time : before;
        its.packetsForward[at] = Number.NaN;
        its.bytesForward[at] = Number.NaN;
        its.packetsReverse[at] = Number.NaN;
        its.bytesReverse[at] = Number.NaN;
      }
      const its = to.columns;
      its.timeMillis[at] = time;
      its.packetsForward[at] = addCounters(its.packetsForward[at], columns.packetsForward[row]);
      its.bytesForward[at] = addCounters(its.bytesForward[at], columns.bytesForward[row]);
      its.packetsReverse[at] = addCounters(its.packetsReverse[at], columns.packetsReverse[row]);
      its.bytesReverse[at] = addCounters(its.bytesReverse[at], columns.bytesReverse[row]);
      if (++parts === joined) parts = 0;
    }
    before = time;
  }
}

/** Whether a flow's only report goes from its first to its last time: then the row says it all. */
export function isWholeReport({ columns }: TuplePool, { flows, next }: FlowGroup, flow: number): boolean {
  if (flows.reports[flow] !== 1) return false;
  const { timeMillis, state } = columns;
  const firstMillis = timeMillis[flows.firstRow[flow]];
  let before = Number.NaN;
  for (let row = flows.firstRow[flow]; row !== none; row = next[row]) {
    if (isCounted(columns, row)) {
      const from = opensFlow(state[row]) ? timeMillis[row] : before;
      return from === firstMillis && timeMillis[row] === timeMillis[flows.lastRow[flow]];
    }
    before = timeMillis[row];
  }
  return false;
}
