/**
 * Sorts tuples (kernel/tuples/order.ts) and writes them (kernel/tuples/tuples.ts) in WebAssembly, many at a time; the
 * same as `orderEvents` of record and `writeTuple` in TypeScript. Numbers: docs/how-it-works/decisions/0011-speed-of-recording.md.
 */
import { createMemory, instantiate } from '../base/wasm.ts';
import type { ByteWriter } from './byte-writer.ts';
import * as layout from './tuple-kernel-layout.ts';
import { tupleKernelModule } from './tuple-kernel-module.ts';
import type { FlowLogFormat, NicTuples, TupleColumns } from './tuple.ts';
import { encryptionNames } from './tuple.ts';

const { encryptionName, encryptionNameBytes, orderedRowsMax, ranksMax, rowsMax } = layout;
const formatNumbers: Readonly<Record<FlowLogFormat, number>> = { nsg1: 0, nsg2: 1, vnet: 2 };

interface TupleKernelExports {
  order(count: number, ranks: number): number;
  writeTuples(first: number, end: number, format: number): number;
}

/** Sorted tuples, and the rows where each NIC and each group begins. */
export interface OrderedTuples {
  readonly tuples: NicTuples;
  /** First rows of the runs with one NIC and group. */
  readonly starts: Uint32Array;
}

export class TupleKernel {
  /**
   * Sorted tuples, `limits.eventsMax` rows, which are written fastest. Used by one owner at a time, from sorting to the
   * last write.
   */
  readonly ordered: NicTuples;
  readonly #exports: TupleKernelExports;
  readonly #buffer: ArrayBuffer;
  readonly #memory: layout.KernelMemory;
  /** Memory for unsorted tuples. */
  readonly #made: NicTuples;
  /** Memory for tuples that are copied here to be written. */
  readonly #brought: TupleColumns;

  constructor(exports: TupleKernelExports, buffer: ArrayBuffer) {
    const memory = layout.viewMemory(buffer);
    this.#exports = exports;
    this.#buffer = buffer;
    this.#memory = memory;
    this.#made = this.room(orderedRowsMax);
    this.ordered = tuplesIn(memory.ordered, 0, orderedRowsMax);
    this.#brought = tuplesIn(memory.ordered, orderedRowsMax, rowsMax).columns;
    writeTables(memory);
  }

  /**
   * Memory for tuples that this kernel will sort: always the same.
   * @param capacity at most `limits.eventsMax` rows
   */
  room(capacity: number): NicTuples {
    return tuplesIn(this.#memory.made, 0, capacity);
  }

  /**
   * Sorts tuples by NIC, rank of their group, and time; the sort is stable and does not change its input.
   * @param ranks by group
   * @returns `ordered`; `undefined` if there are too many groups or the times are too far apart
   */
  order({ columns, nic }: NicTuples, ranks: Uint32Array): OrderedTuples | undefined {
    const { count } = columns;
    if (ranks.length > ranksMax || count > orderedRowsMax) return undefined;
    const made = this.#made;
    if (columns.timeMillis.buffer !== this.#buffer) copyTuples(columns, nic, made);
    this.#memory.ranks.set(ranks);
    const runs = this.#exports.order(count, ranks.length);
    if (runs < 0) return undefined;
    const { ordered } = this;
    ordered.columns.count = count;
    return { tuples: ordered, starts: this.#memory.runs.subarray(0, runs) };
  }

  /**
   * Appends `"…"` for each of `rows[start]` to `rows[end - 1]`, separated by commas; all rows must satisfy `hasTuple`.
   * @returns false, with nothing written, if a time is outside the kernel's range
   */
  write(
    format: FlowLogFormat,
    writer: ByteWriter,
    columns: TupleColumns,
    rows: Uint32Array,
    start: number,
    end: number,
  ): boolean {
    const before = writer.length;
    const own = columns === this.ordered.columns && followOn(rows, start, end);
    for (let from = start; from < end; from += rowsMax) {
      const count = Math.min(rowsMax, end - from);
      if (!own) bring(columns, rows, from, count, this.#brought);
      const first = own ? rows[from] : orderedRowsMax;
      const length = this.#exports.writeTuples(first, first + count, formatNumbers[format]);
      if (length < 0) {
        writer.length = before;
        return false;
      }
      const skipped = from === start ? 1 : 0;
      writer.reserve(length).set(this.#memory.text.subarray(skipped, length), writer.length);
      writer.length += length - skipped;
    }
    return true;
  }
}

function followOn(rows: Uint32Array, start: number, end: number): boolean {
  for (let i = start + 1; i < end; i++) if (rows[i] !== rows[i - 1] + 1) return false;
  return true;
}

function bring(from: TupleColumns, rows: Uint32Array, start: number, count: number, to: TupleColumns): void {
  for (let i = 0; i < count; i++) {
    const row = rows[start + i];
    to.timeMillis[i] = from.timeMillis[row];
    to.sourcePort[i] = from.sourcePort[row];
    to.destinationPort[i] = from.destinationPort[row];
    to.family[i] = from.family[row];
    to.protocol[i] = from.protocol[row];
    to.direction[i] = from.direction[row];
    to.access[i] = from.access[row];
    to.state[i] = from.state[row];
    to.encryption[i] = from.encryption[row];
    to.packetsForward[i] = from.packetsForward[row];
    to.bytesForward[i] = from.bytesForward[row];
    to.packetsReverse[i] = from.packetsReverse[row];
    to.bytesReverse[i] = from.bytesReverse[row];
    for (let word = 0; word < 4; word++) {
      to.source[4 * i + word] = from.source[4 * row + word];
      to.destination[4 * i + word] = from.destination[4 * row + word];
    }
  }
}

/** Copies all rows in their order. */
function copyTuples(from: TupleColumns, nic: Uint32Array, to: NicTuples): void {
  for (const key of Object.keys(to.columns) as (keyof TupleColumns)[]) {
    if (key === 'count') continue;
    const rows = key === 'source' || key === 'destination' ? 4 * from.count : from.count;
    to.columns[key].set(from[key].subarray(0, rows));
  }
  to.nic.set(nic.subarray(0, from.count));
}

type TypedArray = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** The tuples from row `first` on, `capacity` rows. */
function tuplesIn(all: layout.KernelMemory['made'], first: number, capacity: number): NicTuples {
  const part = <T extends TypedArray>(column: T, words = 1): T =>
    column.subarray(words * first, words * (first + capacity)) as T;
  const columns = {
    count: 0,
    timeMillis: part(all.timeMillis),
    family: part(all.family),
    source: part(all.source, 4),
    destination: part(all.destination, 4),
    sourcePort: part(all.sourcePort),
    destinationPort: part(all.destinationPort),
    protocol: part(all.protocol),
    direction: part(all.direction),
    access: part(all.access),
    state: part(all.state),
    encryption: part(all.encryption),
    packetsForward: part(all.packetsForward),
    bytesForward: part(all.bytesForward),
    packetsReverse: part(all.packetsReverse),
    bytesReverse: part(all.bytesReverse),
    group: part(all.group),
  };
  return { columns, nic: part(all.nic), capacity };
}

function writeTables({ twoDigits, octets, encryptionNamesBytes }: layout.KernelMemory): void {
  const encoder = new TextEncoder();
  const write = (to: Uint8Array, at: number, text: string): void => void encoder.encodeInto(text, to.subarray(at));
  const bytesOf = (column: Uint16Array | Uint32Array): Uint8Array =>
    new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
  for (let i = 0; i < 100; i++) write(bytesOf(twoDigits), 2 * i, String(i).padStart(2, '0'));
  for (let octet = 0; octet < 256; octet++) {
    write(bytesOf(octets), 4 * octet, String(octet));
    bytesOf(octets)[4 * octet + 3] = String(octet).length;
  }
  encryptionNames.forEach((name, index) => {
    const text = index === 0 ? 'NX' : name;
    write(encryptionNamesBytes, encryptionNameBytes * index, text);
    encryptionNamesBytes[encryptionNameBytes * index + encryptionName.length] = text.length;
  });
}

/**
 * A kernel; `undefined` if WebAssembly is not available.
 * @param memory can be shared with a module that does not use its first `memoryLength` bytes
 */
export function createTupleKernel(memory = createMemory(layout.memoryLength)): TupleKernel | undefined {
  const instance = instantiate(tupleKernelModule, memory);
  return instance && new TupleKernel(instance.exports as TupleKernelExports, instance.buffer);
}
