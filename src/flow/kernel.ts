/**
 * The inner loop as WebAssembly (kernel/flow/flow.ts), and its memory seen through typed arrays. It only makes the meter faster: where there is none, TypeScript
 * does all of it, with the same events. Numbers: docs/decisions/0011-speed-of-recording.md.
 */
import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import { createMemory, instantiate } from '../base/wasm.ts';
import type { CaptureBatch, ReadRecords } from '../capture/batch.ts';
import * as tupleLayout from '../flowlog/tuple-kernel-layout.ts';
import type { TupleKernel } from '../flowlog/tuple-kernel.ts';
import { createTupleKernel } from '../flowlog/tuple-kernel.ts';
import type { PacketBatch } from '../net/packet.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import type { CompiledNetwork } from '../nsg/compile.ts';
import type { NicTable } from '../nsg/nic-table.ts';
import { spreadNicTable } from '../nsg/nic-table.ts';
import type { DecodeRun } from '../wire/decode-packet.ts';
import type { MeterCounts } from './counts.ts';
import type { FlowEvents } from './event.ts';
import * as layout from './kernel-layout.ts';
import { kernelModule } from './kernel-module.ts';
import type { KeyColumns } from './packet-keys.ts';
import type { StoreMemory } from './store.ts';
import type { GrowTable } from './table.ts';
import { rowWords, stateWords } from './table.ts';

interface KernelExports {
  readRecords(
    start: number,
    end: number,
    origin: number,
    row: number,
    capacity: number,
    headerLength: number,
    swapped: number,
    fractionNanos: number,
    linkType: number,
    lengthMax: number,
  ): number;
  decode(frames: number, first: number, count: number, firstRow: number, plainUdp: number): number;
  prepare(count: number, nicMask: number): void;
  observe(from: number, count: number, boundary: number): number;
  sweep(row: number, now: number, tick: number, capacity: number): number;
  endAll(row: number, capacity: number): number;
  judgeNumber(row: number): number;
}

const everyNicZero = -1;
const { batchRows, rowsMax, nicSlotsMax, framesAt, framesLength } = layout;

/** One meter's at a time. */
export class FlowKernel implements KeyColumns, StoreMemory {
  /** The batch to decode into: a meter with this kernel is fast with this batch alone. */
  readonly packets: PacketBatch;
  /** Of the packets of the batch. */
  readonly sourceNic: Int32Array;
  readonly destinationNic: Int32Array;
  readonly sourceHash: Uint32Array;
  readonly destinationHash: Uint32Array;
  /** The batch to read captures into: decoding is fastest with it, and where its bytes are in `chunk`. */
  readonly captured: CaptureBatch;
  /** Memory to read captures into. */
  readonly chunk: Uint8Array;
  /** Puts events in order and writes them, in the same memory. */
  readonly tuples: TupleKernel;
  readonly #exports: KernelExports;
  readonly #buffer: ArrayBuffer;
  readonly #frames: Uint8Array;
  readonly #counts: Float64Array;
  readonly #capturedCount: Uint32Array;
  readonly #eventCount: Uint32Array;
  readonly #eventRoom: Uint32Array;
  readonly #hooks: KernelHooks;
  #nicMask = everyNicZero;
  /** Where in the kernel's memory the bytes of the batch being decoded begin, or would begin; `undefined` where the frames are not there. */
  #framesAt: number | undefined;

  constructor(exports: KernelExports, buffer: ArrayBuffer, hooks: KernelHooks, tuples: TupleKernel) {
    assert(
      batchRows === limits.batchPackets &&
        rowsMax === limits.flowsMax &&
        tupleLayout.ownRows === limits.eventsMax &&
        tupleLayout.memoryLength === layout.start &&
        layout.chunkLength >= limits.captureReadBytes,
      "the kernel's memory has the limits' sizes",
    );
    this.#exports = exports;
    this.#buffer = buffer;
    this.#hooks = hooks;
    this.tuples = tuples;
    this.packets = packetsIn(buffer);
    this.captured = { ...capturedIn(buffer), readRecords: this.#readRecords };
    this.#capturedCount = new Uint32Array(buffer, layout.capturedCountAt, 1);
    this.chunk = new Uint8Array(buffer, layout.chunkAt, limits.captureReadBytes);
    this.sourceNic = new Int32Array(buffer, layout.sourceNicAt, batchRows);
    this.destinationNic = new Int32Array(buffer, layout.destinationNicAt, batchRows);
    this.sourceHash = new Uint32Array(buffer, layout.sourceHashAt, batchRows);
    this.destinationHash = new Uint32Array(buffer, layout.destinationHashAt, batchRows);
    this.#frames = new Uint8Array(buffer, framesAt, framesLength);
    this.#counts = new Float64Array(buffer, layout.countsAt, layout.countsLength);
    this.#eventCount = new Uint32Array(buffer, layout.eventCountAt, 1);
    this.#eventRoom = new Uint32Array(buffer, layout.eventRoomAt, 1);
  }

  /** Room for the rows of a table: always at the same place, so nothing is copied. */
  readonly growTable: GrowTable = (capacity) => ({
    capacity,
    words: new Uint32Array(this.#buffer, layout.wordsAt, rowWords * capacity),
    doubles: new Float64Array(this.#buffer, layout.wordsAt, (rowWords / 2) * capacity),
    hashes: new Uint32Array(this.#buffer, layout.hashesAt, capacity),
    decisions: new Uint32Array(this.#buffer, layout.decisionsAt, capacity),
    free: new Uint32Array(this.#buffer, layout.freeAt, capacity),
    buckets: new Uint32Array(this.#buffer, layout.bucketsAt, 2 * capacity),
    state: new Uint32Array(this.#buffer, layout.stateAt, stateWords),
  });

  createEvents(capacity: number): FlowEvents {
    return this.tuples.room(capacity);
  }

  flowsOfNic(nics: number): Uint32Array | undefined {
    return nics > nicSlotsMax ? undefined : new Uint32Array(this.#buffer, layout.flowsOfNicAt, nics).fill(0);
  }

  setLimits(flowsPerNicMax: number, flowsMax: number): void {
    new Uint32Array(this.#buffer, layout.flowsPerNicMaxAt, 1)[0] = flowsPerNicMax;
    new Uint32Array(this.#buffer, layout.flowsMaxAt, 1)[0] = flowsMax;
  }

  /** @param judge gives the flow of a row its decision, and says whether it is denied: as Judge does. Asked where the rules are not in memory */
  setJudge(judge: (row: number) => boolean): void {
    this.#hooks.judge = judge;
  }

  /** Takes the rules into memory. @param network absent where they are always asked for */
  setRules(network: CompiledNetwork | undefined): void {
    const words = new Uint32Array(this.#buffer, layout.rulesAt, layout.rulesLength / 4);
    const packed = network?.pack(words.length);
    if (packed === undefined) words[0] = 0;
    else words.set(packed);
  }

  /** As `judge` of Judge: what the kernel says of a row that was just inserted. */
  judge(row: number): boolean {
    return this.#exports.judgeNumber(row) === 1;
  }

  /** Tells the kernel the NICs. @param table absent where every packet crosses NIC 0. @returns false, with nothing done, where they are too many */
  setNics(table: NicTable | undefined, idleTimeoutMillis: Float64Array): boolean {
    if (idleTimeoutMillis.length > nicSlotsMax || (table !== undefined && table.mask >= nicSlotsMax)) return false;
    new Float64Array(this.#buffer, layout.timeoutsAt, idleTimeoutMillis.length).set(idleTimeoutMillis);
    const sparse = table === undefined ? undefined : spreadNicTable(table, nicSlotsMax);
    this.#nicMask = sparse?.mask ?? everyNicZero;
    if (sparse === undefined) return true;
    new Uint32Array(this.#buffer, layout.nicWordsAt, sparse.words.length).set(sparse.words);
    new Int32Array(this.#buffer, layout.nicNumbersAt, sparse.nics.length).set(sparse.nics);
    return true;
  }

  readonly #readRecords: ReadRecords = (bytes, start, end, { little, headerLength, fractionNanos, linkType }) => {
    if (bytes.buffer !== this.#buffer) return start;
    const { captured } = this;
    const origin = bytes.byteOffset;
    const at = this.#exports.readRecords(
      origin + start,
      origin + end,
      origin,
      captured.count,
      batchRows,
      headerLength,
      little ? 0 : 1,
      fractionNanos,
      linkType,
      limits.packetBytesMax,
    );
    captured.count = this.#capturedCount[0];
    return at - origin;
  };

  /**
   * As decodePlainRun of wire, for the kernel's own batch.
   * @returns -1, with nothing done, where the frames of the batch are too long for the kernel's memory
   */
  readonly decodeRun: DecodeRun = (captured, first, firstRow, udp) => {
    if (first === 0) this.#framesAt = this.#load(captured);
    if (this.#framesAt === undefined) return -1;
    return this.#exports.decode(this.#framesAt, first, captured.count, firstRow, udp ? protocolUdp : protocolTcp);
  };

  /** Brings a batch into memory, where it is not there. @returns where its bytes begin, `undefined` where they are too long */
  #load(captured: CaptureBatch): number | undefined {
    const own = this.captured;
    if (captured === own && captured.bytes.buffer === this.#buffer) return captured.bytes.byteOffset;
    const { count, bytes, start, capturedLength } = captured;
    const origin = start[0];
    const end = start[count - 1] + capturedLength[count - 1];
    if (end < origin || end - origin > framesLength) return undefined;
    for (let i = 0; i < count; i++) {
      const from = start[i] - origin;
      if (from < 0 || from + capturedLength[i] > framesLength) return undefined;
    }
    this.#frames.set(bytes.subarray(origin, end));
    if (captured !== own) {
      own.start.set(start);
      own.capturedLength.set(capturedLength);
      own.timeSeconds.set(captured.timeSeconds);
      own.timeNanos.set(captured.timeNanos);
      own.linkType.set(captured.linkType);
    }
    return framesAt - origin;
  }

  /** Finds NICs and hashes of the batch's packets. */
  prepare(count: number): void {
    this.#exports.prepare(count, this.#nicMask);
  }

  /**
   * Observes packets of the batch from `from` on. @param room the most events that are held where a packet may emit some
   * @returns the first packet at or past `boundary`, or that TypeScript must see to
   */
  observe(from: number, count: number, boundary: number, columns: FlowEvents['columns'], room: number): number {
    this.#eventCount[0] = columns.count;
    this.#eventRoom[0] = room;
    const end = this.#exports.observe(from, count, boundary);
    columns.count = this.#eventCount[0];
    return end;
  }

  /** Ages flows, as `age`, from a row on. @returns where to go on when the events were taken, -1 when done */
  sweep(row: number, now: number, isTick: boolean, { columns, capacity }: FlowEvents): number {
    this.#eventCount[0] = columns.count;
    const next = this.#exports.sweep(row, now, isTick ? 1 : 0, capacity);
    columns.count = this.#eventCount[0];
    return next;
  }

  /** Ends all flows, as `endForGood`, from a row on. @returns as `sweep` */
  endAll(row: number, { columns, capacity }: FlowEvents): number {
    this.#eventCount[0] = columns.count;
    const next = this.#exports.endAll(row, capacity);
    columns.count = this.#eventCount[0];
    return next;
  }

  /** Moves what was counted here to `counts`. */
  takeCounts(counts: MeterCounts): void {
    const [packets, bytes, noNic, allowed, allowedBytes, denied, flowsAllowed, flowsDenied, guessed] = this.#counts;
    counts.packetsCounted += packets;
    counts.bytesCounted += bytes;
    counts.packetsNoNic += noNic;
    counts.observedAllowed += allowed;
    counts.bytesAllowed += allowedBytes;
    counts.observedDenied += denied;
    counts.flowsAllowed += flowsAllowed;
    counts.flowsDenied += flowsDenied;
    counts.initiatorsGuessed += guessed;
    this.#counts.fill(0);
  }
}

/** What the kernel calls. */
interface KernelHooks {
  judge: (row: number) => boolean;
}

function packetsIn(buffer: ArrayBuffer): PacketBatch {
  return {
    count: 0,
    capacity: batchRows,
    timeMillis: new Float64Array(buffer, layout.timeMillisAt, batchRows),
    family: new Uint8Array(buffer, layout.familyAt, batchRows),
    source: new Uint32Array(buffer, layout.sourceAt, 4 * batchRows),
    destination: new Uint32Array(buffer, layout.destinationAt, 4 * batchRows),
    sourcePort: new Uint16Array(buffer, layout.sourcePortAt, batchRows),
    destinationPort: new Uint16Array(buffer, layout.destinationPortAt, batchRows),
    protocol: new Uint8Array(buffer, layout.protocolAt, batchRows),
    tcpFlags: new Uint8Array(buffer, layout.tcpFlagsAt, batchRows),
    ipBytes: new Uint32Array(buffer, layout.ipBytesAt, batchRows),
  };
}

function capturedIn(buffer: ArrayBuffer): CaptureBatch {
  return {
    count: 0,
    bytes: new Uint8Array(0),
    start: new Uint32Array(buffer, layout.startAt, batchRows),
    capturedLength: new Uint32Array(buffer, layout.capturedLengthAt, batchRows),
    originalLength: new Uint32Array(buffer, layout.originalLengthAt, batchRows),
    timeSeconds: new Float64Array(buffer, layout.timeSecondsAt, batchRows),
    timeNanos: new Uint32Array(buffer, layout.timeNanosAt, batchRows),
    linkType: new Uint16Array(buffer, layout.linkTypeAt, batchRows),
  };
}

/** A kernel; `undefined` where WebAssembly or its memory is not to be had. */
export function createKernel(): FlowKernel | undefined {
  const hooks: KernelHooks = { judge: () => false };
  const judge = (row: number): number => (hooks.judge(row) ? 1 : 0);
  const memory = createMemory(layout.memoryLength);
  const instance = instantiate(kernelModule, memory, { judge });
  const tuples = instance && createTupleKernel(memory);
  return tuples && new FlowKernel(instance.exports as KernelExports, instance.buffer, hooks, tuples);
}
