/** Rows of the table `flows` on their way into a data file, as columns with room to grow. NaN stands for null in columns of doubles. */
import { limits } from '../../base/limits.ts';
import type { StageTables } from '../tuples/staged-rows.ts';
import { GroupColumns } from './group-columns.ts';
import { batchMax, batchReportsMax } from './settle-kernel-layout.ts';
import type { MakeColumns, TypedArray } from './typed-columns.ts';
import { copyColumns, sharedBytes, sharedDoubles, sharedIntegers, sharedShorts, sharedWords } from './typed-columns.ts';

/** Of `conversationFamily`: whether the conversation has a number. */
export const noNumber = 4;
export const hasNumber = 6;

/** Codes of `observerAccess` besides those of flowlog/tuple.ts: the same as the conversation's. */
export const accessSame = 2;

function makeRows(rows: number) {
  return {
    /** The conversation's: first and last time, epoch milliseconds. */
    timeMillis: sharedDoubles(rows),
    lastTimeMillis: sharedDoubles(rows),
    /** As in TupleColumns. */
    family: sharedBytes(rows),
    source: sharedWords(4 * rows),
    destination: sharedWords(4 * rows),
    sourcePort: sharedShorts(rows),
    destinationPort: sharedShorts(rows),
    protocol: sharedBytes(rows),
    access: sharedBytes(rows),
    packetsForward: sharedDoubles(rows),
    bytesForward: sharedDoubles(rows),
    packetsReverse: sharedDoubles(rows),
    bytesReverse: sharedDoubles(rows),
    continued: sharedBytes(rows),
    tuples: sharedDoubles(rows),
    observer: sharedDoubles(rows),
    observers: sharedDoubles(rows),
    direction: sharedBytes(rows),
    state: sharedBytes(rows),
    encryption: sharedBytes(rows),
    /** Behind the last report of the row, in `reports` and in `countingReports`. */
    reportsEnd: sharedWords(rows),
    countingReportsEnd: sharedWords(rows),
    /** A number of `tables`. */
    group: sharedWords(rows),
    recordTimeMillis: sharedDoubles(rows),
    recordOffset: sharedDoubles(rows),
    tupleIndex: sharedIntegers(rows),
    groupBeforeMillis: sharedDoubles(rows),
    groupAfterMillis: sharedDoubles(rows),
  };
}

/** What rows have where their conversation has several observers. */
function makeOwn(rows: number) {
  return {
    /** The first two of four words are the conversation's number, where `conversationFamily` is 6. */
    conversation: sharedWords(4 * rows),
    conversationFamily: sharedBytes(rows),
    observerTimeMillis: sharedDoubles(rows),
    observerLastTimeMillis: sharedDoubles(rows),
    observerAccess: sharedBytes(rows),
    observerTuples: sharedDoubles(rows),
    observerPacketsForward: sharedDoubles(rows),
    observerBytesForward: sharedDoubles(rows),
    observerPacketsReverse: sharedDoubles(rows),
    observerBytesReverse: sharedDoubles(rows),
  };
}

function makeReports(rows: number) {
  return {
    /** The time of the flow's tuple before. */
    beforeMillis: sharedDoubles(rows),
    timeMillis: sharedDoubles(rows),
    packetsForward: sharedDoubles(rows),
    bytesForward: sharedDoubles(rows),
    packetsReverse: sharedDoubles(rows),
    bytesReverse: sharedDoubles(rows),
  };
}

export type FlowColumns = ReturnType<typeof makeRows>;
export type OwnColumns = ReturnType<typeof makeOwn>;
export type ReportColumns = ReturnType<typeof makeReports>;

/** Rows of a row group, and those that are added before it is written. */
const usualRoom = limits.rowGroupRows + 40_000;

/** Columns of one length that grow together. */
export class GrowingColumns<C extends FlowColumns | OwnColumns | ReportColumns> {
  count = 0;
  columns: C;
  /** Rows that there is room for. */
  room = 1024;
  readonly #make: MakeColumns<C>;

  constructor(make: MakeColumns<C>) {
    this.#make = make;
    this.columns = make(this.room);
  }

  /** Adds a row, whose columns the caller fills. @returns its number */
  add(): number {
    if (this.count === this.room) this.#grow();
    return this.count++;
  }

  /** Adds the rows of others. */
  append({ columns, count, room }: GrowingColumns<C>): void {
    this.take(columns, room, 0, count);
  }

  /** Adds rows `start` to before `end` of columns with room for `room` rows. */
  take(columns: C, room: number, start: number, end: number): void {
    const count = end - start;
    while (this.count + count > this.room) this.#grow();
    copyColumns(columns, room, count, this.columns, this.count, start);
    this.count += count;
  }

  #grow(): void {
    const { count, columns, room } = this;
    this.room = room < usualRoom ? Math.min(usualRoom, 4 * room) : Math.ceil(1.5 * room);
    this.columns = this.#make(this.room);
    copyColumns(columns, room, count, this.columns);
  }
}

export class StagedFlows {
  tables: StageTables;
  /** Of the rows so far, and of the row that comes next. */
  readonly reports = new GrowingColumns(makeReports);
  readonly countingReports = new GrowingColumns(makeReports);
  readonly #rows = new GrowingColumns(makeRows);
  /** `undefined` where no row has a value. */
  #own: GrowingColumns<OwnColumns> | undefined;

  constructor(tables: StageTables) {
    this.tables = tables;
  }

  get count(): number {
    return this.#rows.count;
  }

  /** Rows that there is room for. */
  get room(): number {
    return this.#rows.room;
  }

  get columns(): FlowColumns {
    return this.#rows.columns;
  }

  /** The own values of observers; `undefined` where there are none. */
  get own(): OwnColumns | undefined {
    return this.#own?.columns;
  }

  /** Own values of all rows so far, for the caller to fill. */
  ownColumns(): OwnColumns {
    if (this.#own === undefined) {
      this.#own = new GrowingColumns(makeOwn);
      while (this.#own.count < this.count) addNulls(this.#own);
    }
    return this.#own.columns;
  }

  /** Adds rows `start` to before `end` of a batch, with their reports. */
  take(batch: FlowBatch, start: number, end: number): void {
    const first = this.count;
    const { observers } = batch.columns;
    let hasOwn = this.#own !== undefined;
    for (let row = start; !hasOwn && row < end; row++) hasOwn = observers[row] > 1;
    if (hasOwn) {
      this.ownColumns();
      this.#own!.take(batch.own, batchMax, start, end);
    }
    this.#rows.take(batch.columns, batchMax, start, end);
    const { reportsEnd, countingReportsEnd } = this.columns;
    takeReports(this.reports, batch.reports, batch.columns.reportsEnd, start, end, reportsEnd, first);
    const { countingReports, columns } = batch;
    takeReports(
      this.countingReports,
      countingReports,
      columns.countingReportsEnd,
      start,
      end,
      countingReportsEnd,
      first,
    );
  }

  /** Adds all rows of others, of the same tables. */
  append(from: StagedFlows): void {
    const first = this.count;
    const reportsBefore = this.reports.count;
    const countingBefore = this.countingReports.count;
    if (this.#own !== undefined || from.#own !== undefined) {
      this.ownColumns();
      from.ownColumns();
      this.#own!.append(from.#own!);
    }
    this.#rows.append(from.#rows);
    this.reports.append(from.reports);
    this.countingReports.append(from.countingReports);
    const { reportsEnd, countingReportsEnd } = this.columns;
    for (let row = first; row < this.count; row++) {
      reportsEnd[row] += reportsBefore;
      countingReportsEnd[row] += countingBefore;
    }
  }

  /** Forgets the rows; the room stays. */
  clear(): void {
    this.#rows.count = 0;
    if (this.#own !== undefined) this.#own.count = 0;
    this.reports.count = 0;
    this.countingReports.count = 0;
  }

  /** The first row behind `start` that a row group from there on has no room for: so many rows, and as many reports, at the most. */
  groupEnd(start: number, most: number): number {
    const { reportsEnd, countingReportsEnd } = this.columns;
    const first = (ends: Uint32Array): number => (start === 0 ? 0 : ends[start - 1]);
    const reportsMax = first(reportsEnd) + most;
    const countingMax = first(countingReportsEnd) + most;
    let end = Math.min(this.count, start + most);
    while (end > start + 1 && (reportsEnd[end - 1] > reportsMax || countingReportsEnd[end - 1] > countingMax)) end--;
    return end;
  }

  /** Rows `start` to before `end` by themselves: views, with reports that begin at 0. */
  slice(start: number, end: number): FlowSlice {
    const { columns, room } = this;
    return {
      count: end - start,
      columns: {
        ...viewsOf(columns, start, end, room),
        ...(this.#own === undefined ? nullsOf(end - start) : viewsOf(this.#own.columns, start, end, this.#own.room)),
      },
      groups: new GroupColumns(columns.group.subarray(start, end), this.tables),
      reports: listsOf(this.reports, columns.reportsEnd, start, end),
      countingReports: listsOf(this.countingReports, columns.countingReportsEnd, start, end),
    };
  }
}

/** Rows as they come from the kernel, and reports: those of a row end where `reportsEnd` says, and begin where those of the row before end. */
export interface FlowBatch {
  /** What decides the part of each row that was built (settle-kernel-layout.ts). */
  readonly places: { readonly doubles: Float64Array; readonly words: Uint32Array };
  /** By part, the row behind its last one. */
  readonly partEnds: Uint32Array;
  readonly columns: FlowColumns;
  readonly own: OwnColumns;
  readonly reports: ReportColumns;
  readonly countingReports: ReportColumns;
}

/** Adds the reports of rows `start` to before `end`, whose ends stand from row `first` of `to` on. */
function takeReports(
  reports: GrowingColumns<ReportColumns>,
  from: ReportColumns,
  ends: Uint32Array,
  start: number,
  end: number,
  to: Uint32Array,
  first: number,
): void {
  const before = start === 0 ? 0 : ends[start - 1];
  const more = reports.count - before;
  if (end > start) reports.take(from, batchReportsMax, before, ends[end - 1]);
  for (let row = start; row < end; row++) to[first + row - start] = ends[row] + more;
}

/** Rows of a row group. */
export interface FlowSlice {
  readonly count: number;
  readonly columns: FlowColumns & OwnColumns;
  /** The texts of the column `group`. */
  readonly groups: GroupColumns;
  readonly reports: ListSlice;
  readonly countingReports: ListSlice;
}

/** Reports of rows: those of row i end before `ends[i]`. */
export interface ListSlice {
  readonly columns: ReportColumns;
  readonly ends: Uint32Array;
}

function viewsOf<C extends FlowColumns | OwnColumns | ReportColumns>(
  columns: C,
  start: number,
  end: number,
  room: number,
): C {
  const views = Object.entries(columns).map(([name, column]: [string, TypedArray]) => {
    const width = column.length / room;
    return [name, column.subarray(width * start, width * end)];
  });
  return Object.fromEntries(views) as C;
}

/** Adds a row without own values. */
function addNulls(own: GrowingColumns<OwnColumns>): void {
  const row = own.add();
  const its = own.columns;
  its.conversationFamily[row] = noNumber;
  its.observerTimeMillis[row] = Number.NaN;
  its.observerLastTimeMillis[row] = Number.NaN;
  its.observerAccess[row] = accessSame;
  its.observerTuples[row] = Number.NaN;
  its.observerPacketsForward[row] = Number.NaN;
  its.observerBytesForward[row] = Number.NaN;
  its.observerPacketsReverse[row] = Number.NaN;
  its.observerBytesReverse[row] = Number.NaN;
}

/** Own values of so many rows that have none: one column stands for all of a kind. */
function nullsOf(rows: number): OwnColumns {
  if (nulls === undefined || nulls.doubles.length < rows)
    nulls = {
      doubles: sharedDoubles(rows).fill(Number.NaN),
      words: sharedWords(4 * rows),
      families: sharedBytes(rows).fill(noNumber),
      accesses: sharedBytes(rows).fill(accessSame),
    };
  const { doubles, words, families, accesses } = nulls;
  return {
    conversation: words,
    conversationFamily: families,
    observerTimeMillis: doubles,
    observerLastTimeMillis: doubles,
    observerAccess: accesses,
    observerTuples: doubles,
    observerPacketsForward: doubles,
    observerBytesForward: doubles,
    observerPacketsReverse: doubles,
    observerBytesReverse: doubles,
  };
}

let nulls:
  | {
      readonly doubles: Float64Array;
      readonly words: Uint32Array;
      readonly families: Uint8Array;
      readonly accesses: Uint8Array;
    }
  | undefined;

function listsOf(reports: GrowingColumns<ReportColumns>, ends: Uint32Array, start: number, end: number): ListSlice {
  const first = start === 0 ? 0 : ends[start - 1];
  const last = end === start ? first : ends[end - 1];
  const columns = viewsOf(reports.columns, first, last, reports.room);
  return { columns, ends: ends.slice(start, end).map((one) => one - first) };
}
