/**
 * Columns that are the same over many rows: their indexes written run by run, in Parquet's run-length and bit-packing hybrid.
 *
 *   run      varint(count << 1), the value in whole bytes
 *   packed   varint(groups << 1 | 1), groups of eight values, each value `width` bits, least significant first
 *
 * Source: Parquet format, "Encodings", RLE = 3.
 */
import { assert } from '../base/assert.ts';

/** Bits that the numbers 0 to `max` need; 0 where there is only 0. */
export function bitWidth(max: number): number {
  return 32 - Math.clz32(max);
}

/** Values that go over some rows each, from the first row on. */
export class RunWriter {
  readonly #width: number;
  /** Values of runs that are too short, a multiple of eight of them before a run is written. */
  #packed = new Uint32Array(64);
  #packedCount = 0;
  #value = 0;
  #count = 0;
  #out = new Uint8Array(256);
  #length = 0;

  /** @param width up to 24, so that a value and what is left of the one before it are 31 bits */
  constructor(width: number) {
    assert(width <= 24, 'a run has values of at most 24 bits');
    this.#width = width;
  }

  add(value: number, count: number): this {
    if (value === this.#value) this.#count += count;
    else {
      this.#end();
      this.#value = value;
      this.#count = count;
    }
    return this;
  }

  /** What was written. Ends the writer. */
  bytes(): Uint8Array {
    this.#end();
    this.#pack();
    return this.#out.subarray(0, this.#length);
  }

  #end(): void {
    const short = (8 - (this.#packedCount & 7)) & 7;
    // Of no bits, one run is shorter than groups.
    const isRun = this.#width === 0 ? this.#count > 0 : this.#count >= short + 8;
    const packed = !isRun ? this.#count : this.#width === 0 ? 0 : short;
    if (packed > 0) this.#keep(packed);
    if (!isRun) return;
    this.#pack();
    this.#varint((this.#count - packed) * 2);
    for (let shift = 0; shift < this.#width; shift += 8) this.#byte((this.#value >>> shift) & 0xff);
  }

  #keep(count: number): void {
    const end = this.#packedCount + count;
    if (end > this.#packed.length) {
      const grown = new Uint32Array(Math.max(end, 2 * this.#packed.length));
      grown.set(this.#packed);
      this.#packed = grown;
    }
    while (this.#packedCount < end) this.#packed[this.#packedCount++] = this.#value;
  }

  #pack(): void {
    if (this.#packedCount === 0) return;
    const groups = Math.ceil(this.#packedCount / 8);
    this.#varint(groups * 2 + 1);
    let bits = 0;
    let word = 0;
    for (let i = 0; i < groups * 8; i++) {
      word |= (i < this.#packedCount ? this.#packed[i] : 0) << bits;
      for (bits += this.#width; bits >= 8; bits -= 8) {
        this.#byte(word & 0xff);
        word >>>= 8;
      }
    }
    this.#packedCount = 0;
  }

  #varint(value: number): void {
    while (value > 127) {
      this.#byte((value & 127) | 128);
      value >>>= 7;
    }
    this.#byte(value);
  }

  #byte(value: number): void {
    if (this.#length === this.#out.length) {
      const grown = new Uint8Array(2 * this.#length);
      grown.set(this.#out);
      this.#out = grown;
    }
    this.#out[this.#length++] = value;
  }
}
