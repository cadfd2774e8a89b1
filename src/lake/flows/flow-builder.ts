/**
 * Tuples become flows and conversations (definition.ts), in one pass over the tuples of each five-tuple:
 *
 *   tuples of a five-tuple in order ─▶ groups ─▶ flows of each observer ─▶ the nth flows of all observers are one conversation ─▶ a row an observer
 *
 * A group that may still grow stays in the pool with its tuples; the next pass begins with it.
 */
import { limits } from '../../base/limits.ts';
import { addCounters } from '../../flowlog/counter.ts';
import { directionOutbound } from '../../flowlog/tuple.ts';
import type { StageTables } from '../staged-rows.ts';
import { groupTexts } from '../staged-rows.ts';
import { closedCoverMillis, openCoverMillis, opensFlow, staysOpen } from './definition.ts';
import type { FiveTuples } from './five-tuples.ts';
import { groupByFiveTuple, mix } from './five-tuples.ts';
import type { StagedFlows } from './staged-flows.ts';
import { accessSame } from './staged-flows.ts';
import type { TuplePool } from './tuple-pool.ts';

/** Says where the rows of a conversation go. Its group covers from `startMillis` until `endMillis`, both included. */
export type Place = (startMillis: number, endMillis: number, access: number) => StagedFlows;

/** A flow of the group that is being built. */
interface Flow {
  readonly observer: number;
  readonly access: number;
  /** Whether it began on an earlier date. */
  readonly isContinued: boolean;
  /** Its tuples: numbers of rows of the pool, in order. */
  readonly rows: number[];
  isOpen: boolean;
  /** Among the open flows of the group, in order of their last tuples. */
  before: Flow | undefined;
  after: Flow | undefined;
}

/** Flows of several observers, or one. */
interface Conversation {
  readonly some: Flow[];
  readonly isContinued: boolean;
  readonly nth: number;
}

/** Rows after which `build` pauses, so that they can be written. */
const rowsTogether = 32_768;

export class FlowBuilder {
  readonly #pool: TuplePool;
  readonly #dateStart: number;
  readonly #place: Place;
  /** Distinguishes conversations of tuples that came after their date was frozen. 0: none of these. */
  readonly #apart: number;
  #observers: Observers;
  #built = 0;

  /** Rows of one date, which begins at `dateStart`. */
  constructor(pool: TuplePool, dateStart: number, place: Place, apart = 0) {
    this.#pool = pool;
    this.#dateStart = dateStart;
    this.#place = place;
    this.#apart = apart;
    this.#observers = new Observers(pool.tables);
  }

  /**
   * Builds all groups that end before `boundMillis`, where all tuples of earlier times are in the pool; Infinity, all. Their tuples leave the pool. Pauses
   * now and then: what was placed may be taken away.
   */
  *build(boundMillis: number): Generator<void> {
    const pool = this.#pool;
    const fives = groupByFiveTuple(pool);
    const kept = new Uint8Array(pool.count);
    for (let five = 0; five < fives.count; five++) {
      this.#buildFive(sortedRows(pool, fives, five), boundMillis, kept);
      if (this.#built < rowsTogether) continue;
      this.#built = 0;
      yield;
    }
    const rows = new Uint32Array(kept.reduce((sum, one) => sum + one, 0));
    for (let row = 0, n = 0; row < pool.count; row++) if (kept[row] === 1) rows[n++] = row;
    pool.keep(rows);
  }

  /** To be called when the pool renumbered its groups. */
  forgetGroups(): void {
    this.#observers = new Observers(this.#pool.tables);
  }

  #buildFive(rows: Uint32Array, boundMillis: number, kept: Uint8Array): void {
    const { timeMillis } = this.#pool.columns;
    let start = 0;
    let group = new Group(this.#pool, this.#observers, this.#dateStart);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      if (timeMillis[row] >= boundMillis) break;
      if (group.flows.length > 0 && timeMillis[row] > group.coveredUntil) {
        this.#emit(group);
        group = new Group(this.#pool, this.#observers, this.#dateStart);
        start = i;
      }
      group.add(row);
    }
    if (group.flows.length > 0 && group.coveredUntil < boundMillis) {
      this.#emit(group);
      start += group.tuples;
    }
    for (let i = start; i < rows.length; i++) kept[rows[i]] = 1;
  }

  #emit(group: Group): void {
    const { flows } = group;
    if (flows.length === 1) this.#emitConversation(group, flows, flows[0].isContinued, 0);
    else
      for (const { some, isContinued, nth } of this.#conversationsOf(group))
        this.#emitConversation(group, some, isContinued, nth);
  }

  /** The nth flows of all observers are one conversation; flows that continue from the date before are numbered apart. */
  #conversationsOf({ flows }: Group): Iterable<Conversation> {
    const { timeMillis } = this.#pool.columns;
    const conversations = new Map<number, Conversation>();
    const next = new Map<number, number>();
    const first = new Map<number, Flow>();
    for (const flow of flows) if (!first.has(flow.observer)) first.set(flow.observer, flow);
    const continuing = new Set(
      [...first.values()].filter(({ isContinued }) => isContinued).map(({ observer }) => observer),
    );
    for (const flow of flows) {
      const isEarly = timeMillis[flow.rows[0]] < this.#dateStart + closedCoverMillis;
      const othersContinue = continuing.size > (continuing.has(flow.observer) ? 1 : 0);
      const continued = flow.isContinued || (isEarly && othersContinue) ? 1 : 0;
      const counter = 2 * flow.observer + continued;
      const nth = next.get(counter) ?? 0;
      next.set(counter, nth + 1);
      const key = 2 * nth + continued;
      const conversation = conversations.get(key);
      if (conversation === undefined) conversations.set(key, { some: [flow], isContinued: continued === 1, nth });
      else conversation.some.push(flow);
    }
    return conversations.values();
  }

  #emitConversation(
    { startMillis, coveredUntil }: Group,
    flows: readonly Flow[],
    isContinued: boolean,
    nth: number,
  ): void {
    const { columns } = this.#pool;
    const { timeMillis } = columns;
    const several = flows.length > 1;
    const sums = flows.map(({ rows }) => this.#sumsOf(rows));
    const order = flows.map((_, i) => i);
    let counting = 0;
    if (several) {
      const byCounting = (a: number, b: number): number => this.#byCounting(flows[a], sums[a], flows[b], sums[b]);
      order.sort(byCounting);
      counting = order[0];
      // Sorting keeps the order of equal ones.
      order.sort((a, b) => flows[b].access - flows[a].access);
    }
    let first = Infinity;
    let last = -Infinity;
    let tuples = 0;
    for (const { rows } of flows) {
      first = Math.min(first, timeMillis[rows[0]]);
      last = Math.max(last, timeMillis[rows.at(-1)!]);
      tuples += rows.length;
    }
    const { access } = flows[order[0]];
    const to = this.#place(startMillis, coveredUntil, access);
    const number = several ? this.#numberOf(flows[0].rows[0], startMillis, isContinued, nth) : undefined;
    for (let observer = 0; observer < order.length; observer++) {
      const flow = flows[order[observer]];
      const own = sums[order[observer]];
      const { rows } = flow;
      this.#addReports(to, rows, own.reports);
      if (observer === 0 && order[0] !== counting) this.#addCountingReports(to, flows[counting].rows);
      const row = to.addRow();
      const from = rows[0];
      const its = to.columns;
      its.timeMillis[row] = first;
      its.lastTimeMillis[row] = last;
      its.family[row] = columns.family[from];
      for (let word = 0; word < 4; word++) {
        its.source[4 * row + word] = columns.source[4 * from + word];
        its.destination[4 * row + word] = columns.destination[4 * from + word];
        its.conversation[4 * row + word] = 0;
      }
      its.sourcePort[row] = columns.sourcePort[from];
      its.destinationPort[row] = columns.destinationPort[from];
      its.protocol[row] = columns.protocol[from];
      its.access[row] = access;
      const counted = sums[counting];
      its.packetsForward[row] = counted.packetsForward;
      its.bytesForward[row] = counted.bytesForward;
      its.packetsReverse[row] = counted.packetsReverse;
      its.bytesReverse[row] = counted.bytesReverse;
      its.continued[row] = isContinued ? 1 : 0;
      its.tuples[row] = tuples;
      its.observer[row] = observer;
      its.observers[row] = flows.length;
      its.conversationFamily[row] = number === undefined ? 4 : 6;
      if (number !== undefined) its.conversation.set(number, 4 * row);
      its.direction[row] = columns.direction[from];
      its.state[row] = columns.state[rows.at(-1)!];
      its.encryption[row] = columns.encryption[from];
      its.observerTimeMillis[row] = several ? timeMillis[from] : Number.NaN;
      its.observerLastTimeMillis[row] = several ? timeMillis[rows.at(-1)!] : Number.NaN;
      its.observerAccess[row] = several ? flow.access : accessSame;
      its.observerTuples[row] = several ? rows.length : Number.NaN;
      its.observerPacketsForward[row] = several ? own.packetsForward : Number.NaN;
      its.observerBytesForward[row] = several ? own.bytesForward : Number.NaN;
      its.observerPacketsReverse[row] = several ? own.packetsReverse : Number.NaN;
      its.observerBytesReverse[row] = several ? own.bytesReverse : Number.NaN;
      its.group[row] = columns.group[from];
      its.recordTimeMillis[row] = own.recordTimeMillis;
      its.recordOffset[row] = this.#pool.tables.recordOffset[columns.record[from]];
      its.tupleIndex[row] = columns.tupleIndex[from];
      its.groupBeforeMillis[row] = first - startMillis;
      its.groupAfterMillis[row] = coveredUntil - last;
    }
    this.#built += flows.length;
  }

  #sumsOf(rows: readonly number[]): Sums {
    const { columns, tables } = this.#pool;
    const { packetsForward, bytesForward, packetsReverse, bytesReverse, record } = columns;
    const sums: Sums = {
      packetsForward: Number.NaN,
      bytesForward: Number.NaN,
      packetsReverse: Number.NaN,
      bytesReverse: Number.NaN,
      reports: 0,
      recordTimeMillis: Number.NaN,
    };
    for (const row of rows) {
      if (isCounted(columns, row)) {
        sums.reports++;
        sums.packetsForward = addCounters(sums.packetsForward, packetsForward[row]);
        sums.bytesForward = addCounters(sums.bytesForward, bytesForward[row]);
        sums.packetsReverse = addCounters(sums.packetsReverse, packetsReverse[row]);
        sums.bytesReverse = addCounters(sums.bytesReverse, bytesReverse[row]);
      }
      const recorded = tables.recordTimeMillis[record[row]];
      if (!(recorded >= sums.recordTimeMillis) && !Number.isNaN(recorded)) sums.recordTimeMillis = recorded;
    }
    return sums;
  }

  /** The reports of a row; none where the only one goes from its first to its last time. */
  #addReports(to: StagedFlows, rows: readonly number[], count: number): void {
    if (count === 0) return;
    const { columns } = this.#pool;
    const [only] = reportsOf(this.#pool, rows, count);
    const isWhole =
      only.beforeMillis === columns.timeMillis[rows[0]] && only.timeMillis === columns.timeMillis[rows.at(-1)!];
    if (count === 1 && isWhole) return;
    for (const report of reportsOf(this.#pool, rows, count)) {
      const at = to.addReport();
      for (const [name, column] of Object.entries(to.reports)) column[at] = report[name as keyof Report];
    }
  }

  #addCountingReports(to: StagedFlows, rows: readonly number[]): void {
    const { columns } = this.#pool;
    const count = rows.reduce((sum, row) => sum + (isCounted(columns, row) ? 1 : 0), 0);
    for (const report of reportsOf(this.#pool, rows, count)) {
      const at = to.addCountingReport();
      for (const [name, column] of Object.entries(to.countingReports)) column[at] = report[name as keyof Report];
    }
  }

  /** Counted before uncounted, outbound before inbound, the earlier, then by resource, MAC and format. */
  #byCounting(a: Flow, ofA: Sums, b: Flow, ofB: Sums): number {
    const { columns } = this.#pool;
    const counted = Math.min(1, ofB.reports) - Math.min(1, ofA.reports);
    if (counted !== 0) return counted;
    const i = a.rows[0];
    const k = b.rows[0];
    if (columns.direction[i] !== columns.direction[k]) return columns.direction[i] === directionOutbound ? -1 : 1;
    return columns.timeMillis[i] - columns.timeMillis[k] || this.#observers.compare(a.observer, b.observer);
  }

  /** A number of 64 bits for a conversation, which depends on nothing but the tuples of its group. */
  #numberOf(row: number, startMillis: number, isContinued: boolean, nth: number): [number, number] {
    const { source, destination, sourcePort, destinationPort, protocol } = this.#pool.columns;
    const words = [
      ...source.subarray(4 * row, 4 * row + 4),
      ...destination.subarray(4 * row, 4 * row + 4),
      (sourcePort[row] << 16) | destinationPort[row],
      protocol[row],
      Math.floor(startMillis / 2 ** 32),
      startMillis % 2 ** 32,
      2 * nth + (isContinued ? 1 : 0),
      this.#apart,
    ];
    let high = 0x243f6a88;
    let low = 0x85a308d3;
    for (const word of words) {
      high = mix(high ^ word);
      low = mix(Math.imul(low, 0x9e3779b1) ^ word ^ high);
    }
    return [high >>> 0, low >>> 0];
  }
}

interface Sums {
  packetsForward: number;
  bytesForward: number;
  packetsReverse: number;
  bytesReverse: number;
  /** Tuples with counters. */
  reports: number;
  recordTimeMillis: number;
}

interface Report {
  beforeMillis: number;
  timeMillis: number;
  packetsForward: number;
  bytesForward: number;
  packetsReverse: number;
  bytesReverse: number;
}

type PoolColumns = TuplePool['columns'];

function isCounted({ packetsForward, bytesForward, packetsReverse, bytesReverse }: PoolColumns, row: number): boolean {
  return !(
    Number.isNaN(packetsForward[row]) &&
    Number.isNaN(bytesForward[row]) &&
    Number.isNaN(packetsReverse[row]) &&
    Number.isNaN(bytesReverse[row])
  );
}

/** The reports of a flow of `count`, in order. Where they are more than a row may have, as many as needed that follow each other are joined. */
function* reportsOf({ columns }: TuplePool, rows: readonly number[], count: number): Generator<Report> {
  const joined = Math.ceil(count / limits.flowReportsMax);
  let report: Report | undefined;
  let parts = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (!isCounted(columns, row)) continue;
    const time = columns.timeMillis[row];
    const before = opensFlow(columns.state[row]) ? time : i === 0 ? Number.NaN : columns.timeMillis[rows[i - 1]];
    report = {
      beforeMillis: report === undefined ? before : report.beforeMillis,
      timeMillis: time,
      packetsForward: addCounters(report?.packetsForward ?? Number.NaN, columns.packetsForward[row]),
      bytesForward: addCounters(report?.bytesForward ?? Number.NaN, columns.bytesForward[row]),
      packetsReverse: addCounters(report?.packetsReverse ?? Number.NaN, columns.packetsReverse[row]),
      bytesReverse: addCounters(report?.bytesReverse ?? Number.NaN, columns.bytesReverse[row]),
    };
    if (++parts < joined) continue;
    yield report;
    report = undefined;
    parts = 0;
  }
  if (report !== undefined) yield report;
}

/** Tuples of one five-tuple that follow each other without a gap. */
class Group {
  readonly flows: Flow[] = [];
  startMillis = Infinity;
  tuples = 0;
  readonly #pool: TuplePool;
  readonly #observers: Observers;
  readonly #dateStart: number;
  /** By observer and access, the last of its flows. */
  readonly #last = new Map<number, Flow>();
  /** Of the flows of which more is to be expected, the one whose last tuple is the latest. */
  #latestOpen: Flow | undefined;
  #lastClosedMillis = -Infinity;

  constructor(pool: TuplePool, observers: Observers, dateStart: number) {
    this.#pool = pool;
    this.#observers = observers;
    this.#dateStart = dateStart;
  }

  /** Until when a tuple still belongs to the group. */
  get coveredUntil(): number {
    const closed = this.#lastClosedMillis + closedCoverMillis;
    if (this.#latestOpen === undefined) return closed;
    const last = this.#pool.columns.timeMillis[this.#latestOpen.rows.at(-1)!];
    return Math.max(closed, last + openCoverMillis);
  }

  /** Adds the tuple that comes next. */
  add(row: number): void {
    const { columns } = this.#pool;
    const time = columns.timeMillis[row];
    const state = columns.state[row];
    const access = columns.access[row];
    const observer = this.#observers.numberOf(columns.group[row], columns.direction[row]);
    const key = 2 * observer + access;
    if (this.tuples++ === 0) this.startMillis = time;
    const opens = opensFlow(state);
    let flow = opens ? undefined : this.#last.get(key);
    if (flow === undefined) {
      const isContinued = !opens && time < this.#dateStart + openCoverMillis;
      flow = { observer, access, isContinued, rows: [], isOpen: false, before: undefined, after: undefined };
      this.flows.push(flow);
      this.#last.set(key, flow);
    }
    flow.rows.push(row);
    if (flow.isOpen) this.#unlink(flow);
    flow.isOpen = staysOpen(state);
    if (flow.isOpen) {
      flow.before = this.#latestOpen;
      if (this.#latestOpen !== undefined) this.#latestOpen.after = flow;
      this.#latestOpen = flow;
    } else this.#lastClosedMillis = time;
  }

  #unlink(flow: Flow): void {
    if (flow.before !== undefined) flow.before.after = flow.after;
    if (flow.after !== undefined) flow.after.before = flow.before;
    if (this.#latestOpen === flow) this.#latestOpen = flow.before;
    flow.before = undefined;
    flow.after = undefined;
  }
}

/** What observes: a log's view of a NIC, in one direction; numbers of these, and their order. */
class Observers {
  readonly #tables: StageTables;
  readonly #texts: (readonly string[])[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #byGroup: number[] = [];

  constructor(tables: StageTables) {
    this.#tables = tables;
  }

  /** Of the observer of tuples of this group of texts and direction. */
  numberOf(group: number, direction: number): number {
    let known = this.#byGroup[group];
    if (known === undefined) {
      const texts = observerTexts.map((which) => this.#tables.groups[group][which]);
      const key = JSON.stringify(texts);
      known = this.#numbers.get(key) ?? this.#texts.push(texts) - 1;
      this.#numbers.set(key, known);
      this.#byGroup[group] = known;
    }
    return 2 * known + direction;
  }

  /** By resource, MAC and format; of one direction. */
  compare(a: number, b: number): number {
    const left = this.#texts[a >> 1];
    const right = this.#texts[b >> 1];
    const i = left.findIndex((text, at) => text !== right[at]);
    return i < 0 ? 0 : compareTexts(left[i], right[i]);
  }
}

const observerTexts = (['resource_id', 'mac', 'format'] as const).map((name) => groupTexts.indexOf(name));
const blobText = groupTexts.indexOf('blob');

/** In order of their bytes; '', which is null, is last. */
function compareTexts(a: string, b: string): number {
  if (a === '' || b === '') return a === b ? 0 : a === '' ? 1 : -1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The rows of a five-tuple in order of time, the record's second, its place in the blob, the tuple's in the record, and the blob's name. */
function sortedRows(pool: TuplePool, { starts, rows }: FiveTuples, five: number): Uint32Array {
  const its = rows.subarray(starts[five], starts[five + 1]);
  for (let i = 1; i < its.length; i++)
    if (compareTuples(pool, its[i - 1], its[i]) > 0) return its.sort((a, b) => compareTuples(pool, a, b));
  return its;
}

function compareTuples({ columns, tables }: TuplePool, a: number, b: number): number {
  const times = columns.timeMillis[a] - columns.timeMillis[b];
  if (times !== 0) return times;
  const { record, group, tupleIndex } = columns;
  return (
    secondOf(tables, record[a]) - secondOf(tables, record[b]) ||
    tables.recordOffset[record[a]] - tables.recordOffset[record[b]] ||
    tupleIndex[a] - tupleIndex[b] ||
    compareTexts(tables.groups[group[a]][blobText], tables.groups[group[b]][blobText])
  );
}

/** Of a record that says no time, before all others. */
function secondOf({ recordTimeMillis }: StageTables, record: number): number {
  const millis = recordTimeMillis[record];
  return Number.isNaN(millis) ? -1 : Math.floor(millis / 1000);
}
