/** Five-tuples, each with spans of time: which tuples of a date are looked for, and which settled flows they touch. */
import type { RowChoice } from '../group-reader.ts';
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
  #from = new Uint32Array(0);
  #isOrdered = false;

  /** Adds a span to the five-tuple of a row, both times included; it is joined with those that it meets. */
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
    const span = this.#spans++;
    this.#five[span] = five;
    this.#start[span] = startMillis;
    this.#end[span] = endMillis;
    this.#last[five] = span;
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

  mayHavePorts(sourcePort: number, destinationPort: number): boolean {
    const bit = bitOf(sourcePort, destinationPort);
    return (this.#pairs[bit >>> 5] & (1 << (bit & 31))) !== 0;
  }

  /** Puts spans in order of their five-tuples and times, and joins those that meet. */
  #order(): void {
    const { count } = this;
    const from = new Uint32Array(count + 1);
    for (let span = 0; span < this.#spans; span++) from[this.#five[span]]++;
    for (let five = 1; five <= count; five++) from[five] += from[five - 1];
    const order = new Uint32Array(this.#spans);
    for (let span = this.#spans - 1; span >= 0; span--) order[--from[this.#five[span]]] = span;
    const [start, end] = [this.#start.slice(), this.#end.slice()];
    let spans = 0;
    for (let five = 0; five < count; five++) {
      const its = order.subarray(from[five], from[five + 1]);
      if (its.length > 1) its.sort((a, b) => start[a] - start[b]);
      from[five] = spans;
      for (const span of its) {
        if (spans > from[five] && this.#end[spans - 1] >= start[span]) {
          this.#end[spans - 1] = Math.max(this.#end[spans - 1], end[span]);
          continue;
        }
        this.#five[spans] = five;
        this.#start[spans] = start[span];
        this.#end[spans] = end[span];
        this.#last[five] = spans++;
      }
    }
    from[count] = spans;
    this.#spans = spans;
    this.#from = from;
    this.#isOrdered = true;
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

function grow<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function bitOf(sourcePort: number, destinationPort: number): number {
  return mix((sourcePort << 16) | destinationPort) >>> (32 - pairBits);
}
