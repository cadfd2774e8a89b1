/** Tuples that wait until all tuples of their time are there, as columns with room to grow. */
import { limits } from '../../base/limits.ts';
import type { StageTables, StagedRows } from '../staged-rows.ts';
import { hashFiveTuple } from './five-tuples.ts';
import { copyColumns } from './typed-columns.ts';

function makeTuples(rows: number) {
  return {
    timeMillis: new Float64Array(rows),
    family: new Uint8Array(rows),
    source: new Uint32Array(4 * rows),
    destination: new Uint32Array(4 * rows),
    sourcePort: new Uint16Array(rows),
    destinationPort: new Uint16Array(rows),
    protocol: new Uint8Array(rows),
    direction: new Uint8Array(rows),
    access: new Uint8Array(rows),
    state: new Uint8Array(rows),
    encryption: new Uint8Array(rows),
    packetsForward: new Float64Array(rows),
    bytesForward: new Float64Array(rows),
    packetsReverse: new Float64Array(rows),
    bytesReverse: new Float64Array(rows),
    tupleIndex: new Int32Array(rows),
    /** Numbers of `tables`. */
    group: new Uint32Array(rows),
    record: new Uint32Array(rows),
    /** Of the five-tuple. */
    hash: new Uint32Array(rows),
  };
}

/** Tuples that may be held, and those of the row group that comes last. */
const usualRoom = limits.settledTogetherMax + limits.rowGroupRows;

export type PoolColumns = ReturnType<typeof makeTuples>;

export class TuplePool {
  readonly tables: StageTables;
  count = 0;
  columns: PoolColumns;
  #room = 1024;

  constructor(tables: StageTables) {
    this.tables = tables;
    this.columns = makeTuples(this.#room);
  }

  /** Takes staged rows of the same tables: those that `takes` says, or all. */
  append(rows: StagedRows, takes?: (row: number) => boolean): void {
    this.reserve(rows.count);
    const { columns } = this;
    let row = 0;
    for (let run = 0; run < rows.runs; run++)
      for (const end = rows.runEnd[run], group = rows.runGroup[run], record = rows.runRecord[run]; row < end; row++) {
        if (takes !== undefined && !takes(row)) continue;
        const to = this.count++;
        copyTuple(rows, row, columns, to);
        columns.group[to] = group;
        columns.record[to] = record;
        columns.hash[to] = hashFiveTuple(columns, to);
      }
  }

  /** Keeps only these tuples, in ascending order. */
  keep(rows: Uint32Array): void {
    const { columns } = this;
    for (let to = 0; to < rows.length; to++) {
      const row = rows[to];
      copyTuple(columns, row, columns, to);
      columns.group[to] = columns.group[row];
      columns.record[to] = columns.record[row];
      columns.hash[to] = columns.hash[row];
    }
    this.count = rows.length;
  }

  /** Forgets what `tables` hold of tuples that are gone: the numbers of groups and records become others. */
  renumber(): void {
    const { tables, columns } = this;
    const groups = tables.groups.slice();
    const times = tables.recordTimeMillis.slice();
    const offsets = tables.recordOffset.slice();
    tables.clear();
    const known = new Map<number, number>();
    for (let row = 0; row < this.count; row++) {
      columns.group[row] = tables.groupId(groups[columns.group[row]]);
      const record = columns.record[row];
      const number = known.get(record) ?? tables.recordId(times[record], offsets[record]);
      known.set(record, number);
      columns.record[row] = number;
    }
  }

  /** Makes room for so many more. */
  reserve(more: number): void {
    if (this.count + more <= this.#room) return;
    const { columns } = this;
    const room = this.#room;
    // Memory that is not written to costs nothing: there is no need for small steps.
    this.#room = Math.max(this.count + more, Math.ceil(1.5 * room), usualRoom);
    this.columns = makeTuples(this.#room);
    copyColumns(columns, room, this.count, this.columns);
  }
}

/** What staged rows and those of a pool both have. */
type TupleValues = Omit<PoolColumns, 'group' | 'record' | 'hash'>;

function copyTuple(from: TupleValues, row: number, to: TupleValues, at: number): void {
  to.timeMillis[at] = from.timeMillis[row];
  to.family[at] = from.family[row];
  for (let word = 0; word < 4; word++) {
    to.source[4 * at + word] = from.source[4 * row + word];
    to.destination[4 * at + word] = from.destination[4 * row + word];
  }
  to.sourcePort[at] = from.sourcePort[row];
  to.destinationPort[at] = from.destinationPort[row];
  to.protocol[at] = from.protocol[row];
  to.direction[at] = from.direction[row];
  to.access[at] = from.access[row];
  to.state[at] = from.state[row];
  to.encryption[at] = from.encryption[row];
  to.packetsForward[at] = from.packetsForward[row];
  to.bytesForward[at] = from.bytesForward[row];
  to.packetsReverse[at] = from.packetsReverse[row];
  to.bytesReverse[at] = from.bytesReverse[row];
  to.tupleIndex[at] = from.tupleIndex[row];
}
