/** Rows of the table `flows` on their way into a data file, as columns with room to grow. NaN stands for null in columns of doubles. */
import { limits } from '../../base/limits.ts';
import type { StageTables } from '../tuples/staged-rows.ts';
import { GroupColumns } from './group-columns.ts';
import { batchMax, batchReportsMax } from './settle-kernel-layout.ts';
import type { ColumnMemory, MakeColumns, TypedArray } from './typed-columns.ts';
import { copyColumns, inOneMemory } from './typed-columns.ts';

/** Of `conversationFamily`: whether the conversation has a number. */
export const noNumber = 4;
export const hasNumber = 6;

/** Codes of `observerAccess` besides those of flowlog/tuple.ts: the same as the conversation's. */
export const accessSame = 2;

function makeRows(rows: number, memory: ColumnMemory) {
  return {
    /** The conversation's: first and last time, epoch milliseconds. */
    timeMillis: memory.doubles(rows),
    lastTimeMillis: memory.doubles(rows),
    /** As in TupleColumns. */
    family: memory.bytes(rows),
    source: memory.words(4 * rows),
    destination: memory.words(4 * rows),
    sourcePort: memory.shorts(rows),
    destinationPort: memory.shorts(rows),
    protocol: memory.bytes(rows),
    access: memory.bytes(rows),
    packetsForward: memory.doubles(rows),
    bytesForward: memory.doubles(rows),
    packetsReverse: memory.doubles(rows),
    bytesReverse: memory.doubles(rows),
    continued: memory.bytes(rows),
    tuples: memory.doubles(rows),
    observer: memory.doubles(rows),
    observers: memory.doubles(rows),
    direction: memory.bytes(rows),
    state: memory.bytes(rows),
    encryption: memory.bytes(rows),
    /** Behind the last report of the row, in `reports` and in `countingReports`. */
    reportsEnd: memory.words(rows),
    countingReportsEnd: memory.words(rows),
    /** A number of `tables`. */
    group: memory.words(rows),
    recordTimeMillis: memory.doubles(rows),
    recordOffset: memory.doubles(rows),
    tupleIndex: memory.integers(rows),
    groupBeforeMillis: memory.doubles(rows),
    groupAfterMillis: memory.doubles(rows),
  };
}

/** What rows have where their conversation has several observers. */
function makeOwn(rows: number, memory: ColumnMemory) {
  return {
    /** The first two of four words are the conversation's number, where `conversationFamily` is 6. */
    conversation: memory.words(4 * rows),
    conversationFamily: memory.bytes(rows),
    observerTimeMillis: memory.doubles(rows),
    observerLastTimeMillis: memory.doubles(rows),
    observerAccess: memory.bytes(rows),
    observerTuples: memory.doubles(rows),
    observerPacketsForward: memory.doubles(rows),
    observerBytesForward: memory.doubles(rows),
    observerPacketsReverse: memory.doubles(rows),
    observerBytesReverse: memory.doubles(rows),
  };
}

function makeReports(rows: number, memory: ColumnMemory) {
  return {
    /** The time of the flow's tuple before. */
    beforeMillis: memory.doubles(rows),
    timeMillis: memory.doubles(rows),
    packetsForward: memory.doubles(rows),
    bytesForward: memory.doubles(rows),
    packetsReverse: memory.doubles(rows),
    bytesReverse: memory.doubles(rows),
  };
}

export type FlowColumns = ReturnType<typeof makeRows>;
export type OwnColumns = ReturnType<typeof makeOwn>;
export type ReportColumns = ReturnType<typeof makeReports>;

/**
 * Room for rows at first; then for those of a row group, and those that are added before it is written. Columns of so many are more than 32 MiB together:
 * such memory is not filled with zeros, and only pages that are written to cost something, which is much.
 */
const firstRoom = 1024;
/** Late minutes have mostly less: memory of this size is used again by who follows. */
const smallRoom = 16_384;
const usualRoom = limits.rowGroupRows + 40_000;

/** Columns of one length that grow together. */
export class GrowingColumns<C extends FlowColumns | OwnColumns | ReportColumns> {
  count = 0;
  columns: C;
  /** Rows that there is room for. */
  room = firstRoom;
  readonly #make: MakeColumns<C>;

  constructor(make: MakeColumns<C>) {
    this.#make = make;
    this.columns = inOneMemory((memory) => make(firstRoom, memory));
  }

  /** Adds rows `start` to before `end` of columns with room for `room` rows. */
  take(columns: C, room: number, start: number, end: number): void {
    const count = end - start;
    if (this.count + count > this.room) {
      const larger = Math.ceil(1.5 * (this.count + count));
      this.moveTo(
        inOneMemory((memory) => this.#make(larger, memory)),
        larger,
      );
    }
    copyColumns(columns, room, count, this.columns, this.count, start);
    this.count += count;
  }

  /** Goes on with other columns, which have more room. */
  moveTo(columns: C, room: number): void {
    copyColumns(this.columns, this.room, this.count, columns);
    this.columns = columns;
    this.room = room;
  }
}

export class StagedFlows {
  tables: StageTables;
  /** Of the rows so far, and of the row that comes next. */
  readonly reports = new GrowingColumns(makeReports);
  readonly countingReports = new GrowingColumns(makeReports);
  readonly #rows = new GrowingColumns(makeRows);
  /** As many as there are rows, or none where no row has a value. */
  readonly #own = new GrowingColumns(makeOwn);

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
    return this.#own.count === 0 ? undefined : this.#own.columns;
  }

  /** Adds rows `start` to before `end` of a batch, with their reports. */
  take(batch: FlowBatch, start: number, end: number): void {
    const first = this.count;
    const { columns, own, reports, countingReports } = batch;
    this.#reserve(end - start);
    if (this.#own.count > 0 || haveOwn(columns.observers, start, end)) {
      this.#addNulls();
      this.#own.take(own, batchMax, start, end);
    }
    this.#rows.take(columns, batchMax, start, end);
    const { reportsEnd, countingReportsEnd } = this.columns;
    takeReports(this.reports, reports, columns.reportsEnd, start, end, reportsEnd, first);
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
    this.#reserve(from.count);
    if (this.#own.count > 0 || from.#own.count > 0) {
      this.#addNulls();
      from.#addNulls();
      this.#own.take(from.#own.columns, from.#own.room, 0, from.count);
    }
    this.#rows.take(from.columns, from.room, 0, from.count);
    this.reports.take(from.reports.columns, from.reports.room, 0, from.reports.count);
    const { columns, room, count } = from.countingReports;
    this.countingReports.take(columns, room, 0, count);
    const { reportsEnd, countingReportsEnd } = this.columns;
    for (let row = first; row < this.count; row++) {
      reportsEnd[row] += reportsBefore;
      countingReportsEnd[row] += countingBefore;
    }
  }

  /** Where there may be no room for so many more rows and their reports, all columns go to one larger memory. */
  #reserve(more: number): void {
    const rows = this.#rows;
    const needed = rows.count + more;
    if (needed <= rows.room || rows.room >= usualRoom) return;
    const room = needed <= smallRoom ? smallRoom : usualRoom;
    const large = inOneMemory((memory) => ({
      rows: makeRows(room, memory),
      own: makeOwn(room, memory),
      reports: makeReports(room, memory),
      countingReports: makeReports(room, memory),
    }));
    rows.moveTo(large.rows, room);
    this.#own.moveTo(large.own, room);
    if (this.reports.room < room) this.reports.moveTo(large.reports, room);
    if (this.countingReports.room < room) this.countingReports.moveTo(large.countingReports, room);
  }

  /** Says of the rows so far that they have no own values, where that was not said. */
  #addNulls(): void {
    const missing = this.count - this.#own.count;
    const { columns, room } = nullsOf(missing);
    this.#own.take(columns, room, 0, missing);
  }

  /** Forgets the rows; the room stays. */
  clear(): void {
    this.#rows.count = 0;
    this.#own.count = 0;
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
        ...(this.own === undefined ? nullsOf(end - start).columns : viewsOf(this.own, start, end, this.#own.room)),
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

/** Whether one of these rows is of a conversation of several observers. */
function haveOwn(observers: Float64Array, start: number, end: number): boolean {
  for (let row = start; row < end; row++) if (observers[row] > 1) return true;
  return false;
}

let nulls: { readonly columns: OwnColumns; readonly room: number } | undefined;

/** Own values of at least so many rows that have none: one column stands for all of a kind. */
function nullsOf(rows: number): { readonly columns: OwnColumns; readonly room: number } {
  if (nulls !== undefined && nulls.room >= rows) return nulls;
  const room = rows <= firstRoom ? firstRoom : Math.max(rows, usualRoom);
  const columns = inOneMemory((memory) => {
    const doubles = memory.doubles(room).fill(Number.NaN);
    return {
      conversation: memory.words(4 * room),
      conversationFamily: memory.bytes(room).fill(noNumber),
      observerTimeMillis: doubles,
      observerLastTimeMillis: doubles,
      observerAccess: memory.bytes(room).fill(accessSame),
      observerTuples: doubles,
      observerPacketsForward: doubles,
      observerBytesForward: doubles,
      observerPacketsReverse: doubles,
      observerBytesReverse: doubles,
    };
  });
  return (nulls = { columns, room });
}

function listsOf(reports: GrowingColumns<ReportColumns>, ends: Uint32Array, start: number, end: number): ListSlice {
  const first = start === 0 ? 0 : ends[start - 1];
  const last = end === start ? first : ends[end - 1];
  const columns = viewsOf(reports.columns, first, last, reports.room);
  return { columns, ends: ends.slice(start, end).map((one) => one - first) };
}
