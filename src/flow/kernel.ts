/**
 * The inner loop as WebAssembly (kernel/flow.ts), and its memory seen through typed arrays. It only makes the meter faster: where there is none, TypeScript
 * does all of it, with the same events. Numbers: docs/decisions/0011-speed-of-recording.md.
 */
import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import { instantiate } from '../base/wasm.ts';
import type { CaptureBatch } from '../capture/batch.ts';
import type { PacketBatch } from '../net/packet.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import type { NicTable } from '../nsg/nic-table.ts';
import { spreadNicTable } from '../nsg/nic-table.ts';
import type { DecodeRun } from '../wire/decode-packet.ts';
import type { MeterCounts } from './counts.ts';
import {
  batchRows,
  bucketsAt,
  capturedLengthAt,
  countsAt,
  decisionsAt,
  destinationAt,
  destinationHashAt,
  destinationNicAt,
  destinationPortAt,
  familyAt,
  framesAt,
  framesLength,
  freeAt,
  hashesAt,
  ipBytesAt,
  linkTypeAt,
  memoryLength,
  nicNumbersAt,
  nicSlotsMax,
  nicWordsAt,
  protocolAt,
  rowsMax,
  sourceAt,
  sourceHashAt,
  sourceNicAt,
  sourcePortAt,
  startAt,
  tcpFlagsAt,
  timeMillisAt,
  timeNanosAt,
  timeSecondsAt,
  timeoutsAt,
  wordsAt,
} from './kernel-layout.ts';
import { kernelModule } from './kernel-module.ts';
import type { GrowTable } from './table.ts';
import { rowWords } from './table.ts';

interface KernelExports {
  decode(first: number, count: number, firstRow: number, plainUdp: number): number;
  prepare(count: number, nicMask: number): void;
  follow(from: number, count: number, boundary: number, mask: number): number;
  scan(row: number, high: number, now: number, tick: number): number;
}

const everyNicZero = -1;

/** One meter's at a time. */
export class FlowKernel {
  /** The batch to decode into: a meter with this kernel is fast with this batch alone. */
  readonly packets: PacketBatch;
  /** Of the packets of the batch: as `FlowMeter.#prepare` finds them. */
  readonly sourceNic: Int32Array;
  readonly destinationNic: Int32Array;
  readonly sourceHash: Uint32Array;
  readonly destinationHash: Uint32Array;
  readonly #exports: KernelExports;
  readonly #buffer: ArrayBuffer;
  readonly #frames: Uint8Array;
  readonly #start: Uint32Array;
  readonly #capturedLength: Uint32Array;
  readonly #timeSeconds: Float64Array;
  readonly #timeNanos: Uint32Array;
  readonly #linkType: Uint16Array;
  readonly #counts: Float64Array;
  #nicMask = everyNicZero;
  /** Whether the frames of the batch being decoded are in the kernel's memory. */
  #holdsFrames = false;

  constructor(exports: KernelExports, buffer: ArrayBuffer) {
    assert(
      batchRows === limits.batchPackets && rowsMax === limits.flowsMax,
      "the kernel's memory has the limits' sizes",
    );
    const words = (at: number, length = batchRows): Uint32Array => new Uint32Array(buffer, at, length);
    const doubles = (at: number): Float64Array => new Float64Array(buffer, at, batchRows);
    this.#exports = exports;
    this.#buffer = buffer;
    this.packets = {
      count: 0,
      capacity: batchRows,
      timeMillis: doubles(timeMillisAt),
      family: new Uint8Array(buffer, familyAt, batchRows),
      source: words(sourceAt, 4 * batchRows),
      destination: words(destinationAt, 4 * batchRows),
      sourcePort: new Uint16Array(buffer, sourcePortAt, batchRows),
      destinationPort: new Uint16Array(buffer, destinationPortAt, batchRows),
      protocol: new Uint8Array(buffer, protocolAt, batchRows),
      tcpFlags: new Uint8Array(buffer, tcpFlagsAt, batchRows),
      ipBytes: words(ipBytesAt),
    };
    this.sourceNic = new Int32Array(buffer, sourceNicAt, batchRows);
    this.destinationNic = new Int32Array(buffer, destinationNicAt, batchRows);
    this.sourceHash = words(sourceHashAt);
    this.destinationHash = words(destinationHashAt);
    this.#frames = new Uint8Array(buffer, framesAt, framesLength);
    this.#start = words(startAt);
    this.#capturedLength = words(capturedLengthAt);
    this.#timeSeconds = doubles(timeSecondsAt);
    this.#timeNanos = words(timeNanosAt);
    this.#linkType = new Uint16Array(buffer, linkTypeAt, batchRows);
    this.#counts = new Float64Array(buffer, countsAt, 6);
  }

  /** Room for the rows of a table: always at the same place, so nothing is copied. */
  readonly growTable: GrowTable = (capacity) => ({
    capacity,
    words: new Uint32Array(this.#buffer, wordsAt, rowWords * capacity),
    doubles: new Float64Array(this.#buffer, wordsAt, (rowWords / 2) * capacity),
    hashes: new Uint32Array(this.#buffer, hashesAt, capacity),
    decisions: new Uint32Array(this.#buffer, decisionsAt, capacity),
    free: new Uint32Array(this.#buffer, freeAt, capacity),
    buckets: new Uint32Array(this.#buffer, bucketsAt, 4 * capacity),
  });

  /** Tells the kernel the NICs. @param table absent where every packet crosses NIC 0. @returns false, with nothing done, where they are too many */
  setNics(table: NicTable | undefined, idleTimeoutMillis: Float64Array): boolean {
    if (idleTimeoutMillis.length > nicSlotsMax || (table !== undefined && table.mask >= nicSlotsMax)) return false;
    new Float64Array(this.#buffer, timeoutsAt, idleTimeoutMillis.length).set(idleTimeoutMillis);
    const sparse = table === undefined ? undefined : spreadNicTable(table, nicSlotsMax);
    this.#nicMask = sparse?.mask ?? everyNicZero;
    if (sparse === undefined) return true;
    new Uint32Array(this.#buffer, nicWordsAt, sparse.words.length).set(sparse.words);
    new Int32Array(this.#buffer, nicNumbersAt, sparse.nics.length).set(sparse.nics);
    return true;
  }

  /**
   * As decodePlainRun of wire, for the kernel's own batch.
   * @returns -1, with nothing done, where the frames of the batch are too long for the kernel's memory
   */
  readonly decodeRun: DecodeRun = (captured, first, firstRow, udp) => {
    const { count } = captured;
    if (first === 0) this.#holdsFrames = this.#load(captured);
    return this.#holdsFrames ? this.#exports.decode(first, count, firstRow, udp ? protocolUdp : protocolTcp) : -1;
  };

  #load(captured: CaptureBatch): boolean {
    const { count, bytes, start } = captured;
    const origin = start[0];
    const end = start[count - 1] + captured.capturedLength[count - 1];
    if (end < origin || end - origin > framesLength) return false;
    this.#frames.set(bytes.subarray(origin, end));
    for (let i = 0; i < count; i++) {
      const from = start[i] - origin;
      if (from < 0 || from + captured.capturedLength[i] > framesLength) return false;
      this.#start[i] = from;
    }
    this.#capturedLength.set(captured.capturedLength);
    this.#timeSeconds.set(captured.timeSeconds);
    this.#timeNanos.set(captured.timeNanos);
    this.#linkType.set(captured.linkType);
    return true;
  }

  /** Finds NICs and hashes of the batch's packets. */
  prepare(count: number): void {
    this.#exports.prepare(count, this.#nicMask);
  }

  /** Counts packets of the batch from `from` on into flows that are there. @param mask the table's. @returns the first that is more than that, or at or past `boundary` */
  follow(from: number, count: number, boundary: number, mask: number): number {
    return this.#exports.follow(from, count, boundary, mask);
  }

  /** The first row from `row` on that ages at `now`, `high` where there is none. */
  scan(row: number, high: number, now: number, isTick: boolean): number {
    return this.#exports.scan(row, high, now, isTick ? 1 : 0);
  }

  /** Moves what was counted here to `counts`. */
  takeCounts(counts: MeterCounts): void {
    const [packets, bytes, noNic, allowed, allowedBytes, denied] = this.#counts;
    counts.packetsCounted += packets;
    counts.bytesCounted += bytes;
    counts.packetsNoNic += noNic;
    counts.observedAllowed += allowed;
    counts.bytesAllowed += allowedBytes;
    counts.observedDenied += denied;
    this.#counts.fill(0);
  }
}

/** A kernel; `undefined` where WebAssembly or its memory is not to be had. */
export function createKernel(): FlowKernel | undefined {
  const instance = instantiate(kernelModule, memoryLength);
  return instance === undefined ? undefined : new FlowKernel(instance.exports as KernelExports, instance.buffer);
}
