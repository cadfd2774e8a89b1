/**
 * Pages of columns made by WebAssembly (kernel/pages/pages.ts), with memory that is kept between columns, row groups and files.
 *
 * What a call leaves at `resultAt`:
 *
 *   0  u32 rows that have a value     4  u32 entries of the dictionary, 0: plain values     8  u32, 12  u32 bytes of dictionary and body
 *   16 i64 least, 24 i64 greatest     of addresses: 16 u32, 24 u32 where the least and greatest text lie (length, bytes), 32 u32 IPv6 ones
 *   36 u32 1 where the values are differences
 */
import { randomBytes } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { instantiateNeeded } from '../base/wasm.ts';
import * as layout from './page-kernel-layout.ts';
import { pageKernelModule } from './page-kernel-module.ts';

interface PageKernelExports {
  start(seed: bigint): void;
  compress(from: number, length: number): number;
  numbers(count: number, scale: bigint, wide: number, plainPercent: number, counters: number): void;
  shorts(count: number, plainPercent: number): void;
  codes(count: number, nullCode: number): void;
  internAddresses(count: number, mixed: number): number;
  addresses(count: number, distinct: number): void;
  halves(count: number, distinctAddresses: number, half: number): void;
  sequence(count: number): void;
  order1(count: number, to: number): void;
  order2(count: number, to: number): void;
  order4(count: number, to: number): void;
  order8(count: number, to: number): void;
}

/** Where values as they were read lie before they are put in order: their dictionary comes to lie there. */
const readAt = layout.dictionaryAt;

/** What a call of the kernel gave. */
export interface KernelResult {
  readonly present: number;
  readonly areDifferences: boolean;
  readonly distinct: number;
  readonly dictionaryLength: number;
  readonly bodyLength: number;
}

/** The kernel's memory by what lies in it, and its functions. */
export class PageKernel {
  readonly run: PageKernelExports;
  readonly hashes: Float64Array;
  readonly dictionary: Uint8Array;
  readonly body: Uint8Array;
  readonly #order: Uint32Array;
  #isOrdered = false;
  readonly #out: Uint8Array;
  readonly #memory: Uint8Array;
  readonly #result: DataView;

  constructor(exports: PageKernelExports, buffer: ArrayBuffer) {
    this.run = exports;
    this.hashes = new Float64Array(buffer, layout.hashesAt, layout.rowsMax);
    this.#order = new Uint32Array(buffer, layout.orderAt, layout.rowsMax);
    this.dictionary = new Uint8Array(buffer, layout.dictionaryAt, layout.dictionaryLengthMax);
    this.body = new Uint8Array(buffer, layout.bodyAt, layout.bodyLengthMax);
    this.#out = new Uint8Array(buffer, layout.outAt, layout.outLengthMax);
    this.#memory = new Uint8Array(buffer);
    this.#result = new DataView(buffer, layout.resultAt, 64);
    exports.start(randomBytes(8).readBigUInt64LE() | 1n);
  }

  /** How the rows of the columns that follow are ordered: the row `order[i]` stands in place i; `undefined`, as they were read. */
  setOrder(order: Uint32Array | undefined): void {
    this.#isOrdered = order !== undefined;
    if (order !== undefined) this.#order.set(order);
  }

  /** Puts the first `count` values of a column, of so many bytes each, where the kernel takes them, in order. */
  put(values: ArrayBufferView, count: number, width: 1 | 2 | 4 | 8): void {
    assert(count <= layout.rowsMax, 'the kernel has room for a row group');
    const at = this.#isOrdered ? readAt : layout.inputAt;
    this.#memory.set(new Uint8Array(values.buffer, values.byteOffset, count * width), at);
    if (this.#isOrdered) this.run[`order${width}`](count, layout.inputAt);
  }

  /** Puts the first bytes of values where the kernel takes them, as they were read. */
  putAsRead(to: 'input' | 'families', values: ArrayBufferView, bytes: number): void {
    assert(bytes <= (to === 'input' ? 16 : 1) * layout.rowsMax, 'the kernel has room for a row group');
    const at = to === 'input' ? layout.inputAt : layout.familiesAt;
    this.#memory.set(new Uint8Array(values.buffer, values.byteOffset, bytes), at);
  }

  /** Puts the indexes of values that were interned as they were read in order. */
  orderIndexes(count: number): void {
    if (!this.#isOrdered) return;
    this.#memory.copyWithin(readAt, layout.indexesAt, layout.indexesAt + 4 * count);
    this.run.order4(count, layout.indexesAt);
  }

  get result(): KernelResult {
    const result = this.#result;
    return {
      present: result.getUint32(0, true),
      areDifferences: result.getUint32(36, true) === 1,
      distinct: result.getUint32(4, true),
      dictionaryLength: result.getUint32(8, true),
      bodyLength: result.getUint32(12, true),
    };
  }

  /** Least and greatest of the column's numbers. */
  get range(): { readonly minimum: bigint; readonly maximum: bigint } {
    return { minimum: this.#result.getBigInt64(16, true), maximum: this.#result.getBigInt64(24, true) };
  }

  /** Least and greatest of the texts of addresses. */
  get textRange(): { readonly minimum: string; readonly maximum: string } {
    return {
      minimum: this.#text(this.#result.getUint32(16, true)),
      maximum: this.#text(this.#result.getUint32(24, true)),
    };
  }

  /** IPv6 addresses among the texts. */
  get ipv6(): number {
    return this.#result.getUint32(32, true);
  }

  /** The first bytes of `dictionary` or `body` as a frame of zstd, in memory of its own. */
  compressed(from: 'dictionary' | 'body', length: number): Uint8Array {
    const at = from === 'body' ? layout.bodyAt : layout.dictionaryAt;
    return this.#out.slice(0, this.run.compress(at, length));
  }

  #text(at: number): string {
    const length = this.#memory[at];
    return String.fromCharCode(...this.#memory.subarray(at + 4, at + 4 + length));
  }
}

let loaded: PageKernel | undefined;

/** The kernel, one for all that is written in this thread: nothing of it outlasts a column. */
export function pageKernel(): PageKernel {
  if (loaded === undefined) {
    const { buffer, exports } = instantiateNeeded('writing data files', pageKernelModule, layout.memoryLength);
    loaded = new PageKernel(exports as PageKernelExports, buffer);
  }
  return loaded;
}
