/**
 * The fast path from tuples to columns: WebAssembly (kernel/scan/scan.ts) reads runs of regular tuples, one window of
 * the input after another. `scanTuple` is its reference implementation, and reads the tuples that the kernel skips.
 */
import { assert } from '../base/assert.ts';
import { instantiateNeeded } from '../base/wasm.ts';
import * as layout from './scan-kernel-layout.ts';
import { scanKernelModule } from './scan-kernel-module.ts';
import { tupleScanBytes } from './tuple-scan.ts';
import type { TupleColumns } from './tuple.ts';
import { growTupleColumns } from './tuple.ts';

const { rowsMax, windowLength } = layout;
const windowAt = layout.addresses.window;

interface ScanKernelExports {
  start(): void;
  scan(open: number, end: number, row: number, rowEnd: number, group: number): number;
}

/** A kernel with its own window and columns. */
export class TupleScanner {
  readonly #columns: TupleColumns;
  readonly #kernel: ScanKernelExports;
  readonly #window: Uint8Array;
  readonly #result: Uint32Array;
  /** The input of the window, which has the bytes from `#start` to before `#end`. */
  #bytes: Uint8Array | undefined;
  #start = 0;
  #end = 0;

  constructor() {
    const { buffer, exports } = instantiateNeeded('reading flow logs', scanKernelModule, layout.memoryLength);
    const kernel = exports as ScanKernelExports;
    kernel.start();
    this.#kernel = kernel;
    const { window, result, columns } = layout.viewMemory(buffer);
    assert(window.length >= windowLength + tupleScanBytes, 'the window has room behind the input');
    this.#window = window;
    this.#result = result;
    this.#columns = { count: 0, ...columns };
  }

  /**
   * Empty columns in the kernel's memory. Only the last created columns are valid there; growing columns move to their
   * own memory.
   */
  columns(): TupleColumns {
    return { ...this.#columns, count: 0 };
  }

  /** Whether columns are in the kernel's memory, so that the next ones will overwrite them. */
  owns(columns: TupleColumns): boolean {
    return columns.timeMillis === this.#columns.timeMillis;
  }

  /** Releases the input, which the caller can then change. */
  forget(): void {
    this.#bytes = undefined;
  }

  /**
   * Reads tuples from the quote at `start` as long as they are regular and separated by one comma, and makes room for
   * them. The last ones of the input are not read.
   * @returns the position after the last closing quote; `start` if even the first is not regular
   */
  read(bytes: Uint8Array, start: number, columns: TupleColumns, group: number): number {
    let open = start;
    for (;;) {
      if (columns.count === columns.timeMillis.length) growTupleColumns(columns);
      this.#moveTo(bytes, open);
      const offset = windowAt - this.#start;
      const end = offset + this.#end - tupleScanBytes;
      if (offset + open >= end) return open === start ? start : open - 1;
      const behind = this.#run(offset + open, end, columns, group) - offset;
      if (behind === open) return open === start ? start : open - 1;
      // It stopped because rows or bytes ran out, if another tuple follows.
      if (bytes[behind] !== comma || bytes[behind + 1] !== quote) return behind;
      if (columns.count < columns.timeMillis.length && offset + behind + 1 < end) return behind;
      open = behind + 1;
    }
  }

  #run(open: number, end: number, columns: TupleColumns, group: number): number {
    if (this.owns(columns)) {
      const behind = this.#kernel.scan(open, end, columns.count, rowsMax, group);
      columns.count = this.#result[layout.result.rows];
      return behind;
    }
    const room = columns.timeMillis.length - columns.count;
    const behind = this.#kernel.scan(open, end, 0, Math.min(room, rowsMax), group);
    copyRows(this.#columns, this.#result[layout.result.rows], columns);
    return behind;
  }

  /** Moves the window to the bytes at `at` and after, if needed. */
  #moveTo(bytes: Uint8Array, at: number): void {
    const holds = this.#bytes === bytes && at >= this.#start;
    if (holds && (this.#end === bytes.length || at + aheadBytes <= this.#end)) return;
    this.#bytes = bytes;
    this.#start = at;
    this.#end = Math.min(bytes.length, at + windowLength);
    this.#window.set(bytes.subarray(at, this.#end));
  }
}

/** The least bytes that the window has after the current position, except at the end of the input. */
const aheadBytes = 4096;
const quote = 0x22;
const comma = 0x2c;

/** Values per row of each column. */
const widths = {
  timeMillis: 1,
  family: 1,
  source: 4,
  destination: 4,
  sourcePort: 1,
  destinationPort: 1,
  protocol: 1,
  direction: 1,
  access: 1,
  state: 1,
  encryption: 1,
  packetsForward: 1,
  bytesForward: 1,
  packetsReverse: 1,
  bytesReverse: 1,
  group: 1,
} as const satisfies Record<Exclude<keyof TupleColumns, 'count'>, number>;

const columnNames = Object.keys(widths) as (keyof typeof widths)[];

function copyRows(from: TupleColumns, count: number, to: TupleColumns): void {
  for (const name of columnNames) to[name].set(from[name].subarray(0, widths[name] * count), widths[name] * to.count);
  to.count += count;
}

/** A copy of the used rows. */
export function copyTupleColumns(columns: TupleColumns): TupleColumns {
  const copied = { ...columns };
  for (const name of columnNames) copied[name] = columns[name].slice(0, widths[name] * columns.count) as never;
  return copied;
}
