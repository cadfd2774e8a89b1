import { EntryLog } from './entry-log.ts';
import type { BlobPosition } from './position.ts';

/** Positions by key, to read. A `Map` is one, too. */
export interface PositionTable extends Iterable<readonly [string, BlobPosition]> {
  readonly size: number;
  get(key: string): BlobPosition | undefined;
  values(): Iterable<BlobPosition>;
}

/** A blob's key and position; `undefined`: it is forgotten. */
export type PositionEntry = readonly [string, BlobPosition | undefined];

const slotsMin = 16;
/** Entries of a log that nobody needs any more: at most as many as are needed, and so many. */
const unusedMin = 1000;

/**
 * Positions by key, in the order in which they were changed last, since a lake may have read millions of blobs. Once it is handed out, a map is not changed:
 * `with` makes another one, which shares the entries and copies the index, of 8 bytes a slot.
 */
export class PositionMap implements PositionTable {
  #size = 0;
  readonly #log: EntryLog;
  /** Open addressed by the hash of a key: one more than the place of its entry, or 0. */
  #slots: Float64Array;
  #slotsUsed = 0;

  constructor(log = new EntryLog(), slots = new Float64Array(slotsMin)) {
    this.#log = log;
    this.#slots = slots;
  }

  get size(): number {
    return this.#size;
  }

  /** What entries and index take of memory; of the words of keys, a few bytes. */
  get bytes(): number {
    return this.#log.bytes + this.#slots.byteLength;
  }

  get(key: string): BlobPosition | undefined {
    const bytes = this.#log.keyOf(key, false);
    const entry = bytes === undefined ? 0 : this.#slots[this.#slotOf(bytes)];
    return entry === 0 ? undefined : this.#log.position(entry - 1);
  }

  *[Symbol.iterator](): Generator<[string, BlobPosition]> {
    for (const place of this.#places()) {
      const position = this.#log.position(place);
      if (position !== undefined) yield [this.#log.textOfKey(this.#log.key(place)), position];
    }
  }

  *values(): Generator<BlobPosition> {
    for (const [, position] of this) yield position;
  }

  /** These positions with some changed. */
  with(changes: Iterable<PositionEntry>): PositionMap {
    const next = this.#log.count > 2 * this.#size + unusedMin ? this.#compacted() : this.#copy();
    for (const [key, position] of changes) next.set(key, position);
    return next;
  }

  /** Changes the map, which nobody else has yet. */
  set(key: string, position: BlobPosition | undefined): void {
    const bytes = this.#log.keyOf(key, position !== undefined);
    if (bytes === undefined) return;
    const slot = this.#slotOf(bytes);
    const before = this.#slots[slot];
    if (before === 0 && position === undefined) return;
    const isKnown = before !== 0 && !this.#log.isForgotten(before - 1);
    this.#size += Number(position !== undefined) - Number(isKnown);
    this.#take(slot, this.#log.add(bytes, position));
  }

  /** Places of the entries of this map, and of no other version. */
  *#places(): Generator<number> {
    for (const place of this.#log.places())
      if (this.#slots[this.#slotOf(this.#log.key(place))] === place + 1) yield place;
  }

  #copy(): PositionMap {
    const copy = new PositionMap(this.#log, this.#slots.slice());
    copy.#slotsUsed = this.#slotsUsed;
    copy.#size = this.#size;
    return copy;
  }

  /** A map with a log of its own, without entries that this one does not need. */
  #compacted(): PositionMap {
    const next = new PositionMap(new EntryLog(this.#log));
    for (const place of this.#places()) {
      if (this.#log.isForgotten(place)) continue;
      next.#take(next.#slotOf(this.#log.key(place)), next.#log.copy(this.#log, place));
      next.#size++;
    }
    return next;
  }

  /** Gives a slot another entry; of those that are free, a third stays so. */
  #take(slot: number, place: number): void {
    const isNew = this.#slots[slot] === 0;
    this.#slots[slot] = place + 1;
    if (!isNew || ++this.#slotsUsed * 1.5 < this.#slots.length) return;
    const entries = this.#slots;
    this.#slots = new Float64Array(2 * entries.length);
    for (const entry of entries) if (entry !== 0) this.#slots[this.#slotOf(this.#log.key(entry - 1))] = entry;
  }

  /** The slot of a key, or the one that is free for it. */
  #slotOf(key: Uint8Array): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(key) & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot];
      if (entry === 0 || this.#log.hasKey(entry - 1, key)) return slot;
    }
  }
}

/** FNV-1a, mixed, since keys of one folder differ in few bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
