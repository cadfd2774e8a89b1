/**
 * The kernel that puts tuples of data files together (kernel/stitch.ts), and its memory by what lies in it.
 *
 * One question or row group of a compaction at a time uses it; it is loaded anew where an answer took much of its memory, which then is given back.
 */
import { randomBytes } from 'node:crypto';
import { createMemory, instantiate } from '../base/wasm.ts';
import { packCounter } from '../flowlog/counter.ts';
import { readIpv4Bits } from '../net/address.ts';
import { pagesOf } from './parquet/footer.ts';
import * as layout from './stitch-kernel-layout.ts';
import { stitchKernelModule } from './stitch-kernel-module.ts';

interface StitchKernelExports {
  start(seed: bigint): void;
  ask(groupsBytes: number): void;
  startPart(bits: number, value: number, buckets: number, flowsMax: number): void;
  addRows(count: number, gathering: number): number;
  addTuples(count: number): number;
  startGathering(): void;
  endGathering(): void;
  addConversations(from: number, count: number): number;
  fault(): number;
  disorderedCount(): number;
  flowTotal(): number;
  countedTotal(): number;
  lengthOfGroup(): number;
  largestGroups(limit: number): number;
  countObservers(): number;
  findSegments(count: number): number;
  mergeSegments(segments: number, byTime: number): void;
  textNumber(at: number, length: number): number;
  texts(slot: number, count: number, dictionaryLength: number, distinct: number, bodyLength: number): number;
  longs(slot: number, count: number, dictionaryLength: number, distinct: number, bodyLength: number): number;
  integers(slot: number, count: number, dictionaryLength: number, distinct: number, bodyLength: number): number;
  selectRange(count: number): number;
  selectGathered(count: number): number;
  selectAll(): void;
  differences(slot: number, count: number, bodyLength: number): number;
  unpack(from: number, length: number, to: number, room: number): number;
}

/** Columns of the lake by slot, as kernel/slots.ts names them. */
export const slotColumns = [
  'src_ip',
  'dst_ip',
  'src_port',
  'dst_port',
  'protocol',
  'direction',
  'access',
  'state',
  'mac',
  'resource_id',
  'format',
  'time',
  'record_time',
  'record_offset',
  'tuple_index',
  'packets_forward',
  'bytes_forward',
  'packets_reverse',
  'bytes_reverse',
  'blob',
  'rule',
  'nsg',
  'target_id',
  'acl_id',
  'encryption',
] as const;

export type SlotColumn = (typeof slotColumns)[number];

const integerColumns = new Set<SlotColumn>(['src_port', 'dst_port', 'tuple_index']);
const longColumns = new Set<SlotColumn>([
  'time',
  'record_time',
  'record_offset',
  'packets_forward',
  'bytes_forward',
  'packets_reverse',
  'bytes_reverse',
]);
/** Of `Encoding` in parquet.thrift. */
const differencesEncoding = 5;

/** What the kernel answers a question about. */
export interface Question {
  /** Epoch milliseconds. */
  readonly startMillis: number;
  readonly endMillis: number;
  readonly groups: readonly SlotColumn[];
  /** A counter, or two that are added. */
  readonly values: readonly (readonly [SlotColumn, SlotColumn?])[];
  /** What groups are ordered by, the largest first: `orders`, or which of the values. */
  readonly order: number;
}

/** Orders that are no sums. */
export const orders = { flows: 0, denied: 1, tuples: 2, first: 3, last: 4 } as const;
/** The order by the first value. */
export const firstValueOrder = 5;
/** Columns of groups, and values, that a question may have. */
export const groupsMax = 12;
export const valuesMax = 6;

/** A group with what was added up. */
export interface StitchedGroup {
  /** Texts, ports; `null` where there is no value. */
  readonly keys: readonly (string | number | null)[];
  readonly flows: number;
  readonly denied: number;
  readonly tuples: number;
  /** Epoch microseconds; `null` where there is no flow. */
  readonly firstMicros: bigint | null;
  readonly lastMicros: bigint | null;
  readonly values: readonly (number | null)[];
}

export class StitchKernel {
  readonly run: StitchKernelExports;
  readonly #bytes: Buffer;
  readonly #view: DataView;

  constructor(exports: StitchKernelExports, buffer: ArrayBuffer) {
    this.run = exports;
    this.#bytes = Buffer.from(buffer);
    this.#view = new DataView(buffer);
    exports.start(randomBytes(8).readBigUInt64LE() | 1n);
  }

  /** Begins a question, whose groups may take so many bytes. */
  ask({ startMillis, endMillis, groups, values, order }: Question, groupsBytes: number): void {
    const view = this.#view;
    const at = layout.questionAt;
    view.setBigInt64(at, microsOf(startMillis), true);
    view.setBigInt64(at + 8, microsOf(endMillis), true);
    view.setUint32(at + 16, groups.length, true);
    view.setUint32(at + 20, values.length, true);
    ['deny', 'outbound', 'begin', 'denied'].forEach((text, i) =>
      view.setUint32(at + 24 + 4 * i, this.#numberOf(text), true),
    );
    view.setUint32(at + 40, order, true);
    groups.forEach((name, i) => view.setUint8(at + 44 + i, slotOf(name)));
    values.forEach(([first, second], i) => {
      view.setUint8(at + 56 + 2 * i, slotOf(first));
      view.setUint8(at + 57 + 2 * i, second === undefined ? 255 : slotOf(second));
    });
    this.run.ask(Math.min(groupsBytes, layout.groupsLengthMax));
  }

  /** Where a row group of so many bytes is to be read to, in one of two places; `undefined` where it is too large. */
  packed(place: 0 | 1, length: number): Buffer | undefined {
    if (length > layout.packedMax - 64) return undefined;
    const at = layout.packedAt + place * layout.packedMax;
    return this.#bytes.subarray(at, at + length);
  }

  /**
   * Takes a column of a row group, which is a part of what was read to `packed`.
   * @returns whether its bytes are as we write them @throws RangeError where they are no pages
   */
  load(name: SlotColumn, column: Uint8Array, rows: number): boolean {
    const pages = pagesOf(column);
    const data = pages.at(-1);
    const dictionary = pages.length > 1 ? pages[0] : undefined;
    if (data?.kind !== 'data' || data.values !== rows || pages.length > 2) return false;
    if (dictionary !== undefined && dictionary.kind !== 'dictionary') return false;
    const dictionaryLength =
      dictionary === undefined ? 0 : this.#unpack(column, dictionary, layout.dictionaryAt, layout.dictionaryMax);
    const bodyLength = this.#unpack(column, data, layout.bodyAt, layout.bodyMax);
    if (dictionaryLength < 0 || bodyLength < 0) return false;
    const slot = slotOf(name);
    const distinct = dictionary?.values ?? 0;
    if (data.encoding === differencesEncoding)
      return integerColumns.has(name) && this.run.differences(slot, rows, bodyLength) === 0;
    const take = integerColumns.has(name) ? 'integers' : longColumns.has(name) ? 'longs' : 'texts';
    return this.run[take](slot, rows, dictionaryLength, distinct, bodyLength) === 0;
  }

  /** Puts the loaded rows in the order in which they were read; those of one record by time, where that is wanted. */
  order(rows: number, records: 'as read' | 'by time'): void {
    const segments = this.run.findSegments(rows);
    const { segmentsAt, segmentLength } = layout;
    const parts = Array.from({ length: segments }, (_, i) => {
      const at = segmentsAt + i * segmentLength;
      const bytes = Buffer.from(this.#bytes.subarray(at, at + segmentLength));
      return { bytes, blob: bytes.readUInt32LE(8), micros: Number(bytes.readBigInt64LE(16)) };
    });
    const first = new Map<number, number>();
    for (const { blob, micros } of parts) first.set(blob, Math.min(first.get(blob) ?? Infinity, micros));
    // Those of one blob stay as they are.
    parts.sort((a, b) => first.get(a.blob)! - first.get(b.blob)! || a.blob - b.blob);
    parts.forEach(({ bytes }, i) => bytes.copy(this.#bytes, segmentsAt + i * segmentLength));
    this.run.mergeSegments(segments, records === 'by time' ? 1 : 0);
  }

  /** Rows in the order that `order` found. */
  rowOrder(rows: number): Uint32Array {
    return new Uint32Array(this.#bytes.buffer, layout.orderAt, rows);
  }

  /** Numbers of a loaded column's texts, or its numbers of 4 bytes. */
  words(name: SlotColumn, rows: number): Uint32Array {
    return new Uint32Array(this.#bytes.buffer, columnAt(name), rows);
  }

  /**
   * Takes the rows `kept` of a loaded column of counters, as flowlog/counter.ts has them; NaN where there is none. @returns whether none is negative
   */
  takeCounters(name: SlotColumn, kept: Uint32Array, to: Float64Array): boolean {
    this.takeLongs(name, kept, to);
    const exact = new BigInt64Array(this.#bytes.buffer, columnAt(name), layout.rowsMax);
    for (let i = 0; i < kept.length; i++) {
      if (to[i] < 0) return false;
      if (to[i] > Number.MAX_SAFE_INTEGER) to[i] = packCounter(exact[kept[i]]);
    }
    return true;
  }

  /** Takes the rows `kept` of a loaded column of numbers of 8 bytes: NaN where there is none. Beyond 2^53 they lose their lowest bits. */
  takeLongs(name: SlotColumn, kept: Uint32Array, to: Float64Array): void {
    const words = new Int32Array(this.#bytes.buffer, columnAt(name), 2 * layout.rowsMax);
    for (let i = 0; i < kept.length; i++) {
      const row = kept[i];
      const high = words[2 * row + 1];
      const low = words[2 * row];
      to[i] = high === -(2 ** 31) && low === 0 ? Number.NaN : high * 2 ** 32 + (low >>> 0);
    }
  }

  /** The same of all rows, in a copy. */
  longs(name: SlotColumn, rows: number): Float64Array {
    const longs = new Float64Array(rows);
    this.takeLongs(
      name,
      Uint32Array.from({ length: rows }, (_, row) => row),
      longs,
    );
    return longs;
  }

  /** The text of a number; `null` of 0. */
  text(number: number): string | null {
    if (number === 0) return null;
    const at = this.#view.getUint32(layout.textsAt + 8 * number, true);
    const length = this.#view.getUint32(layout.textsAt + 8 * number + 4, true);
    return this.#bytes.toString('utf8', at, at + length);
  }

  /** The 32 bits of a text that is a dotted quad; -1 of all others. */
  ipv4Bits(number: number): number {
    if (number === 0) return -1;
    const at = this.#view.getUint32(layout.textsAt + 8 * number, true);
    return readIpv4Bits(this.#bytes, at, this.#view.getUint32(layout.textsAt + 8 * number + 4, true));
  }

  /** Says how observers are ordered: by resource, MAC and format. */
  rankObservers(): void {
    const view = this.#view;
    const observers = Array.from({ length: this.run.countObservers() }, (_, number) => {
      const at = layout.observersAt + 16 * number;
      const [resource, mac, direction, format] = [0, 4, 8, 12].map((i) => this.text(view.getUint32(at + i, true)));
      return { number, texts: [resource, mac, format], outbound: direction === 'outbound' };
    });
    observers.sort((a, b) => {
      const i = a.texts.findIndex((text, k) => text !== b.texts[k]);
      return i < 0 ? 0 : compareTexts(a.texts[i], b.texts[i]);
    });
    observers.forEach(({ number, outbound }, rank) =>
      view.setUint32(layout.observerRanksAt + 4 * number, (outbound ? 0 : 2 ** 31) + rank, true),
    );
  }

  /** The largest groups, at most `limit` of them, in order. */
  largest(limit: number, { groups, values }: Question): StitchedGroup[] {
    const view = this.#view;
    const length = this.run.lengthOfGroup();
    const count = this.run.largestGroups(Math.min(limit, layout.matchMax));
    return Array.from({ length: count }, (_, i) => {
      const at = layout.groupsAt + view.getUint32(layout.matchAt + 4 * i, true) * length;
      const sums = at + 8 * Math.ceil(groups.length / 2);
      const long = (offset: number): number => Number(view.getBigInt64(sums + offset, true));
      const present = view.getUint32(sums + 40, true);
      return {
        keys: groups.map((name, k) => {
          const word = view.getUint32(at + 4 * k, true);
          return integerColumns.has(name) ? word : this.text(word);
        }),
        flows: long(0),
        denied: long(8),
        tuples: long(16),
        firstMicros: view.getBigInt64(sums + 24, true),
        lastMicros: view.getBigInt64(sums + 32, true),
        values: values.map((_value, k) => (((present >> k) & 1) === 0 ? null : long(48 + 8 * k))),
      };
    });
  }

  #unpack(column: Uint8Array, page: ReturnType<typeof pagesOf>[number], to: number, room: number): number {
    const from = column.byteOffset + page.startByte;
    const unpacked = this.run.unpack(from, page.endByte - page.startByte, to, room);
    return unpacked === page.length ? unpacked : -1;
  }

  #numberOf(text: string): number {
    const length = this.#bytes.write(text, layout.packedAt);
    return this.run.textNumber(layout.packedAt, length);
  }
}

function columnAt(name: SlotColumn): number {
  return layout.columnsAt + slotOf(name) * layout.columnLength;
}

function slotOf(name: SlotColumn): number {
  return slotColumns.indexOf(name);
}

/** Times beyond what 64 bits of microseconds hold stand for none. */
function microsOf(millis: number): bigint {
  const most = 2n ** 63n - 1n;
  if (millis === Infinity) return most;
  if (millis === -Infinity) return -most;
  return BigInt(Math.round(millis * 1000));
}

/** In order of their bytes; none is last. */
function compareTexts(a: string | null, b: string | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

let loaded: StitchKernel | undefined;
let using: Promise<unknown> = Promise.resolve();

/**
 * Runs a step with the kernel, after those that were begun before. `keep` says afterwards whether it took so little memory that the kernel stays.
 * @returns `undefined` where there is no WebAssembly, or not the memory for it
 */
export async function withStitchKernel<T>(
  step: (kernel: StitchKernel) => Promise<{ readonly value: T; readonly keep: boolean }>,
): Promise<T | undefined> {
  const turn = using.then(async () => {
    if (loaded === undefined) {
      const instance = instantiate(stitchKernelModule, createMemory(layout.memoryLength));
      if (instance === undefined) return undefined;
      loaded = new StitchKernel(instance.exports as StitchKernelExports, instance.buffer);
    } else loaded.run.start(randomBytes(8).readBigUInt64LE() | 1n);
    try {
      const { value, keep } = await step(loaded);
      if (!keep) loaded = undefined;
      return value;
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
