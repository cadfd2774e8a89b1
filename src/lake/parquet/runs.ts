/**
 * Columns that are the same over many rows: their indexes written run by run, in Parquet's run-length and bit-packing hybrid.
 *
 *   run      varint(count << 1), the value in whole bytes
 *   packed   varint(groups << 1 | 1), groups of eight values, each value `width` bits, least significant first
 *
 * Source: Parquet format, "Encodings", RLE = 3.
 */

/** Bits that the numbers 0 to `max` need; 0 where there is only 0. */
export function bitWidth(max: number): number {
  return 32 - Math.clz32(max);
}

/** Values that go over some rows each, from the first row on. */
export class RunWriter {
  readonly #width: number;
  /** Values of runs that are too short, a multiple of eight of them before a run is written. */
  #packed: number[] = [];
  #value = 0;
  #count = 0;
  #out = new Uint8Array(256);
  #length = 0;

  constructor(width: number) {
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
    const short = (8 - (this.#packed.length & 7)) & 7;
    // Of no bits, one run is shorter than groups.
    const isRun = this.#width === 0 ? this.#count > 0 : this.#count >= short + 8;
    const packed = !isRun ? this.#count : this.#width === 0 ? 0 : short;
    for (let i = 0; i < packed; i++) this.#packed.push(this.#value);
    if (!isRun) return;
    this.#pack();
    this.#varint((this.#count - packed) * 2);
    for (let shift = 0; shift < this.#width; shift += 8) this.#byte((this.#value >>> shift) & 0xff);
  }

  #pack(): void {
    const values = this.#packed;
    if (values.length === 0) return;
    const groups = Math.ceil(values.length / 8);
    this.#varint(groups * 2 + 1);
    let bits = 0;
    let word = 0;
    for (let i = 0; i < groups * 8; i++) {
      word += (values[i] ?? 0) * 2 ** bits;
      for (bits += this.#width; bits >= 8; bits -= 8) {
        this.#byte(word % 256);
        word = Math.floor(word / 256);
      }
    }
    this.#packed = [];
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
