/**
 * Writes bytes to one growing array. In hot loops use `bytes` and `length`: call `reserve` once per tuple, write by
 * index and set `length`. Otherwise use `writeText`.
 */
export class ByteWriter {
  /**
   * The buffer; only the first `length` bytes are used. It is replaced when it grows, so do not keep it across
   * `reserve`.
   */
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(capacityBytes = 65_536) {
    this.bytes = new Uint8Array(capacityBytes);
  }

  /** Makes room for `count` more bytes and returns the array to write to. */
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

  /** The written bytes; valid until more are written. */
  get written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  /** A copy of the written bytes. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  /** Removes the written bytes and keeps the buffer. */
  clear(): void {
    this.length = 0;
  }
}

const encoder = new TextEncoder();
