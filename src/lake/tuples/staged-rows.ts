import { limits } from '../../base/limits.ts';

/** Texts that the rows of a group share, in this order. */
export const groupTexts = ['rule', 'nsg', 'mac', 'format', 'resource_id', 'target_id', 'acl_id', 'blob'] as const;

export type GroupText = (typeof groupTexts)[number];

/**
 * What staged rows name by number: groups of texts, records. Texts are kept once. All are shared by the rows of one append, whatever
 * their date.
 */
export class StageTables {
  /** By group: its texts in the order of `groupTexts`. */
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

/**
 * Rows of one UTC date that become a row group together, as columns. What is the same over many rows stands by run: run i are the rows
 * before `runEnd[i]` behind those of run i - 1.
 */
export class StagedRows {
  count = 0;
  tables: StageTables;
  timeMillis = new Float64Array(64);
  /** As in TupleColumns. */
  family = new Uint8Array(64);
  source = new Uint32Array(4 * 64);
  destination = new Uint32Array(4 * 64);
  sourcePort = new Uint16Array(64);
  destinationPort = new Uint16Array(64);
  protocol = new Uint8Array(64);
  direction = new Uint8Array(64);
  access = new Uint8Array(64);
  state = new Uint8Array(64);
  encryption = new Uint8Array(64);
  /** NaN: not counted. */
  packetsForward = new Float64Array(64);
  bytesForward = new Float64Array(64);
  packetsReverse = new Float64Array(64);
  bytesReverse = new Float64Array(64);
  /** Which tuple of its record it is. */
  tupleIndex = new Int32Array(64);
  runs = 0;
  runEnd = new Uint32Array(64);
  /** By run, numbers of `tables`. */
  runGroup = new Uint32Array(64);
  runRecord = new Uint32Array(64);

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
    for (const name of rowColumns) this[name].set(others[name].subarray(from, end), this.count);
    for (const name of addressColumns) this[name].set(others[name].subarray(4 * from, 4 * end), 4 * this.count);
    for (let run = others.runOf(from), start = from; start < end; run++) {
      const until = Math.min(end, others.runEnd[run]);
      this.addRun(until - start, others.runGroup[run], others.runRecord[run]);
      start = until;
    }
    this.count += count;
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

const addressColumns = ['source', 'destination'] as const;
/** Columns that rows have as tuples have them, one value each. */
export const copiedColumns = [
  'timeMillis',
  'family',
  'sourcePort',
  'destinationPort',
  'protocol',
  'direction',
  'access',
  'state',
  'encryption',
] as const;
/** Columns of one value a row. */
const rowColumns = [
  ...copiedColumns,
  'packetsForward',
  'bytesForward',
  'packetsReverse',
  'bytesReverse',
  'tupleIndex',
] as const;

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
