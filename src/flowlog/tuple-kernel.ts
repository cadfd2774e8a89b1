/**
 * Many tuples written at once by WebAssembly (kernel/tuples.ts), as `writeTuple` writes each. Numbers: docs/decisions/0011-speed-of-recording.md.
 */
import { instantiate } from '../base/wasm.ts';
import type { ByteWriter } from './byte-writer.ts';
import * as layout from './tuple-kernel-layout.ts';
import { tupleKernelModule } from './tuple-kernel-module.ts';
import type { FlowLogFormat, TupleColumns } from './tuple.ts';
import { encryptionNames } from './tuple.ts';

const { encryptionsAt, octetsAt, ownRows, pairsAt, rowsMax } = layout;
const formatNumbers: Readonly<Record<FlowLogFormat, number>> = { nsg1: 0, nsg2: 1, vnet: 2 };

interface TupleKernelExports {
  writeTuples(first: number, end: number, format: number): number;
}

export class TupleKernel {
  /** Columns in the kernel's memory, of `limits.eventsMax` rows: tuples that are made in these are written without being copied. One owner at a time. */
  readonly columns: TupleColumns;
  readonly #exports: TupleKernelExports;
  readonly #text: Uint8Array;
  /** The rows behind them, for tuples from elsewhere. */
  readonly #brought: TupleColumns;

  constructor(exports: TupleKernelExports, buffer: ArrayBuffer) {
    this.#exports = exports;
    this.#text = new Uint8Array(buffer, layout.textAt, layout.textLength);
    this.columns = columnsIn(buffer, 0, ownRows);
    this.#brought = columnsIn(buffer, ownRows, rowsMax);
    writeTables(buffer);
  }

  /**
   * Appends `"…"` for each of `rows[start]` to `rows[end - 1]`, with commas between them; all of them satisfy `hasTuple`.
   * @returns false, with nothing written, where a time is beyond what the kernel takes
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
    const own = columns === this.columns && followOn(rows, start, end);
    for (let from = start; from < end; from += rowsMax) {
      const count = Math.min(rowsMax, end - from);
      if (!own) bring(columns, rows, from, count, this.#brought);
      const first = own ? rows[from] : ownRows;
      const length = this.#exports.writeTuples(first, first + count, formatNumbers[format]);
      if (length < 0) {
        writer.length = before;
        return false;
      }
      const skipped = from === start ? 1 : 0;
      writer.reserve(length).set(this.#text.subarray(skipped, length), writer.length);
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

/** The columns from row `first` on, `capacity` rows. The kernel does not read groups: they lie elsewhere. */
function columnsIn(buffer: ArrayBuffer, first: number, capacity: number): TupleColumns {
  const bytes = (at: number): Uint8Array => new Uint8Array(buffer, at + first, capacity);
  const shorts = (at: number): Uint16Array => new Uint16Array(buffer, at + 2 * first, capacity);
  const quads = (at: number): Uint32Array => new Uint32Array(buffer, at + 16 * first, 4 * capacity);
  const doubles = (at: number): Float64Array => new Float64Array(buffer, at + 8 * first, capacity);
  return {
    count: 0,
    timeMillis: doubles(layout.timeAt),
    family: bytes(layout.familyAt),
    source: quads(layout.sourceAt),
    destination: quads(layout.destinationAt),
    sourcePort: shorts(layout.sourcePortAt),
    destinationPort: shorts(layout.destinationPortAt),
    protocol: bytes(layout.protocolAt),
    direction: bytes(layout.directionAt),
    access: bytes(layout.accessAt),
    state: bytes(layout.stateAt),
    encryption: bytes(layout.encryptionAt),
    packetsForward: doubles(layout.packetsForwardAt),
    bytesForward: doubles(layout.bytesForwardAt),
    packetsReverse: doubles(layout.packetsReverseAt),
    bytesReverse: doubles(layout.bytesReverseAt),
    group: new Uint32Array(capacity),
  };
}

function writeTables(buffer: ArrayBuffer): void {
  const encoder = new TextEncoder();
  const write = (at: number, text: string): void =>
    void encoder.encodeInto(text, new Uint8Array(buffer, at, text.length));
  for (let i = 0; i < 100; i++) write(pairsAt + 2 * i, String(i).padStart(2, '0'));
  const bytes = new Uint8Array(buffer);
  for (let octet = 0; octet < 256; octet++) {
    write(octetsAt + 4 * octet, String(octet));
    bytes[octetsAt + 4 * octet + 3] = String(octet).length;
  }
  encryptionNames.forEach((name, index) => {
    const text = index === 0 ? 'NX' : name;
    write(encryptionsAt + 32 * index, text);
    bytes[encryptionsAt + 32 * index + 31] = text.length;
  });
}

/** A kernel; `undefined` where WebAssembly is not to be had. */
export function createTupleKernel(): TupleKernel | undefined {
  const instance = instantiate(tupleKernelModule, layout.memoryLength);
  if (instance === undefined) return undefined;
  const exports = instance.exports as TupleKernelExports;
  return new TupleKernel(exports, instance.buffer);
}
