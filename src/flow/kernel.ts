/**
 * The inner loop as WebAssembly (kernel/flow/flow.ts), and typed arrays of its memory. It only makes the meter faster:
 * without it, TypeScript does the same work with the same events. Numbers: docs/how-it-works/decisions/0011-speed-of-recording.md.
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
import { exchange } from './kernel-layout.ts';
import { kernelModule } from './kernel-module.ts';
import type { KeyColumns } from './packet-keys.ts';
import type { StoreMemory } from './store.ts';
import type { GrowTable } from './table.ts';
import { rowWords } from './table.ts';

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
const { batchRows, rowsMax, nicSlotsMax, framesLength } = layout;

/** Used by one meter at a time. */
export class FlowKernel implements KeyColumns, StoreMemory {
  /** The batch to decode to: a meter with this kernel is fast only with this batch. */
  readonly packets: PacketBatch;
  /** Of the packets of the batch. */
  readonly sourceNic: Int32Array;
  readonly destinationNic: Int32Array;
  readonly sourceHash: Uint32Array;
  readonly destinationHash: Uint32Array;
  /** The batch to read captures into: decoding is fastest with it and with its bytes in `chunk`. */
  readonly captured: CaptureBatch;
  /** Memory for reading captures. */
  readonly chunk: Uint8Array;
  /** Sorts events and writes them in the same memory. */
  readonly tuples: TupleKernel;
  readonly #exports: KernelExports;
  readonly #buffer: ArrayBuffer;
  readonly #memory: layout.KernelMemory;
  readonly #hooks: KernelHooks;
  #nicMask = everyNicZero;
  /**
   * Offset of the current batch's bytes in the kernel's memory, also if they begin before it; `undefined` if the frames
   * are not there.
   */
  #framesAt: number | undefined;

  constructor(exports: KernelExports, buffer: ArrayBuffer, hooks: KernelHooks, tuples: TupleKernel) {
    assert(
      batchRows === limits.batchPackets &&
        rowsMax === limits.flowsMax &&
        tupleLayout.orderedRowsMax === limits.eventsMax &&
        tupleLayout.memoryLength <= layout.addresses.counts &&
        layout.chunkLength >= limits.captureReadBytes,
      "the kernel's memory has the limits' sizes",
    );
    this.#exports = exports;
    this.#buffer = buffer;
    this.#hooks = hooks;
    this.tuples = tuples;
    const memory = layout.viewMemory(buffer);
    this.#memory = memory;
    this.packets = packetsIn(memory);
    this.captured = { ...capturedIn(memory), readRecords: this.#readRecords };
    this.chunk = memory.chunk.subarray(0, limits.captureReadBytes);
    this.sourceNic = memory.sourceNic;
    this.destinationNic = memory.destinationNic;
    this.sourceHash = memory.sourceHash;
    this.destinationHash = memory.destinationHash;
  }

  /** Room for the rows of a table, always at the same place, so nothing is copied. */
  readonly growTable: GrowTable = (capacity) => ({
    capacity,
    words: this.#memory.rows.subarray(0, rowWords * capacity),
    doubles: this.#memory.rowsDoubles.subarray(0, (rowWords / 2) * capacity),
    hashes: this.#memory.hashes.subarray(0, capacity),
    decisions: this.#memory.decisions.subarray(0, capacity),
    free: this.#memory.freeRows.subarray(0, capacity),
    buckets: this.#memory.buckets.subarray(0, 2 * capacity),
    state: this.#memory.table,
  });

  createEvents(capacity: number): FlowEvents {
    return this.tuples.room(capacity);
  }

  flowsOfNic(nics: number): Uint32Array | undefined {
    return nics > nicSlotsMax ? undefined : this.#memory.flowsOfNic.subarray(0, nics).fill(0);
  }

  setLimits(flowsPerNicMax: number, flowsMax: number): void {
    this.#memory.exchange[exchange.flowsPerNicMax] = flowsPerNicMax;
    this.#memory.exchange[exchange.flowsMax] = flowsMax;
  }

  /**
   * @param judge sets the decision of a flow and returns whether it is denied, as Judge does; called if the rules are
   * not in memory
   */
  setJudge(judge: (row: number) => boolean): void {
    this.#hooks.judge = judge;
  }

  /**
   * Copies the rules to the kernel's memory.
   * @param network if absent, `judge` is called for all flows
   */
  setRules(network: CompiledNetwork | undefined): void {
    const words = this.#memory.rules;
    const packed = network?.pack(words.length);
    if (packed === undefined) words[0] = 0;
    else words.set(packed);
  }

  /** The kernel's own `judge` of Judge, for a new row. */
  judge(row: number): boolean {
    return this.#exports.judgeNumber(row) === 1;
  }

  /**
   * Sets the NICs.
   * @param table if absent, every packet crosses NIC 0
   * @returns false, without a change, if there are too many
   */
  setNics(table: NicTable | undefined, idleTimeoutMillis: Float64Array): boolean {
    if (idleTimeoutMillis.length > nicSlotsMax || (table !== undefined && table.mask >= nicSlotsMax)) return false;
    this.#memory.timeouts.set(idleTimeoutMillis);
    const sparse = table === undefined ? undefined : spreadNicTable(table, nicSlotsMax);
    this.#nicMask = sparse?.mask ?? everyNicZero;
    if (sparse === undefined) return true;
    this.#memory.nicAddresses.set(sparse.words);
    this.#memory.nicNumbers.set(sparse.nics);
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
    captured.count = this.#memory.exchange[exchange.capturedCount];
    return at - origin;
  };

  /**
   * The same as decodePlainRun of wire, for the kernel's own batch.
   * @returns -1, without a change, if the frames of the batch are too long for the kernel's memory
   */
  readonly decodeRun: DecodeRun = (captured, first, firstRow, udp) => {
    if (first === 0) this.#framesAt = this.#load(captured);
    if (this.#framesAt === undefined) return -1;
    return this.#exports.decode(this.#framesAt, first, captured.count, firstRow, udp ? protocolUdp : protocolTcp);
  };

  /**
   * Copies a batch to the kernel's memory, if it is not there yet.
   * @returns the offset of its bytes; `undefined` if they are too long
   */
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
    this.#memory.frames.set(bytes.subarray(origin, end));
    if (captured !== own) {
      own.start.set(start);
      own.capturedLength.set(capturedLength);
      own.timeSeconds.set(captured.timeSeconds);
      own.timeNanos.set(captured.timeNanos);
      own.linkType.set(captured.linkType);
    }
    return layout.addresses.frames - origin;
  }

  /** Finds NICs and hashes of the batch's packets. */
  prepare(count: number): void {
    this.#exports.prepare(count, this.#nicMask);
  }

  /**
   * Observes packets of the batch from `from` on.
   * @param room largest number of events before a packet that can emit some
   * @returns the first packet at or after `boundary`, or that TypeScript must handle
   */
  observe(from: number, count: number, boundary: number, columns: FlowEvents['columns'], room: number): number {
    this.#memory.exchange[exchange.eventCount] = columns.count;
    this.#memory.exchange[exchange.eventRoom] = room;
    const end = this.#exports.observe(from, count, boundary);
    columns.count = this.#memory.exchange[exchange.eventCount];
    return end;
  }

  /**
   * The same as `age` for flows from a row on.
   * @returns the row to continue with after the events were taken; -1 at the end
   */
  sweep(row: number, now: number, isTick: boolean, { columns, capacity }: FlowEvents): number {
    this.#memory.exchange[exchange.eventCount] = columns.count;
    const next = this.#exports.sweep(row, now, isTick ? 1 : 0, capacity);
    columns.count = this.#memory.exchange[exchange.eventCount];
    return next;
  }

  /**
   * The same as `endForGood` for flows from a row on.
   * @returns as `sweep`
   */
  endAll(row: number, { columns, capacity }: FlowEvents): number {
    this.#memory.exchange[exchange.eventCount] = columns.count;
    const next = this.#exports.endAll(row, capacity);
    columns.count = this.#memory.exchange[exchange.eventCount];
    return next;
  }

  /** Moves the kernel's counters to `counts`. */
  takeCounts(counts: MeterCounts): void {
    const counted = this.#memory.countsDoubles;
    counts.packetsCounted += counted[layout.counts.packets];
    counts.bytesCounted += counted[layout.counts.bytes];
    counts.packetsNoNic += counted[layout.counts.packetsNoNic];
    counts.observedAllowed += counted[layout.counts.observedAllowed];
    counts.bytesAllowed += counted[layout.counts.bytesAllowed];
    counts.observedDenied += counted[layout.counts.observedDenied];
    counts.flowsAllowed += counted[layout.counts.flowsAllowed];
    counts.flowsDenied += counted[layout.counts.flowsDenied];
    counts.initiatorsGuessed += counted[layout.counts.initiatorsGuessed];
    counted.fill(0);
  }
}

/** Functions that the kernel calls. */
interface KernelHooks {
  judge: (row: number) => boolean;
}

function packetsIn(memory: layout.KernelMemory): PacketBatch {
  const { timeMillis, family, source, destination, sourcePort, destinationPort, protocol, tcpFlags, ipBytes } = memory;
  const columns = { timeMillis, family, source, destination, sourcePort, destinationPort, protocol, tcpFlags, ipBytes };
  return { count: 0, capacity: batchRows, ...columns };
}

function capturedIn(memory: layout.KernelMemory): CaptureBatch {
  const { frameStart, capturedLength, originalLength, timeSeconds, timeNanos, linkType } = memory;
  const columns = { start: frameStart, capturedLength, originalLength, timeSeconds, timeNanos, linkType };
  return { count: 0, bytes: new Uint8Array(0), ...columns };
}

/** A kernel; `undefined` if WebAssembly or its memory is not available. */
export function createKernel(): FlowKernel | undefined {
  const hooks: KernelHooks = { judge: () => false };
  const judge = (row: number): number => (hooks.judge(row) ? 1 : 0);
  const memory = createMemory(layout.memoryLength);
  const instance = instantiate(kernelModule, memory, { judge });
  const tuples = instance && createTupleKernel(memory);
  return tuples && new FlowKernel(instance.exports as KernelExports, instance.buffer, hooks, tuples);
}
