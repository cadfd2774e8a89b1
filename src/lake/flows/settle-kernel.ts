/** The kernel that builds flows and conversations (kernel/settle), and its memory by what lies in it. One holds the tuples of one date, or of a part of it. */
import { randomBytes } from 'node:crypto';
import { FlowError } from '../../base/errors.ts';
import { formatCount } from '../../base/format-count.ts';
import { formatTime } from '../../base/time.ts';
import type { WasmMemory } from '../../base/wasm.ts';
import { instantiateNeeded } from '../../base/wasm.ts';
import { limits } from '../../base/limits.ts';
import type { StagedRows } from '../tuples/staged-rows.ts';
import type { GroupRanks } from './observers.ts';
import * as layout from './settle-kernel-layout.ts';
import { settleKernelModule } from './settle-kernel-module.ts';
import type { FlowBatch } from './staged-flows.ts';

interface SettleKernelExports {
  readonly tuplesAt: { readonly value: number };
  readonly tupleCount: { readonly value: number };
  makeRoom(tuples: number, buckets: number, groups: number): number;
  start(seed: bigint, dateStart: number, apart: number): void;
  setTupleCount(count: number): void;
  append(runs: number, parts: number, part: number): void;
  groupByFiveTuple(buckets: number): void;
  begin(): void;
  build(boundMillis: number): number;
  makeColumns(parts: number): void;
}

/** Which five-tuples are held: of `parts` by their hashes, one. */
export interface Part {
  readonly parts: number;
  readonly part: number;
}

/** The first room for tuples: as many as may be held, and one more row group. */
const firstRoomMax = limits.settledTogetherMax + limits.rowGroupRows;
/** The first room for groups of texts: at most one a tuple, and no less than the smaller number. */
const firstGroups = { min: 4096, max: 1_200_000 };
const pageBytes = 65_536;
const memoryMax = 2 ** 32;
/** Memory of the last kernel of few tuples, for the next one: V8 collects garbage each time that some 32 MiB more were allocated. */
let spare: WasmMemory | undefined;
const spareBytesMax = 48 * 2 ** 20;
/** Hashes differ from process to process, so that nobody can make up five-tuples that collide. */
const seed = randomBytes(8).readBigUInt64LE() | 1n;

export class SettleKernel {
  readonly #dateStart: number;
  readonly #apart: number;
  readonly #takeRows: (rows: number) => number;
  #room: number;
  #groupRoom: number;
  #ranks: GroupRanks | undefined;
  #run: SettleKernelExports;
  #memory: WasmMemory;
  /** What is written to before, and read behind, a pass. */
  #input: InputColumns;
  batch: FlowBatch;

  /** For so many tuples in all; `takeRows` is called with as many rows as the batch has then. @throws unavailable */
  constructor(tuples: number, dateStart: number, apart: number, takeRows: (rows: number) => void) {
    this.#room = Math.max(1, Math.min(tuples, firstRoomMax));
    this.#groupRoom = roundUp(Math.max(firstGroups.min, Math.min(tuples, firstGroups.max)), layout.groupsUnit);
    this.#dateStart = dateStart;
    this.#apart = apart;
    this.#takeRows = (rows) => {
      takeRows(rows);
      return 0;
    };
    ({ run: this.#run, memory: this.#memory } = this.#make());
    this.#input = inputColumns(this.#memory.buffer);
    this.batch = batchColumns(this.#memory.buffer);
  }

  /** Tuples that are held. */
  get count(): number {
    return this.#run.tupleCount.value;
  }

  /** By tuple that is held, numbers of 4 bytes: `tupleLength` bytes each. */
  get tuples(): Uint32Array {
    const { value } = this.#run.tuplesAt;
    return new Uint32Array(this.#memory.buffer, value, (this.count * layout.tupleLength) / 4);
  }

  /** Takes tuples of this part. */
  append(rows: StagedRows, { parts, part }: Part): void {
    const { count, runs, tables } = rows;
    this.#reserve(count);
    const input = this.#input;
    copy(input.timeMillis, rows.timeMillis, count);
    copy(input.packetsForward, rows.packetsForward, count);
    copy(input.bytesForward, rows.bytesForward, count);
    copy(input.packetsReverse, rows.packetsReverse, count);
    copy(input.bytesReverse, rows.bytesReverse, count);
    copy(input.source, rows.source, 4 * count);
    copy(input.destination, rows.destination, 4 * count);
    copy(input.tupleIndex, rows.tupleIndex, count);
    copy(input.sourcePort, rows.sourcePort, count);
    copy(input.destinationPort, rows.destinationPort, count);
    copy(input.protocol, rows.protocol, count);
    copy(input.family, rows.family, count);
    copy(input.direction, rows.direction, count);
    copy(input.access, rows.access, count);
    copy(input.state, rows.state, count);
    copy(input.encryption, rows.encryption, count);
    copy(input.runEnd, rows.runEnd, runs);
    copy(input.runGroup, rows.runGroup, runs);
    for (let run = 0; run < runs; run++) {
      input.runTime[run] = tables.recordTimeMillis[rows.runRecord[run]];
      input.runOffset[run] = tables.recordOffset[rows.runRecord[run]];
    }
    this.#run.append(runs, parts, part);
  }

  /** Says of all groups of texts which observer each is of, and their ranks. */
  setGroups(ranks: GroupRanks): void {
    this.#ranks = ranks;
    const groups = ranks.observers.length;
    if (groups > this.#groupRoom) this.#remake(this.#room, 2 * groups);
    else this.#writeRanks();
  }

  /** Begins a pass over all tuples. */
  begin(): void {
    this.#run.groupByFiveTuple(bucketsOf(this.count));
    this.#run.begin();
  }

  /** As `build` of the kernel. */
  build(boundMillis: number): boolean {
    return this.#run.build(boundMillis) !== 0;
  }

  /** Fills the columns of the batch, part by part, of which there are so many. */
  makeColumns(parts: number): void {
    this.#run.makeColumns(parts);
  }

  /** Ends the use of this kernel and of its batch, after the last pass: its memory is used again. */
  release(): void {
    if (this.#memory.buffer.byteLength <= spareBytesMax) spare = this.#memory;
  }

  #reserve(more: number): void {
    const needed = this.count + more;
    if (needed > this.#room) this.#remake(Math.ceil(1.5 * needed), this.#groupRoom, needed);
  }

  /** Takes memory with other room, for `needed` tuples: what was told so far is there, too. No pass is under way. */
  #remake(room: number, groups: number, needed = this.count): void {
    const { count, tuples } = this;
    this.#room = room;
    this.#groupRoom = roundUp(groups, layout.groupsUnit);
    ({ run: this.#run, memory: this.#memory } = this.#make(needed));
    this.#run.setTupleCount(count);
    this.tuples.set(tuples);
    this.#input = inputColumns(this.#memory.buffer);
    this.batch = batchColumns(this.#memory.buffer);
    this.#writeRanks();
  }

  #writeRanks(): void {
    if (this.#ranks === undefined) return;
    const { observers, observerRanks, blobRanks } = this.#ranks;
    const groups = new Uint32Array(this.#memory.buffer, layout.observerAt, 3 * this.#groupRoom);
    groups.set(observers);
    groups.set(observerRanks, this.#groupRoom);
    groups.set(blobRanks, 2 * this.#groupRoom);
  }

  /** @throws unavailable where there is no such memory, which `needed` tuples need */
  #make(needed = 0): { readonly run: SettleKernelExports; readonly memory: WasmMemory } {
    const room = this.#room;
    const groups = this.#groupRoom;
    const length = layout.observerAt + groups * layout.groupLength + room * layout.heldLength + 4 * bucketsOf(room);
    if (length > memoryMax) throw tooMany(this.#dateStart, needed);
    const { exports, memory } = instantiateNeeded(
      'settling',
      settleKernelModule,
      takeSpare(length, groups) ?? roundUp(length, pageBytes),
      { takeRows: this.#takeRows },
    );
    const run = exports as SettleKernelExports;
    run.makeRoom(room, bucketsOf(room), groups);
    run.start(seed, this.#dateStart, this.#apart);
    return { run, memory };
  }
}

/** Memory of at least so many bytes that was used before. What the kernel keeps by group of texts is 0, as in new memory. */
function takeSpare(lengthBytes: number, groups: number): WasmMemory | undefined {
  if (spare === undefined || spare.buffer.byteLength < lengthBytes) return undefined;
  const taken = spare;
  spare = undefined;
  new Uint8Array(taken.buffer, layout.observerAt, groups * layout.groupLength).fill(0);
  return taken;
}

/** Five-tuples are settled in parts: only where one has most tuples are those of a part so many. */
function tooMany(dateStart: number, tuples: number): FlowError {
  const date = formatTime(dateStart).slice(0, 10);
  return new FlowError(
    'unavailable',
    `settling ${date} takes more than the 4 GiB that WebAssembly has: most of ${formatCount(tuples)} tuples that wait are of one five-tuple`,
    {
      hint: `Find it: nsgflow top --by src.ip,src.port,dst.ip,dst.port,protocol --metric flows --observations --from ${date} --limit 1 --lake DIR`,
    },
  );
}

function roundUp(value: number, unit: number): number {
  return unit * Math.ceil(value / unit);
}

function bucketsOf(tuples: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, tuples)));
}

function copy(
  to: { set(values: ArrayLike<number>): void },
  from: { subarray(start: number, end: number): ArrayLike<number> },
  count: number,
): void {
  to.set(from.subarray(0, count));
}

type InputColumns = ReturnType<typeof inputColumns>;

function inputColumns(buffer: ArrayBuffer) {
  const { rowsMax, countersAt, counterLength } = layout;
  const doubles = (at: number): Float64Array => new Float64Array(buffer, at, rowsMax);
  const words = (at: number, count = rowsMax): Uint32Array => new Uint32Array(buffer, at, count);
  const shorts = (at: number): Uint16Array => new Uint16Array(buffer, at, rowsMax);
  const bytes = (at: number): Uint8Array => new Uint8Array(buffer, at, rowsMax);
  return {
    timeMillis: doubles(layout.timeAt),
    packetsForward: doubles(countersAt),
    bytesForward: doubles(countersAt + counterLength),
    packetsReverse: doubles(countersAt + 2 * counterLength),
    bytesReverse: doubles(countersAt + 3 * counterLength),
    source: words(layout.sourceAt, 4 * rowsMax),
    destination: words(layout.destinationAt, 4 * rowsMax),
    tupleIndex: new Int32Array(buffer, layout.tupleIndexAt, rowsMax),
    sourcePort: shorts(layout.sourcePortAt),
    destinationPort: shorts(layout.destinationPortAt),
    protocol: bytes(layout.protocolAt),
    family: bytes(layout.familyAt),
    direction: bytes(layout.directionAt),
    access: bytes(layout.accessAt),
    state: bytes(layout.stateAt),
    encryption: bytes(layout.encryptionAt),
    runTime: doubles(layout.runTimeAt),
    runOffset: doubles(layout.runOffsetAt),
    runEnd: words(layout.runEndAt),
    runGroup: words(layout.runGroupAt),
  };
}

function batchColumns(buffer: ArrayBuffer): FlowBatch {
  const { batchMax, doubleLength, outCountersAt, outOwnCountersAt } = layout;
  const doubles = (at: number): Float64Array => new Float64Array(buffer, at, batchMax);
  const words = (at: number, width = 1): Uint32Array => new Uint32Array(buffer, at, width * batchMax);
  const shorts = (at: number): Uint16Array => new Uint16Array(buffer, at, batchMax);
  const bytes = (at: number): Uint8Array => new Uint8Array(buffer, at, batchMax);
  const reportsOf = (at: number) => {
    const column = (i: number): Float64Array =>
      new Float64Array(buffer, at + i * layout.reportLength, layout.batchReportsMax);
    return {
      beforeMillis: column(0),
      timeMillis: column(1),
      packetsForward: column(2),
      bytesForward: column(3),
      packetsReverse: column(4),
      bytesReverse: column(5),
    };
  };
  return {
    places: {
      doubles: new Float64Array(buffer, layout.batchAt, (batchMax * layout.rowLength) / 8),
      words: new Uint32Array(buffer, layout.batchAt, (batchMax * layout.rowLength) / 4),
    },
    partEnds: new Uint32Array(buffer, layout.partEndAt, batchMax),
    columns: {
      timeMillis: doubles(layout.outTimeAt),
      lastTimeMillis: doubles(layout.outLastTimeAt),
      family: bytes(layout.outFamilyAt),
      source: words(layout.outSourceAt, 4),
      destination: words(layout.outDestinationAt, 4),
      sourcePort: shorts(layout.outSourcePortAt),
      destinationPort: shorts(layout.outDestinationPortAt),
      protocol: bytes(layout.outProtocolAt),
      access: bytes(layout.outAccessAt),
      packetsForward: doubles(outCountersAt),
      bytesForward: doubles(outCountersAt + doubleLength),
      packetsReverse: doubles(outCountersAt + 2 * doubleLength),
      bytesReverse: doubles(outCountersAt + 3 * doubleLength),
      continued: bytes(layout.outContinuedAt),
      tuples: doubles(layout.outTuplesAt),
      observer: doubles(layout.outObserverAt),
      observers: doubles(layout.outObserversAt),
      direction: bytes(layout.outDirectionAt),
      state: bytes(layout.outStateAt),
      encryption: bytes(layout.outEncryptionAt),
      reportsEnd: words(layout.outReportsEndAt),
      countingReportsEnd: words(layout.outCountingEndAt),
      group: words(layout.outGroupAt),
      recordTimeMillis: doubles(layout.outRecordTimeAt),
      recordOffset: doubles(layout.outRecordOffsetAt),
      tupleIndex: new Int32Array(buffer, layout.outTupleIndexAt, batchMax),
      groupBeforeMillis: doubles(layout.outGroupBeforeAt),
      groupAfterMillis: doubles(layout.outGroupAfterAt),
    },
    own: {
      conversation: words(layout.outConversationAt, 4),
      conversationFamily: bytes(layout.outNumberedAt),
      observerTimeMillis: doubles(layout.outOwnTimeAt),
      observerLastTimeMillis: doubles(layout.outOwnLastTimeAt),
      observerAccess: bytes(layout.outOwnAccessAt),
      observerTuples: doubles(layout.outOwnTuplesAt),
      observerPacketsForward: doubles(outOwnCountersAt),
      observerBytesForward: doubles(outOwnCountersAt + doubleLength),
      observerPacketsReverse: doubles(outOwnCountersAt + 2 * doubleLength),
      observerBytesReverse: doubles(outOwnCountersAt + 3 * doubleLength),
    },
    reports: reportsOf(layout.outReportsAt),
    countingReports: reportsOf(layout.outCountingAt),
  };
}
