import { formatWords } from '../net/address.ts';

/**
 * Gives each distinct address a small number, so that a row carries the number and the text is made once an address.
 * Open addressing over typed arrays: no object and no string a look-up.
 */
export class AddressTable {
  /** Distinct addresses so far; numbers run from 0 to `count - 1`. */
  count = 0;
  #family = new Uint8Array(1024);
  #words = new Uint32Array(4 * 1024);
  #texts: (string | undefined)[] = [];
  /** Number + 1 of the address in each bucket; 0 is empty. */
  #buckets = new Uint32Array(2048);

  /** The number of an address (four words, net/address.ts), a new one where it was not seen. */
  intern(family: number, a: number, b: number, c: number, d: number): number {
    const mask = this.#buckets.length - 1;
    let bucket = hashWords(family, a, b, c, d) & mask;
    for (;;) {
      const entry = this.#buckets[bucket];
      if (entry === 0) break;
      const at = 4 * (entry - 1);
      const words = this.#words;
      if (
        words[at + 3] === d &&
        words[at + 2] === c &&
        words[at + 1] === b &&
        words[at] === a &&
        this.#family[entry - 1] === family
      )
        return entry - 1;
      bucket = (bucket + 1) & mask;
    }
    return this.#add(bucket, family, a, b, c, d);
  }

  family(number: number): number {
    return this.#family[number];
  }

  /** One of the four words of an address. */
  word(number: number, index: number): number {
    return this.#words[4 * number + index];
  }

  text(number: number): string {
    const known = this.#texts[number];
    if (known !== undefined) return known;
    const at = 4 * number;
    const words = this.#words;
    const text = formatWords(this.#family[number], words[at], words[at + 1], words[at + 2], words[at + 3]);
    this.#texts[number] = text;
    return text;
  }

  clear(): void {
    this.count = 0;
    this.#buckets.fill(0);
    this.#texts.length = 0;
  }

  #add(bucket: number, family: number, a: number, b: number, c: number, d: number): number {
    const number = this.count++;
    if (number === this.#family.length) {
      this.#family = grown(this.#family, new Uint8Array(2 * this.#family.length));
      this.#words = grown(this.#words, new Uint32Array(2 * this.#words.length));
    }
    this.#family[number] = family;
    this.#texts.push(undefined);
    const at = 4 * number;
    this.#words[at] = a;
    this.#words[at + 1] = b;
    this.#words[at + 2] = c;
    this.#words[at + 3] = d;
    this.#buckets[bucket] = number + 1;
    if (2 * this.count > this.#buckets.length) this.#rehash();
    return number;
  }

  #rehash(): void {
    const buckets = new Uint32Array(2 * this.#buckets.length);
    const mask = buckets.length - 1;
    const words = this.#words;
    for (let number = 0; number < this.count; number++) {
      const at = 4 * number;
      let bucket = hashWords(this.#family[number], words[at], words[at + 1], words[at + 2], words[at + 3]) & mask;
      while (buckets[bucket] !== 0) bucket = (bucket + 1) & mask;
      buckets[bucket] = number + 1;
    }
    this.#buckets = buckets;
  }
}

function grown<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Mixes four words (murmur3's constants and finish). */
function hashWords(family: number, a: number, b: number, c: number, d: number): number {
  let h = Math.imul(d ^ family, 0xcc9e2d51);
  h = Math.imul((h << 13) | (h >>> 19), 5) ^ Math.imul(c, 0x1b873593);
  h = Math.imul((h << 13) | (h >>> 19), 5) ^ Math.imul(b, 0xcc9e2d51);
  h = Math.imul((h << 13) | (h >>> 19), 5) ^ Math.imul(a, 0x1b873593);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
