import { assert } from '../base/assert.ts';

/**
 * Flows of all NICs in typed arrays. A flow is a row (`id`); rows are found through buckets of `[hash, id + 1]`, open addressed with linear
 * probing and backward-shift delete, so there are no tombstones and a table that lives for weeks stays as fast as a new one.
 *
 * Key of a row, 10 words:  source 4 · destination 4 · source port << 16 | destination port · NIC << 9 | family 6 << 8 | protocol
 * in the initiator's order. The hash is symmetric, so that both directions of a flow land in one place.
 */
export const keyWords = 10;

/** The key's last word. NIC indexes up to 2^23 - 1. */
export function scopeWord(nic: number, family: number, protocol: number): number {
  return ((nic << 9) | (family === 6 ? 256 : 0) | protocol) >>> 0;
}

/** Hash of one end of a flow; the two are added, so the order of ends does not matter. */
export function hashEnd(a: number, b: number, c: number, d: number, port: number): number {
  let h = Math.imul(d ^ (port << 16) ^ port, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15) ^ a, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13) ^ b, 0xc2b2ae35);
  return (h ^ (h >>> 16) ^ Math.imul(c, 0x27d4eb2f)) | 0;
}

/** Hash of a flow at a NIC from its ends' hashes. Never 0. */
export function hashFlow(ends: number, scope: number): number {
  let h = Math.imul(ends ^ Math.imul(scope, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
  h ^= h >>> 13;
  return h === 0 ? 1 : h >>> 0;
}

export class FlowTable {
  /** Rows in use. */
  size = 0;
  /** Rows ever used: ids are below it. */
  high = 0;
  keys: Uint32Array;
  /** Hash of each row, 0 for a free one. */
  hashes: Uint32Array;
  /** Epoch milliseconds of the last packet. */
  lastSeen: Float64Array;
  /** Packets forward, bytes forward, packets reverse, bytes reverse since the flow's last event. */
  counters: Float64Array;
  /** Index of the decision it was opened under. */
  decision: Uint32Array;
  /** Bits of connection.ts. */
  flags: Uint8Array;
  /** 0 inbound, 1 outbound. */
  direction: Uint8Array;
  /** Initial: rows the table has room for before it grows. */
  #capacity: number;
  #buckets: Uint32Array;
  #mask: number;
  #free: Uint32Array;
  #freeCount = 0;

  constructor(capacity = 4096) {
    assert((capacity & (capacity - 1)) === 0 && capacity >= 16, 'the capacity of a flow table is a power of two');
    this.#capacity = capacity;
    this.keys = new Uint32Array(keyWords * capacity);
    this.hashes = new Uint32Array(capacity);
    this.lastSeen = new Float64Array(capacity);
    this.counters = new Float64Array(4 * capacity);
    this.decision = new Uint32Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.direction = new Uint8Array(capacity);
    this.#free = new Uint32Array(capacity);
    this.#buckets = new Uint32Array(4 * capacity);
    this.#mask = 2 * capacity - 1;
  }

  /**
   * Finds the flow of a packet: `2 * id` where the packet goes from initiator to responder, `2 * id + 1` where it comes back, -1 where
   * there is none. `source` and `destination` hold four words at `at`; `ports` is source << 16 | destination.
   */
  find(
    hash: number,
    source: Uint32Array,
    destination: Uint32Array,
    at: number,
    ports: number,
    scope: number,
  ): number {
    const buckets = this.#buckets;
    const mask = this.#mask;
    const keys = this.keys;
    const swapped = ((ports << 16) | (ports >>> 16)) >>> 0;
    for (let bucket = hash & mask; ; bucket = (bucket + 1) & mask) {
      const reference = buckets[2 * bucket + 1];
      if (reference === 0) return -1;
      if (buckets[2 * bucket] !== hash) continue;
      const key = (reference - 1) * keyWords;
      if (keys[key + 9] !== scope) continue;
      if (
        keys[key + 8] === ports &&
        keys[key + 3] === source[at + 3] &&
        keys[key + 7] === destination[at + 3] &&
        keys[key] === source[at] &&
        keys[key + 1] === source[at + 1] &&
        keys[key + 2] === source[at + 2] &&
        keys[key + 4] === destination[at] &&
        keys[key + 5] === destination[at + 1] &&
        keys[key + 6] === destination[at + 2]
      )
        return 2 * (reference - 1);
      if (
        keys[key + 8] === swapped &&
        keys[key + 3] === destination[at + 3] &&
        keys[key + 7] === source[at + 3] &&
        keys[key] === destination[at] &&
        keys[key + 1] === destination[at + 1] &&
        keys[key + 2] === destination[at + 2] &&
        keys[key + 4] === source[at] &&
        keys[key + 5] === source[at + 1] &&
        keys[key + 6] === source[at + 2]
      )
        return 2 * (reference - 1) + 1;
    }
  }

  /** Adds a row with this key, all else zero. The key must not be in the table. @returns its id */
  insert(hash: number, source: Uint32Array, destination: Uint32Array, at: number, ports: number, scope: number): number {
    if (this.size === this.#capacity) this.#grow();
    const id = this.#freeCount > 0 ? this.#free[--this.#freeCount] : this.high++;
    const key = id * keyWords;
    for (let i = 0; i < 4; i++) {
      this.keys[key + i] = source[at + i];
      this.keys[key + 4 + i] = destination[at + i];
    }
    this.keys[key + 8] = ports;
    this.keys[key + 9] = scope;
    this.hashes[id] = hash;
    this.lastSeen[id] = 0;
    this.counters.fill(0, 4 * id, 4 * id + 4);
    this.decision[id] = 0;
    this.flags[id] = 0;
    this.direction[id] = 0;
    this.#link(hash, id);
    this.size++;
    return id;
  }

  remove(id: number): void {
    const buckets = this.#buckets;
    const mask = this.#mask;
    let hole = this.hashes[id] & mask;
    while (buckets[2 * hole + 1] !== id + 1) hole = (hole + 1) & mask;
    for (let next = (hole + 1) & mask; buckets[2 * next + 1] !== 0; next = (next + 1) & mask) {
      const home = buckets[2 * next] & mask;
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      buckets[2 * hole] = buckets[2 * next];
      buckets[2 * hole + 1] = buckets[2 * next + 1];
      hole = next;
    }
    buckets[2 * hole] = 0;
    buckets[2 * hole + 1] = 0;
    this.hashes[id] = 0;
    this.#free[this.#freeCount++] = id;
    this.size--;
  }

  #link(hash: number, id: number): void {
    const buckets = this.#buckets;
    const mask = this.#mask;
    let bucket = hash & mask;
    while (buckets[2 * bucket + 1] !== 0) bucket = (bucket + 1) & mask;
    buckets[2 * bucket] = hash;
    buckets[2 * bucket + 1] = id + 1;
  }

  #grow(): void {
    const capacity = 2 * this.#capacity;
    this.#capacity = capacity;
    this.keys = grown(this.keys, new Uint32Array(keyWords * capacity));
    this.hashes = grown(this.hashes, new Uint32Array(capacity));
    this.lastSeen = grown(this.lastSeen, new Float64Array(capacity));
    this.counters = grown(this.counters, new Float64Array(4 * capacity));
    this.decision = grown(this.decision, new Uint32Array(capacity));
    this.flags = grown(this.flags, new Uint8Array(capacity));
    this.direction = grown(this.direction, new Uint8Array(capacity));
    this.#free = grown(this.#free, new Uint32Array(capacity));
    this.#buckets = new Uint32Array(4 * capacity);
    this.#mask = 2 * capacity - 1;
    for (let id = 0; id < this.high; id++) if (this.hashes[id] !== 0) this.#link(this.hashes[id], id);
  }
}

function grown<Column extends Uint32Array | Float64Array | Uint8Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
