/**
 * Bytes written one after another into one growing array. Hot writers take `bytes` and `length`, ask `reserve` for room once per
 * tuple, write by index and set `length`; the rest use `writeText`.
 */
export class ByteWriter {
  /** Room; only the first `length` bytes are written. Replaced by a larger array when it grows: never kept across `reserve`. */
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(capacityBytes = 65_536) {
    this.bytes = new Uint8Array(capacityBytes);
  }

  /** Makes room for `count` more bytes and returns the array to write into. */
  reserve(count: number): Uint8Array<ArrayBuffer> {
    const needed = this.length + count;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.length));
      this.bytes = grown;
    }
    return this.bytes;
  }

  /** Writes `text` as UTF-8; a lone surrogate becomes U+FFFD. */
  writeText(text: string): void {
    const bytes = this.reserve(text.length * 3);
    this.length += encoder.encodeInto(text, bytes.subarray(this.length)).written;
  }

  /** The written bytes, until more are written. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  /** The written bytes, a copy: the writer can be used again. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  /** Forgets what was written; keeps the room. */
  clear(): void {
    this.length = 0;
  }
}

const encoder = new TextEncoder();
