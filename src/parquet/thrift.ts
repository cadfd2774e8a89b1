/**
 * Structures in Thrift's compact protocol, as Parquet's footer and page headers are written. Fields must come in ascending order.
 *
 *   field    one byte: id minus the id before (1 to 15) in the upper half, type in the lower; a zero byte ends a structure
 *   integer  zigzag, seven bits a byte        binary  length, bytes        list  length and type of elements, then these
 *
 * Source: github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */
const types = { true: 1, false: 2, byte: 3, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;

export class ThriftWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;
  #lastField = 0;

  /** What was written, in a copy of its own. */
  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  boolean(field: number, value: boolean): this {
    this.#header(field, value ? types.true : types.false);
    return this;
  }

  /** A whole number from 0 to 127. */
  byte(field: number, value: number): this {
    this.#header(field, types.byte);
    this.#byte(value);
    return this;
  }

  i32(field: number, value: number): this {
    this.#header(field, types.i32);
    this.#zigzag(value);
    return this;
  }

  /** A whole number of up to 53 bits. */
  i64(field: number, value: number): this {
    this.#header(field, types.i64);
    this.#zigzag(value);
    return this;
  }

  binary(field: number, value: Uint8Array): this {
    this.#header(field, types.binary);
    this.#binary(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.binary(field, new TextEncoder().encode(value));
  }

  struct(field: number, write: (writer: ThriftWriter) => void): this {
    this.#header(field, types.struct);
    this.#element(write);
    return this;
  }

  /** A list of structures. */
  structs<T>(field: number, values: readonly T[], write: (writer: ThriftWriter, value: T) => void): this {
    this.#list(field, values.length, types.struct);
    for (const value of values) this.#element((writer) => write(writer, value));
    return this;
  }

  i32s(field: number, values: readonly number[]): this {
    this.#list(field, values.length, types.i32);
    for (const value of values) this.#zigzag(value);
    return this;
  }

  texts(field: number, values: readonly string[]): this {
    this.#list(field, values.length, types.binary);
    for (const value of values) this.#binary(new TextEncoder().encode(value));
    return this;
  }

  /** Ends the outermost structure. */
  end(): this {
    this.#byte(0);
    return this;
  }

  #element(write: (writer: ThriftWriter) => void): void {
    const before = this.#lastField;
    this.#lastField = 0;
    write(this);
    this.#byte(0);
    this.#lastField = before;
  }

  #list(field: number, length: number, type: number): void {
    this.#header(field, types.list);
    if (length < 15) this.#byte((length << 4) | type);
    else {
      this.#byte(0xf0 | type);
      this.#varint(length);
    }
  }

  #binary(value: Uint8Array): void {
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #header(field: number, type: number): void {
    const delta = field - this.#lastField;
    if (delta > 0 && delta < 16) this.#byte((delta << 4) | type);
    else {
      this.#byte(type);
      this.#zigzag(field);
    }
    this.#lastField = field;
  }

  #zigzag(value: number): void {
    this.#varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  #varint(value: number): void {
    while (value > 127) {
      this.#byte((value % 128) + 128);
      value = Math.floor(value / 128);
    }
    this.#byte(value);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  #reserve(length: number): void {
    if (this.#length + length <= this.#bytes.length) return;
    const grown = new Uint8Array(2 * (this.#length + length));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
