/**
 * Many tuples written at once by WebAssembly (kernel/tuples.ts), as `writeTuple` writes each. Numbers: docs/decisions/0011-speed-of-recording.md.
 */
import { instantiate } from '../base/wasm.ts';
import type { ByteWriter } from './byte-writer.ts';
import {
  accessAt,
  bytesForwardAt,
  bytesReverseAt,
  destinationAt,
  destinationPortAt,
  directionAt,
  encryptionAt,
  encryptionsAt,
  familyAt,
  memoryLength,
  millisAt,
  octetsAt,
  packetsForwardAt,
  packetsReverseAt,
  pairsAt,
  protocolAt,
  rowsMax,
  secondsAt,
  sourceAt,
  sourcePortAt,
  stateAt,
  textAt,
  textLength,
} from './tuple-kernel-layout.ts';
import { tupleKernelModule } from './tuple-kernel-module.ts';
import type { FlowLogFormat, TupleColumns } from './tuple.ts';
import { encryptionNames } from './tuple.ts';

const formatNumbers: Readonly<Record<FlowLogFormat, number>> = { nsg1: 0, nsg2: 1, vnet: 2 };
/** Seconds from here on have more than 32 bits. */
const secondsEnd = 2 ** 32;

interface TupleKernelExports {
  writeTuples(count: number, format: number): number;
}

export class TupleKernel {
  readonly #exports: TupleKernelExports;
  readonly #text: Uint8Array;
  readonly #seconds: Uint32Array;
  readonly #millis: Uint32Array;
  readonly #source: Uint32Array;
  readonly #destination: Uint32Array;
  readonly #sourcePort: Uint16Array;
  readonly #destinationPort: Uint16Array;
  readonly #family: Uint8Array;
  readonly #protocol: Uint8Array;
  readonly #direction: Uint8Array;
  readonly #access: Uint8Array;
  readonly #state: Uint8Array;
  readonly #encryption: Uint8Array;
  readonly #packetsForward: Float64Array;
  readonly #bytesForward: Float64Array;
  readonly #packetsReverse: Float64Array;
  readonly #bytesReverse: Float64Array;

  constructor(exports: TupleKernelExports, buffer: ArrayBuffer) {
    const words = (at: number): Uint32Array => new Uint32Array(buffer, at, rowsMax);
    const bytes = (at: number): Uint8Array => new Uint8Array(buffer, at, rowsMax);
    const doubles = (at: number): Float64Array => new Float64Array(buffer, at, rowsMax);
    this.#exports = exports;
    this.#text = new Uint8Array(buffer, textAt, textLength);
    this.#seconds = words(secondsAt);
    this.#millis = words(millisAt);
    this.#source = new Uint32Array(buffer, sourceAt, 4 * rowsMax);
    this.#destination = new Uint32Array(buffer, destinationAt, 4 * rowsMax);
    this.#sourcePort = new Uint16Array(buffer, sourcePortAt, rowsMax);
    this.#destinationPort = new Uint16Array(buffer, destinationPortAt, rowsMax);
    this.#family = bytes(familyAt);
    this.#protocol = bytes(protocolAt);
    this.#direction = bytes(directionAt);
    this.#access = bytes(accessAt);
    this.#state = bytes(stateAt);
    this.#encryption = bytes(encryptionAt);
    this.#packetsForward = doubles(packetsForwardAt);
    this.#bytesForward = doubles(bytesForwardAt);
    this.#packetsReverse = doubles(packetsReverseAt);
    this.#bytesReverse = doubles(bytesReverseAt);
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
    for (let i = start; i < end; i++) {
      const time = columns.timeMillis[rows[i]];
      if (!(time >= 0 && time < 1000 * secondsEnd)) return false;
    }
    for (let from = start; from < end; from += rowsMax) {
      const count = Math.min(rowsMax, end - from);
      this.#gather(columns, rows, from, count);
      const length = this.#exports.writeTuples(count, formatNumbers[format]);
      const skipped = from === start ? 1 : 0;
      writer.reserve(length).set(this.#text.subarray(skipped, length), writer.length);
      writer.length += length - skipped;
    }
    return true;
  }

  #gather(columns: TupleColumns, rows: Uint32Array, from: number, count: number): void {
    const { source, destination, timeMillis } = columns;
    const first = rows[from];
    let followOn = true;
    for (let i = 0; i < count; i++) {
      const row = rows[from + i];
      followOn &&= row === first + i;
      const seconds = Math.floor(timeMillis[row] / 1000);
      this.#seconds[i] = seconds;
      this.#millis[i] = Math.floor(timeMillis[row]) - 1000 * seconds;
    }
    if (followOn) {
      this.#copy(columns, first, first + count);
      return;
    }
    for (let i = 0; i < count; i++) {
      const row = rows[from + i];
      this.#sourcePort[i] = columns.sourcePort[row];
      this.#destinationPort[i] = columns.destinationPort[row];
      this.#family[i] = columns.family[row];
      this.#protocol[i] = columns.protocol[row];
      this.#direction[i] = columns.direction[row];
      this.#access[i] = columns.access[row];
      this.#state[i] = columns.state[row];
      this.#encryption[i] = columns.encryption[row];
      this.#packetsForward[i] = columns.packetsForward[row];
      this.#bytesForward[i] = columns.bytesForward[row];
      this.#packetsReverse[i] = columns.packetsReverse[row];
      this.#bytesReverse[i] = columns.bytesReverse[row];
    }
    for (let i = 0; i < count; i++) {
      const at = 4 * rows[from + i];
      for (let word = 0; word < 4; word++) {
        this.#source[4 * i + word] = source[at + word];
        this.#destination[4 * i + word] = destination[at + word];
      }
    }
  }

  /** All columns but the time, of rows that follow one another. */
  #copy(columns: TupleColumns, start: number, end: number): void {
    this.#source.set(columns.source.subarray(4 * start, 4 * end));
    this.#destination.set(columns.destination.subarray(4 * start, 4 * end));
    this.#sourcePort.set(columns.sourcePort.subarray(start, end));
    this.#destinationPort.set(columns.destinationPort.subarray(start, end));
    this.#family.set(columns.family.subarray(start, end));
    this.#protocol.set(columns.protocol.subarray(start, end));
    this.#direction.set(columns.direction.subarray(start, end));
    this.#access.set(columns.access.subarray(start, end));
    this.#state.set(columns.state.subarray(start, end));
    this.#encryption.set(columns.encryption.subarray(start, end));
    this.#packetsForward.set(columns.packetsForward.subarray(start, end));
    this.#bytesForward.set(columns.bytesForward.subarray(start, end));
    this.#packetsReverse.set(columns.packetsReverse.subarray(start, end));
    this.#bytesReverse.set(columns.bytesReverse.subarray(start, end));
  }
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
  const instance = instantiate(tupleKernelModule, memoryLength);
  if (instance === undefined) return undefined;
  const exports = instance.exports as TupleKernelExports;
  return new TupleKernel(exports, instance.buffer);
}
