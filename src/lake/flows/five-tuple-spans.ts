/** Five-tuples, each with spans of time: which tuples of a date are looked for, and which settled flows they touch. */
import type { Family } from '../../net/address.ts';
import { destinationFamily, sourceFamily } from '../../flowlog/tuple.ts';
import type { FiveTupleColumns } from './five-tuples.ts';
import { hashFiveTuple, isSameFiveTuple } from './five-tuples.ts';

export class FiveTupleSpans {
  /** Five-tuples. */
  count = 0;
  #columns = makeColumns(1024);
  #buckets = new Int32Array(4096).fill(-1);
  /** By five-tuple, its latest span; by span, its times and the span before, -1 for none. Spans of one five-tuple do not meet. */
  readonly #latest: number[] = [];
  readonly #start: number[] = [];
  readonly #end: number[] = [];
  readonly #before: number[] = [];
  readonly #sources = new Set<string>();
  readonly #destinations = new Set<string>();
  /** The earliest start and the latest end of all spans. */
  startMillis = Infinity;
  endMillis = -Infinity;

  /** Spans that are held: what memory grows with. */
  get size(): number {
    return this.#start.length;
  }

  /** Adds a span to the five-tuple of a row, both times included; it is joined with those that it meets. */
  add(columns: FiveTupleColumns, row: number, startMillis: number, endMillis: number): void {
    this.startMillis = Math.min(this.startMillis, startMillis);
    this.endMillis = Math.max(this.endMillis, endMillis);
    let found = this.#find(columns, row);
    if (found < 0) found = this.#addFiveTuple(columns, row);
    let start = startMillis;
    let end = endMillis;
    let later = -1;
    for (let span = this.#latest[found]; span >= 0;) {
      const before = this.#before[span];
      if (this.#start[span] <= end && this.#end[span] >= start) {
        start = Math.min(start, this.#start[span]);
        end = Math.max(end, this.#end[span]);
        if (later < 0) this.#latest[found] = before;
        else this.#before[later] = before;
      } else later = span;
      span = before;
    }
    this.#start.push(start);
    this.#end.push(end);
    this.#latest[found] = this.#before.push(this.#latest[found]) - 1;
  }

  /** Whether a span of the row's five-tuple meets these times. */
  meets(columns: FiveTupleColumns, row: number, startMillis: number, endMillis: number): boolean {
    const found = this.#find(columns, row);
    if (found < 0) return false;
    for (let span = this.#latest[found]; span >= 0; span = this.#before[span])
      if (this.#start[span] <= endMillis && this.#end[span] >= startMillis) return true;
    return false;
  }

  isSource(words: Uint32Array, at: number, family: Family): boolean {
    return this.#sources.has(keyOf(words, at, family));
  }

  isDestination(words: Uint32Array, at: number, family: Family): boolean {
    return this.#destinations.has(keyOf(words, at, family));
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
    this.#latest.push(-1);
    this.#insert(number);
    this.#sources.add(keyOf(columns.source, row, sourceFamily(columns.family[row])));
    this.#destinations.add(keyOf(columns.destination, row, destinationFamily(columns.family[row])));
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
    const grown = makeColumns(room);
    for (const name of names) grown[name].set(this.#columns[name]);
    this.#columns = grown;
    this.#buckets = new Int32Array(4 * room).fill(-1);
    for (let i = 0; i < this.count; i++) this.#insert(i);
  }
}

const names = ['family', 'source', 'destination', 'sourcePort', 'destinationPort', 'protocol'] as const;

function makeColumns(room: number): FiveTupleColumns {
  return {
    family: new Uint8Array(room),
    source: new Uint32Array(4 * room),
    destination: new Uint32Array(4 * room),
    sourcePort: new Uint16Array(room),
    destinationPort: new Uint16Array(room),
    protocol: new Uint8Array(room),
  };
}

function copyFiveTuple(from: FiveTupleColumns, row: number, to: FiveTupleColumns, at: number): void {
  to.family[at] = from.family[row];
  to.sourcePort[at] = from.sourcePort[row];
  to.destinationPort[at] = from.destinationPort[row];
  to.protocol[at] = from.protocol[row];
  for (let word = 0; word < 4; word++) {
    to.source[4 * at + word] = from.source[4 * row + word];
    to.destination[4 * at + word] = from.destination[4 * row + word];
  }
}

function keyOf(words: ArrayLike<number>, row: number, family: number): string {
  return `${family} ${words[4 * row]} ${words[4 * row + 1]} ${words[4 * row + 2]} ${words[4 * row + 3]}`;
}
