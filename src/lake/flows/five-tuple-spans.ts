/** Five-tuples, each with spans of time: which tuples of a date are looked for, and which settled flows they touch. */
import type { RowChoice } from '../tuples/group-reader.ts';
import { copyFiveTuple, makeFiveTuples } from './five-tuple-columns.ts';
import type { FiveTupleColumns } from './five-tuples.ts';
import { hashFiveTuple, isSameFiveTuple, mix } from './five-tuples.ts';
import { copyColumns } from './typed-columns.ts';

/** Bits by which most pairs of ports are told that no five-tuple has. */
const pairBits = 22;
/** What a minute of a large network and the flows that it touches need. */
const usualRoom = 32_768;

export class FiveTupleSpans implements RowChoice {
  /** Five-tuples. */
  count = 0;
  /** The earliest start and the latest end of all spans. */
  startMillis = Infinity;
  endMillis = -Infinity;
  #columns = makeFiveTuples(usualRoom);
  #buckets = new Int32Array(4 * usualRoom).fill(-1);
  readonly #pairs = new Uint32Array(2 ** (pairBits - 5));
  /** Spans as they were added or, in order, joined: the five-tuple of each, and its times. */
  #spans = 0;
  #five = new Uint32Array(usualRoom);
  #start = new Float64Array(usualRoom);
  #end = new Float64Array(usualRoom);
  /** By five-tuple, the span that was added last. */
  #last = new Uint32Array(usualRoom);
  /** By five-tuple, its first span, where they are in order and do not meet; those of the last five-tuple end at `#spans`. */
  #from: Uint32Array = new Uint32Array(0);
  #isOrdered = false;

  /** Adds spans to the five-tuples of rows, both times included; they are joined with those that they meet. */
  addAll(columns: FiveTupleColumns, count: number, startMillis: Float64Array, endMillis: Float64Array): void {
    for (let row = 0; row < count; row++) this.add(columns, row, startMillis[row], endMillis[row]);
  }

  /** Adds one. */
  add(columns: FiveTupleColumns, row: number, startMillis: number, endMillis: number): void {
    this.startMillis = Math.min(this.startMillis, startMillis);
    this.endMillis = Math.max(this.endMillis, endMillis);
    this.#isOrdered = false;
    const found = this.#find(columns, row);
    if (found >= 0) {
      const last = this.#last[found];
      if (this.#start[last] <= endMillis && this.#end[last] >= startMillis) {
        this.#start[last] = Math.min(this.#start[last], startMillis);
        this.#end[last] = Math.max(this.#end[last], endMillis);
        return;
      }
    }
    const five = found < 0 ? this.#addFiveTuple(columns, row) : found;
    if (this.#spans === this.#five.length) this.#growSpans();
    this.#push(five, startMillis, endMillis);
  }

  /** Whether more than so many spans have to be held. */
  isAbove(most: number): boolean {
    if (this.#spans > most) this.#order();
    return this.#spans > most;
  }

  /** Whether a span of the row's five-tuple meets these times. */
  meets(columns: FiveTupleColumns, row: number, startMillis: number, endMillis: number): boolean {
    const found = this.#find(columns, row);
    if (found < 0) return false;
    if (!this.#isOrdered) this.#order();
    // The first one that ends late enough.
    let low = this.#from[found];
    const behind = this.#from[found + 1];
    for (let high = behind; low < high;) {
      const middle = (low + high) >> 1;
      if (this.#end[middle] < startMillis) low = middle + 1;
      else high = middle;
    }
    return low < behind && this.#start[low] <= endMillis;
  }

  /** Whether one of these rows meets a span. */
  meetAny(columns: FiveTupleColumns, count: number, startMillis: Float64Array, endMillis: Float64Array): boolean {
    for (let row = 0; row < count; row++) if (this.meets(columns, row, startMillis[row], endMillis[row])) return true;
    return false;
  }

  mayHavePorts(sourcePort: number, destinationPort: number): boolean {
    const bit = bitOf(sourcePort, destinationPort);
    return (this.#pairs[bit >>> 5] & (1 << (bit & 31))) !== 0;
  }

  /** Puts spans in order of their five-tuples and times, and joins those that meet. */
  #order(): void {
    const five = this.#five.slice(0, this.#spans);
    const start = this.#start.slice(0, this.#spans);
    const end = this.#end.slice(0, this.#spans);
    const from = countsBefore(five, this.count);
    const order = orderOf(five, from);
    for (let i = 0; i < this.count; i++)
      if (from[i + 1] - from[i] > 1) order.subarray(from[i], from[i + 1]).sort((a, b) => start[a] - start[b]);
    this.#spans = 0;
    for (let i = 0; i < order.length; i++) {
      const span = order[i];
      const its = five[span];
      if (i === from[its]) from[its] = this.#spans;
      else if (this.#end[this.#spans - 1] >= start[span]) {
        this.#end[this.#spans - 1] = Math.max(this.#end[this.#spans - 1], end[span]);
        continue;
      }
      this.#push(its, start[span], end[span]);
    }
    from[this.count] = this.#spans;
    this.#from = from;
    this.#isOrdered = true;
  }

  #push(five: number, startMillis: number, endMillis: number): void {
    const span = this.#spans++;
    this.#five[span] = five;
    this.#start[span] = startMillis;
    this.#end[span] = endMillis;
    this.#last[five] = span;
  }

  #find(columns: FiveTupleColumns, row: number): number {
    const mask = this.#buckets.length - 1;
    let bucket = hashFiveTuple(columns, row) & mask;
    let number = this.#buckets[bucket];
    while (number >= 0 && !isSameFiveTuple(this.#columns, number, columns, row)) {
      bucket = (bucket + 1) & mask;
      number = this.#buckets[bucket];
    }
    return number;
  }

  #addFiveTuple(columns: FiveTupleColumns, row: number): number {
    if (this.count === this.#columns.family.length) this.#grow();
    const number = this.count++;
    copyFiveTuple(columns, row, this.#columns, number);
    this.#insert(number);
    const bit = bitOf(columns.sourcePort[row], columns.destinationPort[row]);
    this.#pairs[bit >>> 5] |= 1 << (bit & 31);
    return number;
  }

  #insert(number: number): void {
    const mask = this.#buckets.length - 1;
    let bucket = hashFiveTuple(this.#columns, number) & mask;
    while (this.#buckets[bucket] >= 0) bucket = (bucket + 1) & mask;
    this.#buckets[bucket] = number;
  }

  #grow(): void {
    const room = 2 * this.#columns.family.length;
    const grown = makeFiveTuples(room);
    copyColumns(this.#columns, this.count, this.count, grown);
    this.#columns = grown;
    this.#last = grow(this.#last, new Uint32Array(room));
    this.#buckets = new Int32Array(4 * room).fill(-1);
    for (let i = 0; i < this.count; i++) this.#insert(i);
  }

  #growSpans(): void {
    const room = 2 * this.#spans;
    this.#five = grow(this.#five, new Uint32Array(room));
    this.#start = grow(this.#start, new Float64Array(room));
    this.#end = grow(this.#end, new Float64Array(room));
  }
}

/** By number, how many of `numbers`, which are below `end`, are below it. */
function countsBefore(numbers: Uint32Array, end: number): Uint32Array {
  const counts = new Uint32Array(end + 1);
  for (let i = 0; i < numbers.length; i++) counts[numbers[i] + 1]++;
  for (let i = 1; i <= end; i++) counts[i] += counts[i - 1];
  return counts;
}

/** Places of these numbers, the least number first, where `before` counts them. */
function orderOf(numbers: Uint32Array, before: Uint32Array): Uint32Array {
  const order = new Uint32Array(numbers.length);
  const next = before.slice();
  for (let i = 0; i < numbers.length; i++) order[next[numbers[i]]++] = i;
  return order;
}

function grow<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function bitOf(sourcePort: number, destinationPort: number): number {
  return mix((sourcePort << 16) | destinationPort) >>> (32 - pairBits);
}
