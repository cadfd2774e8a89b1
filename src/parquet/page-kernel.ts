/** Pages of columns made by WebAssembly (kernel/pages/pages.ts), with memory that is kept between columns, row groups and files. */
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
const readAt = layout.addresses.dictionary;

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
  readonly #result: Uint32Array;
  readonly #resultLongs: BigInt64Array;

  constructor(exports: PageKernelExports, buffer: ArrayBuffer) {
    this.run = exports;
    const memory = layout.viewMemory(buffer);
    this.hashes = memory.hashes;
    this.#order = memory.order;
    this.dictionary = memory.dictionary;
    this.body = memory.body;
    this.#out = memory.out;
    this.#memory = new Uint8Array(buffer);
    this.#result = memory.result;
    this.#resultLongs = memory.resultLongs;
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
    const at = this.#isOrdered ? readAt : layout.addresses.input;
    this.#memory.set(new Uint8Array(values.buffer, values.byteOffset, count * width), at);
    if (this.#isOrdered) this.run[`order${width}`](count, layout.addresses.input);
  }

  /** Puts the first bytes of values where the kernel takes them, as they were read. */
  putAsRead(to: 'input' | 'families', values: ArrayBufferView, bytes: number): void {
    assert(bytes <= (to === 'input' ? 16 : 1) * layout.rowsMax, 'the kernel has room for a row group');
    const at = to === 'input' ? layout.addresses.input : layout.addresses.families;
    this.#memory.set(new Uint8Array(values.buffer, values.byteOffset, bytes), at);
  }

  /** Puts the indexes of values that were interned as they were read in order. */
  orderIndexes(count: number): void {
    if (!this.#isOrdered) return;
    this.#memory.copyWithin(readAt, layout.addresses.indexes, layout.addresses.indexes + 4 * count);
    this.run.order4(count, layout.addresses.indexes);
  }

  get result(): KernelResult {
    const result = this.#result;
    return {
      present: result[layout.result.present],
      areDifferences: result[layout.result.areDifferences] === 1,
      distinct: result[layout.result.distinct],
      dictionaryLength: result[layout.result.dictionaryLength],
      bodyLength: result[layout.result.bodyLength],
    };
  }

  /** Least and greatest of the column's numbers. */
  get range(): { readonly minimum: bigint; readonly maximum: bigint } {
    return { minimum: this.#resultLongs[layout.result.least], maximum: this.#resultLongs[layout.result.greatest] };
  }

  /** Least and greatest of the texts of addresses. */
  get textRange(): { readonly minimum: string; readonly maximum: string } {
    return {
      minimum: this.#text(Number(this.#resultLongs[layout.result.least])),
      maximum: this.#text(Number(this.#resultLongs[layout.result.greatest])),
    };
  }

  /** IPv6 addresses among the texts. */
  get ipv6(): number {
    return this.#result[layout.result.ipv6];
  }

  /** The first bytes of `dictionary` or `body` as a frame of zstd, in memory of its own. */
  compressed(from: 'dictionary' | 'body', length: number): Uint8Array {
    const at = from === 'body' ? layout.addresses.body : layout.addresses.dictionary;
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
