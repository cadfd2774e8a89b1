import { limits } from '../../base/limits.ts';
import type { TupleColumns } from '../../flowlog/tuple.ts';
import { createTupleColumns } from '../../flowlog/tuple.ts';

/**
 * What staged rows name by number: groups of texts, records. Texts are kept once. All are shared by the rows of one append, whatever
 * their date.
 */
export class StageTables {
  /** By group: its texts in the order of `groupTexts` (stored-columns.ts). */
  readonly groups: (readonly string[])[] = [];
  /** By record. */
  readonly recordTimeMillis: number[] = [];
  readonly recordOffset: number[] = [];
  #textIds = new Map<string, number>();
  #groupIds = new Map<string, number>();

  /** The number of a group with these texts, in the order of `groupTexts`. */
  groupId(texts: readonly string[]): number {
    const key = texts.map((text) => this.#textId(text)).join();
    let id = this.#groupIds.get(key);
    if (id === undefined) {
      id = this.groups.push(texts) - 1;
      this.#groupIds.set(key, id);
    }
    return id;
  }

  recordId(timeMillis: number, offset: number): number {
    this.recordOffset.push(offset);
    return this.recordTimeMillis.push(timeMillis) - 1;
  }

  /** Forgets records; no staged row may be left. */
  forgetRecords(): void {
    this.recordTimeMillis.length = 0;
    this.recordOffset.length = 0;
  }

  /** Entries of the largest table: what memory grows with. */
  get entries(): number {
    return Math.max(this.groups.length, this.recordOffset.length);
  }

  /** Forgets everything; no staged row may be left. */
  clear(): void {
    this.groups.length = 0;
    this.forgetRecords();
    this.#textIds = new Map();
    this.#groupIds = new Map();
  }

  #textId(text: string): number {
    let id = this.#textIds.get(text);
    if (id === undefined) {
      id = this.#textIds.size;
      this.#textIds.set(text, id);
    }
    return id;
  }
}

const roomAtFirst = 64;

/**
 * Rows of one UTC date that become a row group together, as columns. What is the same over many rows stands by run: run i are the rows
 * before `runEnd[i]` behind those of run i - 1.
 */
export class StagedRows {
  count = 0;
  tables: StageTables;
  timeMillis = new Float64Array(roomAtFirst);
  /** As in TupleColumns. */
  family = new Uint8Array(roomAtFirst);
  source = new Uint32Array(4 * roomAtFirst);
  destination = new Uint32Array(4 * roomAtFirst);
  sourcePort = new Uint16Array(roomAtFirst);
  destinationPort = new Uint16Array(roomAtFirst);
  protocol = new Uint8Array(roomAtFirst);
  direction = new Uint8Array(roomAtFirst);
  access = new Uint8Array(roomAtFirst);
  state = new Uint8Array(roomAtFirst);
  encryption = new Uint8Array(roomAtFirst);
  /** NaN: not counted. */
  packetsForward = new Float64Array(roomAtFirst);
  bytesForward = new Float64Array(roomAtFirst);
  packetsReverse = new Float64Array(roomAtFirst);
  bytesReverse = new Float64Array(roomAtFirst);
  /** Which tuple of its record it is. */
  tupleIndex = new Int32Array(roomAtFirst);
  runs = 0;
  runEnd = new Uint32Array(roomAtFirst);
  /** By run, numbers of `tables`. */
  runGroup = new Uint32Array(roomAtFirst);
  runRecord = new Uint32Array(roomAtFirst);

  constructor(tables: StageTables) {
    this.tables = tables;
  }

  /** Makes room for so many rows more, and as many runs. */
  reserve(more: number): void {
    const room = this.timeMillis.length;
    const needed = this.count + more;
    if (needed <= room) return;
    const length = Math.min(Math.max(needed, 2 * room), Math.max(needed, limits.rowGroupRows));
    for (const [name, column] of Object.entries(this)) {
      if (!ArrayBuffer.isView(column)) continue;
      const from = column as Float64Array;
      // Shared, so that another thread encodes them where they are.
      const shared = new SharedArrayBuffer(length * (from.byteLength / room));
      const grown = new (from.constructor as Float64ArrayConstructor)(shared);
      grown.set(from);
      Object.assign(this, { [name]: grown });
    }
  }

  /** Says of the `count` rows behind those of the last run which group and record they are of. */
  addRun(count: number, group: number, record: number): void {
    const { runs } = this;
    const start = runs === 0 ? 0 : this.runEnd[runs - 1];
    const same = runs > 0 && this.runGroup[runs - 1] === group && this.runRecord[runs - 1] === record;
    const run = same ? runs - 1 : this.runs++;
    this.runEnd[run] = start + count;
    this.runGroup[run] = group;
    this.runRecord[run] = record;
  }

  /** Adds rows of others, of the same tables: `from` to before `end`. */
  append(others: StagedRows, from = 0, end = others.count): void {
    const count = end - from;
    this.reserve(count);
    for (const { name, width } of rowArrays)
      this[name].set(others[name].subarray(width * from, width * end), width * this.count);
    for (let run = others.runOf(from), start = from; start < end; run++) {
      const until = Math.min(end, others.runEnd[run]);
      this.addRun(until - start, others.runGroup[run], others.runRecord[run]);
      start = until;
    }
    this.count += count;
  }

  /** Puts what tuples `from` to before `end` say behind the rows, which stay as many: there is room for them. */
  putTuples(tuples: TupleColumns, from: number, end: number): void {
    for (const { name, width } of tupleArrays)
      this[name].set(tuples[name].subarray(width * from, width * end), width * this.count);
  }

  /** The run that a row is in. */
  runOf(row: number): number {
    let low = 0;
    for (let high = this.runs - 1; low < high;) {
      const middle = (low + high) >> 1;
      if (this.runEnd[middle] <= row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forgets the rows; the room stays. */
  clear(): void {
    this.count = 0;
    this.runs = 0;
  }
}

type RowArray = {
  [Name in keyof StagedRows]: StagedRows[Name] extends ArrayBufferView ? Name : never;
}[Exclude<keyof StagedRows, `run${string}`>];
type TupleArray = Extract<RowArray, keyof TupleColumns>;

/** Arrays that have values of each row, and how many: an address has four words. */
const rowArrays = Object.entries(new StagedRows(new StageTables())).flatMap(([name, values]: [string, unknown]) =>
  values instanceof Object && 'length' in values && !name.startsWith('run')
    ? [{ name: name as RowArray, width: Number(values.length) / roomAtFirst }]
    : [],
);
const noTuples = createTupleColumns(0);
/** Those that tuples have, too. */
const tupleArrays = rowArrays.filter((array): array is { name: TupleArray; width: number } => array.name in noTuples);
/** Rows that no stage uses, with their room: making it anew for each commit would take longer than filling it. */
const spareRows: StagedRows[] = [];
const spareRowsMax = 6;

/** Empty rows, which `giveBackRows` takes back: those with the most room. */
export function takeRows(tables: StageTables): StagedRows {
  const rows = spareRows.pop();
  if (rows === undefined) return new StagedRows(tables);
  rows.tables = tables;
  return rows;
}

/** Lets go of rows that no stage uses, but for those with the most room: where memory is needed for other things now. */
export function dropSpareRows(): void {
  spareRows.splice(0, spareRows.length - 1);
}

export function giveBackRows(rows: StagedRows): void {
  rows.clear();
  spareRows.push(rows);
  spareRows.sort((a, b) => a.timeMillis.length - b.timeMillis.length);
  if (spareRows.length > spareRowsMax) spareRows.shift();
}
