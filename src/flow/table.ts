import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import { flowRow, flowRowBytes, tableState, tableStateBytes } from './kernel-layout.ts';

/**
 * The flows of all NICs. A flow is a row of 64 bytes, one cache line, in one buffer with a view of words and one of doubles:
 *
 *     word  0 … 3       4 … 7           8       9       10 … 11     12        13      14        15
 *           initiator   responder       ports   kind    last seen   packets   bytes   packets   bytes
 *           address     address                         (double)    forward           reverse
 *
 *     ports  initiator's << 16 | responder's
 *     kind   NIC << 8 | direction << 7 | bits of connection.ts << 2 | family 6 << 1 | TCP; `freeKind` in a free row
 *
 * The hash and the decision of each flow are in columns of their own, because packets do not need them. Rows are found
 * through buckets of one word, with the hash's first 9 bits and row + 1: open addressing with linear probing and
 * backward-shift delete. There are no tombstones, so the table stays fast over weeks. The hash is symmetric: both
 * directions of a flow have the same hash. Counters wrap at 2^32; their carry is stored separately, because few flows pass
 * 4 GiB between two events.
 */
export const rowWords = flowRowBytes / 4;
const rowDoubles = rowWords / 2;
export const portsWord = flowRow.ports;
export const kindWord = flowRow.kind;
export const lastSeenDouble = flowRow.lastSeen;
export const countersWord = flowRow.packetsForward;

export const kindTcp = 1;
export const kindFamily6 = 2;
/** The part of the kind that belongs to the key, as a signed number: NIC, family and protocol. */
const kindKeyMask = ~0xff | kindTcp | kindFamily6;
export const kindFlagsShift = 2;
export const kindOutbound = 128;
export const kindNicShift = 8;
/** NICs that fit into a kind. */
export const nicsMax = 2 ** 24 - 1;
const freeKind = 0xffffffff;

const wordRange = 2 ** 32;
const rowsInitial = 16;

/** Of a bucket: a row + 1, and the first bits of its hash. */
const referenceMask = 0x7fffff;
const tagMask = ~referenceMask;

/** Words of a table's state: rows in use, rows ever used, rows that were used and are free, the mask of its buckets, counters that carried, its capacity, seeds. */
const sizeWord = tableState.size;
const highWord = tableState.high;
const freeCountWord = tableState.freeCount;
const maskWord = tableState.mask;
const carriedWord = tableState.carried;
const capacityWord = tableState.capacity;
const seedsWord = tableState.seed0;
const stateWords = tableStateBytes / 4;

/**
 * Multipliers for the words and the port of an address: five odd numbers. They must be unknown to senders of packets:
 * flows with one hash are in one run of buckets, and 60,000 of them cost 0.4 ms per packet.
 */
export type HashSeeds = readonly [number, number, number, number, number];

const seedsWithoutSecret: HashSeeds = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f, 0x165667b1];

/**
 * Hash of one end of a flow. The hashes of both ends are added, so their order does not matter. `seeds` as in
 * HashSeeds.
 */
export function hashEnd(seeds: Uint32Array, a: number, b: number, c: number, d: number, port: number): number {
  const high = Math.imul(a, seeds[0]) + Math.imul(b, seeds[1]);
  const low = Math.imul(c, seeds[2]) + Math.imul(d, seeds[3]);
  let h = (high + low + Math.imul(port, seeds[4])) | 0;
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  return (h ^ (h >>> 13)) | 0;
}

/** Hash of a flow from the sum of its ends' and the key bits of its kind, unsigned. */
export function hashFlow(ends: number, kind: number): number {
  let h = Math.imul(ends ^ Math.imul(kind + 1, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
  return (h ^ (h >>> 13)) >>> 0;
}

/** The key bits of a flow's kind. */
export function keyKind(nic: number, family: number, isTcp: boolean): number {
  return ((nic << kindNicShift) | (family === 6 ? kindFamily6 : 0) | (isTcp ? kindTcp : 0)) >>> 0;
}

/** Memory of a table: columns of `capacity` rows, and twice as many buckets. */
export interface TableColumns {
  readonly capacity: number;
  /** `rowWords` per row, and the same memory as doubles. */
  readonly words: Uint32Array;
  readonly doubles: Float64Array;
  /** By row in use. */
  readonly hashes: Uint32Array;
  readonly decisions: Uint32Array;
  /** Rows that were used and are free, as a stack. */
  readonly free: Uint32Array;
  /** One word per bucket. */
  readonly buckets: Uint32Array;
  /** The same array for any capacity. */
  readonly state: Uint32Array;
}

/** Makes room for `capacity` rows. The content of `before` is kept, except the buckets. */
export type GrowTable = (capacity: number, before: TableColumns | undefined) => TableColumns;

export class FlowTable {
  columns: TableColumns;
  /** See HashSeeds. */
  readonly seeds: Uint32Array;
  readonly #grow: GrowTable;
  readonly #state: Uint32Array;
  /** Carry of counters beyond 2^32, by index of the counter's word, in multiples of 2^32. */
  readonly #carried = new Map<number, number>();

  constructor(grow: GrowTable = growColumns, seeds = seedsWithoutSecret) {
    this.#grow = grow;
    this.columns = grow(rowsInitial, undefined);
    this.#state = this.columns.state;
    this.#state.fill(0);
    this.seeds = this.#state.subarray(seedsWord, seedsWord + seeds.length);
    this.seeds.set(seeds);
    this.#linkAll();
  }

  /** Rows in use. */
  get size(): number {
    return this.#state[sizeWord];
  }

  /** Rows ever used: all rows in use are below this. */
  get high(): number {
    return this.#state[highWord];
  }

  /** Whether a counter passed 2^32 since its flow's last event. */
  get hasCarried(): boolean {
    return this.#carried.size > 0;
  }

  /**
   * Reads a row to bring it into the cache for `find`. Call it for all packets of a batch before the first lookup, so
   * that memory accesses overlap.
   * @returns a number without meaning
   */
  touch(row: number): number {
    return row < 0 ? 0 : this.columns.words[row * rowWords + portsWord];
  }

  /** The row in this hash's first bucket, -1 for none. It is usually, not always, the result of `find`. */
  guess(hash: number): number {
    return (this.columns.buckets[hash & this.#state[maskWord]] & referenceMask) - 1;
  }

  /**
   * Finds the flow of a packet: `2 * row` if the packet is from the initiator, `2 * row + 1` if it is from the
   * responder, -1 if there is none.
   * @param source four words at `at`, as `destination`
   * @param ports source << 16 | destination, unsigned
   * @param kind its key bits
   */
  find(hash: number, source: Uint32Array, destination: Uint32Array, at: number, ports: number, kind: number): number {
    const { buckets, words } = this.columns;
    const mask = this.#state[maskWord];
    const s3 = source[at + 3];
    const d3 = destination[at + 3];
    for (let bucket = hash & mask; ; bucket = (bucket + 1) & mask) {
      const entry = buckets[bucket];
      if (entry === 0) return -1;
      if (((entry ^ hash) & tagMask) !== 0) continue;
      const row = (entry & referenceMask) - 1;
      const key = row * rowWords;
      if (((words[key + kindWord] ^ kind) & kindKeyMask) !== 0) continue;
      const rowPorts = words[key + portsWord];
      if (
        rowPorts === ports &&
        words[key + 3] === s3 &&
        words[key + 7] === d3 &&
        words[key] === source[at] &&
        words[key + 1] === source[at + 1] &&
        words[key + 2] === source[at + 2] &&
        words[key + 4] === destination[at] &&
        words[key + 5] === destination[at + 1] &&
        words[key + 6] === destination[at + 2]
      )
        return 2 * row;
      if (
        rowPorts === ((ports << 16) | (ports >>> 16)) >>> 0 &&
        words[key + 3] === d3 &&
        words[key + 7] === s3 &&
        words[key] === destination[at] &&
        words[key + 1] === destination[at + 1] &&
        words[key + 2] === destination[at + 2] &&
        words[key + 4] === source[at] &&
        words[key + 5] === source[at + 1] &&
        words[key + 6] === source[at + 2]
      )
        return 2 * row + 1;
    }
  }

  /**
   * Adds a row with this key and kind, zero counters and no decision. The key must not be in the table, and the table
   * must have room.
   * @returns the row
   */
  insert(
    hash: number,
    source: Uint32Array,
    destination: Uint32Array,
    at: number,
    ports: number,
    kind: number,
    lastSeen: number,
  ): number {
    const state = this.#state;
    if (state[sizeWord] === this.columns.capacity) this.#double();
    const { words, doubles, hashes, free } = this.columns;
    const row = state[freeCountWord] > 0 ? free[--state[freeCountWord]] : state[highWord]++;
    const key = row * rowWords;
    for (let i = 0; i < 4; i++) {
      words[key + i] = source[at + i];
      words[key + 4 + i] = destination[at + i];
      words[key + countersWord + i] = 0;
    }
    words[key + portsWord] = ports;
    words[key + kindWord] = kind;
    doubles[row * rowDoubles + lastSeenDouble] = lastSeen;
    hashes[row] = hash;
    this.#link(hash, row);
    state[sizeWord]++;
    return row;
  }

  remove(row: number): void {
    const { buckets, words, hashes, free } = this.columns;
    const state = this.#state;
    const mask = state[maskWord];
    let hole = hashes[row] & mask;
    while ((buckets[hole] & referenceMask) !== row + 1) hole = (hole + 1) & mask;
    for (let next = (hole + 1) & mask; buckets[next] !== 0; next = (next + 1) & mask) {
      const home = hashes[(buckets[next] & referenceMask) - 1];
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      buckets[hole] = buckets[next];
      hole = next;
    }
    buckets[hole] = 0;
    words[row * rowWords + kindWord] = freeKind;
    if (this.#carried.size > 0) this.clearCounters(row);
    free[state[freeCountWord]++] = row;
    state[sizeWord]--;
  }

  isUsed(row: number): boolean {
    return this.columns.words[row * rowWords + kindWord] !== freeKind;
  }

  nicOf(row: number): number {
    return this.columns.words[row * rowWords + kindWord] >>> kindNicShift;
  }

  lastSeen(row: number): number {
    return this.columns.doubles[row * rowDoubles + lastSeenDouble];
  }

  setLastSeen(row: number, timeMillis: number): void {
    this.columns.doubles[row * rowDoubles + lastSeenDouble] = timeMillis;
  }

  /**
   * Counts a packet.
   * @param reverse 1 if the responder sent it
   */
  count(row: number, reverse: number, ipBytes: number): void {
    const { words } = this.columns;
    const at = row * rowWords + countersWord + 2 * reverse;
    const bytes = words[at + 1] + ipBytes;
    words[at]++;
    words[at + 1] = bytes;
    if (bytes >= wordRange) this.#carry(at + 1);
    if (words[at] === 0) this.#carry(at);
  }

  /** Counter `index` of a row: packets forward, bytes forward, packets reverse, bytes reverse. */
  counter(row: number, index: number): number {
    const at = row * rowWords + countersWord + index;
    return this.columns.words[at] + (this.#carried.size === 0 ? 0 : wordRange * (this.#carried.get(at) ?? 0));
  }

  clearCounters(row: number): void {
    const at = row * rowWords + countersWord;
    for (let i = at; i < at + 4; i++) {
      this.columns.words[i] = 0;
      if (this.#carried.size > 0) this.#carried.delete(i);
    }
    this.#state[carriedWord] = this.#carried.size;
  }

  /** Replaces the NIC of all flows by the one in `nicAfter`. The hash includes the NIC, so it is computed again. */
  moveNics(nicAfter: Int32Array): void {
    const { words, hashes } = this.columns;
    for (let row = 0; row < this.high; row++) {
      if (!this.isUsed(row)) continue;
      const key = row * rowWords;
      const kind = words[key + kindWord];
      const nic = nicAfter[kind >>> kindNicShift];
      words[key + kindWord] = ((nic << kindNicShift) | (kind & 0xff)) >>> 0;
      const ports = words[key + portsWord];
      const ends =
        (hashEnd(this.seeds, words[key], words[key + 1], words[key + 2], words[key + 3], ports >>> 16) +
          hashEnd(this.seeds, words[key + 4], words[key + 5], words[key + 6], words[key + 7], ports & 0xffff)) |
        0;
      hashes[row] = hashFlow(ends, (words[key + kindWord] & kindKeyMask) >>> 0);
    }
    this.#linkAll();
  }

  #carry(at: number): void {
    this.#carried.set(at, (this.#carried.get(at) ?? 0) + 1);
    this.#state[carriedWord] = this.#carried.size;
  }

  #link(hash: number, row: number): void {
    const { buckets } = this.columns;
    const mask = this.#state[maskWord];
    let bucket = hash & mask;
    while (buckets[bucket] !== 0) bucket = (bucket + 1) & mask;
    buckets[bucket] = (hash & tagMask) | (row + 1);
  }

  #double(): void {
    const capacity = 2 * this.columns.capacity;
    assert(capacity <= 2 * limits.flowsMax, 'the number of flows is within the limit');
    this.columns = this.#grow(capacity, this.columns);
    this.#linkAll();
  }

  #linkAll(): void {
    const { buckets, hashes, capacity } = this.columns;
    this.#state[maskWord] = buckets.length - 1;
    this.#state[capacityWord] = capacity;
    buckets.fill(0);
    for (let row = 0; row < this.high; row++) if (this.isUsed(row)) this.#link(hashes[row], row);
  }
}

/**
 * Offset of the rows in their buffer: glibc returns large blocks 16 bytes after the start of a page, so 48 more bytes
 * align each row to a cache line. On other systems it has no effect.
 */
const rowsOffsetBytes = 48;

function growColumns(capacity: number, before: TableColumns | undefined): TableColumns {
  const buffer = new ArrayBuffer(rowsOffsetBytes + capacity * rowWords * 4);
  const columns: TableColumns = {
    capacity,
    words: new Uint32Array(buffer, rowsOffsetBytes),
    doubles: new Float64Array(buffer, rowsOffsetBytes),
    hashes: new Uint32Array(capacity),
    decisions: new Uint32Array(capacity),
    free: new Uint32Array(capacity),
    buckets: new Uint32Array(2 * capacity),
    state: before?.state ?? new Uint32Array(stateWords),
  };
  if (before === undefined) return columns;
  columns.words.set(before.words);
  columns.hashes.set(before.hashes);
  columns.decisions.set(before.decisions);
  columns.free.set(before.free);
  return columns;
}
