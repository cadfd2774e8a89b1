/** Tuples that wait until all tuples of their time are there, as columns with room to grow. */
import type { StageTables, StagedRows } from '../staged-rows.ts';

const kinds = {
  timeMillis: [Float64Array, 1],
  family: [Uint8Array, 1],
  source: [Uint32Array, 4],
  destination: [Uint32Array, 4],
  sourcePort: [Uint16Array, 1],
  destinationPort: [Uint16Array, 1],
  protocol: [Uint8Array, 1],
  direction: [Uint8Array, 1],
  access: [Uint8Array, 1],
  state: [Uint8Array, 1],
  encryption: [Uint8Array, 1],
  packetsForward: [Float64Array, 1],
  bytesForward: [Float64Array, 1],
  packetsReverse: [Float64Array, 1],
  bytesReverse: [Float64Array, 1],
  tupleIndex: [Int32Array, 1],
  /** Numbers of `tables`. */
  group: [Uint32Array, 1],
  record: [Uint32Array, 1],
} as const;

type Name = keyof typeof kinds;
const names = Object.keys(kinds) as Name[];
type TypedArray = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;
type Columns = { [Name in keyof typeof kinds]: InstanceType<(typeof kinds)[Name][0]> };

export class TuplePool {
  readonly tables: StageTables;
  count = 0;
  columns: Columns;
  #room = 0;

  constructor(tables: StageTables) {
    this.tables = tables;
    // Filled by `reserve`.
    this.columns = {} as Columns;
    this.reserve(1024);
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
        columns.timeMillis[to] = rows.timeMillis[row];
        columns.family[to] = rows.family[row];
        for (let word = 0; word < 4; word++) {
          columns.source[4 * to + word] = rows.source[4 * row + word];
          columns.destination[4 * to + word] = rows.destination[4 * row + word];
        }
        columns.sourcePort[to] = rows.sourcePort[row];
        columns.destinationPort[to] = rows.destinationPort[row];
        columns.protocol[to] = rows.protocol[row];
        columns.direction[to] = rows.direction[row];
        columns.access[to] = rows.access[row];
        columns.state[to] = rows.state[row];
        columns.encryption[to] = rows.encryption[row];
        columns.packetsForward[to] = rows.packetsForward[row];
        columns.bytesForward[to] = rows.bytesForward[row];
        columns.packetsReverse[to] = rows.packetsReverse[row];
        columns.bytesReverse[to] = rows.bytesReverse[row];
        columns.tupleIndex[to] = rows.tupleIndex[row];
        columns.group[to] = group;
        columns.record[to] = record;
      }
  }

  /** Keeps only these tuples, in ascending order. */
  keep(rows: Uint32Array): void {
    for (const name of names) {
      const width = kinds[name][1];
      const column: TypedArray = this.columns[name];
      if (width === 1) for (let to = 0; to < rows.length; to++) column[to] = column[rows[to]];
      else
        for (let to = 0; to < rows.length; to++)
          column.copyWithin(width * to, width * rows[to], width * (rows[to] + 1));
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

  reserve(more: number): void {
    if (this.count + more <= this.#room) return;
    this.#room = Math.max(this.count + more, Math.ceil(1.5 * this.#room));
    const grown: Partial<Record<Name, TypedArray>> = {};
    for (const name of names) {
      const [kind, width] = kinds[name];
      const column = new kind(this.#room * width);
      const before: TypedArray | undefined = this.columns[name];
      if (before !== undefined) column.set(before.subarray(0, this.count * width));
      grown[name] = column;
    }
    this.columns = grown as Columns;
  }
}
