/** Numbers for five-tuples: equal ones have the same number, from 0 in the order in which they first come. */
import { randomBytes } from 'node:crypto';
import type { TuplePool } from './tuple-pool.ts';

/** Rows of a pool by their five-tuple: those of number i are `rows[starts[i]]` to before `rows[starts[i + 1]]`, in the order in which they lie in the pool. */
export interface FiveTuples {
  readonly count: number;
  readonly starts: Uint32Array;
  readonly rows: Uint32Array;
}

/** Hashes differ from process to process, so that nobody can make up five-tuples that collide. */
const seed = randomBytes(4).readInt32LE(0);

/** The part of its kind that a five-tuple is in, of `parts`. */
export function partOf(hash: number, parts: number): number {
  return Math.floor(((hash >>> 0) / 2 ** 32) * parts);
}

/** A number of 32 bits of the five-tuple of a row of these columns: equal ones have the same, in one process. */
export function hashFiveTuple(
  { family, source, destination, sourcePort, destinationPort, protocol }: FiveTupleColumns,
  row: number,
): number {
  let hash = mix(seed ^ protocol[row]);
  hash = mix(hash ^ ((sourcePort[row] << 16) | destinationPort[row]));
  // Of IPv4 addresses, the last word says it all.
  for (let word = family[row] === 4 ? 3 : 0; word < 4; word++) {
    hash = mix(hash ^ source[4 * row + word]);
    hash = mix(hash ^ destination[4 * row + word]);
  }
  return hash >>> 0;
}

export interface FiveTupleColumns {
  readonly family: Uint8Array;
  readonly source: Uint32Array;
  readonly destination: Uint32Array;
  readonly sourcePort: Uint16Array;
  readonly destinationPort: Uint16Array;
  readonly protocol: Uint8Array;
}

/** Whether rows of two tables of columns have one five-tuple. */
export function isSameFiveTuple(a: FiveTupleColumns, i: number, b: FiveTupleColumns, k: number): boolean {
  if (
    a.sourcePort[i] !== b.sourcePort[k] ||
    a.destinationPort[i] !== b.destinationPort[k] ||
    a.protocol[i] !== b.protocol[k] ||
    a.family[i] !== b.family[k]
  )
    return false;
  for (let word = 0; word < 4; word++)
    if (
      a.source[4 * i + word] !== b.source[4 * k + word] ||
      a.destination[4 * i + word] !== b.destination[4 * k + word]
    )
      return false;
  return true;
}

/** Groups the tuples of pools, with room that is kept from one to the next. */
export class FiveTupleTable {
  /** By hash, the number of a five-tuple, -1 where there is none. */
  #buckets = new Int32Array(0);
  /** By row, the number of its five-tuple; by number, its first row. */
  #numbers = new Uint32Array(0);
  #firsts = new Uint32Array(0);
  #starts = new Uint32Array(0);
  #rows = new Uint32Array(0);

  /** What it gives stands until the next time. */
  group({ columns, count }: TuplePool): FiveTuples {
    this.#reserve(count);
    const { hash } = columns;
    const buckets = this.#buckets;
    const numbers = this.#numbers;
    const firsts = this.#firsts;
    const mask = buckets.length - 1;
    buckets.fill(-1);
    let five = 0;
    for (let row = 0; row < count; row++) {
      let bucket = hash[row] & mask;
      let number = buckets[bucket];
      while (
        number >= 0 &&
        (hash[firsts[number]] !== hash[row] || !isSameFiveTuple(columns, firsts[number], columns, row))
      ) {
        bucket = (bucket + 1) & mask;
        number = buckets[bucket];
      }
      if (number < 0) {
        number = five++;
        buckets[bucket] = number;
        firsts[number] = row;
      }
      numbers[row] = number;
    }
    return { count: five, ...this.#rowsOf(five, count) };
  }

  #rowsOf(five: number, count: number): Pick<FiveTuples, 'starts' | 'rows'> {
    const numbers = this.#numbers;
    const starts = this.#starts;
    const rows = this.#rows;
    // Behind the number of a five-tuple, first where its rows end; they are filled from behind.
    starts.fill(0, 0, five + 1);
    for (let row = 0; row < count; row++) starts[numbers[row]]++;
    for (let i = 1; i <= five; i++) starts[i] += starts[i - 1];
    for (let row = count - 1; row >= 0; row--) rows[--starts[numbers[row]]] = row;
    return { starts, rows };
  }

  #reserve(count: number): void {
    if (count <= this.#numbers.length) return;
    const room = Math.max(1024, Math.ceil(1.5 * count));
    this.#buckets = new Int32Array(2 ** Math.ceil(Math.log2(2 * room)));
    this.#numbers = new Uint32Array(room);
    this.#firsts = new Uint32Array(room);
    this.#starts = new Uint32Array(room + 1);
    this.#rows = new Uint32Array(room);
  }
}

/** The finalizer of MurmurHash3. */
export function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
