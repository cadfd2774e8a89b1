/** The group of flows that is being built: tuples of one five-tuple that follow each other without a gap (definition.ts). */
import { addCounters } from '../../flowlog/counter.ts';
import { closedCoverMillis, openCoverMillis, opensFlow, staysOpen } from './definition.ts';
import type { Observers } from './observers.ts';
import type { PoolColumns, TuplePool } from './tuple-pool.ts';
import { copyColumns } from './typed-columns.ts';

/** No flow, or no row. */
export const none = -1;

function makeFlows(flows: number) {
  return {
    observer: new Int32Array(flows),
    access: new Uint8Array(flows),
    /** Whether it began on an earlier date. */
    isContinued: new Uint8Array(flows),
    /** Its tuples: how many, and rows of the pool; `FlowGroup.next` has those between. */
    tuples: new Uint32Array(flows),
    firstRow: new Int32Array(flows),
    lastRow: new Int32Array(flows),
    /** Sums of its counters, and how many tuples have some. */
    packetsForward: new Float64Array(flows),
    bytesForward: new Float64Array(flows),
    packetsReverse: new Float64Array(flows),
    bytesReverse: new Float64Array(flows),
    reports: new Uint32Array(flows),
    recordTimeMillis: new Float64Array(flows),
    isOpen: new Uint8Array(flows),
    /** Among the open flows, in order of their last tuples. */
    before: new Int32Array(flows),
    after: new Int32Array(flows),
  };
}

/** One is used for group after group. */
export class FlowGroup {
  startMillis = 0;
  /** Until when a tuple still belongs to the group. */
  coveredUntil = -Infinity;
  tuples = 0;
  /** Flows so far. */
  count = 0;
  flows = makeFlows(16);
  /** By row of the pool, the next one of the same flow. */
  next = new Int32Array(0);
  readonly #pool: TuplePool;
  readonly #observers: Observers;
  readonly #dateStart: number;
  #room = 16;
  /** By observer and access, the last of its flows. */
  #last = new Int32Array(16).fill(none);
  /** Of the flows of which more is to be expected, the one whose last tuple is the latest. */
  #latestOpen = none;
  #closedUntil = -Infinity;

  constructor(pool: TuplePool, observers: Observers, dateStart: number) {
    this.#pool = pool;
    this.#observers = observers;
    this.#dateStart = dateStart;
  }

  /** To be called when the pool has other tuples than before. */
  begin(): void {
    if (this.next.length < this.#pool.count) this.next = new Int32Array(this.#pool.count);
    this.clear();
  }

  /** Begins the next group. */
  clear(): void {
    const { observer, access } = this.flows;
    for (let flow = 0; flow < this.count; flow++) this.#last[2 * observer[flow] + access[flow]] = none;
    this.count = 0;
    this.tuples = 0;
    this.coveredUntil = -Infinity;
    this.#latestOpen = none;
    this.#closedUntil = -Infinity;
  }

  /** Adds the tuple that comes next. */
  add(row: number): void {
    const { columns } = this.#pool;
    const time = columns.timeMillis[row];
    const state = columns.state[row];
    if (this.tuples++ === 0) this.startMillis = time;
    const observer = this.#observers.numberOf(columns.group[row], columns.direction[row]);
    const key = 2 * observer + columns.access[row];
    if (key >= this.#last.length) this.#growLast();
    const opens = opensFlow(state);
    let flow = opens ? none : this.#last[key];
    if (flow === none) {
      flow = this.#open(observer, columns.access[row], !opens && time < this.#dateStart + openCoverMillis);
      this.#last[key] = flow;
      this.flows.firstRow[flow] = row;
    } else this.next[this.flows.lastRow[flow]] = row;
    const { flows } = this;
    flows.lastRow[flow] = row;
    flows.tuples[flow]++;
    this.next[row] = none;
    this.#addCounts(flow, row);
    if (flows.isOpen[flow] === 1) this.#unlink(flow);
    if (staysOpen(state)) this.#link(flow);
    else {
      flows.isOpen[flow] = 0;
      this.#closedUntil = time + closedCoverMillis;
    }
    const latest = this.#latestOpen;
    const open = latest === none ? -Infinity : columns.timeMillis[flows.lastRow[latest]] + openCoverMillis;
    this.coveredUntil = Math.max(this.#closedUntil, open);
  }

  #open(observer: number, access: number, isContinued: boolean): number {
    if (this.count === this.#room) {
      const { flows } = this;
      this.flows = makeFlows(2 * this.#room);
      copyColumns(flows, this.#room, this.count, this.flows);
      this.#room *= 2;
    }
    const { flows } = this;
    const flow = this.count++;
    flows.observer[flow] = observer;
    flows.access[flow] = access;
    flows.isContinued[flow] = isContinued ? 1 : 0;
    flows.tuples[flow] = 0;
    flows.packetsForward[flow] = Number.NaN;
    flows.bytesForward[flow] = Number.NaN;
    flows.packetsReverse[flow] = Number.NaN;
    flows.bytesReverse[flow] = Number.NaN;
    flows.reports[flow] = 0;
    flows.recordTimeMillis[flow] = Number.NaN;
    flows.isOpen[flow] = 0;
    return flow;
  }

  #addCounts(flow: number, row: number): void {
    const { flows } = this;
    const { columns, tables } = this.#pool;
    if (isCounted(columns, row)) {
      flows.reports[flow]++;
      flows.packetsForward[flow] = addCounters(flows.packetsForward[flow], columns.packetsForward[row]);
      flows.bytesForward[flow] = addCounters(flows.bytesForward[flow], columns.bytesForward[row]);
      flows.packetsReverse[flow] = addCounters(flows.packetsReverse[flow], columns.packetsReverse[row]);
      flows.bytesReverse[flow] = addCounters(flows.bytesReverse[flow], columns.bytesReverse[row]);
    }
    const recorded = tables.recordTimeMillis[columns.record[row]];
    if (!(recorded >= flows.recordTimeMillis[flow]) && !Number.isNaN(recorded)) flows.recordTimeMillis[flow] = recorded;
  }

  #link(flow: number): void {
    const { isOpen, before, after } = this.flows;
    isOpen[flow] = 1;
    before[flow] = this.#latestOpen;
    after[flow] = none;
    if (this.#latestOpen !== none) after[this.#latestOpen] = flow;
    this.#latestOpen = flow;
  }

  #unlink(flow: number): void {
    const { before, after } = this.flows;
    if (before[flow] !== none) after[before[flow]] = after[flow];
    if (after[flow] !== none) before[after[flow]] = before[flow];
    if (this.#latestOpen === flow) this.#latestOpen = before[flow];
  }

  #growLast(): void {
    const grown = new Int32Array(4 * this.#observers.end).fill(none);
    grown.set(this.#last);
    this.#last = grown;
  }
}

/** Whether a tuple has a counter. */
export function isCounted(
  { packetsForward, bytesForward, packetsReverse, bytesReverse }: PoolColumns,
  row: number,
): boolean {
  return !(
    Number.isNaN(packetsForward[row]) &&
    Number.isNaN(bytesForward[row]) &&
    Number.isNaN(packetsReverse[row]) &&
    Number.isNaN(bytesReverse[row])
  );
}
