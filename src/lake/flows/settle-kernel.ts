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
  readonly tupleCount: { readonly value: number };
  makeRoom(groups: number, tuples: number, buckets: number): void;
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
  #input: InputColumns;
  batch: FlowBatch;

  /** For so many tuples in all; `takeRows` is called with as many rows as the batch has then. @throws unavailable */
  constructor(tuples: number, dateStart: number, apart: number, takeRows: (rows: number) => void) {
    this.#room = Math.max(1, Math.min(tuples, firstRoomMax));
    this.#groupRoom = Math.max(firstGroups.min, Math.min(tuples, firstGroups.max));
    this.#dateStart = dateStart;
    this.#apart = apart;
    this.#takeRows = (rows) => {
      takeRows(rows);
      return 0;
    };
    ({ run: this.#run, memory: this.#memory } = this.#make());
    ({ input: this.#input, batch: this.batch } = viewsOf(this.#memory.buffer));
  }

  /** Tuples that are held. */
  get count(): number {
    return this.#run.tupleCount.value;
  }

  /** By tuple that is held, the words of its `tuple`. */
  get tuples(): Uint32Array {
    return new Uint32Array(this.#memory.buffer, this.#places().tuples, (this.count * layout.tupleBytes) / 4);
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
    this.#groupRoom = groups;
    ({ run: this.#run, memory: this.#memory } = this.#make(needed));
    this.#run.setTupleCount(count);
    this.tuples.set(tuples);
    ({ input: this.#input, batch: this.batch } = viewsOf(this.#memory.buffer));
    this.#writeRanks();
  }

  #writeRanks(): void {
    if (this.#ranks === undefined) return;
    const { observers, observerRanks, blobRanks } = this.#ranks;
    const places = this.#places();
    const { buffer } = this.#memory;
    new Uint32Array(buffer, places.observers, this.#groupRoom).set(observers);
    new Uint32Array(buffer, places.observerRanks, this.#groupRoom).set(observerRanks);
    new Uint32Array(buffer, places.blobRanks, this.#groupRoom).set(blobRanks);
  }

  #places(): Places {
    return layout.placeHeld(this.#groupRoom, this.#room, bucketsOf(this.#room));
  }

  /** @throws unavailable where there is no such memory, which `needed` tuples need */
  #make(needed = 0): { readonly run: SettleKernelExports; readonly memory: WasmMemory } {
    const room = this.#room;
    const groups = this.#groupRoom;
    const places = this.#places();
    if (places.end > memoryMax) throw tooMany(this.#dateStart, needed);
    const { exports, memory } = instantiateNeeded(
      'settling',
      settleKernelModule,
      takeSpare(places) ?? roundUp(places.end, pageBytes),
      { takeRows: this.#takeRows },
    );
    const run = exports as SettleKernelExports;
    run.makeRoom(groups, room, bucketsOf(room));
    run.start(seed, this.#dateStart, this.#apart);
    return { run, memory };
  }
}

/** Memory that was used before, with room for all columns. What the kernel keeps by group of texts is 0, as in new memory. */
function takeSpare({ observers, tuples, end }: Places): WasmMemory | undefined {
  if (spare === undefined || spare.buffer.byteLength < end) return undefined;
  const taken = spare;
  spare = undefined;
  new Uint8Array(taken.buffer, observers, tuples - observers).fill(0);
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

type InputColumns = layout.KernelMemory['input'];
type Places = ReturnType<typeof layout.placeHeld>;

/** What is written to before, and read behind, a pass. */
function viewsOf(buffer: ArrayBuffer): { readonly input: InputColumns; readonly batch: FlowBatch } {
  const { input, builtRows, builtRowsDoubles, ...batch } = layout.viewMemory(buffer);
  return { input, batch: { ...batch, places: { words: builtRows, doubles: builtRowsDoubles } } };
}
