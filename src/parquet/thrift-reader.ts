/** Reads structures in Thrift's compact protocol, as thrift.ts writes and explains them. */

/** A structure by number of the field. Numbers of up to 53 bits; larger ones lose their lowest bits. */
export interface ThriftStruct {
  readonly [field: number]: ThriftValue | undefined;
}

export type ThriftValue = boolean | number | Uint8Array | readonly ThriftValue[] | ThriftStruct;

/** Structures inside each other; Parquet has six. */
const depthMax = 16;

export class ThriftReader {
  readonly #bytes: Uint8Array;
  /** Behind what was read. */
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** @throws RangeError where the bytes are no structure */
  struct(depth = 0): ThriftStruct {
    if (depth > depthMax) throw new RangeError('structures too deep');
    const fields: Record<number, ThriftValue> = {};
    let id = 0;
    for (;;) {
      const header = this.#byte();
      if (header === 0) return fields;
      const delta = header >> 4;
      id = delta === 0 ? this.#zigzag() : id + delta;
      fields[id] = this.#value(header & 15, depth);
    }
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case 1:
      case 2:
        return type === 1;
      case 3:
        return (this.#byte() << 24) >> 24;
      case 4:
      case 5:
      case 6:
        return this.#zigzag();
      case 7:
        return this.#take(8);
      case 8:
        return this.#take(this.#varint());
      case 9:
      case 10:
        return this.#list(depth);
      case 12:
        return this.struct(depth + 1);
      default:
        throw new RangeError(`no type ${type}`);
    }
  }

  #list(depth: number): ThriftValue[] {
    const header = this.#byte();
    const length = header >> 4 === 15 ? this.#varint() : header >> 4;
    if (length > this.#bytes.length - this.at) throw new RangeError('a list longer than its bytes');
    const type = header & 15;
    // A list's booleans are bytes of their own.
    return Array.from({ length }, () => (type <= 2 ? this.#byte() === 1 : this.#value(type, depth + 1)));
  }

  #take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.#bytes.length) throw new RangeError('bytes end too early');
    const taken = this.#bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  #zigzag(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      if (scale > 2 ** 63) throw new RangeError('a number too long');
    }
  }

  #byte(): number {
    if (this.at >= this.#bytes.length) throw new RangeError('bytes end too early');
    return this.#bytes[this.at++];
  }
}
