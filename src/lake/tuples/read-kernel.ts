/** The kernel that reads row groups of data files that we wrote (kernel/read-rows/read-rows.ts), and its memory by what lies in it. One row group at a time uses it. */
import { randomBytes } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import { createMemory, instantiate } from '../../base/wasm.ts';
import { packCounter } from '../../flowlog/counter.ts';
import { readIpv4Bits } from '../../net/address.ts';
import { pagesOf } from '../../parquet/footer.ts';
import * as layout from './read-kernel-layout.ts';
import { readKernelModule } from './read-kernel-module.ts';
import { groupTexts, storedColumns } from './stored-columns.ts';

interface ReadKernelExports {
  start(seed: bigint): void;
  findSegments(count: number): number;
  mergeSegments(segments: number): void;
  findRuns(count: number, textSlots: number): number;
  texts(slot: number, count: number, dictionaryLength: number, distinct: number, bodyLength: number): number;
  longs(slot: number, count: number, dictionaryLength: number, distinct: number, bodyLength: number): number;
  integers(slot: number, count: number, dictionaryLength: number, distinct: number, bodyLength: number): number;
  differences(slot: number, count: number, bodyLength: number): number;
  longDifferences(slot: number, count: number, bodyLength: number): number;
  unpack(from: number, length: number, to: number, room: number): number;
}

/** Columns that are read, in the order of the kernel's slots: those that tell the order of rows, the texts of groups, and all others. */
export const slotColumns: readonly string[] = [
  ...new Set(['record_time', 'record_offset', 'tuple_index', 'blob', ...groupTexts, ...columnsThatAreRead()]),
];
assert(slotColumns.length <= layout.slotsMax, 'the kernel has a slot for each column');

const slots = new Map(slotColumns.map((name, slot) => [name, slot]));

/** Halves of addresses follow from their texts. */
function columnsThatAreRead(): string[] {
  return storedColumns.filter(({ source }) => source.kind !== 'half').map(({ name }) => name);
}

/** What a slot has, by where the column's values come from. */
const slotKinds = {
  time: 'longs',
  record: 'longs',
  counter: 'longs',
  port: 'integers',
  index: 'integers',
  address: 'texts',
  name: 'texts',
  text: 'texts',
} as const;
const kinds = new Map(
  storedColumns.flatMap(({ name, source }) =>
    source.kind === 'half' ? [] : [[name, slotKinds[source.kind]] as const],
  ),
);
const { addresses } = layout;
/** Of `Encoding` in parquet.thrift. */
const differencesEncoding = 5;

export class ReadKernel {
  readonly run: ReadKernelExports;
  readonly #bytes: Buffer;
  readonly #texts: Uint32Array;

  constructor(exports: ReadKernelExports, buffer: ArrayBuffer) {
    this.run = exports;
    this.#bytes = Buffer.from(buffer);
    this.#texts = layout.viewMemory(buffer).texts;
    exports.start(randomBytes(8).readBigUInt64LE() | 1n);
  }

  /** Where a row group of so many bytes is to be read to; `undefined` where it is too large. */
  packed(length: number): Buffer | undefined {
    if (length > layout.packedMax - 64) return undefined;
    return this.#bytes.subarray(addresses.packed, addresses.packed + length);
  }

  /**
   * Takes a column of a row group, which is a part of what was read to `packed`.
   * @returns whether its bytes are as we write them @throws RangeError where they are no pages
   */
  load(name: string, column: Uint8Array, rows: number): boolean {
    const pages = pagesOf(column);
    const data = pages.at(-1);
    const dictionary = pages.length > 1 ? pages[0] : undefined;
    if (data?.kind !== 'data' || data.values !== rows || pages.length > 2) return false;
    if (dictionary !== undefined && dictionary.kind !== 'dictionary') return false;
    const dictionaryLength =
      dictionary === undefined ? 0 : this.#unpack(column, dictionary, addresses.dictionary, layout.dictionaryMax);
    const bodyLength = this.#unpack(column, data, addresses.body, layout.bodyMax);
    if (dictionaryLength < 0 || bodyLength < 0) return false;
    const slot = slotOf(name);
    const distinct = dictionary?.values ?? 0;
    const take = kinds.get(name) ?? 'texts';
    if (data.encoding === differencesEncoding) {
      if (take === 'integers') return this.run.differences(slot, rows, bodyLength) === 0;
      return take === 'longs' && this.run.longDifferences(slot, rows, bodyLength) === 0;
    }
    return this.run[take](slot, rows, dictionaryLength, distinct, bodyLength) === 0;
  }

  /** Puts the loaded rows in the order in which they were read. */
  order(rows: number): void {
    const segments = this.run.findSegments(rows);
    const { segmentBytes } = layout;
    const parts = Array.from({ length: segments }, (_, i) => {
      const at = addresses.segments + i * segmentBytes;
      const bytes = Buffer.from(this.#bytes.subarray(at, at + segmentBytes));
      const micros = Number(bytes.readBigInt64LE(8 * layout.segment.recordTime));
      return { bytes, blob: bytes.readUInt32LE(4 * layout.segment.blob), micros };
    });
    const first = new Map<number, number>();
    for (const { blob, micros } of parts) first.set(blob, Math.min(first.get(blob) ?? Infinity, micros));
    // Those of one blob stay as they are.
    parts.sort((a, b) => first.get(a.blob)! - first.get(b.blob)! || a.blob - b.blob);
    parts.forEach(({ bytes }, i) => bytes.copy(this.#bytes, addresses.segments + i * segmentBytes));
    this.run.mergeSegments(segments);
  }

  /** Rows in the order that `order` found. */
  rowOrder(rows: number): Uint32Array {
    return new Uint32Array(this.#bytes.buffer, addresses.order, rows);
  }

  /** Behind which row in this order each run of rows of one record and group of texts ends. */
  findRuns(rows: number): Uint32Array {
    return new Uint32Array(this.#bytes.buffer, addresses.runEnds, this.run.findRuns(rows, groupTexts.length));
  }

  /** The number of 8 bytes of a row of a loaded column; NaN where there is none. */
  long(name: string, row: number): number {
    const words = new Int32Array(this.#bytes.buffer, columnAt(name) + 8 * row, 2);
    return longOf(words, 0);
  }

  /** Numbers of a loaded column's texts, or its numbers of 4 bytes. */
  words(name: string, rows: number): Uint32Array {
    return new Uint32Array(this.#bytes.buffer, columnAt(name), rows);
  }

  /**
   * Takes the rows `kept` of a loaded column of counters, as flowlog/counter.ts has them; NaN where there is none. @returns whether none is negative
   */
  takeCounters(name: string, kept: Uint32Array, to: Float64Array): boolean {
    this.takeLongs(name, kept, to);
    const exact = new BigInt64Array(this.#bytes.buffer, columnAt(name), layout.rowsMax);
    for (let i = 0; i < kept.length; i++) {
      if (to[i] < 0) return false;
      if (to[i] > Number.MAX_SAFE_INTEGER) to[i] = packCounter(exact[kept[i]]);
    }
    return true;
  }

  /** Takes the rows `kept` of a loaded column of numbers of 8 bytes: NaN where there is none. Beyond 2^53 they lose their lowest bits. */
  takeLongs(name: string, kept: Uint32Array, to: Float64Array): void {
    const words = new Int32Array(this.#bytes.buffer, columnAt(name), 2 * layout.rowsMax);
    for (let i = 0; i < kept.length; i++) {
      to[i] = longOf(words, kept[i]);
    }
  }

  /** The same of all rows, in a copy. */
  longs(name: string, rows: number): Float64Array {
    const longs = new Float64Array(rows);
    this.takeLongs(name, allRows(rows), longs);
    return longs;
  }

  /** The text of a number; `null` of 0. */
  text(number: number): string | null {
    if (number === 0) return null;
    const { at, length } = this.#textPlace(number);
    return this.#bytes.toString('utf8', at, at + length);
  }

  /** The 32 bits of a text that is a dotted quad; -1 of all others. */
  ipv4Bits(number: number): number {
    if (number === 0) return -1;
    const { at, length } = this.#textPlace(number);
    return readIpv4Bits(this.#bytes, at, length);
  }

  #textPlace(number: number): { readonly at: number; readonly length: number } {
    const place = (layout.textPlaceBytes / 4) * number;
    return { at: this.#texts[place + layout.textPlace.at], length: this.#texts[place + layout.textPlace.length] };
  }

  #unpack(column: Uint8Array, page: ReturnType<typeof pagesOf>[number], to: number, room: number): number {
    const from = column.byteOffset + page.startByte;
    const unpacked = this.run.unpack(from, page.endByte - page.startByte, to, room);
    return unpacked === page.length ? unpacked : -1;
  }
}

/** The numbers of so many rows, from 0 on. */
export function allRows(count: number): Uint32Array {
  const rows = new Uint32Array(count);
  for (let row = 0; row < count; row++) rows[row] = row;
  return rows;
}

function longOf(words: Int32Array, row: number): number {
  const high = words[2 * row + 1];
  const low = words[2 * row];
  return high === -(2 ** 31) && low === 0 ? Number.NaN : high * 2 ** 32 + (low >>> 0);
}

function columnAt(name: string): number {
  return addresses.slots + slotOf(name) * layout.slotLength;
}

function slotOf(name: string): number {
  const slot = slots.get(name);
  assert(slot !== undefined, 'a column that is read has a slot');
  return slot;
}

let loaded: ReadKernel | undefined;
let using: Promise<unknown> = Promise.resolve();

/** Runs a step with the kernel, after those that were begun before. @returns `undefined` where there is no WebAssembly, or not the memory for it */
export async function withReadKernel<T>(step: (kernel: ReadKernel) => Promise<T>): Promise<T | undefined> {
  const turn = using.then(async () => {
    if (loaded === undefined) {
      const instance = instantiate(readKernelModule, createMemory(layout.memoryLength));
      if (instance === undefined) return undefined;
      loaded = new ReadKernel(instance.exports as ReadKernelExports, instance.buffer);
    } else loaded.run.start(randomBytes(8).readBigUInt64LE() | 1n);
    try {
      return await step(loaded);
    } catch (error) {
      loaded = undefined;
      throw error;
    }
  });
  using = turn.catch(() => undefined);
  return await turn;
}

/** Whether an error is one of reading a file, or of bytes that lead the kernel out of its memory: whoever reads it otherwise tells what is wrong. */
export function isUnreadable(error: unknown): boolean {
  if (error instanceof RangeError) return true;
  return error instanceof Error && (error.name === 'RuntimeError' || ('syscall' in error && 'code' in error));
}
