/**
 * Tuples become flows and conversations (definition.ts), in one pass over the tuples of each five-tuple:
 *
 *   tuples of a five-tuple in order ─▶ groups ─▶ flows of each observer ─▶ the nth flows of all observers are one conversation ─▶ a row an observer
 *
 * A group that may still grow stays in the pool with its tuples; the next pass begins with it.
 */
import { directionOutbound } from '../../flowlog/tuple.ts';
import { FiveTupleTable, mix } from './five-tuples.ts';
import { FlowGroup } from './flow-group.ts';
import { FlowMatching } from './flow-matching.ts';
import { addReports, isWholeReport } from './flow-reports.ts';
import { Observers } from './observers.ts';
import type { OwnColumns, StagedFlows } from './staged-flows.ts';
import { hasNumber } from './staged-flows.ts';
import { sortedRows } from './tuple-order.ts';
import type { TuplePool } from './tuple-pool.ts';

/** Says where the rows of a conversation go. Its group covers from `startMillis` until `endMillis`, both included. */
export type Place = (startMillis: number, endMillis: number, access: number) => StagedFlows;

/** What all rows of a conversation have. */
interface Shared {
  readonly firstMillis: number;
  readonly lastMillis: number;
  readonly tuples: number;
  readonly access: number;
  /** The flow whose counters are the conversation's. */
  readonly counting: number;
  readonly isContinued: boolean;
  readonly observers: number;
  /** Two words; `undefined` where there is one observer. */
  readonly number: readonly [number, number] | undefined;
}

/** Rows after which `build` pauses, so that they can be written. */
const rowsTogether = 8192;

export class FlowBuilder {
  readonly #pool: TuplePool;
  readonly #dateStart: number;
  readonly #place: Place;
  /** Distinguishes conversations of tuples that came after their date was frozen. 0: none of these. */
  readonly #apart: number;
  #observers: Observers;
  #group: FlowGroup;
  readonly #matching: FlowMatching;
  readonly #table = new FiveTupleTable();
  #built = 0;

  /** Rows of one date, which begins at `dateStart`. */
  constructor(pool: TuplePool, dateStart: number, place: Place, apart = 0) {
    this.#pool = pool;
    this.#dateStart = dateStart;
    this.#place = place;
    this.#apart = apart;
    this.#observers = new Observers(pool.tables);
    this.#group = new FlowGroup(pool, this.#observers, dateStart);
    this.#matching = new FlowMatching(pool, dateStart);
  }

  /**
   * Builds all groups that end before `boundMillis`, where all tuples of earlier times are in the pool; Infinity, all. Their tuples leave the pool. Pauses
   * now and then: what was placed may be taken away.
   */
  *build(boundMillis: number): Generator<void> {
    const pool = this.#pool;
    const fives = this.#table.group(pool);
    this.#group.begin();
    const kept = new Uint32Array(pool.count);
    let keptRows = 0;
    for (let five = 0; five < fives.count; five++) {
      const rows = sortedRows(pool, fives, five);
      for (let i = this.#buildFive(rows, boundMillis); i < rows.length; i++) kept[keptRows++] = rows[i];
      if (this.#built < rowsTogether) continue;
      this.#built = 0;
      yield;
    }
    pool.keep(kept.subarray(0, keptRows).sort());
  }

  /** To be called when the pool renumbered its groups. */
  forgetGroups(): void {
    this.#observers = new Observers(this.#pool.tables);
    this.#group = new FlowGroup(this.#pool, this.#observers, this.#dateStart);
  }

  /** Builds the groups of a five-tuple. @returns from which of its rows on they may still grow */
  #buildFive(rows: Uint32Array, boundMillis: number): number {
    const { timeMillis } = this.#pool.columns;
    const group = this.#group;
    let start = 0;
    for (let i = 0; i < rows.length; i++) {
      const time = timeMillis[rows[i]];
      if (time >= boundMillis) break;
      if (group.count > 0 && time > group.coveredUntil) {
        this.#emit();
        start = i;
      }
      group.add(rows[i]);
    }
    if (group.count > 0 && group.coveredUntil < boundMillis) {
      start += group.tuples;
      this.#emit();
    }
    group.clear();
    return start;
  }

  /** Places the rows of the group, which then is empty. */
  #emit(): void {
    const group = this.#group;
    if (group.count === 1) this.#emitFlow();
    else {
      const matching = this.#matching;
      matching.match(group, this.#observers.end);
      for (const key of matching.keys) this.#emitConversation(matching.flowsOf(key), key);
    }
    group.clear();
  }

  /** The one flow of a group is a conversation. */
  #emitFlow(): void {
    const { flows, startMillis, coveredUntil } = this.#group;
    const { timeMillis } = this.#pool.columns;
    const to = this.#place(startMillis, coveredUntil, flows.access[0]);
    this.#addRow(to, 0, 0, {
      firstMillis: timeMillis[flows.firstRow[0]],
      lastMillis: timeMillis[flows.lastRow[0]],
      tuples: flows.tuples[0],
      access: flows.access[0],
      counting: 0,
      isContinued: flows.isContinued[0] === 1,
      observers: 1,
      number: undefined,
    });
  }

  #emitConversation(some: number[], key: number): void {
    const { flows, startMillis, coveredUntil } = this.#group;
    const { timeMillis } = this.#pool.columns;
    let firstMillis = Infinity;
    let lastMillis = -Infinity;
    let tuples = 0;
    for (const flow of some) {
      firstMillis = Math.min(firstMillis, timeMillis[flows.firstRow[flow]]);
      lastMillis = Math.max(lastMillis, timeMillis[flows.lastRow[flow]]);
      tuples += flows.tuples[flow];
    }
    const number = some.length > 1 ? this.#numberOf(flows.firstRow[some[0]], startMillis, key) : undefined;
    const order = some.sort((a, b) => this.#byCounting(a, b));
    const counting = order[0];
    // Sorting keeps the order of equal ones.
    order.sort((a, b) => flows.access[b] - flows.access[a]);
    const shared = {
      firstMillis,
      lastMillis,
      tuples,
      access: flows.access[order[0]],
      counting,
      isContinued: (key & 1) === 1,
      observers: order.length,
      number,
    };
    const to = this.#place(startMillis, coveredUntil, shared.access);
    order.forEach((flow, observer) => this.#addRow(to, flow, observer, shared));
  }

  #addRow(to: StagedFlows, flow: number, observer: number, shared: Shared): void {
    const pool = this.#pool;
    const group = this.#group;
    const { columns } = pool;
    const { flows } = group;
    const { counting, number } = shared;
    if (flows.reports[flow] > 0 && !isWholeReport(pool, group, flow)) addReports(pool, group, flow, to.reports);
    if (observer === 0 && flow !== counting) addReports(pool, group, counting, to.countingReports);
    const row = to.addRow();
    const from = flows.firstRow[flow];
    const last = flows.lastRow[flow];
    const its = to.columns;
    its.timeMillis[row] = shared.firstMillis;
    its.lastTimeMillis[row] = shared.lastMillis;
    its.family[row] = columns.family[from];
    for (let word = 0; word < 4; word++) {
      its.source[4 * row + word] = columns.source[4 * from + word];
      its.destination[4 * row + word] = columns.destination[4 * from + word];
    }
    its.sourcePort[row] = columns.sourcePort[from];
    its.destinationPort[row] = columns.destinationPort[from];
    its.protocol[row] = columns.protocol[from];
    its.access[row] = shared.access;
    its.packetsForward[row] = flows.packetsForward[counting];
    its.bytesForward[row] = flows.bytesForward[counting];
    its.packetsReverse[row] = flows.packetsReverse[counting];
    its.bytesReverse[row] = flows.bytesReverse[counting];
    its.continued[row] = shared.isContinued ? 1 : 0;
    its.tuples[row] = shared.tuples;
    its.observer[row] = observer;
    its.observers[row] = shared.observers;
    its.direction[row] = columns.direction[from];
    its.state[row] = columns.state[last];
    its.encryption[row] = columns.encryption[from];
    its.group[row] = columns.group[from];
    its.recordTimeMillis[row] = flows.recordTimeMillis[flow];
    its.recordOffset[row] = pool.tables.recordOffset[columns.record[from]];
    its.tupleIndex[row] = columns.tupleIndex[from];
    its.groupBeforeMillis[row] = shared.firstMillis - group.startMillis;
    its.groupAfterMillis[row] = group.coveredUntil - shared.lastMillis;
    if (number !== undefined) this.#setOwn(to.ownColumns(), row, flow, shared, number);
    this.#built++;
  }

  /** Sets what a row has of its own. The columns hold nulls; a null stands for what is the conversation's. */
  #setOwn(its: OwnColumns, row: number, flow: number, shared: Shared, [high, low]: readonly [number, number]): void {
    const { flows } = this.#group;
    const { timeMillis } = this.#pool.columns;
    its.conversationFamily[row] = hasNumber;
    its.conversation[4 * row] = high;
    its.conversation[4 * row + 1] = low;
    its.observerTuples[row] = flows.tuples[flow];
    const firstMillis = timeMillis[flows.firstRow[flow]];
    if (firstMillis !== shared.firstMillis) its.observerTimeMillis[row] = firstMillis;
    const lastMillis = timeMillis[flows.lastRow[flow]];
    if (lastMillis !== shared.lastMillis) its.observerLastTimeMillis[row] = lastMillis;
    if (flows.access[flow] === shared.access && this.#countSame(flow, shared.counting)) return;
    its.observerAccess[row] = flows.access[flow];
    its.observerPacketsForward[row] = flows.packetsForward[flow];
    its.observerBytesForward[row] = flows.bytesForward[flow];
    its.observerPacketsReverse[row] = flows.packetsReverse[flow];
    its.observerBytesReverse[row] = flows.bytesReverse[flow];
  }

  /** Whether two flows have the same counters. */
  #countSame(a: number, b: number): boolean {
    const { packetsForward, bytesForward, packetsReverse, bytesReverse } = this.#group.flows;
    return (
      a === b ||
      (Object.is(packetsForward[a], packetsForward[b]) &&
        Object.is(bytesForward[a], bytesForward[b]) &&
        Object.is(packetsReverse[a], packetsReverse[b]) &&
        Object.is(bytesReverse[a], bytesReverse[b]))
    );
  }

  /** Counted before uncounted, outbound before inbound, the earlier, then by resource, MAC and format. */
  #byCounting(a: number, b: number): number {
    const { direction, timeMillis } = this.#pool.columns;
    const { reports, firstRow, observer } = this.#group.flows;
    const counted = Math.min(1, reports[b]) - Math.min(1, reports[a]);
    if (counted !== 0) return counted;
    const i = firstRow[a];
    const k = firstRow[b];
    if (direction[i] !== direction[k]) return direction[i] === directionOutbound ? -1 : 1;
    return timeMillis[i] - timeMillis[k] || this.#observers.compare(observer[a], observer[b]);
  }

  /** A number of 64 bits for a conversation, which depends on nothing but the tuples of its group. */
  #numberOf(row: number, startMillis: number, key: number): [number, number] {
    const { source, destination, sourcePort, destinationPort, protocol } = this.#pool.columns;
    let high = 0x243f6a88;
    let low = 0x85a308d3;
    const add = (word: number): void => {
      high = mix(high ^ word);
      low = mix(Math.imul(low, 0x9e3779b1) ^ word ^ high);
    };
    for (let word = 0; word < 4; word++) add(source[4 * row + word]);
    for (let word = 0; word < 4; word++) add(destination[4 * row + word]);
    add((sourcePort[row] << 16) | destinationPort[row]);
    add(protocol[row]);
    add(Math.floor(startMillis / 2 ** 32));
    add(startMillis % 2 ** 32);
    add(key);
    add(this.#apart);
    return [high >>> 0, low >>> 0];
  }
}
