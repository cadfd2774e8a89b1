/** Rows of the table `flows` on their way into a data file, as columns with room to grow. NaN stands for null in columns of doubles. */
import { limits } from '../../base/limits.ts';
import type { StageTables } from '../staged-rows.ts';

/** Codes of `observerAccess` besides those of flowlog/tuple.ts: the same as the conversation's. */
export const accessSame = 2;

const columnKinds = {
  /** The conversation's: first and last time, epoch milliseconds. */
  timeMillis: [Float64Array, 1],
  lastTimeMillis: [Float64Array, 1],
  /** As in TupleColumns. */
  family: [Uint8Array, 1],
  source: [Uint32Array, 4],
  destination: [Uint32Array, 4],
  sourcePort: [Uint16Array, 1],
  destinationPort: [Uint16Array, 1],
  protocol: [Uint8Array, 1],
  access: [Uint8Array, 1],
  packetsForward: [Float64Array, 1],
  bytesForward: [Float64Array, 1],
  packetsReverse: [Float64Array, 1],
  bytesReverse: [Float64Array, 1],
  continued: [Uint8Array, 1],
  tuples: [Float64Array, 1],
  observer: [Float64Array, 1],
  observers: [Float64Array, 1],
  /** The first two of four words are the conversation's number, where `conversationFamily` is 6. */
  conversation: [Uint32Array, 4],
  conversationFamily: [Uint8Array, 1],
  direction: [Uint8Array, 1],
  state: [Uint8Array, 1],
  encryption: [Uint8Array, 1],
  /** The observer's own values, where there are several observers. */
  observerTimeMillis: [Float64Array, 1],
  observerLastTimeMillis: [Float64Array, 1],
  observerAccess: [Uint8Array, 1],
  observerTuples: [Float64Array, 1],
  observerPacketsForward: [Float64Array, 1],
  observerBytesForward: [Float64Array, 1],
  observerPacketsReverse: [Float64Array, 1],
  observerBytesReverse: [Float64Array, 1],
  /** Behind the last report of the row, in `reports` and in `countingReports`. */
  reportsEnd: [Uint32Array, 1],
  countingReportsEnd: [Uint32Array, 1],
  /** A number of `tables`. */
  group: [Uint32Array, 1],
  recordTimeMillis: [Float64Array, 1],
  recordOffset: [Float64Array, 1],
  tupleIndex: [Int32Array, 1],
  groupBeforeMillis: [Float64Array, 1],
  groupAfterMillis: [Float64Array, 1],
} as const;

const reportKinds = {
  /** The time of the flow's tuple before. */
  beforeMillis: [Float64Array, 1],
  timeMillis: [Float64Array, 1],
  packetsForward: [Float64Array, 1],
  bytesForward: [Float64Array, 1],
  packetsReverse: [Float64Array, 1],
  bytesReverse: [Float64Array, 1],
} as const;

type Kinds = Readonly<Record<string, readonly [new (length: number) => TypedArray, number]>>;
type TypedArray = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;
type ColumnsOf<K extends Kinds> = { [Name in keyof K]: InstanceType<K[Name][0]> };

/** Rows of a row group, and those that are added before it is written. */
const usualRoom = limits.rowGroupRows + 40_000;

/** Columns of one length that grow together. */
class Columns<K extends Kinds> {
  count = 0;
  readonly columns: ColumnsOf<K>;
  readonly #kinds: K;
  #room = 0;

  constructor(kinds: K) {
    this.#kinds = kinds;
    // Filled by `reserve`.
    this.columns = {} as ColumnsOf<K>;
    this.reserve(1);
  }

  reserve(more: number): void {
    if (this.count + more <= this.#room) return;
    const next = this.#room < usualRoom ? Math.min(Math.max(1024, 4 * this.#room), usualRoom) : 1.5 * this.#room;
    this.#room = Math.max(this.count + more, Math.ceil(next));
    for (const [name, [kind, width]] of Object.entries(this.#kinds)) {
      const from = (this.columns as Record<string, TypedArray | undefined>)[name];
      // Shared, so that another thread encodes them where they are.
      const bytes = (kind as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
      const buffer = new SharedArrayBuffer(this.#room * width * bytes);
      const grown = new (kind as unknown as new (buffer: SharedArrayBuffer) => TypedArray)(buffer);
      if (from !== undefined) grown.set(from);
      (this.columns as Record<string, TypedArray>)[name] = grown;
    }
  }

  append(from: Columns<K>): void {
    this.reserve(from.count);
    for (const [name, [, width]] of Object.entries(this.#kinds)) {
      const column: TypedArray = this.columns[name];
      column.set(from.columns[name].subarray(0, width * from.count), width * this.count);
    }
    this.count += from.count;
  }
}

export type FlowColumns = ColumnsOf<typeof columnKinds>;
export type ReportColumns = ColumnsOf<typeof reportKinds>;

export class StagedFlows {
  readonly tables: StageTables;
  readonly #rows = new Columns(columnKinds);
  readonly #reports = new Columns(reportKinds);
  readonly #countingReports = new Columns(reportKinds);

  constructor(tables: StageTables) {
    this.tables = tables;
  }

  get count(): number {
    return this.#rows.count;
  }

  get columns(): FlowColumns {
    return this.#rows.columns;
  }

  get reports(): ReportColumns {
    return this.#reports.columns;
  }

  get countingReports(): ReportColumns {
    return this.#countingReports.columns;
  }

  /** Adds a row, whose columns the caller fills, behind the reports that were added for it. @returns its number */
  addRow(): number {
    const rows = this.#rows;
    rows.reserve(1);
    rows.columns.reportsEnd[rows.count] = this.#reports.count;
    rows.columns.countingReportsEnd[rows.count] = this.#countingReports.count;
    return rows.count++;
  }

  /** Adds a report to the row that comes next. @returns its number in `reports` */
  addReport(): number {
    this.#reports.reserve(1);
    return this.#reports.count++;
  }

  /** The same for `countingReports`. */
  addCountingReport(): number {
    this.#countingReports.reserve(1);
    return this.#countingReports.count++;
  }

  /** Adds all rows of others, of the same tables. */
  append(from: StagedFlows): void {
    const [first, reports, counting] = [this.count, this.#reports.count, this.#countingReports.count];
    this.#rows.append(from.#rows);
    this.#reports.append(from.#reports);
    this.#countingReports.append(from.#countingReports);
    const { reportsEnd, countingReportsEnd } = this.columns;
    for (let row = first; row < this.count; row++) {
      reportsEnd[row] += reports;
      countingReportsEnd[row] += counting;
    }
  }

  clear(): void {
    this.#rows.count = 0;
    this.#reports.count = 0;
    this.#countingReports.count = 0;
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
    const columns = Object.fromEntries(
      Object.entries(this.columns).map(([name, column]) => {
        const [, width] = columnKinds[name as keyof typeof columnKinds];
        return [name, column.subarray(width * start, width * end)];
      }),
    ) as FlowColumns;
    const reportsOf = (
      all: ReportColumns,
      ends: Uint32Array,
    ): { readonly columns: ReportColumns; readonly ends: Uint32Array } => {
      const first = start === 0 ? 0 : ends[start - 1];
      const last = end === start ? first : ends[end - 1];
      const its = Object.fromEntries(Object.entries(all).map(([name, column]) => [name, column.subarray(first, last)]));
      return { columns: its as ReportColumns, ends: ends.slice(start, end).map((one) => one - first) };
    };
    return {
      count: end - start,
      tables: this.tables,
      columns,
      reports: reportsOf(this.reports, this.columns.reportsEnd),
      countingReports: reportsOf(this.countingReports, this.columns.countingReportsEnd),
    };
  }
}

/** Rows of a row group. */
export interface FlowSlice {
  readonly count: number;
  readonly tables: StageTables;
  readonly columns: FlowColumns;
  readonly reports: { readonly columns: ReportColumns; readonly ends: Uint32Array };
  readonly countingReports: { readonly columns: ReportColumns; readonly ends: Uint32Array };
}
